//! Signing in with the school's Microsoft or Google accounts (OpenID Connect): the authorization code flow with PKCE.
//!
//! ```text
//! begin ─▶ browser ─▶ provider ─▶ browser, with a code and our state ─▶ end: code ─▶ token ─▶ account ─▶ person of the register
//! ```
//!
//! What was begun is kept here, bounded, for a few minutes, bound to the browser and the device, and good once. The token comes over TLS
//! from the provider itself, is signed by it, and says whom it is for (`claims`).

mod claims;

pub use claims::BadClaims;

use super::portal::Place;
use super::{Person, Register};
use crate::config::{OpenId, Way};
use crate::net::fetch::{FetchFault, Fetched, Fetcher, Limits, Lookup, Wish};
use crate::net::tls::{self, TlsFault};
use crate::wire::jose::{BadToken, Keys};
use crate::words::{PersonId, Url};
use data_encoding::BASE64URL_NOPAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use std::collections::HashMap;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// How long somebody may take at the provider.
const LASTS_MS: u64 = 10 * 60 * 1000;

/// Most sign-ins that are under way; of more the one that was begun first goes. And of one device.
const MOST: usize = 4096;
const MOST_OF_ONE: usize = 8;

/// How long published keys are believed without asking again, and how soon they are asked for again for a key nobody knows.
const KEYS_MS: u64 = 60 * 60 * 1000;
const AGAIN_MS: u64 = 60 * 1000;

/// Largest answers of a provider.
const MAX_KEYS: u64 = 64 * 1024;
const MAX_ANSWER: u64 = 64 * 1024;

/// Longest code that is passed on.
const MAX_CODE: usize = 4096;

/// Longest secret.
const MAX_SECRET: u64 = 512;

/// Codes that are redeemed at once.
const AT_ONCE: usize = 32;

