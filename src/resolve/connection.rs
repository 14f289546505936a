//! A connection to one upstream, over TCP, TLS or HTTPS: opened when it is needed, kept, shared by every question.
//!
//! What the other end has closed meanwhile is opened anew for the same question (RFC 7766 §6.2.4); what has fallen silent is
//! left, and the next question opens another. Whoever is verified is verified by the box's own trust and the name that is
//! written for the upstream.

use super::request::{RETRANSMIT, over_udp, request};
use super::upstream::AskFault;
use super::{DEADLINE, MAX_OUT};
use crate::config::{Protocol, Upstream as Written};
use crate::net::tls;
use crate::wire::{Message, Query, rr};
use crate::words::Name;
use hickory_proto::dnssec::TrustAnchors;
use hickory_proto::op::DnsRequest;
use hickory_resolver::net::h2::HttpsClientStream;
use hickory_resolver::net::runtime::{RuntimeProvider, Spawn, TokioRuntimeProvider};
use hickory_resolver::net::tcp::TcpClientStream;
use hickory_resolver::net::tls::tls_client_connect;
use hickory_resolver::net::xfer::{DnsExchange, FirstAnswer};
use hickory_resolver::net::{DnsHandle, DnsMultiplexer, NetError};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::OwnedMutexGuard;
use tokio::time::timeout;

/// How long a connection may say nothing while it is asked something before it counts as dead.
const SILENCE: Duration = Duration::from_millis(1_500);

/// Addresses of an upstream written by name that are tried in turn.
const MAX_ADDRESSES: usize = 4;

/// Whom upstreams' certificates are verified by (read when first needed, and again if there was nobody), and their signatures.
#[derive(Default)]
pub struct Trust {
    /// An authority beside those of the box (PEM).
    more: Option<Vec<u8>>,
    config: Mutex<Option<ClientConfig>>,
    /// Whose keys signatures of DNSSEC are checked by: those of the root, as IANA publishes them.
    pub anchors: Arc<TrustAnchors>,
}

impl Trust {
    #[cfg(test)]
    pub fn with(more: &str) -> Self {
        Self { more: Some(more.as_bytes().to_vec()), ..Self::default() }
    }

    #[cfg(test)]
    pub fn anchored(anchors: TrustAnchors) -> Self {
        Self { anchors: Arc::new(anchors), ..Self::default() }
    }

    fn config(&self, alpn: &[&[u8]]) -> Result<Arc<ClientConfig>, AskFault> {
        let mut kept = self.config.lock().unwrap_or_else(PoisonError::into_inner);
        let mut config = match &*kept {
            Some(config) => config.clone(),
            None => kept.insert(tls::resolvers(self.more.as_deref())?).clone(),
        };
        config.alpn_protocols = alpn.iter().map(|a| a.to_vec()).collect();
        Ok(Arc::new(config))
    }
}

/// The connection to one upstream.
pub struct Connection {
    kept: Arc<Mutex<Option<Arc<Line>>>>,
    /// One opens, the others wait for it.
    opening: Arc<tokio::sync::Mutex<()>>,
    trust: Arc<Trust>,
}

/// One open connection.
struct Line {
    exchange: DnsExchange<TokioRuntimeProvider>,
    /// Owns the task that drives the connection: both end together.
    _provider: TokioRuntimeProvider,
    /// Answers that came over it.
    heard: AtomicU64,
}

impl Connection {
    pub fn new(trust: Arc<Trust>) -> Self {
        Self { kept: Arc::default(), opening: Arc::default(), trust }
    }

    /// Asks over the connection that is open, or a new one.
    pub async fn ask(&self, to: &Written, request: DnsRequest, patience: Duration) -> Result<Vec<u8>, AskFault> {
        let asked = async {
            if let Some(line) = self.kept() {
                match self.over(line, request.clone()).await {
                    // The other end closes what is idle whenever it likes.
                    Err(_) => {}
                    said => return Ok(said?),
                }
            }
            let line = self.open(to).await?;
            Ok(self.over(line, request).await?)
        };
        timeout(patience, asked).await.unwrap_or(Err(AskFault::Net(NetError::Timeout)))
    }

