//! How bytes come and go.
//!
//! Comes in: addresses and sockets. Goes out: connections within their limits.
//! Always holds: nothing here knows who asks or what a name is; whatever comes from outside is bounded in size, time and
//! count, and in what one client may take.
//!
//! - [`ca`]           the school's own certificate authority
//! - [`ahead`]        a stream that is read in large pieces
//! - [`batch`]        datagrams taken and sent several at a time
//! - [`drain`]        the word to stop, passed to every door
//! - [`listen`]       bound listeners and their accept loop, with a share for each client
//! - [`idle`]         a stream that ends when nothing has moved for too long
//! - [`framing`]      HTTP/1.1 requests framed as RFC 9112 says, or refused
//! - [`head`]         the first head on a connection
//! - [`destination`]  which addresses may be dialled for a client
//! - [`fetch`]        a file brought from a server, whole or not at all
//! - [`inspection`]   what looking into TLS takes
//! - [`prefixed`]     a stream of which some bytes have been read already
//! - [`stream`]       a client's connection: a socket, or TLS over one
//! - [`tls`]          every configuration of TLS
//! - [`early`]        a certificate that is not valid yet says that our clock is behind
//! - [`own`]          the addresses of this machine
//! - [`splice`]       bytes carried between two connections until both have ended
//! - [`udp`]          datagrams that are answered from the address they were sent to

pub mod ahead;
pub mod batch;
pub mod ca;
pub mod destination;
pub mod drain;
pub mod early;
pub mod fetch;
pub mod framing;
pub mod head;
pub mod idle;
pub mod inspection;
pub mod listen;
pub mod own;
pub mod prefixed;
pub mod splice;
pub mod stream;
pub mod tls;
pub mod udp;

pub use batch::Batch;
pub use drain::{Drain, Stopper};
pub use udp::{Arrival, Datagrams};
