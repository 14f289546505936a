//! What a request within TLS asks for.

use crate::proxy::request::{Asked, Form, Unreadable};
use crate::words::{Host, Url};
use hyper::header::HOST;
use hyper::{Method, Request};

/// Reads the head of a request of HTTP/1.1 or HTTP/2: where it wants to go, by its own word.
///
/// # Errors
/// [`Unreadable`]: it names no host or two, or has a method that is not carried.
pub fn read<B>(request: &Request<B>, of_session: u16) -> Result<Asked, Unreadable> {
    if matches!(*request.method(), Method::TRACE | Method::CONNECT) {
        return Err(Unreadable::Trace);
    }
    let mut hosts = request.headers().get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (host, None) => host.map(|host| host.to_str().map_err(|_| Unreadable::HostHeader)).transpose()?,
        _ => return Err(Unreadable::HostHeader),
    };
    let of_target = request.uri().authority().map(|authority| authority.as_str());
    let authority = match (of_target, host) {
        // RFC 9113 §8.3.1: if both are there, they are one.
        (Some(target), Some(host)) if !target.eq_ignore_ascii_case(host) => return Err(Unreadable::HostHeader),
        (Some(target), _) => target,
        (None, Some(host)) => host,
        (None, None) => return Err(Unreadable::HostHeader),
    };
    let (host, port) = Url::parse_authority(authority)?;
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    // Without a port it is the one the connection leads to.
    Ok(Asked { form: Form::Inside, host, port: port.unwrap_or(of_session), path: path.to_owned(), at: None })
}

/// Whether it is for this host and port.
pub fn is_for(asked: &Asked, host: &Host, port: u16) -> bool {
    asked.host == *host && asked.port == port
}
