//! What matters, and what to do next: one table, the most serious first. How serious each is, is the school's: `matters.toml`.
//!
//! A theme is met by a list's category, which says what a host is, or by the words of a search, which say what was typed.
//! No category of religion, sexuality or recovery is in any theme.

use crate::config::Scoring;
use crate::lists::phrases::Theme as Words;
pub use crate::lists::phrases::Tier;
use crate::words::{Category, CategorySet};
use std::ops::Deref;

/// One theme: categories and words that mean the same worry.
#[derive(Debug, PartialEq, Eq)]
pub struct Theme {
    pub id: &'static str,
    pub title: &'static str,
    /// After 'listed under' and 'words about'.
    pub about: &'static str,
    pub categories: CategorySet,
    pub words: Option<Words>,
    /// What to do when the account is known.
    pub next: &'static str,
}

/// A theme, and how serious it is in this school.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ranked {
    pub theme: &'static Theme,
    pub tier: Tier,
}

impl Ranked {
    /// One tier more serious, as far as there are any.
    pub fn one_up(self) -> Self {
        let next = Tier::ALL.get(self.tier as usize + 1).copied();
        Self { tier: next.unwrap_or(self.tier), ..self }
    }
}

impl Deref for Ranked {
    type Target = Theme;

    fn deref(&self) -> &Theme {
        self.theme
    }
}

impl Theme {
    pub fn ranked(&'static self, scoring: &Scoring) -> Ranked {
        Ranked { theme: self, tier: scoring.tier(self.id) }
    }
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
        categories: CategorySet::LOCKED,
        words: None,
        next: "Tell the head at once and follow the procedure for illegal material. Do not look for the address, and do not ask the child to show it.",
    },
    Theme {
        id: "suicide",
        title: "Suicide, in the first person",
        about: "suicide in the first person",
        categories: CategorySet::EMPTY,
        words: Some(Words::Suicide),
        next: "See the pupil in person now and do not leave them alone; follow the school's procedure for a risk to life.",
    },
    Theme {
        id: "threat",
        title: "A threat to others",
        about: "a threat to others",
        categories: CategorySet::EMPTY,
        words: Some(Words::Threat),
        next: "Tell the head now and find out where the pupil is; it may be a game or schoolwork, and only a person can tell.",
    },
    Theme {
        id: "self-harm",
        title: "Self-harm, suicide, eating disorder",
        about: "self-harm, suicide or eating disorder",
        categories: of(&[Category::SELF_HARM]),
        words: Some(Words::SelfHarm),
        next: "See the pupil in person today. Offer help before you ask about the computer.",
    },
    Theme {
        id: "eating-disorder",
        title: "Eating disorder",
        about: "an eating disorder",
        categories: CategorySet::EMPTY,
        words: Some(Words::EatingDisorder),
        next: "See the pupil in person today. Offer help; speak of how they feel, not of food or weight.",
    },
    Theme {
        id: "grooming",
        title: "Grooming and exploitation",
        about: "grooming or exploitation",
        categories: CategorySet::EMPTY,
        words: Some(Words::Grooming),
        next: "See the pupil in person today. They may be under somebody's eye: ask gently, promise no secrecy, keep what there is.",
    },
    Theme {
        id: "abuse",
        title: "Harm at home",
        about: "harm at home",
        categories: CategorySet::EMPTY,
        words: Some(Words::Abuse),
        next: "See the pupil today, alone and without letting the family know. Somebody who types this may be asking for help.",
    },
    Theme {
        id: "radicalisation",
        title: "Radicalisation (Prevent)",
        about: "terrorism and extremism",
        categories: of(&[Category::EXTREMISM]),
        words: Some(Words::Radicalisation),
        next: "Talk to the Prevent lead today, before anyone speaks to the pupil. It may be schoolwork: ask their teachers.",
    },
    Theme {
        id: "nudify",
        title: "Sexual images made by AI",
        about: "tools that make sexual images of people",
        categories: of(&[Category::AI_NUDIFY]),
        words: Some(Words::Nudify),
        next: "Find out today whether another pupil's picture is in it. Keep no copy and forward nothing.",
    },
    Theme {
        id: "weapons",
        title: "Weapons",
        about: "weapons",
        categories: of(&[Category::WEAPONS]),
        words: None,
        next: "Ask those who know the pupil whether there is a threat or a fear behind it.",
    },
    Theme {
        id: "hate",
        title: "Hate, discrimination, bullying",
        about: "hate, discrimination or bullying",
        categories: of(&[Category::HATE]),
        words: Some(Words::Bullying),
        next: "Ask the form tutor what they see between pupils; think of Prevent if it goes on.",
    },
    Theme {
        id: "misogyny",
        title: "Misogyny",
        about: "contempt of women",
        categories: CategorySet::EMPTY,
        words: Some(Words::Misogyny),
        next: "Ask the form tutor what they see between pupils; talk with the pupil about whom they follow.",
    },
    Theme {
        id: "sexting",
        title: "Sexual pictures sent or asked for",
        about: "sexual pictures that are sent or asked for",
        categories: CategorySet::EMPTY,
        words: Some(Words::Sexting),
        next: "See the pupil in private, without blame: somebody may be pressing them. Do not look at pictures.",
    },
    Theme {
        id: "violence",
        title: "Graphic violence",
        about: "graphic violence",
        categories: of(&[Category::VIOLENCE]),
        words: None,
        next: "Ask the form tutor; find out whether someone is showing it to others.",
    },
    Theme {
        id: "drugs",
        title: "Drugs",
        about: "illegal drugs",
        categories: of(&[Category::DRUGS]),
        words: Some(Words::DrugsSupply),
        next: "Speak to the pupil; ask about friends and money as much as about use.",
    },
    Theme {
        id: "gambling",
        title: "Gambling",
        about: "gambling",
        categories: of(&[Category::GAMBLING]),
        words: Some(Words::Gambling),
        next: "Speak to the pupil; ask about money and about betting among friends.",
    },
    Theme {
        id: "bypass",
        title: "Ways round the filter",
        about: "ways round the filter",
        categories: of(&[Category::BYPASS]),
        words: Some(Words::Bypass),
        next: "Ask what they wanted to reach: something needed for a lesson can be opened.",
    },
    Theme {
        id: "adult",
        title: "Sexually explicit",
        about: "sexually explicit material",
        categories: of(&[Category::ADULT]),
        words: Some(Words::Adult),
        next: "A conversation in private, without blame; think of harmful sexual behaviour only if there is more.",
    },
    Theme {
        id: "ai-companions",
        title: "AI companions",
        about: "AI companions",
        categories: of(&[Category::AI_COMPANIONS]),
        words: None,
        next: "Ask the form tutor how the pupil is, and who they talk to.",
    },
    Theme {
        id: "dating",
        title: "Dating",
        about: "dating services",
        categories: of(&[Category::DATING]),
        words: None,
        next: "Ask the form tutor; talk with the pupil about meeting people known only online.",
    },
    Theme {
        id: "crime",
        title: "Crime and fraud",
        about: "crime and fraud",
        categories: of(&[Category::CRIME]),
        words: None,
        next: "Ask the form tutor whether they know of anything behind it.",
    },
    Theme {
        id: "hacking",
        title: "Attack tools",
        about: "attack tools",
        categories: of(&[Category::HACKING]),
        words: None,
        next: "Ask their computing teacher whether it is coursework.",
    },
    Theme {
        id: "identity-theft",
        title: "Identity theft",
        about: "taking on somebody else's identity",
        categories: CategorySet::EMPTY,
        words: Some(Words::IdentityTheft),
        next: "Ask the form tutor whether somebody has been impersonated or has lost an account.",
    },
    Theme {
        id: "alcohol-tobacco",
        title: "Alcohol, tobacco, vaping",
        about: "alcohol, tobacco or vaping",
        categories: of(&[Category::ALCOHOL_TOBACCO]),
        words: None,
        next: "Ask the form tutor; a word with the pupil about health and about buying.",
    },
];

