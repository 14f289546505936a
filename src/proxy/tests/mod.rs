//! The proxy with real sockets: a gate, an origin, and clients that write bytes.

mod connect;
mod malformed;
mod plain;
mod stand;
mod warned;

use stand::{Stand, head_of};
