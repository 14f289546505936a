//! DNS questions of our own making, over UDP.
#![allow(dead_code, reason = "each of those that ask uses its own part")]

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

pub fn socket(from: Ipv4Addr, door: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind((from, 0)).expect("a socket");
    socket.connect(door).expect("connected");
    socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a limit");
    socket
}

pub fn question(id: u16, name: &str) -> Vec<u8> {
    let mut query = vec![(id >> 8) as u8, id as u8, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        query.push(label.len() as u8);
        query.extend_from_slice(label.as_bytes());
    }
    query.extend_from_slice(&[0, 0, 1, 0, 1]);
    query
}
