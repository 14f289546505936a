//! One letter by one server, over TLS.

use super::letter::Letter;
use crate::config::{Login, Mail, Route};
use crate::net::tls;
use crate::report::plain::shown;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::Tls;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use std::io::Read;
use std::time::Duration;

/// For one command of the server, and for all of them together.
const COMMAND: Duration = Duration::from_secs(30);
const ALL: Duration = Duration::from_secs(120);

/// Longest password.
const MAX_PASSWORD: u64 = 512;

/// Why a letter was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub why: String,
    /// The server will never take it (5xx).
    pub for_good: bool,
}

impl Fault {
    fn now(why: impl std::fmt::Display) -> Self {
        Self { why: why.to_string(), for_good: false }
    }
}

/// Sends it; returns what the server answered.
///
/// # Errors
/// [`Fault`]. Where no TLS is offered, or the certificate is not the server's, nothing but EHLO and STARTTLS was said.
pub async fn send(mail: &Mail, route: &Route, letter: &Letter) -> Result<String, Fault> {
    let message = message(mail, letter)?;
    let more = route.trust.as_ref().map(|path| std::fs::read(path).map_err(|e| Fault::now(format!("{}: {e}", path.display()))));
    let parameters = tls::mail(&route.server, more.transpose()?.as_deref()).map_err(Fault::now)?;
    let tls = if route.wrapped { Tls::Wrapper(parameters) } else { Tls::Required(parameters) };
    let mut by =
        AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&route.server).port(route.port).timeout(Some(COMMAND)).tls(tls);
    if let Some(login) = &route.login {
        by = by.credentials(Credentials::new(login.user.clone(), password(login)?));
    }
    let sent = tokio::time::timeout(ALL, by.build::<Tokio1Executor>().send(message)).await;
    match sent.map_err(|_| Fault::now("it took too long"))? {
        Ok(answer) => Ok(shown(&answer.message().collect::<Vec<_>>().join(" "))),
        Err(fault) => {
            let mut why = fault.to_string();
            let mut cause = std::error::Error::source(&fault);
            while let Some(of) = cause {
                why = format!("{why}: {of}");
                cause = of.source();
            }
            Err(Fault { why: shown(&why), for_good: fault.is_permanent() })
        }
    }
}

fn message(mail: &Mail, letter: &Letter) -> Result<Message, Fault> {
    let mailbox = |address: &str| address.parse::<Address>().map(|address| Mailbox::new(None, address)).map_err(Fault::now);
    let host = mail.from.rsplit_once('@').map_or("localhost", |(_, host)| host);
    let mut message = Message::builder()
        .from(mailbox(&mail.from)?)
        .subject(&letter.subject)
        // Sent twice, it is the same mail.
        .message_id(Some(format!("<{}.{}@{host}>", letter.id, letter.made_ms)))
        .header(ContentType::TEXT_PLAIN);
    for to in if letter.to.is_empty() { &mail.to } else { &letter.to } {
        message = message.to(mailbox(to)?);
    }
    message.body(letter.body.clone()).map_err(Fault::now)
}

fn password(login: &Login) -> Result<String, Fault> {
    let file = &login.password_file;
    let mut text = String::new();
    let read = std::fs::File::open(file).and_then(|file| file.take(MAX_PASSWORD).read_to_string(&mut text));
    read.map_err(|fault| Fault::now(format!("password_file {} cannot be read: {fault}", file.display())))?;
    match text.lines().next().filter(|line| !line.is_empty()) {
        Some(line) => Ok(line.to_owned()),
        None => Err(Fault::now(format!("password_file {} has an empty first line", file.display()))),
    }
}
