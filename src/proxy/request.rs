//! What a request asks for, or why it cannot be read.

use crate::words::{BadUrl, Host, Url};
use hyper::header::HOST;
use hyper::http::uri::Scheme;
use hyper::{Method, Request, Version};

/// How it was asked (RFC 9112 §3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `GET http://a.example/path`
    Absolute,
    /// `CONNECT a.example:443`
    Tunnel,
    /// Within TLS that is looked into: `GET /path`, or what HTTP/2 has for it.
    Inside,
}

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub form: Form,
    pub host: Host,
    pub port: u16,
    /// Path and query; empty for a tunnel.
    pub path: String,
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
        Ok(Self { form: Form::Tunnel, host, port: port.ok_or(Unreadable::NoPort)?, path: String::new() })
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
        Ok(Self { form: Form::Absolute, host, port: port.unwrap_or(80), path: path.to_owned() })
    }

    /// Ports this form is carried to without being listed.
    pub fn usual_ports(&self) -> &'static [u16] {
        match self.form {
            Form::Absolute => &[80, 443],
            Form::Tunnel | Form::Inside => &[443],
        }
    }

    /// The Host header that belongs to this request: the port only where it is not the scheme's own.
    pub fn authority(&self) -> String {
        let host = match self.host.address() {
            Some(std::net::IpAddr::V6(v6)) => format!("[{v6}]"),
            _ => self.host.to_string(),
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