/// A provider answers a person who waits, or does not.
const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    idle: Duration::from_secs(8),
    total: Duration::from_secs(15),
    tries: 1,
    pause: Duration::ZERO,
};

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum NotKnown {
    /// It was begun by another browser or on another device, or too long ago, or has ended already.
    #[error("this sign-in was not begun here")]
    NotBegun,
    #[error("the account is not one of the register's")]
    NoPerson,
    #[error("too many sign in at this moment")]
    Busy,
    #[error("the token is not believed: {0}")]
    Token(#[from] BadToken),
    #[error("the token is not believed: {0}")]
    Claims(#[from] BadClaims),
    #[error("the provider could not be asked: {0}")]
    Unreached(#[from] FetchFault),
    #[error("nobody can be asked: {0}")]
    Tls(#[from] TlsFault),
    #[error("the provider's answer is not understood: {0}")]
    Answer(&'static str),
    #[error("{0}")]
    Secret(String),
    #[error("the system gives no random numbers")]
    NoRandom,
}

/// What was begun and not ended.
struct Begun {
    way: Way,
    browser: String,
    place: Place,
    nonce: String,
    verifier: String,
    notice: String,
    began_ms: u64,
}

/// A browser, where it is, and when, in milliseconds since the machine started.
#[derive(Debug, Clone, Copy)]
pub struct From<'a> {
    pub browser: &'a str,
    pub place: Place,
    pub now_ms: u64,
}

/// Somebody who came back from a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Came {
    pub person: PersonId,
    /// The notice that they were shown.
    pub notice: String,
}

/// The sign-ins that are under way, and what providers have published.
pub struct OpenIds {
    begun: Mutex<HashMap<String, Begun>>,
    keys: Mutex<HashMap<String, (Arc<Keys>, u64)>>,
    lookup: Arc<dyn Lookup>,
    fetcher: Mutex<Option<Arc<Fetcher>>>,
    redeeming: Semaphore,
}

impl OpenIds {
    /// `lookup` knows where providers are.
    pub fn new(lookup: Arc<dyn Lookup>) -> Self {
        let (begun, keys, fetcher) = Default::default();
        Self { begun, keys, lookup, fetcher, redeeming: Semaphore::new(AT_ONCE) }
    }

    /// Where a browser is to go to sign in with this provider, and come back from to `back`.
    ///
    /// # Errors
    /// [`NotKnown::NoRandom`].
    pub fn begin(&self, provider: &OpenId, from: From<'_>, back: &str, notice: &str) -> Result<String, NotKnown> {
        let (state, nonce, verifier) = (random()?, random()?, random()?);
        let challenge = BASE64URL_NOPAD.encode(digest(&SHA256, verifier.as_bytes()).as_ref());
        let to = format!(
            "{}?response_type=code&client_id={}&redirect_uri={}&scope={}&state={state}&nonce={nonce}&code_challenge={challenge}\
             &code_challenge_method=S256&prompt=select_account",
            provider.authorize(),
            encoded(&provider.client_id),
            encoded(back),
            encoded("openid profile email")
        );
        let mut all = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, begun| from.now_ms.saturating_sub(begun.began_ms) < LASTS_MS);
        let mine = |begun: &Begun| begun.place == from.place;
        if all.values().filter(|begun| mine(begun)).count() >= MOST_OF_ONE {
            forget_first(&mut all, mine);
        } else if all.len() >= MOST {
            forget_first(&mut all, |_| true);
        }
        let (browser, notice) = (from.browser.to_owned(), notice.to_owned());
        let begun = Begun { way: provider.way(), browser, place: from.place, nonce, verifier, notice, began_ms: from.now_ms };
        all.insert(state, begun);
        Ok(to)
    }

    /// Whom a browser that came back with this state and code is, by the provider's word. `now_s` is since 1970.
    ///
    /// # Errors
    /// [`NotKnown`].
    pub async fn end(
        &self,
        provider: &OpenId,
        register: &Register,
        (state, code): (&str, &str),
        from: From<'_>,
        (back, now_s): (&str, i64),
    ) -> Result<Came, NotKnown> {
        let begun = {
            let mut all = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
            let is_theirs = |begun: &Begun| {
                let in_time = from.now_ms.saturating_sub(begun.began_ms) < LASTS_MS;
                in_time && begun.way == provider.way() && begun.browser == from.browser && begun.place == from.place
            };
            // Of another browser it stays begun: whoever has read the state must not end it for its owner.
            if !all.get(state).is_some_and(is_theirs) {
                return Err(NotKnown::NotBegun);
            }
            all.remove(state).ok_or(NotKnown::NotBegun)?
        };
        if code.is_empty() || code.len() > MAX_CODE {
            return Err(NotKnown::NotBegun);
        }
        let _one = self.redeeming.try_acquire().map_err(|_| NotKnown::Busy)?;
        let fetcher = self.fetcher()?;
        let token = redeemed(&fetcher, provider, code, &begun.verifier, back).await?;
        let keys = self.keys(&fetcher, provider, from.now_ms, false).await?;
        let claims = match keys.open(&token) {
            // Providers change their keys, and sign with the new ones at once.
            Err(BadToken::UnknownKey) => self.keys(&fetcher, provider, from.now_ms, true).await?.open(&token)?,
            opened => opened?,
        };
        let account = claims::account(&claims, provider, &begun.nonce, now_s)?;
        let person = person(register, &account).ok_or(NotKnown::NoPerson)?;
        Ok(Came { person: person.id, notice: begun.notice })
    }

    fn fetcher(&self) -> Result<Arc<Fetcher>, NotKnown> {
        let mut fetcher = self.fetcher.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fetcher) = &*fetcher {
            return Ok(fetcher.clone());
        }
        let made = Arc::new(Fetcher::new(self.lookup.clone(), tls::client(None)?, LIMITS));
        *fetcher = Some(made.clone());
        Ok(made)
    }

    async fn keys(&self, fetcher: &Fetcher, provider: &OpenId, now_ms: u64, anew: bool) -> Result<Arc<Keys>, NotKnown> {
        let at = provider.keys();
        let lasts = if anew { AGAIN_MS } else { KEYS_MS };
        let known = {
            let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
            keys.get(&at).filter(|(_, asked_ms)| now_ms.saturating_sub(*asked_ms) < lasts).map(|(keys, _)| keys.clone())
        };
        if let Some(known) = known {
            return Ok(known);
        }
        let url = Url::parse(&at).map_err(|_| NotKnown::Answer("the address of its keys"))?;
        let wish = Wish { known: None, signed: false, archive: false, outside: false, max_bytes: MAX_KEYS };
        let mut body = Vec::new();
        let Fetched::New(_) = fetcher.fetch(&url, &wish, &mut body).await? else {
            return Err(NotKnown::Answer("its keys"));
        };
        let keys = Arc::new(Keys::read(&body).ok_or(NotKnown::Answer("its keys"))?);
        let mut all = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        // Of providers that are written no more nothing is kept.
        all.retain(|_, (_, asked_ms)| now_ms.saturating_sub(*asked_ms) < KEYS_MS);
        all.insert(at, (keys.clone(), now_ms));
        Ok(keys)
    }
}

/// The token for a code.
async fn redeemed(fetcher: &Fetcher, provider: &OpenId, code: &str, verifier: &str, back: &str) -> Result<String, NotKnown> {
    let file = provider.secret_file.clone();
    let secret = tokio::task::spawn_blocking(move || secret(&file)).await.unwrap_or_else(|_| Err("no thread".into()));
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", back),
        ("client_id", &provider.client_id),
        ("client_secret", &secret.map_err(NotKnown::Secret)?),
        ("code_verifier", verifier),
    ];
    let form: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let url = Url::parse(&provider.token()).map_err(|_| NotKnown::Answer("the address of its tokens"))?;
    let answer = fetcher.post(&url, form.join("&"), MAX_ANSWER).await?;
    let answer: serde_json::Value = serde_json::from_slice(&answer).map_err(|_| NotKnown::Answer("what it gave for the code"))?;
    let token = answer.get("id_token").and_then(serde_json::Value::as_str);
    token.map(str::to_owned).ok_or(NotKnown::Answer("there is no id_token in it"))
}

