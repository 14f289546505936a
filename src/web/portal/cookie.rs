//! What a browser is given to be known again by: one cookie before it signs in, to which its forms are bound, and one after.
//!
//! Over TLS both have the prefix `__Host-`, by which no other host, and no page that came in the clear, can set them (RFC 6265bis
//! §4.1.3.2). The first is `Lax`, so that a page that a browser was led to from elsewhere does not make another one; the second is
//! `Strict`. In the clear there is the first alone.

use hyper::HeaderMap;
use hyper::header::{COOKIE, HeaderValue};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use subtle::ConstantTimeEq;

/// How long a form may be open, in seconds.
const FORM_SECONDS: u32 = 60 * 60;

const SESSION: &str = "__Host-schoolgate";
const DESK: &str = "__Host-schoolgate-desk";
const FORM: &str = "__Host-schoolgate-form";
const FORM_IN_CLEAR: &str = "schoolgate-form";

/// Digits of the value that forms are bound to.
const DIGITS: usize = 32;

/// Longest line of cookies that is looked at.
const MAX_COOKIES: usize = 4096;

/// A browser, by its cookies.
#[derive(Debug)]
pub struct Browser {
    secure: bool,
    /// What its forms are bound to.
    form: String,
    /// It did not have that before.
    is_new: bool,
    /// The token of its session, if it has one.
    pub session: Option<String>,
    /// That of its session at the desk.
    pub desk: Option<String>,
}

impl Browser {
    pub fn of(headers: &HeaderMap, secure: bool) -> Self {
        let known = one(headers, if secure { FORM } else { FORM_IN_CLEAR });
        let known = known.filter(|value| value.len() == DIGITS && value.bytes().all(|b| b.is_ascii_hexdigit()));
        let session = |name| if secure { one(headers, name) } else { None };
        let (session, desk) = (session(SESSION), session(DESK));
        Self { secure, is_new: known.is_none(), form: known.unwrap_or_else(made), session, desk }
    }

    /// What stands for it where it must be known again.
    pub fn id(&self) -> &str {
        &self.form
    }

    /// What is to be set, if its forms were bound to nothing yet.
    pub fn given(&self) -> Option<HeaderValue> {
        let (name, secure) = if self.secure { (FORM, "; Secure") } else { (FORM_IN_CLEAR, "") };
        let text = format!("{name}={}; Path=/; Max-Age={FORM_SECONDS}; HttpOnly; SameSite=Lax{secure}", self.form);
        HeaderValue::try_from(text).ok().filter(|_| self.is_new)
    }

    /// What is to be set now that it has signed in.
    pub fn session(&self, token: &str, lasts_ms: u64) -> Option<HeaderValue> {
        let text = format!("{SESSION}={token}; Path=/; Max-Age={}; HttpOnly; SameSite=Strict; Secure", lasts_ms / 1000);
        HeaderValue::try_from(text).ok().filter(|_| self.secure)
    }

    /// What is to be set now that it has signed in at the desk: until the browser is closed, if nothing ends it before.
    pub fn at_desk(&self, token: &str) -> Option<HeaderValue> {
        let text = format!("{DESK}={token}; Path=/; HttpOnly; SameSite=Strict; Secure");
        HeaderValue::try_from(text).ok().filter(|_| self.secure)
    }

    /// What is to be set now that it has signed out there.
    pub fn left_desk(&self) -> Option<HeaderValue> {
        let text = format!("{DESK}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict; Secure");
        HeaderValue::try_from(text).ok().filter(|_| self.secure)
    }

    /// What is to be set now that it has signed out.
    pub fn taken_back(&self) -> Option<HeaderValue> {
        let text = format!("{SESSION}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict; Secure");
        HeaderValue::try_from(text).ok().filter(|_| self.secure)
    }
}

/// The value of a cookie; `None` also if it is there twice: somebody else has set one of them.
fn one(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok()).filter(|line| line.len() <= MAX_COOKIES);
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(n, _)| *n == name).map(|(_, value)| value.to_owned());
    values.next().filter(|_| values.next().is_none())
}

/// A value nobody can guess. Without random numbers it is one that fits no form.
fn made() -> String {
    let mut random = [0; DIGITS / 2];
    match SystemRandom::new().fill(&mut random) {
        Ok(()) => random.iter().map(|byte| format!("{byte:02x}")).collect(),
        Err(_) => String::new(),
    }
}

/// Proves that a form is of a page that a browser was given.
#[derive(Debug)]
pub struct Forms(Option<hmac::Key>);

