//! Who may see and mark a matter: one pure function.
//!
//! Matters about pupils are the DSL's and the deputies'; about adults the head's; about the head the chair's. Nobody sees, marks or deletes
//! a matter about themselves, whatever their role.

pub use crate::people::desk::Role;

use crate::words::person::words;

words! {
    /// Whom a matter or an incident is about.
    Concerns {
        /// Pupils, or anyone who may be one.
        Pupil "pupil",
        /// Staff and other adults.
        Adult "adult",
        Head "head",
    }
}

impl Role {
    /// Whom they record incidents about; of the ICT coordinator [`may`] knows better.
    pub fn concerns(self) -> Concerns {
        match self {
            Self::Head => Concerns::Adult,
            Self::Chair => Concerns::Head,
            Self::Dsl | Self::Deputy | Self::Ict => Concerns::Pupil,
        }
    }
}

/// Somebody at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct By<'a> {
    /// As records name them: a login name, or an account of the desk.
    pub who: &'a str,
    pub role: Role,
    /// Their id in the register, if they are in it.
    pub person: Option<&'a str>,
}

/// Whether somebody may see and mark what concerns such people, these by their ids in the register.
pub fn may<'p>(by: By, concerns: Concerns, people: impl IntoIterator<Item = &'p str>) -> bool {
    let whose = match concerns {
        Concerns::Pupil => by.role.safeguards(),
        Concerns::Adult => by.role == Role::Head,
        Concerns::Head => by.role == Role::Chair,
    };
    whose && people.into_iter().all(|key| by.person.is_none_or(|own| !own.eq_ignore_ascii_case(key)))
}

/// Whether a role opens, at the desk, what is sealed of what it may see. IT and governors never do, with whatever passphrase.
pub fn may_open(role: Role) -> bool {
    matches!(role, Role::Dsl | Role::Deputy | Role::Head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_its_matters_and_nobody_has_their_own() {
        for (role, whose) in [
            (Role::Dsl, Some(Concerns::Pupil)),
            (Role::Deputy, Some(Concerns::Pupil)),
            (Role::Ict, None),
            (Role::Head, Some(Concerns::Adult)),
            (Role::Chair, Some(Concerns::Head)),
        ] {
            assert_eq!(may_open(role), !matches!(role, Role::Ict | Role::Chair), "{role}");
            for concerns in Concerns::ALL {
                let theirs = Some(*concerns) == whose;
                let by = |person| By { who: "x", role, person };
                assert_eq!(may(by(None), *concerns, ["p1"]), theirs, "{role} {concerns}");
                assert_eq!(may(by(Some("s1")), *concerns, ["p1"]), theirs, "{role} {concerns}");
                assert_eq!(may(by(Some("s1")), *concerns, []), theirs, "{role} {concerns}: nobody is named");
                for own in ["s1", "S1"] {
                    assert!(!may(by(Some("s1")), *concerns, ["p1", own]), "{role} {concerns} {own}");
                }
            }
        }
    }
}
