//! What a request asks for, or why it cannot be read.

use crate::journal::Door;
use crate::words::{BadUrl, Host, Url};
use hyper::header::HOST;
use hyper::http::uri::Scheme;
use hyper::{Method, Request, Version};
use std::net::{IpAddr, SocketAddr};

/// How it was asked (RFC 9112 §3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `GET http://a.example/path`
    Absolute,
    /// `CONNECT a.example:443`
    Tunnel,
    /// Within TLS that is looked into: `GET /path`, or what HTTP/2 has for it.
    Inside,
    /// `GET /path` on a connection that was redirected here.
    Origin,
}

impl Form {
    pub fn door(self) -> Door {
        if self == Self::Origin { Door::Transparent } else { Door::Proxy }
    }
}

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub form: Form,
    pub host: Host,
    pub port: u16,
    /// Path and query; empty for a tunnel.
    pub path: String,
    /// Where the client was going, if that alone says where: its host is then what that address was given out for.
    pub at: Option<IpAddr>,
}

/// Why a request is not carried: the client's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("this is a proxy: set it as the HTTP proxy of your device, do not open it as a page")]
    NotForAProxy,
    #[error("an https address is reached through a proxy with CONNECT")]
    Encrypted,
    #[error("only http addresses are carried")]
    Scheme,
    #[error("CONNECT needs a host and a port, such as www.example.com:443")]
    NoPort,
    #[error("a request has one Host header, no more and no less")]
    HostHeader,
    #[error("this is not a proxy: CONNECT goes to the school's proxy")]
    NotAProxy,
    #[error("the port of its Host header is not the one it was sent to")]
    OtherPort,
    #[error("its form is not whole, or did not come in time")]
    Form,
    #[error("TRACE is not carried")]
    Trace,
    #[error("{0}")]
    Authority(#[from] BadUrl),
}

impl Asked {
    /// Reads the head of a request.
    ///
    /// # Errors
    /// [`Unreadable`] says what is wrong with it.
    pub fn read<B>(request: &Request<B>) -> Result<Self, Unreadable> {
        // Two Hosts, or none, are how one request is made to look like two (RFC 9112 §3.2).
        match (request.headers().get_all(HOST).iter().count(), request.version()) {
            (1, _) | (0, Version::HTTP_10) => {}
            _ => return Err(Unreadable::HostHeader),
        }
        match *request.method() {
            Method::CONNECT => Self::tunnel(request),
            // It would show a script the headers a browser hides from it.
            Method::TRACE => Err(Unreadable::Trace),
            _ => Self::absolute(request),
        }
    }

    fn tunnel<B>(request: &Request<B>) -> Result<Self, Unreadable> {
        let authority = request.uri().authority().ok_or(Unreadable::NoPort)?;
        let (host, port) = Url::parse_authority(authority.as_str())?;
        Ok(Self { form: Form::Tunnel, host, port: port.ok_or(Unreadable::NoPort)?, path: String::new(), at: None })
    }

    fn absolute<B>(request: &Request<B>) -> Result<Self, Unreadable> {
        let uri = request.uri();
        let scheme = uri.scheme().ok_or(Unreadable::NotForAProxy)?;
        if *scheme == Scheme::HTTPS {
            return Err(Unreadable::Encrypted);
        }
        if *scheme != Scheme::HTTP {
            return Err(Unreadable::Scheme);
        }
        let authority = uri.authority().ok_or(Unreadable::NotForAProxy)?;
        let (host, port) = Url::parse_authority(authority.as_str())?;
        let path = uri.path_and_query().map_or("/", |p| p.as_str());
        Ok(Self { form: Form::Absolute, host, port: port.unwrap_or(80), path: path.to_owned(), at: None })
    }

    /// Reads the head of a request on a connection that was redirected here on its way to `to`. Host decides where it goes; that of
    /// a request without a name is the address it was sent to.
    ///
    /// # Errors
    /// [`Unreadable`] says what is wrong with it.
    pub fn redirected<B>(request: &Request<B>, to: SocketAddr) -> Result<Self, Unreadable> {
        let mut hosts = request.headers().get_all(HOST).iter();
        let header = match (hosts.next(), hosts.next(), request.version()) {
            (Some(only), None, _) => Some(only.to_str().map_err(|_| Unreadable::HostHeader)?),
            (None, _, Version::HTTP_10) => None,
            _ => return Err(Unreadable::HostHeader),
        };
        match *request.method() {
            Method::CONNECT => return Err(Unreadable::NotAProxy),
            Method::TRACE => return Err(Unreadable::Trace),
            _ => {}
        }
        let uri = request.uri();
        // A server takes a whole address as well (RFC 9112 §3.2.2), and then it is what counts.
        let named = match (uri.scheme(), uri.authority()) {
            (None, None) => header,
            (Some(scheme), Some(authority)) if *scheme == Scheme::HTTP => Some(authority.as_str()),
            _ => return Err(Unreadable::Scheme),
        };
        let (host, port) = match named {
            Some(authority) => Url::parse_authority(authority)?,
            None => (Host::from(to.ip().to_canonical()), None),
        };
        if port.unwrap_or(to.port()) != to.port() {
            return Err(Unreadable::OtherPort);
        }
        let path = uri.path_and_query().map_or("/", |p| p.as_str());
        Ok(Self { form: Form::Origin, host, port: to.port(), path: path.to_owned(), at: None })
    }

