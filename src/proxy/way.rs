//! A client and an origin, joined: what is left to do is to carry what they say.

use super::connection::Ends;
use crate::gate::{Judged, Visit};
use crate::journal::Door;
use crate::net::stream::Stream;
use crate::words::Host;
use hyper::body::Bytes;
use std::net::SocketAddr;
use tokio::net::TcpStream;

/// A connection that was judged, allowed and made, whatever door it came by.
pub struct Way {
    pub visit: Visit,
    /// The verdict on `host`.
    pub judged: Judged,
    /// What the client asked for; by the transparent door, what its opening named.
    pub host: Host,
    pub port: u16,
    pub door: Door,
    pub ends: Ends,
    /// The client's end.
    pub stream: Stream,
    /// Read from the client and not passed on yet.
    pub already: Bytes,
    /// The origin's end.
    pub origin: TcpStream,
    /// Where that leads.
    pub address: SocketAddr,
}
