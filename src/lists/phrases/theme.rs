//! The worries that have terms.

use crate::words::person::words;

words! {
    /// How soon a person should look.
    Tier {
        /// With the week.
        Low "low",
        /// With the week, first.
        Medium "medium",
        /// On the day it is read.
        High "high",
        /// At once.
        Critical "critical",
    }
}

words! {
    /// What a term is about. Every theme has terms: `tests/phrases.rs` holds what ships to that.
    Theme {
        /// Suicide or self-harm in the first person, with a method or a time.
        Suicide "suicide",
        /// A threat against others, or bringing a weapon.
        Threat "threat",
        /// Self-harm and suicide with neither method nor time.
        SelfHarm "self-harm",
        /// An adult who works on a child, and sexual or criminal exploitation.
        Grooming "grooming",
        /// Terrorism and extremist ideology (Prevent).
        Radicalisation "radicalisation",
        EatingDisorder "eating-disorder",
        /// Harm at home, female genital mutilation, forced marriage: a child who asks for help.
        Abuse "abuse",
        /// Sexual images of a real person made by machine.
        Nudify "nudify",
        DrugsSupply "drugs-supply",
        Bullying "bullying-hate",
        Misogyny "misogyny",
        /// Sexual pictures sent, asked for or threatened with.
        Sexting "sexting",
        Adult "adult",
        Gambling "gambling",
        /// Ways round the filter.
        Bypass "bypass",
        IdentityTheft "identity-theft",
    }
}

impl Theme {
    /// The tier of its terms where a file says no other. From words, a theme may be more serious than from a list's category:
    /// a list says what a host is, words say what was meant.
    pub fn tier(self) -> Tier {
        match self {
            Self::Suicide | Self::Threat => Tier::Critical,
            Self::SelfHarm | Self::Grooming | Self::Radicalisation | Self::EatingDisorder | Self::Abuse | Self::Nudify => {
                Tier::High
            }
            Self::DrugsSupply | Self::Bullying | Self::Misogyny | Self::Sexting => Tier::Medium,
            Self::Adult | Self::Gambling | Self::Bypass | Self::IdentityTheft => Tier::Low,
        }
    }
}
