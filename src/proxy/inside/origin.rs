//! The connection to the origin: HTTP/1.1 or HTTP/2, as it chose.

use super::secured::Secured;
use crate::net::framing::{MAX_HEAD, MAX_HEADERS};
use crate::net::inspection::HTTP_2;
use crate::proxy::refuse::Body;
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// What an origin may send before it was taken, of one answer and of all: a fast line to a far origin (100 Mbit/s, 80 ms) is full
/// with a megabyte on the way.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 2 << 20;

/// A connection to one origin. Dropping it closes it.
pub struct Origin {
    pub address: SocketAddr,
    sender: Sender,
    /// Told when the connection has ended.
    pub gone: Arc<Notify>,
    driver: Driver,
}

enum Sender {
    One(http1::SendRequest<Body>),
    Two(http2::SendRequest<Body>),
}

/// The task that moves the bytes; it ends with the origin it belongs to.
struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Origin {
    pub async fn over(secured: Secured, address: SocketAddr) -> hyper::Result<Self> {
        let gone = Arc::new(Notify::new());
        let tell = gone.clone();
        let io = TokioIo::new(secured.stream);
        // An error of the connection is also one of the request it cuts short, and told there.
        let (sender, driver) = if secured.protocol == Some(HTTP_2) {
            let (sender, connection) = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .initial_stream_window_size(STREAM_WINDOW)
                .initial_connection_window_size(CONNECTION_WINDOW)
                .max_header_list_size(MAX_HEAD as u32)
                .handshake(io)
                .await?;
            let driver = tokio::spawn(async move {
                let _ = connection.await;
                tell.notify_one();
            });
            (Sender::Two(sender), driver)
        } else {
            let (sender, connection) =
                http1::Builder::new().max_buf_size(MAX_HEAD).max_headers(MAX_HEADERS).handshake(io).await?;
            let driver = tokio::spawn(async move {
                let _ = connection.with_upgrades().await;
                tell.notify_one();
            });
            (Sender::One(sender), driver)
        };
        Ok(Self { address, sender, gone, driver: Driver(driver) })
    }

    pub fn is_closed(&self) -> bool {
        self.driver.0.is_finished()
            || match &self.sender {
                Sender::One(sender) => sender.is_closed(),
                Sender::Two(sender) => sender.is_closed(),
            }
    }

    /// Sends a request of HTTP/1.1, one at a time.
    pub async fn send(&mut self, request: Request<Body>) -> Result<Response<Incoming>, TrySendError<Request<Body>>> {
        match &mut self.sender {
            Sender::One(sender) => {
                let _ = sender.ready().await;
                sender.try_send_request(request).await
            }
            Sender::Two(sender) => sender.try_send_request(request).await,
        }
    }

    /// What sends a request of HTTP/2 beside others. `None`: it is HTTP/1.1.
    pub fn beside(&self) -> Option<http2::SendRequest<Body>> {
        match &self.sender {
            Sender::One(_) => None,
            Sender::Two(sender) => Some(sender.clone()),
        }
    }
}