/// The secret that the provider gave the school, from its file: one line, for nobody else to read.
///
/// # Errors
/// The file, and what would be right; never what is in it.
pub fn secret(file: &Path) -> Result<String, String> {
    let shown = file.display();
    let unread = |fault: std::io::Error| format!("the secret {shown} cannot be read: {fault}");
    let open = std::fs::File::open(file).map_err(unread)?;
    if open.metadata().map_err(unread)?.permissions().mode() & 0o007 != 0 {
        return Err(format!("others may read or change the secret: `chmod o= {shown}`"));
    }
    let mut text = String::new();
    open.take(MAX_SECRET + 1).read_to_string(&mut text).map_err(unread)?;
    let text = text.trim();
    let fits = !text.is_empty() && text.len() as u64 <= MAX_SECRET && text.bytes().all(|b| b.is_ascii_graphic());
    if fits {
        Ok(text.to_owned())
    } else {
        Err(format!("the secret {shown} must be one line of at most {MAX_SECRET} characters"))
    }
}

/// The person an account is: by its whole address, or by what stands before the `@`; withdrawn or not, if that leaves no doubt.
fn person<'r>(register: &'r Register, account: &str) -> Option<&'r Person> {
    let local = account.split('@').next().filter(|local| !local.is_empty())?;
    let one = |key: &str| {
        let mut alike = register.persons().filter(|p| p.key.eq_ignore_ascii_case(key));
        let first = alike.next();
        first.filter(|_| alike.next().is_none())
    };
    one(account).or_else(|| one(local))
}

fn forget_first(all: &mut HashMap<String, Begun>, of: impl Fn(&Begun) -> bool) {
    let first = all.iter().filter(|(_, begun)| of(begun)).min_by_key(|(_, begun)| begun.began_ms).map(|(state, _)| state.clone());
    if let Some(first) = first {
        all.remove(&first);
    }
}

fn random() -> Result<String, NotKnown> {
    let mut random = [0; 32];
    SystemRandom::new().fill(&mut random).map_err(|_| NotKnown::NoRandom)?;
    Ok(BASE64URL_NOPAD.encode(&random))
}

/// As it stands in a form or behind the `?` of an address (WHATWG URL §5.2).
pub fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}
