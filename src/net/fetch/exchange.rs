//! One question and its answer: connect, ask, read the head, take the body.

use super::body::Taker;
use super::{FetchFault, Fetched, Fetcher, Sink, Version, Wish, is_outside};
use crate::words::Url;
use crate::words::url::Scheme;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// Most addresses of one host that are tried.
const MAX_ADDRESSES: usize = 4;

/// Largest head of an answer, and most headers in it: what browsers take.
const MAX_HEAD: usize = 64 << 10;
const MAX_HEADERS: usize = 100;

/// Longest ETag or date that is kept and sent back.
const MAX_VERSION: usize = 256;

/// What is asked for.
pub(super) struct Asked {
    pub url: Url,
    /// Somebody else led us there, by a redirect or the DNS, and whether the way began on this machine: then only public addresses,
    /// and this machine's.
    pub within: Option<bool>,
}

/// What an answer says to do.
pub(super) enum Step {
    Done(Fetched),
    Elsewhere(Box<Url>),
}

impl Fetcher {
    /// Asks once; also says which address answered.
    pub(super) async fn exchange(
        &self,
        asked: &Asked,
        wish: &Wish<'_>,
        into: &mut dyn Sink,
    ) -> Result<(Step, IpAddr), FetchFault> {
        let request = request(&asked.url, wish)?;
        let (_driven, answer, at) = self.answered(asked, wish, request).await?;
        let status = answer.status();
        let step = match status {
            StatusCode::OK => Step::Done(Fetched::New(self.take(answer, wish, into).await?)),
            StatusCode::NOT_MODIFIED if wish.known.is_some() => Step::Done(Fetched::Unchanged),
            StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT => Step::Elsewhere(Box::new(elsewhere(&asked.url, answer.headers())?)),
            _ => return Err(FetchFault::Status(status.as_u16())),
        };
        Ok((step, at))
    }

    /// A form, and what is answered to it.
    pub(super) async fn send(&self, url: &Url, form: String, max_bytes: u64) -> Result<Vec<u8>, FetchFault> {
        let asked = Asked { url: url.clone(), within: None };
        let wish = Wish { known: None, signed: false, archive: true, outside: false, max_bytes };
        let mut request = request(url, &wish)?;
        *request.method_mut() = Method::POST;
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(header::CONTENT_TYPE, kind);
        *request.body_mut() = Full::from(form);
        let (_driven, answer, _) = self.answered(&asked, &wish, request).await?;
        if answer.status() != StatusCode::OK {
            return Err(FetchFault::Status(answer.status().as_u16()));
        }
        let mut body = Vec::new();
        self.take(answer, &wish, &mut body).await?;
        Ok(body)
    }

    /// JSON with a signature.
    pub(super) async fn put(&self, url: &Url, json: String, signature: &str) -> Result<(), FetchFault> {
        let asked = Asked { url: url.clone(), within: None };
        let wish = Wish { known: None, signed: false, archive: true, outside: false, max_bytes: 0 };
        let mut request = request(url, &wish)?;
        *request.method_mut() = Method::POST;
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // Hexadecimal and digits: a header's value holds them.
        headers.insert("schoolgate-signature", HeaderValue::from_str(signature).map_err(|_| FetchFault::Status(0))?);
        *request.body_mut() = Full::from(json);
        let (_driven, answer, _) = self.answered(&asked, &wish, request).await?;
        if answer.status().is_success() { Ok(()) } else { Err(FetchFault::Status(answer.status().as_u16())) }
    }

    /// The head of an answer, from which address, and what moves its body.
    async fn answered(
        &self,
        asked: &Asked,
        wish: &Wish<'_>,
        request: Request<Full<Bytes>>,
    ) -> Result<(Driven, Response<Incoming>, IpAddr), FetchFault> {
        let (stream, at) = self.connect(asked, wish).await?;
        let (driven, answer) = match asked.url.scheme {
            Scheme::Http => self.ask(stream, request).await?,
            Scheme::Https => {
                let stream = self.over_tls(&asked.url, stream).await?;
                self.ask(stream, request).await?
            }
        };
        Ok((driven, answer, at))
    }

