//! What takes long, and who asks much; over UDP and TCP.

use super::*;

#[tokio::test]
async fn a_silent_upstream_is_servfail_with_ede_22() {
    let school = school("");
    let said = school.ask(PUPIL, "silent.test", rr::A).await;
    assert_eq!(said.metadata.response_code, ResponseCode::ServFail);
    assert_eq!(extended_error(&said).map(|(code, _)| code), Some(22));
    let [event] = &school.events()[..] else { panic!("one event") };
    assert_eq!((event.action, event.status), (Action::Allow, 2));
    assert_eq!(school.door.gate.counters.upstream_failures.get(), 1);
}

#[tokio::test]
async fn one_client_cannot_have_all_the_room() {
    let school = school("");
    let asker =
        |client: [u8; 4]| Asker { client: ClientAddr::new(client.into()), local: LOCAL.into(), transport: Transport::Udp };
    let mut out = Vec::new();
    let held: Vec<_> = (0..MAX_OPEN)
        .map(|i| school.door.first(&query(&format!("n{i}.test"), rr::A, 1232, false), asker(PUPIL), &mut out))
        .collect();
    assert!(held.iter().all(|first| matches!(first, First::Open(_))));
    let said = school.ask(PUPIL, "more.test", rr::A).await;
    assert_eq!((said.metadata.response_code, extended_error(&said).map(|(c, _)| c)), (ResponseCode::ServFail, Some(0)));
    assert_eq!(school.door.gate.counters.overloads.get(), 1);
    assert_eq!(school.ask([127, 0, 0, 2], "more.test", rr::A).await.metadata.response_code, ResponseCode::NoError);
}

/// The door on real sockets, with clients that know nothing of it.
#[test]
fn udp_and_tcp_answer_the_same_and_everything_answered_is_in_the_log_when_the_door_has_closed() {
    let school = school("");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let bound = bind(&["127.0.0.1:0".parse().expect("v4"), "[::1]:0".parse().expect("v6")], 2).expect("sockets");
    let (at, (stopper, drain)) = (bound.local_addrs(), drain());
    let running = bound.serve(school.door.gate.clone(), school.door.resolver.clone(), drain, runtime.handle().clone());

    let code = |message: &[u8]| message[3] & 0x0f;
    for at in &at {
        for (name, expected) in [("bet.test", 3), ("open.test", 0), ("missing.test", 3)] {
            assert_eq!((name, code(&over_udp(*at, &query(name, rr::A, 1232, false)))), (name, expected));
        }
        // Too large for UDP: cut, with TC, and whole over TCP.
        let cut = over_udp(*at, &query("big.test", rr::A, 1232, false));
        assert_eq!((cut[2] & 2, cut[7]), (2, 0));
        let queries = ["big.test", "bet.test", "open.test"].map(|name| query(name, rr::A, 1232, false));
        let mut said = over_tcp(*at, &queries);
        said.sort_by_key(|m| (code(m), m.len()));
        assert_eq!(said.iter().map(|m| (code(m), m[7])).collect::<Vec<_>>(), [(0, 1), (0, 100), (3, 0)]);
    }
    // More at once than are begun at once; none is lost because the client has said everything.
    let many: Vec<_> = (0..100).map(|i| query(&format!("n{i}.test"), rr::A, 1232, false)).collect();
    assert_eq!(over_tcp(at[0], &many).len(), 100);
    stopper.stop();
    running.join();
    assert!(TcpStream::connect(at[0]).is_err(), "the door is closed");
    assert_eq!(school.events().len(), 2 * (3 + 1 + 3) + 100);
}

fn over_udp(at: SocketAddr, query: &[u8]) -> Vec<u8> {
    let socket = UdpSocket::bind(if at.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" }).expect("a socket");
    socket.connect(at).expect("a peer");
    socket.send(query).expect("sent");
    let mut buffer = vec![0; 4096];
    let len = socket.recv(&mut buffer).expect("an answer");
    buffer.truncate(len);
    buffer
}

/// All queries in one write, and the client's side closed after them.
fn over_tcp(at: SocketAddr, queries: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut stream = TcpStream::connect(at).expect("a connection");
    let framed: Vec<u8> = queries.iter().flat_map(|q| [&(q.len() as u16).to_be_bytes()[..], q].concat()).collect();
    stream.write_all(&framed).expect("sent");
    stream.shutdown(std::net::Shutdown::Write).expect("closed");
    let mut all = Vec::new();
    stream.read_to_end(&mut all).expect("answers");
    let mut said = Vec::new();
    while let Some(length) = all.first_chunk::<2>().map(|l| usize::from(u16::from_be_bytes(*l))) {
        said.push(all[2..2 + length].to_vec());
        all.drain(..2 + length);
    }
    said
}
