//! Who is it? The school's register of people and devices, and who is behind an address.
//!
//! Comes in: a CSV export of the school's own system, once in a while; a client's address, with every request; the kernel's
//! neighbour table, every fifteen seconds. Goes out: a [`Sighting`], with how it is known and how sure; the record of everyone
//! who was ever given access.
//! Always holds: an id, once given, means that person or device for ever; who leaves is withdrawn with time and name of who
//! did it, never deleted; no two devices share an address, a MAC or a network; a broken
//! file changes nothing.
//!
//! - [`register`]    persons and devices as one reading of `register.db`, immutable
//! - [`seats`]       what the register itself says of an address
//! - [`roster`]      address → who is there, from every source, merged by trust and freshness
//! - [`keeper`]      the thread that watches sources
//! - [`neighbours`]  address → MAC, from the kernel
//! - [`leases`]      address → MAC, from the files of DHCP servers
//! - [`radius`]      who signed in to the network
//! - [`session`]     who is signed in, told by another system of the school
//! - [`key`]         an address as one number
//! - [`keyed`]       maps by what clients can choose
//! - [`grouping`]    which groups of the policy someone is in
//! - [`store`]       `register.db`: open, load, apply
//! - [`import`]      CSV → rows, or every fault at once
//! - [`directory`]   people by LDAP, from Active Directory or OpenLDAP
//! - [`details`]     what goes with someone's access: its last day, the rules they accepted
//! - [`scan`]        CSV bytes → fields, each with its place
//! - [`fault`]       what is wrong in a file, where, and what would be right
//! - [`diff`]        what an import would change
//! - [`record`]      the lines of `people list`
//! - [`password`]    made, kept and checked
//! - [`desk`]        accounts of the desk: passwords, codes, sessions
//! - [`attempts`]    who guesses at passwords is slowed
//! - [`kerberos`]    tickets of the school's domain
//! - [`openid`]      the school's Microsoft or Google accounts
//! - [`portal`]      sessions of browsers that signed in on the portal
//! - [`remembered`]  what was right or wrong of late
//! - [`passwords`]   names and passwords, for every door
//! - [`sign_in`](mod@sign_in)  a name and a password, for the portal
//! - [`plain`]       text that a terminal may be shown

pub mod attempts;
pub mod desk;
pub mod details;
pub mod diff;
pub mod directory;
pub mod fault;
pub mod grouping;
pub mod import;
mod keeper;
pub mod kerberos;
mod key;
mod keyed;
mod leases;
mod neighbours;
pub mod openid;
pub mod password;
pub mod passwords;
mod plain;
pub mod portal;
pub mod radius;
pub mod record;
pub mod register;
mod remembered;
pub mod roster;
mod scan;
mod seats;
pub mod session;
pub mod sign_in;
pub mod store;

pub use details::{Agreement, Consent, Details, Source};
pub use diff::{Diff, Force, Refusal};
pub use fault::{Fault, Faults};
pub use grouping::Grouping;
pub use import::Sheet;
pub use keeper::Keeper;
pub use passwords::{Passwords, Signed};
pub use record::Record;
pub use register::{Clash, Device, Person, Register, Stamp};
pub use roster::Roster;
pub use scan::MAX_BYTES;
pub use seats::Sighting;
pub use sign_in::{SignIn, SignInFault, sign_in};
pub use store::{HistoryLine, Store, StoreFault};

pub use crate::words::{BadMac, Mac};
