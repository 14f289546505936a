//! The measure of all: the least that any DNS server must do with a datagram, with our sockets and our batches.

use schoolgate::net::{Batch, Datagrams};
use std::net::SocketAddr;

/// The answer's length is asked for in the question's count of questions, so that it is the length of a real one.
pub fn asked(question: &[u8], length: usize) -> Vec<u8> {
    let mut asked = question.to_vec();
    asked[4..6].copy_from_slice(&(length as u16).to_be_bytes());
    asked
}

/// Answers for ever.
pub fn serve(address: SocketAddr) -> ! {
    let socket = Datagrams::bind(address, true).expect("the address");
    let mut batch = Batch::new(1_232);
    loop {
        let taken = batch.receive(&socket).expect("datagrams");
        for i in 0..taken {
            let Some((datagram, _, answer)) = batch.slot(i) else { continue };
            let length = datagram.get(4..6).map_or(0, |l| usize::from(u16::from_be_bytes([l[0], l[1]])));
            answer.extend_from_slice(datagram);
            answer.resize(length.clamp(12, 1_232), 0);
            answer[2] |= 0x80;
        }
        batch.send(&socket);
    }
}
