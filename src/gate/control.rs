//! The control socket: how a command speaks to a running gate.
//!
//! One JSON request on a line, one JSON answer on a line. Who may speak is settled by the socket's mode (0660, group
//! `schoolgate`); who did is read from the kernel (SO_PEERCRED) and goes with the request.

use crate::policy::Video;
use crate::words::Url;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longest request or answer that is read: an import of 4 MB in 20,000 rows, with the names of their fields.
const MAX_LINE: u64 = 16 << 20;

/// Longest wait for the other side: a reload compiles no lists, so seconds are plenty. A request comes whole within it, and so does
/// its answer leave.
const PATIENCE: Duration = Duration::from_secs(30);

/// Most connections at once: a person types one command at a time, and each holds a thread and up to [`MAX_LINE`] bytes.
const MOST_AT_ONCE: usize = 16;

/// Who may speak to the gate: its user and its group.
const MODE: u32 = 0o660;

/// What can be asked of a running gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    Status,
    /// Reads everything on disk again and swaps, or refuses with the reason.
    Reload,
    Explain(super::explain::Question),
    /// Waits until everything noted so far is in a week file.
    Settle,
    /// That what has happened so far is where a reader of the journal finds it, in the segments or in week files.
    Flush,
    /// Asks its own doors, and says what came.
    SelfTest,
    AddEntry(NewEntry),
    RemoveEntry {
        id: u32,
        reason: String,
    },
    ImportEntries(Import),
    /// Nothing is judged on this network for so many minutes, but for the locked tier.
    Off {
        network: String,
        minutes: u32,
        reason: String,
    },
    /// Ends that: on one network, or on all.
    On {
        network: Option<String>,
    },
    OpenPass(NewPass),
    AgreePass {
        id: u16,
    },
    RevokePass {
        id: u16,
        reason: String,
    },
    LockExam(NewExam),
    EndExam {
        id: u16,
        reason: String,
    },
    /// Switches people's access off, or on again, by the school's own ids.
    Withdraw {
        people: Vec<String>,
        reason: String,
    },
    Restore {
        people: Vec<String>,
        /// Their last day, such as `2026-12-18`; `None`: the one they have, if it is not over.
        until: Option<String>,
        reason: String,
    },
    /// Takes the register as it is on disk.
    TakeRegister,
    /// What people asked for on the pages; with who asked, if it is said what for.
    Requests {
        purpose: Option<String>,
    },
    AnswerRequest(NewAnswer),
    /// Every alert that is kept.
    Alerts,
    AcknowledgeAlert {
        number: u32,
    },
}

/// An answer to a request of a page, as `requests allow`, `block` and `refuse` give it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NewAnswer {
    pub id: u32,
    /// `allowed`, `blocked` or `refused`.
    pub decision: String,
    /// Only for this group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// RFC 3339, or a local date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    pub reason: String,
}

/// Entries from a file of another filter, all at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Import {
    /// The file's name, for the record.
    pub file: String,
    /// Each with the number of its line.
    pub rows: Vec<(u64, NewEntry)>,
    /// Leave out what is refused; otherwise one refusal refuses all.
    pub skip_bad: bool,
    /// Say what would be done, and do nothing.
    pub dry_run: bool,
}

/// A pass, as `pass open` asks for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NewPass {
    pub what: Opens,
    #[serde(rename = "for")]
    pub whom: For,
    pub lasts: Lasts,
    pub reason: String,
}

/// Whom a pass or an exam is for, as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum For {
    Group(String),
    /// The school's own ids of people.
    People(Vec<String>),
    Network(String),
    Room(String),
}

impl std::fmt::Display for For {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Group(name) => f.write_str(name),
            Self::People(people) => f.write_str(&people.join(", ")),
            Self::Network(name) => write!(f, "network {name}"),
            Self::Room(name) => write!(f, "room {name}"),
        }
    }
}

