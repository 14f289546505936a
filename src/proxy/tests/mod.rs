//! The proxy with real sockets: a gate, an origin, and clients that write bytes.

mod connect;
mod malformed;
mod named;
mod plain;
mod scan;
pub mod stand;

use stand::{Stand, head_of};
