//! What matters, how much, and what to do next: one table, the most serious first.
//!
//! Tiers are those of field guidance. Lists say what a host is, never what a child meant, so a theme by category stays one
//! tier below what the same theme would be by words in the first person; only the illegal lists are critical by themselves.
//! No category of religion, sexuality or recovery is in any theme.

pub use crate::lists::phrases::Tier;
use crate::words::{Category, CategorySet};

/// One theme: some categories that mean the same worry.
#[derive(Debug, PartialEq, Eq)]
pub struct Theme {
    pub id: &'static str,
    pub title: &'static str,
    /// After 'listed under'.
    pub about: &'static str,
    pub tier: Tier,
    pub categories: CategorySet,
    /// What to do when the account is known.
    pub next: &'static str,
}

const fn of(categories: &[Category]) -> CategorySet {
    CategorySet::of(categories)
}

/// All themes. The first whose categories a host has is its theme.
pub const THEMES: &[Theme] = &[
    Theme {
        id: "illegal",
        title: "Illegal lists",
        about: "the illegal lists",
        tier: Tier::Critical,
        categories: CategorySet::LOCKED,
        next: "Tell the head at once and follow the procedure for illegal material. Do not look for the address, and do not \
               ask the child to show it.",
    },
    Theme {
        id: "self-harm",
        title: "Self-harm, suicide, eating disorder",
        about: "self-harm, suicide or eating disorder",
        tier: Tier::High,
        categories: of(&[Category::SELF_HARM]),
        next: "See the pupil in person today. Offer help before you ask about the computer.",
    },
    Theme {
        id: "radicalisation",
        title: "Radicalisation (Prevent)",
        about: "terrorism and extremism",
        tier: Tier::High,
        categories: of(&[Category::EXTREMISM]),
        next: "Talk to the Prevent lead today, before anyone speaks to the pupil. It may be schoolwork: ask their teachers.",
    },
    Theme {
        id: "nudify",
        title: "Sexual images made by AI",
        about: "tools that make sexual images of people",
        tier: Tier::High,
        categories: of(&[Category::AI_NUDIFY]),
        next: "Find out today whether another pupil's picture is in it. Keep no copy and forward nothing.",
    },
    Theme {
        id: "weapons",
        title: "Weapons",
        about: "weapons",
        tier: Tier::Medium,
        categories: of(&[Category::WEAPONS]),
        next: "Ask those who know the pupil whether there is a threat or a fear behind it.",
    },
    Theme {
        id: "hate",
        title: "Hate and discrimination",
        about: "hate and discrimination",
        tier: Tier::Medium,
        categories: of(&[Category::HATE]),
        next: "Ask the form tutor what they see between pupils; think of Prevent if it goes on.",
    },
    Theme {
        id: "violence",
        title: "Graphic violence",
        about: "graphic violence",
        tier: Tier::Medium,
        categories: of(&[Category::VIOLENCE]),
        next: "Ask the form tutor; find out whether someone is showing it to others.",
    },
    Theme {
        id: "drugs",
        title: "Drugs",
        about: "illegal drugs",
        tier: Tier::Medium,
        categories: of(&[Category::DRUGS]),
        next: "Speak to the pupil; ask about friends and money as much as about use.",
    },
    Theme {
        id: "gambling",
        title: "Gambling",
        about: "gambling",
        tier: Tier::Medium,
        categories: of(&[Category::GAMBLING]),
        next: "Speak to the pupil; ask about money and about betting among friends.",
    },
    Theme {
        id: "bypass",
        title: "Ways round the filter",
        about: "ways round the filter",
        tier: Tier::Medium,
        categories: of(&[Category::BYPASS]),
        next: "Ask what they wanted to reach: something needed for a lesson can be opened.",
    },
    Theme {
        id: "adult",
        title: "Sexually explicit",
        about: "sexually explicit material",
        tier: Tier::Low,
        categories: of(&[Category::ADULT]),
        next: "A conversation in private, without blame; think of harmful sexual behaviour only if there is more.",
    },
    Theme {
        id: "ai-companions",
        title: "AI companions",
        about: "AI companions",
        tier: Tier::Low,
        categories: of(&[Category::AI_COMPANIONS]),
        next: "Ask the form tutor how the pupil is, and who they talk to.",
    },
    Theme {
        id: "dating",
        title: "Dating",
        about: "dating services",
        tier: Tier::Low,
        categories: of(&[Category::DATING]),
        next: "Ask the form tutor; talk with the pupil about meeting people known only online.",
    },
    Theme {
        id: "crime",
        title: "Crime and fraud",
        about: "crime and fraud",
        tier: Tier::Low,
        categories: of(&[Category::CRIME]),
        next: "Ask the form tutor whether they know of anything behind it.",
    },
    Theme {
        id: "hacking",
        title: "Attack tools",
        about: "attack tools",
        tier: Tier::Low,
        categories: of(&[Category::HACKING]),
        next: "Ask their computing teacher whether it is coursework.",
    },
    Theme {
        id: "alcohol-tobacco",
        title: "Alcohol, tobacco, vaping",
        about: "alcohol, tobacco or vaping",
        tier: Tier::Low,
        categories: of(&[Category::ALCOHOL_TOBACCO]),
        next: "Ask the form tutor; a word with the pupil about health and about buying.",
    },
];

/// The most serious theme of these categories.
pub fn theme_of(categories: CategorySet) -> Option<&'static Theme> {
    THEMES.iter().find(|theme| !theme.categories.and(categories).is_empty())
}

/// A theme by its id.
pub fn theme(id: &str) -> Option<&'static Theme> {
    THEMES.iter().find(|theme| theme.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_serious_stands_first_and_no_category_stands_twice() {
        let mut seen = CategorySet::EMPTY;
        for pair in THEMES.windows(2) {
            assert!(pair[0].tier >= pair[1].tier, "{} before {}", pair[0].id, pair[1].id);
        }
        for theme in THEMES {
            assert!(seen.and(theme.categories).is_empty(), "{}", theme.id);
            seen = seen.or(theme.categories);
        }
    }

    #[test]
    fn faith_sexuality_and_help_are_in_no_theme() {
        for category in [Category::RSHE, Category::HELP, Category::EDUCATION, Category::PLATFORM, Category::NEW] {
            assert_eq!(theme_of(CategorySet::of(&[category])), None, "{category}");
        }
    }

    #[test]
    fn of_several_categories_the_most_serious_is_the_theme() {
        let both = CategorySet::of(&[Category::ADULT, Category::SELF_HARM]);
        assert_eq!(theme_of(both).map(|t| t.id), Some("self-harm"));
    }
}
