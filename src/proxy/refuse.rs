//! Every answer of our own: what happened, in a page where a person sees it, in a line where a program does.

use super::dial::Unreached;
use super::inside::Distrust;
use super::plain::Unanswered;
use super::record::Record;
use super::request::Unreadable;
use super::sign_in::Ways;
use crate::gate::Visit;
use crate::journal::Intent;
use crate::net::destination::Why;
use crate::pages::words::{Said, whom_to_see};
use crate::pages::{BlockPage, HEADERS, Language, Link, Notice, Reference, Seen, WarnPage};
use crate::words::Download;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_LANGUAGE, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, PROXY_AUTHENTICATE, RETRY_AFTER,
};
use hyper::{Response, StatusCode};

/// A body on its way, or one of ours.
pub type Body = UnsyncBoxBody<Bytes, Cut>;

/// Why a body ends before it is whole: it broke off, or we cut it.
pub type Cut = Box<dyn std::error::Error + Send + Sync>;

/// Why we answer and not the origin (RFC 9209).
const PROXY_STATUS: HeaderName = HeaderName::from_static("proxy-status");

/// A client in no network of the school. It learns nothing but that.
pub fn stranger() -> Response<Body> {
    closing(line(StatusCode::FORBIDDEN, "This proxy is for the school's own networks.\n"))
}

/// A request that is to say whose it is: it is judged when it does. `realm` is shown to whoever is asked for a password. A client
/// takes the first way that it knows, so the ticket, which asks nobody anything, comes first.
pub fn sign_in(realm: &str, ways: Ways) -> Response<Body> {
    let said = if ways.password {
        "Sign in to the school's proxy with your name and password.\n"
    } else {
        "The school's proxy did not learn from this machine who you are. Sign in to the machine with your school account.\n"
    };
    let mut response = line(StatusCode::PROXY_AUTHENTICATION_REQUIRED, said);
    if ways.ticket {
        response.headers_mut().append(PROXY_AUTHENTICATE, HeaderValue::from_static("Negotiate"));
    }
    if !ways.password {
        return response;
    }
    // A quoted string (RFC 9110 §5.6.4) holds all of ASCII that can be read, but for these two.
    let plain = |c: &char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\');
    let realm: String = realm.chars().filter(plain).take(80).collect();
    if let Ok(value) = HeaderValue::try_from(format!("Basic realm=\"{realm}\", charset=\"UTF-8\"")) {
        response.headers_mut().append(PROXY_AUTHENTICATE, value);
    }
    response
}

