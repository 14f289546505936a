//! What a door knows when it asks.

use super::{Mode, Pass};
use crate::lists::Found;
use crate::words::{Groups, Host, Moment};

/// Whether the door can put a page in front of the person who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    Page,
    /// DNS, HTTPS that is not looked inside, apps: a warning would never be seen.
    NoPage,
}

/// A session that is held to less than its profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock<'a> {
    /// Only the exam's own short list, and platform.
    Exam(&'a [Host]),
    /// Only help, and platform.
    Withdrawn,
    /// Nobody has signed in yet, where one must: only the network's own short list, help and platform.
    SignIn(&'a [Host]),
}

/// One question to [`decide`](super::decide()).
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    pub host: &'a Host,
    /// What the lists say of the host.
    pub found: &'a Found,
    pub groups: Groups,
    pub moment: Moment,
    pub surface: Surface,
    /// The network's.
    pub mode: Mode,
    pub lock: Option<Lock<'a>>,
    /// The pass in force for this person and this moment, if there is one.
    pub pass: Option<&'a Pass>,
}
