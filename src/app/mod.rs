//! The house put together: a configuration becomes doors that answer.
//!
//! Comes in: a [`Config`] and a [`Clock`]. Goes out: an [`App`] whose doors are bound, then served until it is told to stop.
//! Always holds: everything that can fail at the start fails in [`build`], before anyone is answered; a reload that fails
//! leaves what was.
//!
//! - [`assemble`]  from what is on disk to one snapshot
//! - [`alerts`]    what cannot wait for the weekly report
//! - [`backup`]    the nightly backup
//! - [`calendar`]  what the calendar and the clock need from somebody
//! - [`control`]   what the control socket's requests do
//! - [`desk`]      what the pages of the desk are made of
//! - [`directory`] the register kept as the school's directory has it
//! - [`disclosure`] everything that is kept about one person
//! - [`drift`]     changes made in the configuration's files
//! - [`entries`]   the school's own entries changed
//! - [`inspected`] what `status` says of looking into TLS
//! - [`followed`]  what follows a report: marks, signatures, who is told
//! - [`exams`]     who is held to a short list for a while
//! - [`whom`]      whom these two are for
//! - [`enrolment`] access switched off and on while the gate runs
//! - [`passes`]    what a teacher has opened for a lesson
//! - [`off`]       networks where nothing is judged for a while
//! - [`overlay`]   all three put in force, without touching the table
//! - [`holds`]     what is kept longer than its time
//! - [`sealed`]    the keys of what pupils type: changed, and used, which is recorded
//! - [`requests`]  what people asked for on the pages, and the answers
//! - [`recorded`]  what is written down as begun and as done
//! - [`rot`]       a table that the disk spoilt is left, and made again
//! - [`delivery`]  the report on its day, in every edition
//! - [`mail`]      that it is there, told by mail until a server has taken it
//! - [`weekly`]    the week's report, from the journal and everything around it
//! - [`ready`]     whether every category that is blocked has a list
//! - [`sources`]   what `status` says of who is known
//! - [`status`]    what is running, and what needs somebody

pub mod alerts;
pub mod assemble;
mod backup;
mod calendar;
pub mod control;
pub mod delivery;
pub mod desk;
mod directory;
pub mod disclosure;
pub mod drift;
pub mod enrolment;
pub mod entries;
pub mod exams;
pub mod followed;
pub mod holds;
pub mod inspected;
pub mod mail;
pub mod off;
pub mod overlay;
pub mod passes;
pub mod ready;
pub mod recorded;
pub mod requests;
pub mod rot;
pub mod sealed;
pub mod sources;
pub mod status;
pub mod weekly;
mod whom;

use crate::config::Config;
use crate::gate::{Clock, Gate, Ledger};
use crate::journal::time::BUILT_MS;
use crate::journal::{Journal, Settings};
use crate::net::drain::{Stopper, drain};
use crate::ops::tables::walk;
use crate::ops::update::schedule::{self, Timing};
use crate::people::{Keeper, Roster};
use crate::resolve::Resolver;
use crate::{dns, ops, proxy, web};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for doors to finish what they have begun.
pub const DRAIN_GRACE: Duration = Duration::from_secs(10);

