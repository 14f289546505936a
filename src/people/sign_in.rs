//! Who signs in with a name and a password: what the portal asks.

use super::password::{Busy, Checks, folded};
use super::{Person, Register, Store, StoreFault};
use crate::words::PersonId;

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignIn {
    Known(PersonId),
    /// The password is right, and the access was withdrawn: to be told whom to see.
    Withdrawn(PersonId),
    /// The name or the password is wrong; which of them is told nobody.
    Wrong,
}

/// Why nobody could say.
#[derive(Debug, thiserror::Error)]
pub enum SignInFault {
    #[error(transparent)]
    Busy(#[from] Busy),
    #[error(transparent)]
    Store(#[from] StoreFault),
}

/// Checks a name, as the register has it, and a password. It blocks for tens of milliseconds, and longer while others sign in.
///
/// # Errors
/// [`SignInFault`]: too many sign in, or the register cannot be read.
pub fn sign_in(store: &Store, register: &Register, checks: &Checks, name: &str, password: &str) -> Result<SignIn, SignInFault> {
    checked(store, register, checks, name, password).map(|(signed, _)| signed)
}

/// [`sign_in`], with what the register keeps of the password that was looked at.
pub(super) fn checked(
    store: &Store,
    register: &Register,
    checks: &Checks,
    name: &str,
    password: &str,
) -> Result<(SignIn, Option<String>), SignInFault> {
    let person = named(register, name.trim());
    let kept = match person {
        Some(person) => store.password(person.id)?,
        None => None,
    };
    let right = checks.check(&folded(password), kept.as_deref())?;
    let signed = match person.filter(|_| right) {
        Some(person) if person.is_withdrawn() => SignIn::Withdrawn(person.id),
        Some(person) => SignIn::Known(person.id),
        None => SignIn::Wrong,
    };
    Ok((signed, kept))
}

/// The person of this id; in small or capital letters, if that leaves no doubt.
pub(super) fn named<'r>(register: &'r Register, name: &str) -> Option<&'r Person> {
    register.person_of_key(name).or_else(|| {
        let mut alike = register.persons().filter(|p| p.key.eq_ignore_ascii_case(name));
        let one = alike.next();
        one.filter(|_| alike.next().is_none())
    })
}
