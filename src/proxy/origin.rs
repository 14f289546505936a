//! A connection to an origin, kept for the client's next request.

use super::IDLE;
use super::dial::Dialled;
use super::refuse::Body;
use super::request::Asked;
use crate::net::framing::{MAX_HEAD, MAX_HEADERS};
use crate::net::idle::Idle;
use crate::words::Host;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The end of the last body and the next request may be seen in the other order, but not for longer than this.
const SETTLES: Duration = Duration::from_millis(100);

/// An HTTP/1.1 connection to one host and port at one address. Dropping it closes it.
pub struct Origin {
    host: Host,
    port: u16,
    pub address: SocketAddr,
    /// Another proxy: requests to it say in full where they go.
    pub by_parent: bool,
    sender: SendRequest<Body>,
    driver: Driver,
}

/// The task that moves the bytes; it ends with the origin it belongs to.
struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Origin {
    /// Speaks HTTP/1.1 over a connection just made.
    pub async fn over(dialled: Dialled, asked: &Asked) -> hyper::Result<Self> {
        let Dialled { stream, address, by_parent } = dialled;
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(MAX_HEAD)
            .max_headers(MAX_HEADERS)
            .handshake(TokioIo::new(Idle::new(stream, IDLE)))
            .await?;
        let driver = Driver(tokio::spawn(async move {
            // An error of the connection is also one of the request it cuts short, and told there.
            let _ = connection.await;
        }));
        Ok(Self { host: asked.host, port: asked.port, address, by_parent, sender, driver })
    }

    /// Whether it leads where this request goes, and can be used again.
    pub async fn serves(&mut self, asked: &Asked) -> bool {
        self.host == asked.host
            && self.port == asked.port
            && !self.driver.0.is_finished()
            && matches!(timeout(SETTLES, self.sender.ready()).await, Ok(Ok(())))
    }

    pub async fn send(&mut self, request: Request<Body>) -> hyper::Result<Response<Incoming>> {
        self.sender.send_request(request).await
    }
}
