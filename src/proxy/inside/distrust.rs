//! Why an origin is not believed, in words for whoever wanted its page.

use crate::net::tls::SelfSigned;
use crate::pages::words::{Said, Words};
use rustls::{AlertDescription, CertificateError, Error, OtherError};
use std::io;

/// What is wrong with who the origin says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Expired,
    NotYet,
    WrongHost,
    SelfSigned,
    Unknown,
    Revoked,
    /// Its certificate is of a kind that is no longer safe.
    Weak,
    /// What it would encrypt with is: SSL, TLS 1.0 and 1.1, ciphers without forward secrecy.
    Outdated,
    /// Its certificate cannot be verified for another reason.
    Other,
    /// It does not speak TLS, or broke off.
    NoTls,
}

/// Why there is no connection to an origin that can be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{said}")]
pub struct Distrust {
    pub kind: Kind,
    /// In the field's own words.
    pub said: String,
}

impl Distrust {
    pub fn of(fault: &io::Error) -> Self {
        let tls = fault.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
        let kind = tls.map_or(Kind::NoTls, kind);
        Self { kind, said: tls.map_or_else(|| fault.to_string(), ToString::to_string) }
    }

    /// It took too long to say who it is.
    pub fn silent() -> Self {
        Self { kind: Kind::NoTls, said: "it did not finish the TLS handshake in time".into() }
    }

    /// What a person is told.
    pub fn told(&self, words: &Words) -> Said {
        let unproven = &words.unproven;
        match self.kind {
            Kind::Expired => unproven.expired,
            Kind::NotYet => unproven.not_yet,
            Kind::WrongHost => unproven.of_another,
            Kind::SelfSigned => unproven.by_itself,
            Kind::Unknown => unproven.by_unknown,
            Kind::Revoked => unproven.revoked,
            Kind::Weak => unproven.weak,
            Kind::Outdated => unproven.outdated,
            Kind::Other => unproven.wrong,
            Kind::NoTls => unproven.no_tls,
        }
    }

    /// The word of RFC 9209 §2.3 for it, for the Proxy-Status field.
    pub fn word(&self) -> &'static str {
        if matches!(self.kind, Kind::Outdated | Kind::NoTls) { "tls_protocol_error" } else { "tls_certificate_error" }
    }
}

fn kind(fault: &Error) -> Kind {
    use CertificateError as C;
    match fault {
        Error::InvalidCertificate(wrong) => match wrong {
            C::Expired | C::ExpiredContext { .. } => Kind::Expired,
            C::NotValidYet | C::NotValidYetContext { .. } => Kind::NotYet,
            C::NotValidForName | C::NotValidForNameContext { .. } => Kind::WrongHost,
            C::UnknownIssuer => Kind::Unknown,
            C::Revoked => Kind::Revoked,
            C::BadSignature
            | C::UnsupportedSignatureAlgorithmContext { .. }
            | C::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => Kind::Weak,
            C::Other(OtherError(other)) if other.is::<SelfSigned>() => Kind::SelfSigned,
            _ => Kind::Other,
        },
        Error::PeerIncompatible(_) => Kind::Outdated,
        Error::AlertReceived(
            AlertDescription::ProtocolVersion | AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity,
        ) => Kind::Outdated,
        _ => Kind::NoTls,
    }
}
