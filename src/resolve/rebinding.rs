//! Addresses inside the school that somebody outside gives for a name.
//!
//! A page from outside whose name turns into an address of the school's own (DNS rebinding) makes the pupil's browser the way
//! to its printers, cameras and controllers. So an answer of a public resolver with such an address is no answer: NODATA, and
//! an extended error that says why. The name exists, so NXDOMAIN would be untrue for its other types (RFC 8020).

use crate::net::destination;
use crate::wire::{Body, Ede, Made, Message, Query, Rcode};

/// Whether answers from outside may have addresses inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inside {
    Refused,
    /// The zone is forwarded, or under `private_allowed`.
    Allowed,
}

/// How long the refusal holds, in seconds: a school that then writes `private_allowed` is not to wait.
const TTL: u32 = 60;

/// RFC 8914 §4.16: it is the gate's own policy, nothing that the client asked to be filtered.
const WHY: (Ede, &str) = (Ede::BLOCKED, "an address inside the school from a resolver outside; see private_allowed under [dns]");

/// The message, or what stands in its place.
pub fn guard(query: &Query, message: Message) -> Message {
    if !message.addresses().iter().any(|&ip| destination::is_inside(ip)) {
        return message;
    }
    tracing::debug!("an answer from outside had an address inside, and was refused");
    Message::made(query, Made { rcode: Rcode::NOERROR, body: Body::Soa { ttl: TTL }, error: Some(WHY) })
}
