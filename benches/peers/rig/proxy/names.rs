//! The names of every run: each leads to one of a few addresses, and what they have not is said so that it can be remembered.

use super::origin::at;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

/// Seconds an answer lives: longer than a run.
const TTL: [u8; 4] = 3_600u32.to_be_bytes();

/// Answers for ever, in a thread of its own.
pub fn serve(leads_to: Ipv4Addr) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("an address");
    std::thread::spawn(move || {
        let mut question = [0; 1_500];
        while let Ok((length, from)) = socket.recv_from(&mut question) {
            if let Some(answer) = answer(&question[..length], leads_to) {
                let _ = socket.send_to(&answer, from);
            }
        }
    });
    address
}

/// RFC 1035 §4.1: A has the address, all else the SOA of the root (RFC 2308 §5).
fn answer(question: &[u8], leads_to: Ipv4Addr) -> Option<Vec<u8>> {
    let name = question.get(12..)?.iter().position(|octet| *octet == 0)? + 13;
    // `h17` is the seventeenth.
    let number = question.get(14..)?.iter().take_while(|c| c.is_ascii_digit()).fold(0, |n, c| n * 10 + u32::from(c - b'0'));
    let IpAddr::V4(leads_to) = at(SocketAddr::new(leads_to.into(), 0), number).ip() else { return None };
    let is_a = question.get(name..name + 2)? == [0, 1];
    let counts: [u8; 6] = if is_a { [0, 1, 0, 0, 0, 0] } else { [0, 0, 0, 1, 0, 0] };
    let mut answer = [&question[..2], &[0x81, 0x80, 0, 1], &counts, question.get(12..name + 4)?].concat();
    if is_a {
        answer.extend([&[0xc0, 12, 0, 1, 0, 1][..], &TTL, &[0, 4], &leads_to.octets()].concat());
    } else {
        answer.extend([&[0, 0, 6, 0, 1][..], &TTL, &[0, 22, 0, 0], &TTL.repeat(5)].concat());
    }
    Some(answer)
}