    async fn over(&self, line: Arc<Line>, request: DnsRequest) -> Result<Vec<u8>, NetError> {
        let mut wait = Wait { of: self, since: Instant::now(), before: line.heard.load(Ordering::Relaxed), line, failed: false };
        let said = wait.line.exchange.send(request).first_answer().await;
        match said {
            Ok(answer) => {
                wait.line.heard.fetch_add(1, Ordering::Relaxed);
                Ok(answer.into_buffer())
            }
            Err(fault) => {
                wait.failed = true;
                Err(fault)
            }
        }
    }

    fn kept(&self) -> Option<Arc<Line>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whoever wants an answer may be gone before there is a connection (another upstream was quicker): it is opened all the
    /// same, or a far one would never be used.
    async fn open(&self, to: &Written) -> Result<Arc<Line>, AskFault> {
        let one = self.opening.clone().lock_owned().await;
        if let Some(line) = self.kept() {
            return Ok(line);
        }
        let (to, trust, kept) = (to.clone(), self.trust.clone(), self.kept.clone());
        let opened = tokio::spawn(async move {
            let _one: OwnedMutexGuard<()> = one;
            let line = Arc::new(timeout(DEADLINE, dial(&to, &trust)).await.unwrap_or(Err(AskFault::Net(NetError::Timeout)))?);
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(line.clone());
            Ok(line)
        });
        opened.await.unwrap_or(Err(AskFault::Net(NetError::NoConnections)))
    }

    fn leave(&self, line: &Arc<Line>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.as_ref().is_some_and(|k| Arc::ptr_eq(k, line)) {
            *kept = None;
        }
    }
}

/// One who waits for an answer; leaves a connection that failed, or over which nothing came all the while.
struct Wait<'a> {
    of: &'a Connection,
    line: Arc<Line>,
    since: Instant,
    before: u64,
    failed: bool,
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let silent = self.line.heard.load(Ordering::Relaxed) == self.before && self.since.elapsed() >= SILENCE;
        if self.failed || silent {
            self.of.leave(&self.line);
        }
    }
}

/// Opens a connection to the first of its addresses that answers.
async fn dial(to: &Written, trust: &Trust) -> Result<Line, AskFault> {
    let addresses = match to.address() {
        Some(address) => vec![address],
        None => addresses(to).await?,
    };
    let mut last = AskFault::Unknown;
    for address in addresses {
        match dial_at(to, address, trust).await {
            Ok(line) => return Ok(line),
            Err(fault) => last = fault,
        }
    }
    Err(last)
}

async fn dial_at(to: &Written, address: SocketAddr, trust: &Trust) -> Result<Line, AskFault> {
    let provider = TokioRuntimeProvider::new();
    let most = Some(MAX_OUT);
    let name = to.certificate.as_str();
    let exchange = match to.protocol {
        Protocol::Udp | Protocol::Tcp => TcpClientStream::exchange(address, None, DEADLINE, most, provider.clone()).await?,
        Protocol::Tls => {
            let server = ServerName::try_from(name.to_owned()).map_err(|_| AskFault::Unsendable)?;
            let (stream, sender) = tls_client_connect(address, server, trust.config(&[])?, provider.clone());
            let multiplexer = DnsMultiplexer::new(stream.await?, sender).with_timeout(DEADLINE).with_max_active_requests(MAX_OUT);
            let (exchange, background) = DnsExchange::from_stream(multiplexer);
            provider.create_handle().spawn_bg(background);
            exchange
        }
        Protocol::Https => {
            let stream = HttpsClientStream::builder(trust.config(&[b"h2"])?, provider.clone());
            stream.exchange(address, name.into(), to.path.as_str().into()).await?
        }
    };
    Ok(Line { exchange, _provider: provider, heard: AtomicU64::new(0) })
}

/// The addresses of an upstream written by name, as the first bootstrap resolver that answers says.
async fn addresses(to: &Written) -> Result<Vec<SocketAddr>, AskFault> {
    for &server in to.bootstrap.iter() {
        for kind in [rr::A, rr::AAAA] {
            let request = request(&Query::of(Name::from(&to.host), kind), true).ok_or(AskFault::Unsendable)?;
            // Long enough for one datagram to be lost.
            let Ok(bytes) = over_udp(server, request, 2 * RETRANSMIT).await else { break };
            let Ok(message) = Message::read(bytes) else { break };
            let found = message.addresses().iter().take(MAX_ADDRESSES).map(|&ip| SocketAddr::new(ip, to.port));
            let found: Vec<_> = found.collect();
            if !found.is_empty() {
                return Ok(found);
            }
        }
    }
    Err(AskFault::Unknown)
}
