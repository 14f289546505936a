//! The words everything else is said in.
//!
//! Comes in: bytes and text from outside, once, at the edge. Goes out: values that cannot be wrong any more.
//! Always holds: nothing here does I/O or asks the time; a value of one of these types is well formed.
//!
//! - [`name`]      any RFC 1035 name: what the DNS door judges and logs
//! - [`host`]      an RFC 1123 host or an address literal: what URLs and lists hold
//! - [`url`]       scheme, host, port, path
//! - [`category`]  what a name is: fixed bits with their roles, and sets of them
//! - [`mac`]       a hardware address, and whether it was made up
//! - [`download`]  what a file is to whoever may not have it
//! - [`person`]    who: ids, roles, how we know, how sure we are, since when
//! - [`moment`]    when: UTC and the school's own local time, worked out once
//! - [`network`]   an address range in CIDR form
//! - [`by_word`](mod@by_word) words as they stand in JSON
//! - [`escape`]    text that came from outside, made safe for a log line

pub mod by_word;
pub mod category;
pub mod download;
pub mod escape;
pub mod host;
pub mod mac;
pub mod moment;
pub mod name;
pub mod network;
pub mod person;
pub mod url;

pub use category::{Category, CategorySet, Grade, Role};
pub use download::{Download, Downloads};
pub use escape::escaped;
pub use host::{BadHost, Host};
pub use mac::{BadMac, Mac};
pub use moment::{Day, Moment};
pub use name::{BadName, Name};
pub use network::{BadNetwork, Network};
pub use person::{
    ClientAddr, Confidence, DeviceId, GroupId, Groups, Known, NetworkId, PersonId, PersonRole, PersonSet, Since, Who,
};
pub use url::{BadUrl, Scheme, Url};
