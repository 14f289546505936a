//! A file brought from a server: whole and as it was sent, or not at all.
//!
//! Comes in: a URL, what is known of an earlier fetch, somewhere to put the body, and who knows the addresses of hosts.
//! Goes out: the body's bytes, or that it has not changed, or why it cannot be had.
//! Always holds: HTTPS, but for loopback and for what is signed; a redirect goes to HTTPS only, at most [`MAX_REDIRECTS`] times,
//! and never to an address inside the school, and what ships with an address of the internet is not asked for there either (an
//! answer of the DNS may lead anywhere); size (packed and unpacked), time and tries are bounded; a body that ends early
//! is a fault, never a shorter file.
//!
//! - [`fault`]     why a fetch failed, and whether trying again may help
//! - [`exchange`]  one question and its answer: connect, ask, read the head
//! - [`body`]      the answer's bytes, unpacked under a cap
//! - [`lookup`]    from a host to its addresses
//! - [`signature`] what a list's keeper signed

mod body;
mod exchange;
mod fault;
mod lookup;
mod signature;
#[cfg(test)]
pub(crate) mod stub;
#[cfg(test)]
mod tests;

pub use fault::FetchFault;
pub use lookup::{Looked, Lookup, SystemLookup};
pub use signature::{SignatureFault, verify};

use crate::words::Url;
use crate::words::url::Scheme;
use exchange::{Asked, Step};
use ring::rand::{SecureRandom, SystemRandom};
use rustls::ClientConfig;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// RFC 9110 §15.4 leaves the number to the client; a list's keeper needs one or two (a release, its storage).
pub const MAX_REDIRECTS: usize = 5;

/// How long is waited for what, and how often it is tried.
#[derive(Debug, Clone)]
pub struct Limits {
    /// For a connection and its TLS handshake, each address anew.
    pub connect: Duration,
    /// For the head of the answer, and between two pieces of the body.
    pub idle: Duration,
    /// For the whole of one try: 64 MiB over a line that gives lists 1 Mbit/s take nine minutes.
    pub total: Duration,
    pub tries: u32,
    /// Before the second try, doubled before each further one; half of it is chance, so that not every school asks at once.
    pub pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            total: Duration::from_secs(15 * 60),
            tries: 3,
            pause: Duration::from_secs(2),
        }
    }
}

/// Fetches, with its limits and whom it trusts.
pub struct Fetcher {
    lookup: Arc<dyn Lookup>,
    tls: Arc<ClientConfig>,
    limits: Limits,
}

/// What is fetched, and under which conditions.
#[derive(Debug, Clone)]
pub struct Wish<'a> {
    /// What an earlier fetch of this very URL said of its version.
    pub known: Option<&'a Version>,
    /// Its keeper signs it: plain HTTP may carry it.
    pub signed: bool,
    /// It is stored packed as it is (tar.gz): it is not asked to be packed once more, nor unpacked.
    pub archive: bool,
    /// Its address ships, and is of the internet: if it leads into the school or to this machine, nobody meant that. What a school
    /// wrote itself may lie there: a mirror of its own.
    pub outside: bool,
    /// Largest body, unpacked.
    pub max_bytes: u64,
}

/// What a server says of the version of what it sent (RFC 9110 §8.8): sent back to it, to hear whether there is another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Version {
    pub etag: Option<String>,
    pub last_modified: Option<String>,
}

/// Where a body is put. It may begin more than once: what came before is then void.
pub trait Sink: Send {
    /// `total`: the bytes to come, packed or not, if the server said.
    ///
    /// # Errors
    /// As whatever takes the bytes says.
    fn begin(&mut self, total: Option<u64>) -> io::Result<()>;

    /// # Errors
    /// As whatever takes the bytes says.
    fn take(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// So many bytes have come over the line: for a progress bar.
    fn moved(&mut self, bytes: u64);
}

/// A body small enough for memory: the wish it is fetched with has its bound.
impl Sink for Vec<u8> {
    fn begin(&mut self, _: Option<u64>) -> io::Result<()> {
        self.clear();
        Ok(())
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.extend_from_slice(bytes);
        Ok(())
    }

