//! An upstream over UDP that does what a script says, many questions at once; it ends with the test's runtime.

use super::*;
use tokio::net::UdpSocket;

/// One datagram and when it is sent.
pub type Sent = (Duration, Vec<u8>);

/// One question as it came.
pub struct Seen {
    pub bytes: Vec<u8>,
    pub from: SocketAddr,
}

pub struct Scripted {
    pub address: SocketAddr,
    pub seen: Arc<std::sync::Mutex<Vec<Seen>>>,
}

impl Scripted {
    /// `script` gets the number of the question and the question, and says what is sent for it.
    pub async fn start(script: impl Fn(usize, &Query) -> Vec<Sent> + Send + 'static) -> Self {
        let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await.expect("a port"));
        let address = socket.local_addr().expect("an address");
        let seen: Arc<std::sync::Mutex<Vec<Seen>>> = Arc::default();
        let heard = seen.clone();
        tokio::spawn(async move {
            let mut buffer = [0; 2048];
            for number in 0.. {
                let (length, from) = socket.recv_from(&mut buffer).await.expect("a question");
                let query = Query::read(&buffer[..length]).expect("a query");
                for (after, bytes) in script(number, &query) {
                    let socket = socket.clone();
                    tokio::spawn(async move {
                        tokio::time::sleep(after).await;
                        let _ = socket.send_to(&bytes, from).await;
                    });
                }
                heard.lock().expect("a lock").push(Seen { bytes: buffer[..length].to_vec(), from });
            }
        });
        Self { address, seen }
    }

    pub fn asked(&self) -> usize {
        self.seen.lock().expect("a lock").len()
    }
}

pub fn good(query: &Query) -> Vec<u8> {
    rows(query, &[(0, ASKED, rr::A, 300, &A)])
}

pub fn soon(bytes: Vec<u8>) -> Vec<Sent> {
    vec![(Duration::ZERO, bytes)]
}