/// An exam, as `lock exam` asks for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NewExam {
    #[serde(rename = "for")]
    pub whom: For,
    /// Local times, as [`Lasts::Until`]; `None`: now.
    pub from: Option<String>,
    pub until: String,
    /// Hosts with everything below them.
    pub allow: Vec<String>,
    pub reason: String,
}

/// What a pass opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Opens {
    /// A host with everything below it.
    Host(String),
    /// A category, by its id.
    Category(String),
    /// A page with everything below it.
    Page(String),
    /// A video, by the address of its page.
    Video(String),
}

impl Opens {
    /// What somebody typed: an address with a path, or a video's, is that page.
    pub fn of(text: &str) -> Self {
        match Url::parse(text) {
            Ok(url) if Video::of(&url).is_some() => Self::Video(text.to_owned()),
            Ok(url) if url.path != "/" => Self::Page(text.to_owned()),
            Ok(url) if text.contains("://") || text.ends_with('/') => Self::Host(url.host.to_string()),
            _ => Self::Host(text.to_owned()),
        }
    }

    /// Whether it is told from the rest of its host only where HTTPS is looked into.
    pub fn is_within_https(&self) -> bool {
        matches!(self, Self::Page(page) | Self::Video(page) if page.starts_with("https://"))
    }
}

impl std::fmt::Display for Opens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Host(what) | Self::Category(what) | Self::Page(what) | Self::Video(what)) = self;
        f.write_str(what)
    }
}

/// How long a pass lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lasts {
    /// Of a lesson with a bell, until that at the latest.
    Minutes(u32),
    /// Until the bell.
    Bell,
    /// RFC 3339, or a local time; `14:30` is today's.
    Until(String),
}

/// One of the school's own entries, as `allow` and `block` ask for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NewEntry {
    pub host: String,
    /// Whether it allows; otherwise it blocks.
    pub allow: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// RFC 3339, or a local date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    pub reason: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub firm: bool,
    /// `malware` or `phishing`, for an entry that stands against them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub despite: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
enum Answer {
    #[serde(rename = "ok")]
    Ok(Value),
    #[serde(rename = "error")]
    Error(String),
}

/// Who is at the other end of the socket, by the kernel's word.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    pub uid: u32,
}

/// Does what a request asks. An error's text goes back to whoever asked.
pub trait Handle: Send + Sync + 'static {
    fn handle(&self, request: Request, peer: Peer) -> Result<Value, String>;
}

#[derive(Debug, thiserror::Error)]
pub enum ControlFault {
    #[error("no gate is running (nothing answers at {0})")]
    NoGate(String),
    #[error("the gate at {path} did not answer: {source}")]
    Broken { path: String, source: io::Error },
    #[error("you may not speak to the gate at {0}: become root, or join the group schoolgate")]
    Forbidden(String),
    #[error("{0}")]
    Refused(String),
}

/// Asks the gate whose socket is at `path`.
///
/// # Errors
/// [`ControlFault::NoGate`] if none is running, so that a caller may go on with the files instead.
pub fn ask(path: &Path, request: &Request) -> Result<Value, ControlFault> {
    let shown = || path.display().to_string();
    let broken = |source| ControlFault::Broken { path: shown(), source };
    let mut stream = UnixStream::connect(path).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => ControlFault::NoGate(shown()),
        io::ErrorKind::PermissionDenied => ControlFault::Forbidden(shown()),
        _ => broken(e),
    })?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(broken)?;
    let mut line = serde_json::to_vec(request).map_err(|e| broken(e.into()))?;
    line.push(b'\n');
    match stream.write_all(&line) {
        // A gate that takes no more has said so without reading.
        Err(fault) if !matches!(fault.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => {
            return Err(broken(fault));
        }
        _ => {}
    }
    match read_line(&stream).map_err(broken)? {
        Answer::Ok(value) => Ok(value),
        Answer::Error(text) => Err(ControlFault::Refused(text)),
    }
}

