//! The proxy with real sockets: a gate, an origin, and clients that write bytes.

mod connect;
mod inside;
mod malformed;
mod plain;
mod scan;
mod stand;
mod warned;

use stand::{Stand, head_of};