    async fn connect(&self, asked: &Asked, wish: &Wish<'_>) -> Result<(TcpStream, IpAddr), FetchFault> {
        let host = &asked.url.host;
        let addresses = match host.address() {
            Some(address) => vec![address],
            None => {
                let looked = timeout(self.limits.connect, self.lookup.addresses(host)).await;
                let unknown = |why: String| FetchFault::Unknown { host: host.to_string(), why };
                looked.map_err(|_| unknown("nobody answered".into()))?.map_err(unknown)?
            }
        };
        let unreached = |why: String| FetchFault::Unreached { host: host.to_string(), why };
        let mut fault = unreached("it has no address".into());
        for address in addresses.into_iter().take(MAX_ADDRESSES) {
            if asked.within.is_some_and(|begun_here| !is_outside(address, begun_here)) {
                return Err(FetchFault::Inwards { host: host.to_string(), address });
            }
            if asked.url.scheme == Scheme::Http && !wish.signed && !address.is_loopback() {
                return Err(FetchFault::Plain);
            }
            match timeout(self.limits.connect, TcpStream::connect(SocketAddr::new(address, asked.url.port))).await {
                Ok(Ok(stream)) => return Ok((stream, address)),
                Ok(Err(why)) => fault = unreached(format!("{address}: {why}")),
                Err(_) => fault = unreached(format!("{address} did not answer")),
            }
        }
        Err(fault)
    }

    async fn over_tls(
        &self,
        url: &Url,
        stream: TcpStream,
    ) -> Result<impl AsyncRead + AsyncWrite + Send + Unpin + use<>, FetchFault> {
        let host = url.host.to_string();
        let name = ServerName::try_from(host.clone()).map_err(|_| FetchFault::Unaskable)?;
        let connected = timeout(self.limits.connect, TlsConnector::from(self.tls.clone()).connect(name, stream)).await;
        match connected {
            Ok(Ok(stream)) => Ok(stream),
            // A certificate that does not hold now does not hold in a minute.
            Ok(Err(why)) if why.kind() == std::io::ErrorKind::InvalidData => Err(FetchFault::Tls { host, why: why.to_string() }),
            Ok(Err(why)) => Err(FetchFault::Unreached { host, why: format!("TLS: {why}") }),
            Err(_) => Err(FetchFault::Slow("there was no TLS handshake within", self.limits.connect)),
        }
    }

    async fn ask(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        request: Request<Full<Bytes>>,
    ) -> Result<(Driven, Response<Incoming>), FetchFault> {
        let broken = |why: hyper::Error| FetchFault::Broken(why.to_string());
        let mut builder = http1::Builder::new();
        builder.max_buf_size(MAX_HEAD).max_headers(MAX_HEADERS);
        let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let driven = Driven(tokio::spawn(async move {
            // Its faults come to whoever reads the answer.
            let _ = connection.await;
        }));
        let answer = idle(self.limits.idle, "no answer came within", sender.send_request(request)).await?.map_err(broken)?;
        Ok((driven, answer))
    }

    async fn take(&self, answer: Response<Incoming>, wish: &Wish<'_>, into: &mut dyn Sink) -> Result<Version, FetchFault> {
        let headers = answer.headers();
        let version = Version { etag: text(headers, &header::ETAG), last_modified: text(headers, &header::LAST_MODIFIED) };
        let length = headers.get(header::CONTENT_LENGTH).and_then(|l| l.to_str().ok()?.parse::<u64>().ok());
        let gzip = packing(headers, wish.archive)?;
        if length.is_some_and(|length| length > wish.max_bytes) {
            return Err(FetchFault::TooLarge(wish.max_bytes));
        }
        into.begin(length).map_err(FetchFault::Stored)?;
        let mut taker = Taker::new(into, gzip, wish.max_bytes);
        let mut body = answer.into_body();
        while let Some(frame) = idle(self.limits.idle, "nothing more came within", body.frame()).await? {
            let frame = frame.map_err(|why| FetchFault::Broken(why.to_string()))?;
            if let Ok(bytes) = frame.into_data() {
                taker.take(&bytes).map_err(|fault| FetchFault::of_body(fault, wish.max_bytes))?;
            }
        }
        taker.end().map_err(|fault| FetchFault::of_body(fault, wish.max_bytes))?;
        Ok(version)
    }
}