/// Whether a gate listens at `path` and we may speak to it.
pub fn is_open(path: &Path) -> bool {
    UnixStream::connect(path).is_ok()
}

/// The socket a gate listens on. Dropping it removes the file and ends its thread.
#[derive(Debug)]
pub struct Socket {
    path: std::path::PathBuf,
}

impl Socket {
    /// Listens at `path` and answers with `handler`, one request a connection, on a thread of its own.
    ///
    /// # Errors
    /// If another gate answers there already, or the folder cannot be written.
    pub fn open(path: &Path, handler: Arc<dyn Handle>) -> io::Result<Self> {
        if let Ok(meta) = path.symlink_metadata() {
            if UnixStream::connect(path).is_ok() {
                return Err(io::Error::new(io::ErrorKind::AddrInUse, format!("another gate is running at {}", path.display())));
            }
            // Left behind by a gate that was killed.
            if meta.file_type().is_socket() {
                std::fs::remove_file(path)?;
            }
        }
        let listener = bind(path)?;
        // Whatever the umask took away.
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(MODE))?;
        std::thread::Builder::new().name("control".into()).spawn(move || serve(&listener, &handler))?;
        Ok(Self { path: path.to_owned() })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A socket that nobody else can reach at any moment: on Linux the file is made with the mode that the socket has (unix(7) leaves it
/// to the umask, which all threads share).
fn bind(path: &Path) -> io::Result<UnixListener> {
    let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None)?;
    nix::sys::stat::fchmod(&socket, nix::sys::stat::Mode::from_bits_truncate(MODE))?;
    socket.bind(&socket2::SockAddr::unix(path)?)?;
    socket.listen(MOST_AT_ONCE as i32)?;
    Ok(UnixListener::from(std::os::fd::OwnedFd::from(socket)))
}

fn serve(listener: &UnixListener, handler: &Arc<dyn Handle>) {
    let open = Arc::new(());
    for stream in listener.incoming() {
        let Ok(stream) = stream else { continue };
        let (handler, held) = (handler.clone(), open.clone());
        // Ours and this one's are no other connection's.
        if Arc::strong_count(&open) - 2 >= MOST_AT_ONCE {
            let _ = write(&mut Limited::within(&stream, Duration::from_secs(1)), &Answer::Error(BUSY.into()));
            continue;
        }
        // A thread a request: `settle` and `reload` take their time, and there are few askers.
        let spawned = std::thread::Builder::new().name("control-request".into()).spawn(move || {
            let _held = held;
            if let Err(fault) = answer(&stream, handler.as_ref()) {
                tracing::debug!(%fault, "a control request was not answered");
            }
        });
        if let Err(fault) = spawned {
            tracing::error!(%fault, "no thread for a control request");
        }
    }
}

const BUSY: &str = "the gate is answering 16 commands already: wait for one of them";

fn answer(stream: &UnixStream, handler: &dyn Handle) -> io::Result<()> {
    let credentials = nix::sys::socket::getsockopt(stream, nix::sys::socket::sockopt::PeerCredentials)?;
    let answer = match read_line::<Request>(Limited::new(stream)) {
        Ok(request) => match handler.handle(request, Peer { uid: credentials.uid() }) {
            Ok(value) => Answer::Ok(value),
            Err(text) => Answer::Error(text),
        },
        Err(fault) => Answer::Error(format!("the request could not be read: {fault}")),
    };
    write(&mut Limited::new(stream), &answer)
}

fn write(to: &mut impl Write, answer: &Answer) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    to.write_all(&line)
}

fn read_line<T: serde::de::DeserializeOwned>(from: impl Read) -> io::Result<T> {
    let mut line = Vec::new();
    BufReader::new(from.take(MAX_LINE)).read_until(b'\n', &mut line)?;
    Ok(serde_json::from_slice(&line)?)
}

/// One line over a connection, all of it within [`PATIENCE`]: a byte now and then does not hold it open.
struct Limited<'a> {
    stream: &'a UnixStream,
    until: Instant,
}