impl Forms {
    /// Under a key that is made now and is nowhere else.
    pub fn new() -> Self {
        Self(hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok())
    }

    /// For the forms of a page.
    pub fn token(&self, browser: &Browser) -> String {
        self.tag(&browser.form)
    }

    /// For the forms of a page at the desk: they last as long as the session does, whatever becomes of the cookie of forms.
    pub fn at_desk(&self, session: &str) -> String {
        self.tag(&format!("desk {session}"))
    }

    /// Whether a form at the desk has it.
    pub fn is_of_desk(&self, session: &str, token: &str) -> bool {
        let expected = self.at_desk(session);
        !expected.is_empty() && bool::from(expected.as_bytes().ct_eq(token.as_bytes()))
    }

    /// Empty without random numbers, or for nothing.
    fn tag(&self, what: &str) -> String {
        let tag = self.0.as_ref().filter(|_| !what.is_empty()).map(|key| hmac::sign(key, what.as_bytes()));
        tag.map_or_else(String::new, |tag| tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Whether a form has it, and comes from the browser it was given to.
    pub fn is_ours(&self, browser: &Browser, token: &str) -> bool {
        let expected = self.token(browser);
        !browser.is_new && !expected.is_empty() && bool::from(expected.as_bytes().ct_eq(token.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn browser(cookies: &str, secure: bool) -> Browser {
        Browser::of(&[(COOKIE, cookies.parse().expect("a value"))].into_iter().collect(), secure)
    }

    #[test]
    fn a_form_is_of_the_browser_it_was_given_to() {
        let forms = Forms::new();
        let first = Browser::of(&HeaderMap::new(), true);
        let given = first.given().expect("it had none");
        let given = given.to_str().expect("text");
        for words in ["__Host-schoolgate-form=", "; Path=/;", "HttpOnly", "SameSite=Lax", "Secure"] {
            assert!(given.contains(words), "{given}");
        }
        let cookie = given.split(';').next().expect("a pair");
        let token = forms.token(&first);
        let back = browser(cookie, true);
        assert!(forms.is_ours(&back, &token) && back.given().is_none());
        let other = Browser::of(&HeaderMap::new(), true);
        let other_cookie = other.given().expect("new").to_str().expect("text").split(';').next().expect("a pair").to_owned();
        let other = browser(&other_cookie, true);
        assert!(!forms.is_ours(&other, &token), "the form of another browser");
        assert!(!forms.is_ours(&Browser::of(&HeaderMap::new(), true), &token), "without a cookie");
        assert!(!forms.is_ours(&browser(&format!("{cookie}; {other_cookie}"), true), &token), "with two of them");
        assert!(!forms.is_ours(&browser(cookie, false), &token), "over another connection");
        assert!(!Forms::new().is_ours(&back, &token), "of another start");
        assert!(!forms.is_ours(&back, "") && !forms.is_ours(&browser("__Host-schoolgate-form=", true), ""));
    }

    #[test]
    fn a_session_is_strict_and_over_tls_alone() {
        let (over_tls, clear) = (browser("__Host-schoolgate=abc; a=b", true), browser("__Host-schoolgate=abc", false));
        assert_eq!((over_tls.session.as_deref(), clear.session.as_deref()), (Some("abc"), None));
        let set = over_tls.session("abc", 60_000).expect("set");
        assert_eq!(set.to_str().ok(), Some("__Host-schoolgate=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure"));
        assert!(clear.session("abc", 60_000).is_none() && clear.taken_back().is_none());
        let (at_desk, clear_desk) = (browser("__Host-schoolgate-desk=abc", true), browser("__Host-schoolgate-desk=abc", false));
        assert_eq!((at_desk.desk.as_deref(), at_desk.session.as_deref(), clear_desk.desk.as_deref()), (Some("abc"), None, None));
        let set = at_desk.at_desk("abc").expect("set");
        assert_eq!(set.to_str().ok(), Some("__Host-schoolgate-desk=abc; Path=/; HttpOnly; SameSite=Strict; Secure"));
        assert!(clear.at_desk("abc").is_none() && clear.left_desk().is_none());
        let forms = Forms::new();
        assert!(forms.is_of_desk("abc", &forms.at_desk("abc")) && !forms.is_of_desk("abd", &forms.at_desk("abc")));
        assert!(!forms.is_of_desk("abc", &forms.tag("abc")) && !forms.is_of_desk("abc", ""));
        assert!(clear.given().is_some_and(|set| !set.to_str().expect("text").contains("Secure")));
    }
}