    /// Ports this form is carried to without being listed.
    pub fn usual_ports(&self) -> &'static [u16] {
        match self.form {
            Form::Absolute => &[80, 443],
            Form::Origin => &[80],
            Form::Tunnel | Form::Inside => &[443],
        }
    }

    /// The Host header that belongs to this request: the port only where it is not the scheme's own.
    pub fn authority(&self) -> String {
        let host = match self.at.or_else(|| self.host.address()) {
            Some(IpAddr::V6(v6)) => format!("[{v6}]"),
            Some(v4) => v4.to_string(),
            None => self.host.to_string(),
        };
        let own = if self.form == Form::Inside { 443 } else { 80 };
        if self.port == own { host } else { format!("{host}:{}", self.port) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: &str, target: &str, hosts: &[&str]) -> Result<(Form, String, u16, String), Unreadable> {
        let mut request = Request::builder().method(method).uri(target);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        let asked = Asked::read(&request.body(()).expect("a request"))?;
        Ok((asked.form, asked.host.to_string(), asked.port, asked.path))
    }

    #[test]
    fn a_request_says_where_it_goes() {
        for (method, target, form, host, port, path) in [
            ("GET", "http://A.example/x?y=1", Form::Absolute, "a.example", 80, "/x?y=1"),
            ("GET", "http://a.example", Form::Absolute, "a.example", 80, "/"),
            ("GET", "http://a.example.:8080/", Form::Absolute, "a.example", 8080, "/"),
            ("POST", "http://[2001:db8::1]/", Form::Absolute, "2001:db8::1", 80, "/"),
            ("CONNECT", "a.example:443", Form::Tunnel, "a.example", 443, ""),
            ("CONNECT", "[::ffff:10.0.0.1]:443", Form::Tunnel, "10.0.0.1", 443, ""),
        ] {
            let expected = Ok((form, host.to_owned(), port, path.to_owned()));
            assert_eq!(asked(method, target, &["whatever.example"]), expected, "{method} {target}");
        }
    }

    #[test]
    fn what_is_not_for_a_proxy_is_refused_with_the_reason() {
        for (method, target, hosts, expected) in [
            ("GET", "/", &["gate:3128"][..], Unreadable::NotForAProxy),
            ("OPTIONS", "*", &["a.example"], Unreadable::NotForAProxy),
            ("GET", "https://a.example/", &["a.example"], Unreadable::Encrypted),
            ("GET", "ftp://a.example/", &["a.example"], Unreadable::Scheme),
            ("CONNECT", "a.example", &["a.example"], Unreadable::NoPort),
            ("CONNECT", "/", &["a.example"], Unreadable::NoPort),
            ("GET", "http://a.example/", &[], Unreadable::HostHeader),
            ("GET", "http://a.example/", &["a.example", "b.example"], Unreadable::HostHeader),
            ("TRACE", "http://a.example/", &["a.example"], Unreadable::Trace),
            ("GET", "http://user:word@a.example/", &["a.example"], Unreadable::Authority(BadUrl::UserInfo)),
            ("GET", "http://a.example:0/", &["a.example"], Unreadable::Authority(BadUrl::Port)),
        ] {
            assert_eq!(asked(method, target, hosts), Err(expected), "{method} {target}");
        }
    }

    #[test]
    fn a_request_that_was_redirected_goes_where_its_host_says() {
        let to: SocketAddr = "192.0.2.1:80".parse().expect("an address");
        let read = |target: &str, version, hosts: &[&str]| {
            let mut request = Request::get(target).version(version);
            for host in hosts {
                request = request.header(HOST, *host);
            }
            let asked = Asked::redirected(&request.body(()).expect("a request"), to)?;
            assert_eq!((asked.form, asked.port), (Form::Origin, 80));
            Ok((asked.host.to_string(), asked.path))
        };
        for (target, version, hosts, expected) in [
            ("/x?y", Version::HTTP_11, &["A.example"][..], Ok(("a.example", "/x?y"))),
            ("/", Version::HTTP_11, &["a.example:80"], Ok(("a.example", "/"))),
            ("/", Version::HTTP_11, &["192.0.2.9"], Ok(("192.0.2.9", "/"))),
            ("/", Version::HTTP_10, &[], Ok(("192.0.2.1", "/"))),
            ("http://b.example/z", Version::HTTP_11, &["a.example"], Ok(("b.example", "/z"))),
            ("http://b.example:81/", Version::HTTP_11, &["a.example"], Err(Unreadable::OtherPort)),
            ("https://b.example/", Version::HTTP_11, &["a.example"], Err(Unreadable::Scheme)),
            ("/", Version::HTTP_11, &["a.example:443"], Err(Unreadable::OtherPort)),
            ("/", Version::HTTP_11, &[], Err(Unreadable::HostHeader)),
            ("/", Version::HTTP_11, &["a.example", "b.example"], Err(Unreadable::HostHeader)),
            ("/", Version::HTTP_10, &["a.example", "a.example"], Err(Unreadable::HostHeader)),
        ] {
            let expected = expected.map(|(host, path)| (host.to_owned(), path.to_owned()));
            assert_eq!(read(target, version, hosts), expected, "{target} {hosts:?}");
        }
        let connect = Request::connect("a.example:443").header(HOST, "a.example:443").body(()).expect("a request");
        assert_eq!(Asked::redirected(&connect, to), Err(Unreadable::NotAProxy));
    }

    #[test]
    fn the_host_header_is_made_from_the_target() {
        for (target, host) in [
            ("http://A.example/", "a.example"),
            ("http://a.example:8080/", "a.example:8080"),
            ("http://[2001:db8::1]:81/", "[2001:db8::1]:81"),
        ] {
            let request = Request::get(target).header(HOST, "other.example").body(()).expect("a request");
            assert_eq!(Asked::read(&request).map(|a| a.authority()), Ok(host.to_owned()));
        }
    }
}