impl<'a> Limited<'a> {
    fn new(stream: &'a UnixStream) -> Self {
        Self::within(stream, PATIENCE)
    }

    fn within(stream: &'a UnixStream, time: Duration) -> Self {
        Self { stream, until: Instant::now() + time }
    }

    fn left(&self) -> io::Result<Duration> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

impl Read for Limited<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(self.left()?))?;
        self.stream.read(into).map_err(timed_out)
    }
}

impl Write for Limited<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(self.left()?))?;
        self.stream.write(bytes).map_err(timed_out)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// What a socket says whose time is over is that there is nothing yet.
fn timed_out(fault: io::Error) -> io::Error {
    if fault.kind() == io::ErrorKind::WouldBlock { io::ErrorKind::TimedOut.into() } else { fault }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Echo;

    #[test]
    fn the_socket_is_never_open_to_others() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("control.sock");
        let before = nix::sys::stat::umask(nix::sys::stat::Mode::empty());
        let listener = bind(&path);
        nix::sys::stat::umask(before);
        listener.expect("a socket");
        assert_eq!(std::fs::metadata(&path).expect("the socket").permissions().mode() & 0o777, 0o660);
    }

    #[test]
    fn only_so_many_speak_at_once_and_one_that_leaves_makes_room() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("control.sock");
        let _socket = Socket::open(&path, Arc::new(Echo)).expect("a socket");
        let mut silent: Vec<UnixStream> = (0..MOST_AT_ONCE).map(|_| UnixStream::connect(&path).expect("room")).collect();
        let refused = |fault| matches!(fault, ControlFault::Refused(text) if text == BUSY);
        assert!(ask(&path, &Request::Status).is_err_and(refused));
        drop(silent.pop());
        let deadline = Instant::now() + PATIENCE;
        while ask(&path, &Request::Status).is_err() {
            assert!(Instant::now() < deadline, "there is room again");
        }
    }

    #[test]
    fn a_byte_now_and_then_does_not_hold_a_connection_open() {
        let (mut slow, here) = UnixStream::pair().expect("a pair");
        let trickle = std::thread::spawn(move || while slow.write_all(b"x").is_ok() {});
        let read = read_line::<Request>(Limited::within(&here, Duration::from_millis(50)));
        drop(here);
        trickle.join().expect("it ends");
        assert!(read.is_err_and(|fault| fault.kind() == io::ErrorKind::TimedOut));
    }

    #[test]
    fn nor_does_one_that_says_nothing() {
        let (_silent, here) = UnixStream::pair().expect("a pair");
        let read = read_line::<Request>(Limited::within(&here, Duration::from_millis(50)));
        assert!(read.is_err_and(|fault| fault.kind() == io::ErrorKind::TimedOut));
    }

    impl Handle for Echo {
        fn handle(&self, request: Request, peer: Peer) -> Result<Value, String> {
            match request {
                Request::Status => Ok(serde_json::json!({ "uid": peer.uid })),
                other => Err(format!("{other:?}")),
            }
        }
    }

    #[test]
    fn a_request_is_answered_and_the_kernel_says_who_asked() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("control.sock");
        assert!(matches!(ask(&path, &Request::Status), Err(ControlFault::NoGate(_))));
        let socket = Socket::open(&path, Arc::new(Echo)).expect("a socket");
        let answer = ask(&path, &Request::Status).expect("an answer");
        assert_eq!(answer["uid"], nix::unistd::getuid().as_raw());
        assert!(matches!(ask(&path, &Request::Reload), Err(ControlFault::Refused(_))));
        assert_eq!(Socket::open(&path, Arc::new(Echo)).map_err(|e| e.kind()).err(), Some(io::ErrorKind::AddrInUse));
        let mode = std::fs::metadata(&path).expect("the socket").permissions().mode();
        assert_eq!(mode & 0o777, 0o660);
        drop(socket);
        assert!(!path.exists());
    }
}