/// Why a gate cannot start or take a change.
#[derive(Debug, thiserror::Error)]
pub enum StartFault {
    #[error("{what} {path}: {source}")]
    File { what: &'static str, path: PathBuf, source: std::io::Error },
    #[error("{0}")]
    Door(std::io::Error),
    #[error(transparent)]
    Lists(#[from] ops::tables::TablesFault),
    #[error(transparent)]
    Locked(#[from] ops::locked::LockedFault),
    #[error(transparent)]
    Phrases(#[from] ops::phrases::NoTerms),
    #[error(transparent)]
    Journal(#[from] crate::journal::JournalFault),
    #[error(transparent)]
    Register(#[from] crate::people::StoreFault),
    #[error("{0}")]
    Config(String),
    #[error("the runtime did not start: {0}")]
    Runtime(std::io::Error),
}

/// A gate whose doors are bound and not yet answering.
pub struct App {
    pub gate: Arc<Gate>,
    resolver: Arc<Resolver>,
    runtime: tokio::runtime::Runtime,
    dns: Option<dns::Bound>,
    proxy: Option<proxy::Bound>,
    web: Option<web::Bound>,
    control: Arc<control::Handler>,
    timing: Timing,
    walk: walk::Timing,
    // Held for as long as the gate lives: two gates on one folder would undo each other.
    _lock: nix::fcntl::Flock<std::fs::File>,
}

/// Where the doors answer, with the ports they were given.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Doors {
    pub dns: Vec<SocketAddr>,
    /// DNS over TLS.
    #[serde(default)]
    pub dns_tls: Vec<SocketAddr>,
    /// DNS over HTTPS.
    #[serde(default)]
    pub dns_https: Vec<SocketAddr>,
    pub proxy: Vec<SocketAddr>,
    /// The proxy over TLS.
    #[serde(default)]
    pub proxy_tls: Vec<SocketAddr>,
    /// Where connections are redirected to.
    #[serde(default)]
    pub transparent: Vec<SocketAddr>,
    pub web: Vec<SocketAddr>,
    /// The web door over TLS.
    #[serde(default)]
    pub web_tls: Vec<SocketAddr>,
}

/// The control socket of a configuration.
pub fn control_socket(config: &Config) -> PathBuf {
    config.data.join("control.sock")
}

/// The register of a configuration.
pub fn register_file(config: &Config) -> PathBuf {
    crate::people::Store::file_in(&config.data)
}

/// What clients were told.
pub fn ledger_file(config: &Config) -> PathBuf {
    config.data.join("told.ledger")
}

/// The journal's folder.
pub fn journal_dir(config: &Config) -> PathBuf {
    config.data.join("journal")
}

/// The school's own entries, as `allow` and `block` write them.
pub fn entries_file(config: &Config) -> PathBuf {
    config.data.join("entries.toml")
}

/// Opens everything and binds every door.
///
/// `config_path` is what `--config` said: a reload reads the same file again.
///
/// # Errors
/// [`StartFault`] says what could not be opened or bound, and by which key of the configuration.
pub fn build(config: Config, config_path: Option<PathBuf>, clock: Clock) -> Result<App, StartFault> {
    ops::limits::raise_open_files();
    ops::limits::few_heaps();
    let lock = lock_data(&config.data)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("doors").build().map_err(StartFault::Runtime)?;

    let dns = dns_door(&config).map_err(StartFault::Door)?;
    let proxy = proxy_door(&config).map_err(StartFault::Door)?;
    let web = runtime.block_on(async { web_door(&config) }).map_err(StartFault::Door)?;

    let journal = Journal::start(journal_settings(&config, &clock))?;
    let roster = Arc::new(Roster::default());
    let mut snapshot = assemble::snapshot(config, &journal, &roster, ops::tables::Broken::Endure)?;
    drift::note(&snapshot.config, clock.unix_ms());
    // Without a certificate the school still has its DNS: what cannot be served is said by `status`.
    snapshot.identity = ops::identity::of_dns(&snapshot.config).map_err(Arc::from).transpose();
    snapshot.web_identity = ops::identity::of_web(&snapshot.config).map_err(Arc::from).transpose();
    for (what, identity) in [("nothing", &snapshot.identity), ("the web door", &snapshot.web_identity)] {
        if let Some(Err(fault)) = identity {
            tracing::error!("{what} is{} served over TLS: {fault}", if what == "nothing" { "" } else { " not" });
        }
    }
    // Nor without the key for tickets.
    if let Err(fault) = crate::people::kerberos::ready(&snapshot.config) {
        tracing::error!("{fault}");
    }
    // Nor without an authority: what would be looked into is judged by name.
    snapshot.inspection = ops::inside::load(&snapshot.config, None).map_err(Arc::from).transpose();
    if let Some(Err(fault)) = &snapshot.inspection {
        tracing::error!("nothing is looked into: {fault}");
    }
    let resolver = {
        let _inside = runtime.enter();
        Arc::new(Resolver::of(&snapshot.config.dns))
    };
    let first = first_answered(&snapshot.config.data, clock.unix_ms());
    let ledger = Ledger::open(Some(ledger_file(&snapshot.config)), clock.clone());
    let doors = Doors {
        dns: dns.as_ref().map(dns::Bound::local_addrs).unwrap_or_default(),
        dns_tls: dns.as_ref().map(dns::Bound::tls_addrs).unwrap_or_default(),
        dns_https: dns.as_ref().map(dns::Bound::https_addrs).unwrap_or_default(),
        proxy: proxy.as_ref().map(proxy::Bound::local_addrs).unwrap_or_default(),
        proxy_tls: proxy.as_ref().map(proxy::Bound::tls_addrs).unwrap_or_default(),
        transparent: proxy.as_ref().map(proxy::Bound::transparent_addrs).unwrap_or_default(),
        web: web.as_ref().map(web::Bound::local_addrs).unwrap_or_default(),
        web_tls: web.as_ref().map(web::Bound::tls_addrs).unwrap_or_default(),
    };
    // What was asked can wait; who is filtered cannot.
    let asked = requests::open(&snapshot.config.data).unwrap_or_else(|fault| {
        tracing::error!("no request of a page is taken: {fault}");
        requests::closed(fault)
    });
    let gate = Gate::new(snapshot, journal, clock).with_ledger(ledger).with_requests(asked).first_at(first);
    // After the gate, which tells the roster of the register: a lease that is read once has the name of a device.
    let keeper = Keeper::start(roster.clone(), &gate.snapshot().config.sources).map_err(StartFault::Config)?;
    let alerts = alerts::open(&gate.snapshot().config.data).unwrap_or_else(|fault| {
        tracing::error!("alerts of before are not known, and none is kept: {fault}");
        crate::gate::Alerts::default()
    });
    let gate = gate.with_alerts(alerts);
    let gate = gate.with_web(doors.web.clone()).with_web_tls(doors.web_tls.clone());
    let gate = Arc::new(gate);
    let control = Arc::new(control::Handler::new(gate.clone(), resolver.clone(), (roster, keeper), config_path, doors));
    let (timing, walk) = (Timing::default(), walk::Timing::default());
    Ok(App { gate, resolver, runtime, dns, proxy, web, control, timing, walk, _lock: lock })
}

fn dns_door(config: &Config) -> std::io::Result<Option<dns::Bound>> {
    let (tls, https) = match &config.dns.encrypted {
        Some(encrypted) => (&encrypted.tls_listen[..], &encrypted.https_listen[..]),
        None => (&[][..], &[][..]),
    };
    if config.dns.listen.is_empty() && tls.is_empty() && https.is_empty() {
        return Ok(None);
    }
    dns::bind(&config.dns.listen, config.dns.workers)?.and_encrypted(tls, https).map(Some)
}

fn proxy_door(config: &Config) -> std::io::Result<Option<proxy::Bound>> {
    let proxy = &config.proxy;
    if proxy.listen.is_empty() && proxy.tls_listen.is_empty() && proxy.transparent_listen.is_empty() {
        return Ok(None);
    }
    proxy::bind(&proxy.listen, &proxy.tls_listen)?.and_transparent(&proxy.transparent_listen).map(Some)
}

fn web_door(config: &Config) -> std::io::Result<Option<web::Bound>> {
    let web = &config.web;
    if web.listen.is_empty() && web.tls_listen.is_empty() {
        return Ok(None);
    }
    web::bind(&web.listen, &web.tls_listen).map(Some)
}

/// When a gate first answered from this folder, in milliseconds since 1970. Where that cannot be kept, it is now.
fn first_answered(data: &Path, now_ms: i64) -> i64 {
    let file = data.join("first");
    let kept = std::fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok());
    // Of a clock that had not been set there is nothing to keep.
    kept.filter(|ms| *ms >= BUILT_MS).unwrap_or_else(|| {
        if let Err(fault) = std::fs::write(&file, format!("{now_ms}\n")) {
            tracing::warn!(file = %file.display(), %fault, "when the gate first answered is not kept");
        }
        now_ms
    })
}

fn lock_data(data: &Path) -> Result<nix::fcntl::Flock<std::fs::File>, StartFault> {
    let file_fault = |source| StartFault::File { what: "the data folder cannot be used:", path: data.to_owned(), source };
    ops::files::make_folder(data).map_err(file_fault)?;
    let file = std::fs::File::create(data.join("lock")).map_err(file_fault)?;
    nix::fcntl::Flock::lock(file, nix::fcntl::FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| {
        file_fault(std::io::Error::new(std::io::Error::from(errno).kind(), "another gate is running on this folder"))
    })
}

/// Rings are on the tmpfs systemd made for us, else beside the data.
fn journal_settings(config: &Config, clock: &Clock) -> Settings {
    let run = std::env::var_os("RUNTIME_DIRECTORY").map_or_else(|| config.data.join("run"), PathBuf::from);
    let clock = clock.clone();
    Settings::new(journal_dir(config), run, config.school.zone.clone())
        .with_clock(Arc::new(move || clock.unix_ms()))
        .sealed_by(&config.data)
        .keeping(config.retention.detail_days)
}

impl App {
    pub fn doors(&self) -> &Doors {
        &self.control.doors
    }

    /// Other times for the schedule of the public lists than those it ships with.
    #[must_use]
    pub fn with_timing(self, timing: Timing) -> Self {
        Self { timing, ..self }
    }

    /// Other times for reading the table's file again than those it ships with.
    #[must_use]
    pub fn with_walk(self, walk: walk::Timing) -> Self {
        Self { walk, ..self }
    }

    /// One screen: where it listens and what to try.
    pub fn greeting(&self) -> String {
        let doors = self.doors();
        let at = |addresses: &[SocketAddr]| match addresses {
            [] => "shut".to_owned(),
            some => some.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        };
        let mut lines =
            vec![format!("Schoolgate for {}", self.gate.snapshot().config.school.name), format!("  DNS    {}", at(&doors.dns))];
        for (over, addresses) in [("TLS", &doors.dns_tls), ("HTTPS", &doors.dns_https)] {
            if !addresses.is_empty() {
                lines.push(format!("         {}, over {over}", at(addresses)));
            }
        }
        lines.extend([format!("  proxy  {}", at(&doors.proxy))]);
        if !doors.proxy_tls.is_empty() {
            lines.push(format!("         {}, over TLS", at(&doors.proxy_tls)));
        }
        if !doors.transparent.is_empty() {
            lines.push(format!("         {}, for what is redirected", at(&doors.transparent)));
        }
        lines.push(format!("  web    {}", at(&doors.web)));
        if !doors.web_tls.is_empty() {
            lines.push(format!("         {}, over TLS", at(&doors.web_tls)));
        }
        lines.extend([String::new(), "Try, in another terminal:".into()]);
        if let Some(dns) = doors.dns.first() {
            lines.push(format!("  dig @{} -p {} www.pokerstars.com    (a blocked name: NXDOMAIN)", dns.ip(), dns.port()));
        }
        if let Some(proxy) = doors.proxy.first() {
            lines.push(format!("  curl -x http://{proxy} http://www.pokerstars.com/ -H 'Accept: text/html'    (the block page)"));
        }
        lines.push("  schoolgate status · schoolgate explain NAME · schoolgate log follow".into());
        lines.push("Ctrl-C stops it.".into());
        lines.join("\n")
    }

    /// Serves until SIGTERM or SIGINT; SIGHUP reloads. Returns when all is drained and every event is in its week file.
    ///
    /// # Errors
    /// If the control socket or the signals cannot be had.
    pub fn run_until_signalled(self) -> Result<(), StartFault> {
        let handler = self.control.clone();
        let signals = self.runtime.block_on(async { ops::signals::listen() }).map_err(StartFault::Runtime)?;
        let running = self.start()?;
        running.runtime().block_on(ops::signals::until_stopped(signals, move || handler.reload_and_tell()));
        tracing::info!("stopping: finishing what has begun");
        ops::systemd::stopping();
        running.stop();
        Ok(())
    }

    /// Opens the control socket and begins to answer.
    ///
    /// # Errors
    /// If the control socket cannot be opened.
    pub fn start(self) -> Result<Running, StartFault> {
        let path = control_socket(&self.gate.snapshot().config);
        let socket = crate::gate::control::Socket::open(&path, self.control.clone()).map_err(|source| StartFault::File {
            what: "the control socket cannot be opened:",
            path,
            source,
        })?;
        self.control.note_own_gate();
        let (stopper, drain) = drain();
        let handle = self.runtime.handle().clone();
        let workers = self.dns.map(|door| door.serve(self.gate.clone(), self.resolver.clone(), drain.clone(), handle.clone()));
        let mut tasks = tokio::task::JoinSet::new();
        let doors = &self.control.doors;
        if let Some(door) = self.proxy {
            tasks.spawn_on(door.serve(self.gate.clone(), self.resolver.clone(), drain.clone()), &handle);
        }
        if let Some(door) = self.web {
            let (gate, lookup, proxy) = (self.gate.clone(), self.resolver.clone(), doors.proxy.clone());
            let kept = Arc::new(desk::Kept::new(self.gate.clone()));
            let rooms = web::Rooms { staffroom: Some(self.control.clone()), desk: Some(kept) };
            tasks.spawn_on(door.serve(gate, lookup, rooms, proxy, drain.clone()), &handle);
        }
        let (gate, control) = (self.gate.clone(), self.control.clone());
        let around = schedule::Around {
            clock: gate.clock.clone(),
            config: Box::new(move || gate.snapshot().config.clone()),
            take: Box::new(move || control.take_lists()),
        };
        schedule::start(around, self.timing, drain.clone()).map_err(StartFault::Runtime)?;
        let (gate, control) = (self.gate.clone(), self.control.clone());
        let around = walk::Around {
            table: Box::new(move || gate.snapshot().table.clone()),
            found: Box::new(move |table, fault| control.walked(table, fault)),
        };
        walk::start(around, self.walk, drain.clone()).map_err(StartFault::Runtime)?;
        let (gate, of_gate, begun) = (self.gate.clone(), self.gate.clone(), std::time::Instant::now());
        let around = delivery::Around {
            clock: gate.clock.clone(),
            config: Box::new(move || gate.snapshot().config.clone()),
            running: Box::new(move || weekly::Running::of_gate(&of_gate, begun.elapsed())),
        };
        delivery::start(around, drain.clone()).map_err(StartFault::Runtime)?;
        let (gate, of_gate) = (self.gate.clone(), self.gate.clone());
        if let Ok(main) = crate::reload::main_file(self.control.config_path.as_deref()) {
            let around = backup::Around {
                clock: gate.clock.clone(),
                config: Box::new(move || gate.snapshot().config.clone()),
                main,
                settle: Box::new(move || {
                    of_gate.settle();
                }),
            };
            backup::start(around, drain.clone()).map_err(StartFault::Runtime)?;
        }
        let (gate, control) = (self.gate.clone(), self.control.clone());
        let around = alerts::Around { gate, lookup: self.resolver.clone(), needs: Box::new(move || control.needs_you()) };
        alerts::start(around, drain.clone()).map_err(StartFault::Runtime)?;
        let control = self.control.clone();
        let stop = drain.clone();
        tasks.spawn_on(async move { control.keep_the_time(stop).await }, &handle);
        tasks.spawn_on(directory::keep(self.gate.clone(), self.control.clone(), drain.clone()), &handle);
        ops::systemd::ready(&handle, drain);
        Ok(Running { gate: self.gate, runtime: self.runtime, tasks, workers, stopper, socket, _lock: self._lock })
    }
}

/// A gate that answers.
pub struct Running {
    pub gate: Arc<Gate>,
    runtime: tokio::runtime::Runtime,
    tasks: tokio::task::JoinSet<()>,
    workers: Option<dns::Running>,
    stopper: Stopper,
    socket: crate::gate::control::Socket,
    _lock: nix::fcntl::Flock<std::fs::File>,
}

impl Running {
    pub fn runtime(&self) -> &tokio::runtime::Runtime {
        &self.runtime
    }

    /// Takes nothing new, finishes what has begun, and puts every event into its week file.
    pub fn stop(mut self) {
        self.stopper.stop();
        drop(self.socket);
        let tasks = &mut self.tasks;
        let drained = self
            .runtime
            .block_on(async { tokio::time::timeout(DRAIN_GRACE, async { while tasks.join_next().await.is_some() {} }).await });
        if drained.is_err() {
            tracing::warn!("some connections did not end in {} s and were cut", DRAIN_GRACE.as_secs());
        }
        if let Some(workers) = self.workers {
            workers.join();
        }
        self.runtime.shutdown_timeout(Duration::from_secs(1));
        self.gate.stop();
    }
}
