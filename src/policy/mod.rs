//! May they? One pure function from an [`Ask`] to a [`Verdict`].
//!
//! Comes in: who (their groups), what (a host and what the lists say of it), when (a [`Moment`](crate::words::Moment)).
//! Goes out: what to do, and why, in one value which every reader of a decision shares: the log, the block page,
//! `explain`, the replay, the report.
//! Always holds: the same ask and the same policy give the same verdict; nothing here reads a clock, a file or a socket.
//!
//! - [`ask`]        what a door knows when it asks
//! - [`verdict`]    the answer and its why
//! - [`profile`]    what a group may do, resolved to masks
//! - [`timetable`]  when it may, precomputed to a minute-of-week table
//! - [`own`]        the school's own entries
//! - [`pass`]       what a teacher has opened, for whom and until when
//! - [`video`]      one video, with what its player needs
//! - [`exam`]       who is held to a short list, and until when
//! - [`personal`]   where two people, or one at two times, would be told different things
//! - [`safe`]       which hosts are answered as others, and for whom
//! - [`decide`]     the order of precedence, top to bottom

pub mod ask;
pub mod decide;
pub mod exam;
pub mod own;
pub mod pass;
pub mod personal;
pub mod profile;
pub mod safe;
pub mod timetable;
pub mod verdict;
pub mod video;

pub use ask::{Ask, Lock, Surface};
pub use decide::{decide, decide_answer};
pub use exam::{Exam, Exams};
pub use own::{Entry, OwnEntries};
pub use pass::{Opened, Pass, Passes, What, Whom};
pub use personal::Personal;
pub use profile::{Group, Mode, NetworkRule, Policy, Profile, ProfileId, WhenDown};
pub use safe::{Rewrite, Safe, Youtube, rewrite, strictest};
pub use timetable::{Cell, CellId, Days, Fortnight, Period, SchoolDays, Times, Timetable};
pub use verdict::{Act, Action, Step, Verdict};
pub use video::Video;
