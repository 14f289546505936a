//! What a file is to whoever may not have it, and what a profile refuses.

use std::num::NonZeroU64;

crate::words::person::words! {
    /// Why a file is refused. The numbers stand in week files: none is ever given again.
    Download {
        /// It runs, or installs what runs.
        Program "programs",
        /// Commands that run when it is opened.
        Script "scripts",
        /// The image of a disk: a container that hides what is in it from a look at its beginning.
        DiskImage "disk-images",
        /// An archive that nobody can look into without its password.
        LockedArchive "archives-with-password",
        /// It is larger than the limit, whatever it is.
        TooLarge "too-large",
    }
}

impl Download {
    /// The kind of this number, as it stands in a week file.
    pub fn from_number(number: u32) -> Option<Self> {
        u8::try_from(number).ok().and_then(Self::from_u8)
    }
}

/// What somebody may not download. The default refuses nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Downloads {
    /// A bit a kind.
    kinds: u8,
    /// Most octets of one answer.
    pub most: Option<NonZeroU64>,
}

impl Downloads {
    /// Refuses these kinds.
    pub fn refusing(kinds: impl IntoIterator<Item = Download>) -> Self {
        Self { kinds: kinds.into_iter().fold(0, |set, kind| set | 1 << kind as u8), most: None }
    }

    pub fn refuses(&self, kind: Download) -> bool {
        match kind {
            Download::TooLarge => self.most.is_some(),
            kind => self.kinds & 1 << kind as u8 != 0,
        }
    }

    /// Whether it goes by what a file is.
    pub fn looks(&self) -> bool {
        self.kinds != 0
    }

    /// What either refuses.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let most = match (self.most, other.most) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        Self { kinds: self.kinds | other.kinds, most }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_what_either_refuses_and_the_lower_limit() {
        let limit = |most| Downloads { most: NonZeroU64::new(most), ..Downloads::default() };
        let both =
            Downloads::refusing([Download::Program]).and(Downloads::refusing([Download::Script])).and(limit(9)).and(limit(7));
        let refused: Vec<_> = Download::ALL.iter().copied().filter(|kind| both.refuses(*kind)).collect();
        assert_eq!(refused, [Download::Program, Download::Script, Download::TooLarge]);
        assert_eq!(both.most, NonZeroU64::new(7));
        assert!(!Download::ALL.iter().any(|kind| Downloads::default().refuses(*kind)));
    }
}
