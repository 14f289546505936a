//! A URL as the proxy judges it: scheme, host, port, path.

use super::{BadHost, Host};
use std::fmt;

/// The scheme of a request that a door can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    Http,
    Https,
}

impl Scheme {
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// An absolute `http` or `https` URL. The path keeps its query and holds no fragment; `/` if there was none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    pub scheme: Scheme,
    pub host: Host,
    pub port: u16,
    pub path: String,
}

/// Why a text is not a URL that can be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    #[error("the scheme is not http or https")]
    Scheme,
    #[error("the port is not a number from 1 to 65535")]
    Port,
    #[error("a URL with a user name in it is not carried")]
    UserInfo,
    #[error("the host is wrong: {0}")]
    Host(#[from] BadHost),
}

impl Url {
    /// Reads an absolute URL; a text without a scheme is read as `https`.
    ///
    /// # Errors
    /// [`BadUrl`] says which part is wrong.
    pub fn parse(text: &str) -> Result<Self, BadUrl> {
        let (scheme, rest) = match text.split_once("://") {
            Some((s, rest)) if s.eq_ignore_ascii_case("http") => (Scheme::Http, rest),
            Some((s, rest)) if s.eq_ignore_ascii_case("https") => (Scheme::Https, rest),
            Some(_) => return Err(BadUrl::Scheme),
            None => (Scheme::Https, text),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        let (host, port) = Self::parse_authority(authority)?;
        let tail = tail.split('#').next().unwrap_or("");
        let path = if tail.starts_with('/') { tail.to_owned() } else { format!("/{tail}") };
        Ok(Self { scheme, host, port: port.unwrap_or(scheme.default_port()), path })
    }

    /// Reads `host`, `host:port` or `[v6]:port` (RFC 3986 §3.2).
    ///
    /// # Errors
    /// [`BadUrl`]: a user name, a bad port, a bad host.
    pub fn parse_authority(text: &str) -> Result<(Host, Option<u16>), BadUrl> {
        if text.contains('@') {
            return Err(BadUrl::UserInfo);
        }
        let (host, port) = match text.rfind(':') {
            Some(colon) if !text.ends_with(']') && !text[..colon].contains(':') || text[..colon].ends_with(']') => {
                (&text[..colon], Some(&text[colon + 1..]))
            }
            Some(_) | None => (text, None),
        };
        let port = match port {
            None | Some("") => None,
            Some(digits) if digits.bytes().all(|c| c.is_ascii_digit()) => {
                Some(digits.parse::<u16>().ok().filter(|&p| p != 0).ok_or(BadUrl::Port)?)
            }
            Some(_) => return Err(BadUrl::Port),
        };
        Ok((Host::parse(host)?, port))
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme.as_str())?;
        match self.host.address() {
            Some(std::net::IpAddr::V6(v6)) => write!(f, "[{v6}]")?,
            _ => write!(f, "{}", self.host)?,
        }
        if self.port != self.scheme.default_port() {
            write!(f, ":{}", self.port)?;
        }
        f.write_str(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_url_says() {
        for (text, written) in [
            ("http://Example.com", "http://example.com/"),
            ("http://example.com:80/a?b#c", "http://example.com/a?b"),
            ("https://example.com:8443/x", "https://example.com:8443/x"),
            ("example.com/watch?v=1", "https://example.com/watch?v=1"),
            ("http://[2001:db8::1]:8080/", "http://[2001:db8::1]:8080/"),
            ("http://example.com?q=1", "http://example.com/?q=1"),
        ] {
            assert_eq!(Url::parse(text).map(|u| u.to_string()), Ok(written.to_owned()), "{text}");
        }
        assert_eq!(Url::parse("ftp://example.com/"), Err(BadUrl::Scheme));
        assert_eq!(Url::parse("http://user@example.com/"), Err(BadUrl::UserInfo));
        assert_eq!(Url::parse("http://example.com:0/"), Err(BadUrl::Port));
        assert_eq!(Url::parse("http://example.com:+80/"), Err(BadUrl::Port));
        assert!(matches!(Url::parse("http://exa mple.com/"), Err(BadUrl::Host(_))));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,80}") {
            let _ = Url::parse(&text);
            let _ = Url::parse_authority(&text);
        }
    }
}