/// The most serious theme of these categories.
pub fn theme_of(categories: CategorySet) -> Option<&'static Theme> {
    THEMES.iter().find(|theme| !theme.categories.and(categories).is_empty())
}

/// The theme of these words.
pub fn theme_of_words(words: Words) -> Option<&'static Theme> {
    THEMES.iter().find(|theme| theme.words == Some(words))
}

/// A theme by its id.
pub fn theme(id: &str) -> Option<&'static Theme> {
    THEMES.iter().find(|theme| theme.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_theme_has_its_row_of_the_table_and_no_category_stands_twice() {
        let ids: Vec<_> = THEMES.iter().map(|t| t.id).collect();
        assert_eq!(ids[0], "illegal");
        assert_eq!(ids[1..], crate::config::THEMES);
        let mut seen = CategorySet::EMPTY;
        for theme in THEMES {
            assert!(seen.and(theme.categories).is_empty(), "{}", theme.id);
            seen = seen.or(theme.categories);
        }
        for pair in THEMES.windows(2).map(|pair| [pair[0].ranked(Scoring::shipped()), pair[1].ranked(Scoring::shipped())]) {
            assert!(pair[0].tier >= pair[1].tier, "as it ships, {} before {}", pair[0].id, pair[1].id);
        }
        for words in Words::ALL {
            assert!(theme_of_words(*words).is_some(), "{words}");
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
