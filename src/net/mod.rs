//! How bytes come and go.
//!
//! - [`drain`]  the word to stop, passed to every door
//! - [`udp`]    datagrams that are answered from the address they were sent to
pub mod drain;
pub mod udp;
pub use drain::{Drain, Stopper};
pub use udp::{Arrival, Datagrams};