    fn moved(&mut self, _: u64) {}
}

/// What became of a fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// It is what it was.
    Unchanged,
    /// The sink holds all of it.
    New(Version),
}

impl Fetcher {
    pub fn new(lookup: Arc<dyn Lookup>, tls: Arc<ClientConfig>, limits: Limits) -> Self {
        Self { lookup, tls, limits }
    }

    /// Fetches, and tries again where that may help.
    ///
    /// # Errors
    /// [`FetchFault`] of the last try.
    pub async fn fetch(&self, url: &Url, wish: &Wish<'_>, into: &mut dyn Sink) -> Result<Fetched, FetchFault> {
        let mut pause = self.limits.pause;
        let mut tried = 0;
        loop {
            let once = tokio::time::timeout(self.limits.total, self.once(url, wish, into)).await;
            let fault = match once.unwrap_or(Err(FetchFault::Slow("all of it did not come within", self.limits.total))) {
                Ok(fetched) => return Ok(fetched),
                Err(fault) => fault,
            };
            tried += 1;
            if tried >= self.limits.tries || !fault.may_pass() {
                return Err(fault);
            }
            tracing::debug!(%url, %fault, "is tried again");
            tokio::time::sleep(jittered(pause)).await;
            pause *= 2;
        }
    }

    /// Sends a form, once, to HTTPS only (and this machine), and takes what is answered. No redirect is followed: it would take along
    /// what the form says.
    ///
    /// # Errors
    /// [`FetchFault`].
    pub async fn post(&self, url: &Url, form: String, max_bytes: u64) -> Result<Vec<u8>, FetchFault> {
        let posted = tokio::time::timeout(self.limits.total, self.send(url, form, max_bytes)).await;
        posted.unwrap_or(Err(FetchFault::Slow("all of it did not come within", self.limits.total)))
    }

    /// Sends JSON with the signature that its receiver knows us by, once, to HTTPS only (and this machine). What is answered beside
    /// that it was taken is not read.
    ///
    /// # Errors
    /// [`FetchFault`].
    pub async fn tell(&self, url: &Url, json: String, signature: &str) -> Result<(), FetchFault> {
        let told = tokio::time::timeout(self.limits.total, self.put(url, json, signature)).await;
        told.unwrap_or(Err(FetchFault::Slow("all of it did not come within", self.limits.total)))
    }

    async fn once(&self, url: &Url, wish: &Wish<'_>, into: &mut dyn Sink) -> Result<Fetched, FetchFault> {
        let mut asked = Asked { url: url.clone(), within: wish.outside.then_some(false) };
        for _ in 0..=MAX_REDIRECTS {
            let (step, at) = self.exchange(&asked, wish, into).await?;
            match step {
                Step::Done(fetched) => return Ok(fetched),
                Step::Elsewhere(next) => {
                    if next.scheme != Scheme::Https {
                        return Err(FetchFault::ToPlain(next));
                    }
                    let begun_here = asked.within.map_or(at.is_loopback(), |here| here);
                    asked = Asked { url: *next, within: Some(begun_here) };
                }
            }
        }
        Err(FetchFault::Redirects)
    }
}

/// Whether an address may be where somebody else leads: public, or this machine if the way began there.
fn is_outside(address: IpAddr, begun_here: bool) -> bool {
    begun_here && address.is_loopback() || super::destination::is_public(address)
}

/// Between half of it and all of it.
pub fn jittered(whole: Duration) -> Duration {
    let half = whole / 2;
    half + half.mul_f64(chance())
}

/// From 0 to 1.
pub fn chance() -> f64 {
    let mut bytes = [0; 4];
    // Without the system's randomness there is no TLS either; the middle will do.
    match SystemRandom::new().fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 0.5,
    }
}
