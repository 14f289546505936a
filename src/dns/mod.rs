//! The DNS door: a query in, an answer out, the same for every transport.
//!
//! Comes in: packets of the school's machines. Goes out: the upstream's answer for what is allowed, a block answer for what
//! is not, and an event for each, written before the answer leaves.
//! Always holds: strangers are refused; a worker never waits for an upstream; every wait, queue and share is bounded.
//!
//! - [`door`]     `answer(query, asker)`: judged, resolved, judged behind, written down
//! - [`front`]    a worker's own memory of what it hears most
//! - [`blocked`]  what a blocked name is answered with, and the words for it
//! - [`safe`]     safe search: an allowed name that is answered as another one
//! - [`captive`]  by what systems look whether they are online, for who is to sign in
//! - [`special`]  names that are never asked upstream
//! - [`update`]   dynamic updates of the school's own zones
//! - [`bind`]     all sockets of the door, and what to do if one cannot be had
//! - [`udp`]      workers: one thread a socket, a batch at a time; misses go to the runtime
//! - [`tcp`]      connections with several queries each (RFC 7766)
//! - [`tls`]      the same behind a handshake (RFC 7858)
//! - [`https`]    queries in HTTP requests (RFC 8484)

pub mod bind;
pub mod blocked;
mod captive;
pub mod door;
mod front;
pub mod https;
pub mod safe;
pub mod special;
pub mod tcp;
pub mod tls;
pub mod udp;
pub mod update;

#[cfg(test)]
mod tests;

pub use bind::{Bound, Running, bind};
pub use door::{Asker, Door, First, Open, Transport};