/// The task that moves a connection's bytes; it ends with the exchange.
struct Driven(JoinHandle<()>);

impl Drop for Driven {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn idle<T>(limit: Duration, what: &'static str, future: impl Future<Output = T>) -> Result<T, FetchFault> {
    timeout(limit, future).await.map_err(|_| FetchFault::Slow(what, limit))
}

fn request(url: &Url, wish: &Wish) -> Result<Request<Full<Bytes>>, FetchFault> {
    let shown = url.to_string();
    let authority = shown.split('/').nth(2).unwrap_or_default();
    let mut builder = Request::get(url.path.as_str())
        .header(header::HOST, authority)
        .header(header::USER_AGENT, concat!("schoolgate/", env!("CARGO_PKG_VERSION")))
        .header(header::ACCEPT, "*/*")
        .header(header::ACCEPT_ENCODING, if wish.archive { "identity" } else { "gzip" })
        .header(header::CONNECTION, "close");
    if let Some(known) = wish.known {
        for (name, value) in [(header::IF_NONE_MATCH, &known.etag), (header::IF_MODIFIED_SINCE, &known.last_modified)] {
            if let Some(value) = value.as_deref().and_then(|v| HeaderValue::from_str(v).ok()) {
                builder = builder.header(name, value);
            }
        }
    }
    builder.body(Full::default()).map_err(|_| FetchFault::Unaskable)
}

/// Whether the body is to be unpacked. An archive is kept as it is, however the server calls that.
fn packing(headers: &HeaderMap, archive: bool) -> Result<bool, FetchFault> {
    let said = headers.get(header::CONTENT_ENCODING).map(|value| String::from_utf8_lossy(value.as_bytes()).to_lowercase());
    match said.as_deref().map(str::trim) {
        None | Some("" | "identity") => Ok(false),
        Some("gzip" | "x-gzip") => Ok(!archive),
        Some(other) => Err(FetchFault::OddPacking(crate::words::escaped(other).to_string())),
    }
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().filter(|text| text.len() <= MAX_VERSION).map(str::to_owned)
}

/// Where a redirect leads (RFC 9110 §10.2.2): an absolute URL, or one that begins with this one's host.
fn elsewhere(from: &Url, headers: &HeaderMap) -> Result<Url, FetchFault> {
    let location = headers.get(header::LOCATION).and_then(|l| l.to_str().ok()).ok_or(FetchFault::Nowhere)?;
    let shown = from.to_string();
    let origin = &shown[..shown.len() - from.path.len()];
    let whole = if location.contains("://") {
        location.to_owned()
    } else if let Some(rest) = location.strip_prefix("//") {
        format!("{}://{rest}", from.scheme.as_str())
    } else if location.starts_with('/') {
        format!("{origin}{location}")
    } else {
        let path = from.path.split('?').next().unwrap_or("/");
        let folder = &path[..=path.rfind('/').unwrap_or(0)];
        format!("{origin}{folder}{location}")
    };
    if !whole.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(FetchFault::Nowhere);
    }
    Url::parse(&whole).map_err(|_| FetchFault::Nowhere)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_leads_where_rfc_9110_says() {
        let from = Url::parse("https://lists.example:8443/a/b.txt?x=1").expect("a URL");
        for (location, to) in [
            ("https://other.example/c", Some("https://other.example/c")),
            ("http://other.example/c", Some("http://other.example/c")),
            ("//other.example/c", Some("https://other.example/c")),
            ("/c?y", Some("https://lists.example:8443/c?y")),
            ("c.txt", Some("https://lists.example:8443/a/c.txt")),
            ("ftp://other.example/", None),
            ("https://a b/", None),
        ] {
            let headers = HeaderMap::from_iter([(header::LOCATION, HeaderValue::from_str(location).expect("a header"))]);
            assert_eq!(elsewhere(&from, &headers).ok().map(|u| u.to_string()).as_deref(), to, "{location}");
        }
        assert!(elsewhere(&from, &HeaderMap::new()).is_err());
    }
}