/// A password that is not looked at now: after so many seconds it may be.
pub fn later(status: StatusCode, seconds: u64, said: &str) -> Response<Body> {
    let mut response = line(status, &format!("Not now: {said}.\n"));
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// A request that cannot be carried as it is.
pub fn unreadable(fault: &Unreadable) -> Response<Body> {
    closing(line(StatusCode::BAD_REQUEST, &format!("This request cannot be carried: {fault}.\n")))
}

/// A blocked request, noted before it leaves. A page only where a person would see it, a line to a program, nothing inside a page;
/// CONNECT closes.
pub fn blocked(record: &mut Record<'_>, seen: Seen) -> Response<Body> {
    let status = StatusCode::FORBIDDEN;
    let said = "This address is not available in school.\n";
    let response = if record.is_tunnel() {
        closing(line(status, said))
    } else if seen.page {
        page(status, BlockPage::of(record.visit, &record.judged).read_by(record.reader.clone()).html(), record.reader.language)
    } else if seen.intent == Intent::SubResource {
        line(status, "")
    } else {
        line(status, said)
    };
    told(record, response, "http_request_denied")
}

/// The way to where people sign in, for who has not.
pub fn led(record: &mut Record<'_>, to: &str) -> Response<Body> {
    let mut response = closing(line(StatusCode::FOUND, ""));
    if let Ok(to) = HeaderValue::try_from(to) {
        response.headers_mut().insert(LOCATION, to);
    }
    told(record, response, "http_request_denied")
}

/// A page that may be opened by whoever has read that they should think first: noted, and told where they can go on.
pub fn warned(record: &mut Record<'_>) -> Response<Body> {
    let warning = WarnPage::of(record.visit, &record.judged, record.host(), record.reader.clone());
    let response = page(StatusCode::FORBIDDEN, warning.html(), record.reader.language);
    told(record, response, "http_request_denied")
}

/// A file that is refused for what it is: what that is and whom to ask, where a person sees it.
pub fn download(record: &mut Record<'_>, seen: Seen, kind: Download) -> Response<Body> {
    let status = StatusCode::FORBIDDEN;
    let words = record.reader.language.words();
    let response = if seen.page {
        let school = &record.visit.snapshot.config.school;
        let ask = format!("{} {}.", words.need_file, whom_to_see(&school.whom_to_see, record.reader.language));
        let Said { heading, line } = words.file;
        let reference = Reference::of(record.visit.moment.unix_ms, record.visit.who.client);
        let detail = format!("{}: {kind}. {}: {reference}", record.host(), words.code);
        let lines = [words.file_is[kind as usize], line, &ask];
        let links: Vec<_> = record.reader.why.iter().map(|why| Link { to: why, words: words.to_ask }).collect();
        let notice = Notice { school: &school.name, heading, lines: &lines, detail: &detail };
        page(status, notice.html_in(record.reader.language, &links), record.reader.language)
    } else {
        line(status, &format!("This file is not available in school ({kind}).\n"))
    };
    told(record, response, "http_request_denied")
}

/// A request that was allowed and came to nothing.
pub fn unanswered(record: &mut Record<'_>, seen: Seen, fault: &Unanswered) -> Response<Body> {
    let (status, word) = match fault {
        Unanswered::Unreached(fault) => (fault.status(), fault.word()),
        Unanswered::Broken(_) => (StatusCode::BAD_GATEWAY, "http_protocol_error"),
        Unanswered::Switched => (StatusCode::BAD_GATEWAY, "http_upgrade_failed"),
        Unanswered::Silent => (StatusCode::GATEWAY_TIMEOUT, "http_response_timeout"),
    };
    let said = match fault {
        Unanswered::Unreached(Unreached::Refused(why @ Why::Port)) => format!("{}:{}: {why}", record.host(), record.port()),
        _ => format!("{}: {fault}", record.host()),
    };
    let response = if record.is_tunnel() {
        closing(line(status, &format!("{said}.\n")))
    } else if seen.page {
        page(status, notice(record, fault, &said), record.reader.language)
    } else {
        line(status, &format!("{said}.\n"))
    };
    told(record, response, word)
}

fn notice(record: &Record<'_>, fault: &Unanswered, said: &str) -> String {
    let words = record.reader.language.words();
    let Said { heading, line } = match fault {
        Unanswered::Unreached(Unreached::NoSuchName) => words.no_such_name,
        Unanswered::Unreached(Unreached::Unresolved) => words.not_in_time,
        Unanswered::Unreached(Unreached::Refused(Why::Port)) => words.odd_port,
        Unanswered::Unreached(Unreached::Refused(_)) => words.inside,
        Unanswered::Unreached(Unreached::TimedOut) | Unanswered::Silent => words.silent,
        _ => words.broken,
    };
    let school = &record.visit.snapshot.config.school.name;
    Notice { school, heading, lines: &[line], detail: said }.html_in(record.reader.language, &[])
}

/// A device that sees this without a warning trusts the school's authority. It is no visit, and is not written down.
pub fn trusted(visit: &Visit, language: Language) -> Response<Body> {
    let Said { heading, line } = language.words().trusted;
    let notice = Notice { school: &visit.snapshot.config.school.name, heading, lines: &[line], detail: "" };
    page(StatusCode::OK, notice.html_in(language, &[]), language)
}

/// A request for another host than the connection was made for (RFC 9110 §15.5.20).
pub fn misdirected(record: &mut Record<'_>) -> Response<Body> {
    let said = "This connection is for another host.\n";
    told(record, line(StatusCode::MISDIRECTED_REQUEST, said), "http_request_denied")
}

/// A request that was allowed, to an origin that could not prove who it is: what a person is told, and the error in the field's own
/// words.
pub fn distrusted(record: &mut Record<'_>, seen: Seen, distrust: &Distrust) -> Response<Body> {
    let Said { heading, line: sentence } = distrust.told(record.reader.language.words());
    let detail = format!("{}: {}", record.host(), distrust.said);
    let status = StatusCode::BAD_GATEWAY;
    let response = if seen.page {
        let school = &record.visit.snapshot.config.school.name;
        let notice = Notice { school, heading, lines: &[sentence], detail: &detail };
        page(status, notice.html_in(record.reader.language, &[]), record.reader.language)
    } else {
        line(status, &format!("{heading}. {detail}.\n"))
    };
    told(record, response, distrust.word())
}

/// Notes the answer, which leaves after this.
fn told(record: &mut Record<'_>, mut response: Response<Body>, word: &str) -> Response<Body> {
    if let Ok(value) = HeaderValue::try_from(format!("schoolgate; error={word}")) {
        response.headers_mut().insert(PROXY_STATUS, value);
    }
    let bytes_down = hyper::body::Body::size_hint(response.body()).exact().unwrap_or(0);
    record.note(response.status(), bytes_down);
    response
}

fn line(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = with(status, text.to_owned());
    if !text.is_empty() {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn page(status: StatusCode, html: String, language: Language) -> Response<Body> {
    let mut response = with(status, html);
    response.headers_mut().insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn with(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Full::from(text).map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = status;
    response
}

fn closing(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
