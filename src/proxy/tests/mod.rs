//! The proxy with real sockets: a gate, an origin, and clients that write bytes.

mod connect;
mod download;
mod inside;
mod malformed;
mod named;
mod open;
mod parent;
mod plain;
mod scan;
pub mod stand;
mod tls;
mod warned;

use stand::{Stand, head_of};
