//! A client of DNS over HTTPS that is not ours: hyper's, over a stream in memory.

use crate::wire::https::MEDIA_TYPE;
use data_encoding::BASE64URL_NOPAD;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::DuplexStream;
use tokio::task::JoinHandle;

type Body = BoxBody<Bytes, Infallible>;

#[derive(Debug, Clone)]
pub struct Asked {
    pub method: &'static str,
    pub path: String,
    pub kind: &'static str,
    pub body: Vec<u8>,
}

impl Asked {
    pub fn get(query: &[u8]) -> Self {
        let text = BASE64URL_NOPAD.encode(query);
        Self { method: "GET", path: format!("/dns-query?dns={text}"), kind: "", body: Vec::new() }
    }

    pub fn post(query: &[u8]) -> Self {
        Self { method: "POST", path: "/dns-query".into(), kind: MEDIA_TYPE, body: query.to_vec() }
    }

    fn request(self, body: Option<Body>) -> Request<Body> {
        let request = Request::builder().method(self.method).uri(format!("https://dns.school.example{}", self.path));
        let request = request.header("host", "dns.school.example").header("content-type", self.kind);
        request.body(body.unwrap_or_else(|| Full::from(self.body).boxed())).expect("a request")
    }
}

#[derive(Debug)]
pub struct Said {
    pub status: u16,
    pub kind: String,
    pub cache: String,
    pub body: Vec<u8>,
}

impl Said {
    async fn of(response: Response<Incoming>) -> Self {
        let header = |name| response.headers().get(name).map_or("", |v| v.to_str().expect("text")).to_owned();
        let (status, kind, cache) = (response.status().as_u16(), header("content-type"), header("cache-control"));
        let body = response.into_body().collect().await.map(|b| b.to_bytes().to_vec()).unwrap_or_default();
        Self { status, kind, cache, body }
    }
}

enum Sender {
    First(http1::SendRequest<Body>),
    Second(http2::SendRequest<Body>),
}

pub struct Client {
    sender: Sender,
    connection: JoinHandle<()>,
}

pub async fn client(stream: DuplexStream, second: bool) -> Client {
    let stream = TokioIo::new(stream);
    if second {
        let (sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.expect("a connection");
        let connection = tokio::spawn(async { drop(connection.await) });
        Client { sender: Sender::Second(sender), connection }
    } else {
        let (sender, connection) = http1::handshake(stream).await.expect("a connection");
        let connection = tokio::spawn(async { drop(connection.await) });
        Client { sender: Sender::First(sender), connection }
    }
}

impl Client {
    pub async fn ask(&mut self, asked: Asked) -> Said {
        let request = asked.request(None);
        let response = match &mut self.sender {
            Sender::First(sender) => {
                sender.ready().await.expect("the connection is open");
                let mut request = request;
                *request.uri_mut() = request.uri().path_and_query().expect("a path").as_str().parse().expect("a path");
                sender.send_request(request).await
            }
            Sender::Second(sender) => sender.send_request(request).await,
        };
        Said::of(response.expect("a response")).await
    }

    /// A request of HTTP/2 beside others.
    pub fn start(&self, asked: Asked) -> impl Future<Output = Said> + use<> {
        let Sender::Second(sender) = &self.sender else { panic!("HTTP/1.1 has one request at a time") };
        let mut sender = sender.clone();
        async move { Said::of(sender.send_request(asked.request(None)).await.expect("a response")).await }
    }

    /// A request whose body does not end.
    pub async fn half(mut self, query: &[u8]) -> Said {
        let body = Half(Some(Bytes::copy_from_slice(&query[..10]))).boxed();
        let mut request = Asked::post(query).request(Some(body));
        let response = match &mut self.sender {
            Sender::First(sender) => {
                *request.uri_mut() = "/dns-query".parse().expect("a path");
                sender.send_request(request).await
            }
            Sender::Second(sender) => sender.send_request(request).await,
        };
        Said::of(response.expect("a response")).await
    }

    /// Returns when the other side has ended the connection.
    pub async fn ended(self) {
        let Self { sender, connection } = self;
        connection.await.expect("no panic");
        drop(sender);
    }
}

/// Some octets, and then nothing more, without an end.
struct Half(Option<Bytes>);

impl hyper::body::Body for Half {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.take().map_or(Poll::Pending, |octets| Poll::Ready(Some(Ok(Frame::data(octets)))))
    }
}
