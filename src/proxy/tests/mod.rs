//! The proxy with real sockets: a gate, an origin, and clients that write bytes.

mod connect;
mod inside;
mod malformed;
mod open;
mod parent;
mod plain;
mod scan;
mod stand;
mod tls;

use stand::{Stand, head_of};
