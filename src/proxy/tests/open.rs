//! Connections that are open when what they were judged by changes.

use super::stand::{Stand, head_of};
use crate::config::Config;
use crate::gate::Snapshot;
use crate::gate::school::config;
use crate::people::roster::{Bound, Now, Teller};
use crate::people::{Diff, Force, Grouping, Mac, Roster, Sheet, Store};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Within this a connection that would be blocked is closed.
const WITHIN: Duration = Duration::from_secs(5);

struct Carried {
    client: TcpStream,
    server: TcpStream,
}

impl Carried {
    async fn through(stand: &Stand, origin: &TcpListener, from: &str, host: &str) -> Self {
        let mut client = stand.open(from).await;
        let port = stand.origin.port();
        let head = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n");
        client.write_all(head.as_bytes()).await.expect("sent");
        let answer = head_of(&mut client).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{from} {host}: {answer}");
        let (server, _) = origin.accept().await.expect("it is dialled");
        let mut carried = Self { client, server };
        assert!(carried.lives().await);
        carried
    }

    async fn lives(&mut self) -> bool {
        let mut byte = [0];
        self.server.write_all(b"x").await.is_ok()
            && matches!(timeout(Duration::from_secs(1), self.client.read(&mut byte)).await, Ok(Ok(1)))
    }

    /// How long the server can go on sending, as a stream does.
    async fn ends(&mut self) -> Duration {
        let began = Instant::now();
        let (mut into, most) = ([0; 1024], WITHIN + Duration::from_secs(2));
        while began.elapsed() < most {
            let _ = self.server.write_all(b"frame").await;
            if matches!(timeout(Duration::from_millis(50), self.client.read(&mut into)).await, Ok(Ok(0) | Err(_))) {
                break;
            }
        }
        began.elapsed()
    }
}

async fn before_a_listener() -> (Stand, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    (Stand::at(listener.local_addr().expect("an address"), Arc::default()).await, listener)
}

fn in_force(stand: &Stand, next: impl FnOnce(&mut Snapshot)) {
    let mut snapshot = Snapshot::clone(&stand.school.gate.snapshot());
    next(&mut snapshot);
    stand.school.gate.swap(snapshot);
}

fn with(origin: SocketAddr, more: &str) -> Config {
    config(&format!("[proxy]\nlisten = [\"127.0.0.1:0\"]\ndestinations = [\"{origin}\"]\n{more}"))
}

#[tokio::test]
async fn an_entry_that_blocks_closes_the_tunnel_that_is_open_and_no_other() {
    let (stand, origin) = before_a_listener().await;
    let mut hit = Carried::through(&stand, &origin, "127.0.0.1", "video.example").await;
    let mut other = Carried::through(&stand, &origin, "127.0.0.1", "lesson.example").await;
    let entry = "[[entry]]\nhost = \"video.example\"\naction = \"block\"\nreason = \"a test\"\n";
    in_force(&stand, |snapshot| snapshot.config = with(stand.origin, entry));
    let took = hit.ends().await;
    assert!(took < WITHIN, "{took:?}");
    assert!(other.lives().await);
    assert_eq!(stand.school.gate.counters.closed_anew.get(), 1);
}

#[tokio::test]
async fn a_teachers_stream_stops_when_the_laptop_becomes_a_pupils_and_everything_when_the_pupil_is_withdrawn() {
    let (stand, origin) = before_a_listener().await;
    // The laptop's address in the staff's network; `games.example` is for staff alone.
    let only_pupils = "[[entry]]\nhost = \"games.example\"\naction = \"block\"\ngroup = \"year-9\"\nreason = \"a test\"\n\
                       [[group]]\nname = \"year-9\"\nprofile = \"secondary\"\nyears = [9]\n\
                       [[group]]\nname = \"teachers\"\nprofile = \"staff\"\nroles = [\"staff\"]\n";
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = Store::open(&folder.path().join("register.db")).expect("a register");
    let csv = "id,name,role,year,groups,device,address,mac,network\n\
               t1,Ms Green,staff,,,laptop-1,,02:00:00:00:00:01,\n\
               p1,Sam Hill,pupil,9,,laptop-2,,02:00:00:00:00:02,\n";
    let config = with(stand.origin, only_pupils);
    let grouping = Grouping::of_config(&config);
    let sheet = Sheet::read(csv.as_bytes(), "people.csv", grouping, &crate::config::PeopleRules::default())
        .unwrap_or_else(|faults| panic!("{faults}"));
    let diff = Diff::between(&store.load().expect("a register"), &sheet, grouping);
    let register = store.apply(&diff.agreed(Force::Yes).expect("agreed"), "it", 1).expect("applied");
    let roster = Arc::new(Roster::default());
    let seen = |mac: &str| {
        let bound = Bound { mac: Mac::parse(mac).expect("a MAC"), by: 0, until_ms: None };
        roster.change(Now::read(), |book| book.bind([127, 9, 0, 7].into(), Teller::Neighbour, bound));
    };
    seen("02:00:00:00:00:01");
    let before = stand.school.gate.snapshot();
    let register = Arc::new(register.with_roster(roster.clone()));
    stand.school.gate.swap(Snapshot::new(before.version, config, before.table.clone(), before.locked.clone(), register));
    let mut stream = Carried::through(&stand, &origin, "127.9.0.7", "games.example").await;
    let mut lesson = Carried::through(&stand, &origin, "127.9.0.7", "lesson.example").await;
    tokio::time::sleep(WITHIN).await;
    assert!(stream.lives().await, "it is judged again and again, and stays");
    seen("02:00:00:00:00:02");
    let took = stream.ends().await;
    assert!(took < WITHIN, "{took:?}");
    assert!(lesson.lives().await);
    let register = store.withdraw(&["p1".into()], "a test", "it", 2).expect("withdrawn");
    let register = Arc::new(register.with_roster(roster.clone()));
    in_force(&stand, |snapshot| *snapshot = snapshot.clone().with_register(register));
    let took = lesson.ends().await;
    assert!(took < WITHIN, "{took:?}");
}

#[tokio::test]
async fn a_page_that_streams_is_closed_as_a_tunnel_is() {
    let (stand, origin) = before_a_listener().await;
    let mut client = stand.open("127.0.0.1").await;
    let url = stand.url("video.example", "/live");
    client.write_all(format!("GET {url} HTTP/1.1\r\nHost: video.example\r\n\r\n").as_bytes()).await.expect("sent");
    let (mut server, _) = origin.accept().await.expect("it is dialled");
    head_of(&mut server).await;
    server.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n").await.expect("sent");
    assert!(head_of(&mut client).await.starts_with("HTTP/1.1 200"));
    let mut stream = Carried { client, server };
    assert!(stream.lives().await);
    let entry = "[[entry]]\nhost = \"video.example\"\naction = \"block\"\nreason = \"a test\"\n";
    in_force(&stand, |snapshot| snapshot.config = with(stand.origin, entry));
    let took = stream.ends().await;
    assert!(took < WITHIN, "{took:?}");
}
