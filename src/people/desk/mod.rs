//! Accounts of the desk: who reads the week's report there and says what became of it, and by what they show who they are.
//!
//! Always holds: an account is a password and a device that shows codes (RFC 6238), and opens nothing without both; the password that
//! was made for it opens nothing but the page that asks for one of its owner's own, so that whoever made the account is not its owner.
//!
//! - [`totp`]      codes of six digits that change every half minute
//! - [`sessions`]  browsers that have signed in

pub mod sessions;
pub mod totp;

use super::password::{Busy, Checks, folded};
use crate::words::person::words;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use totp::Secret;

words! {
    /// What somebody is at the desk.
    Role {
        /// The Designated Safeguarding Lead.
        Dsl "dsl",
        /// Who stands in for them.
        Deputy "deputy",
        /// The ICT coordinator: no names.
        Ict "ict",
        Head "head",
        /// The chair of governors.
        Chair "chair",
    }
}

impl Role {
    /// Whether pupils are theirs: the lead, or who stands in for them.
    pub fn safeguards(self) -> bool {
        matches!(self, Self::Dsl | Self::Deputy)
    }

    /// As people say it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Dsl => "Designated Safeguarding Lead",
            Self::Deputy => "Deputy safeguarding lead",
            Self::Ict => "ICT coordinator",
            Self::Head => "Head",
            Self::Chair => "Chair of governors",
        }
    }
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.word())
    }
}

impl<'de> Deserialize<'de> for Role {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let word = String::deserialize(from)?;
        Self::from_word(&word).ok_or_else(|| serde::de::Error::custom(format!("'{word}' is no role of the desk")))
    }
}

/// Shortest password of somebody's own, in characters; the longest is [`super::password::MAX_PASSWORD`], in octets.
pub const SHORTEST: usize = 12;

/// One account, as it is kept. It has no `Debug`: what is in it belongs into no log.
#[derive(Clone, Serialize, Deserialize)]
pub struct Account {
    pub name: String,
    pub role: Role,
    /// Who it is in the register, by their key.
    pub person: Option<String>,
    /// As [`super::password::hash`] keeps it.
    pub password: String,
    /// Its owner has chosen it.
    pub own: bool,
    pub secret: Secret,
    /// The last code that was used is of this step: none of it or before is taken.
    pub step: u64,
    /// When it was made, or made anew; sessions of before are over.
    pub since_ms: i64,
    /// Who made it.
    pub by: String,
    /// When it was last signed in to.
    pub seen_ms: Option<i64>,
}

impl Account {
    /// How they stand in records: no account of the machine is called so.
    pub fn called(&self) -> String {
        format!("{} (desk)", self.name)
    }

    /// Whether two names are one account's.
    pub fn is_called(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.trim())
    }

    /// Whether this is its password. It takes tens of milliseconds, as long where there is no account.
    ///
    /// # Errors
    /// [`Busy`]: too many sign in.
    pub fn has_password(account: Option<&Self>, checks: &Checks, typed: &str) -> Result<bool, Busy> {
        let own = account.is_some_and(|a| a.own);
        let typed = if own { typed.to_owned() } else { folded(typed) };
        checks.check(&typed, account.map(|a| a.password.as_str()))
    }
}

/// What an account may be called: what is typed on a phone without thinking, and shown as it is.
pub fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
    (1..=64).contains(&text.len()) && text.chars().all(plain)
}
