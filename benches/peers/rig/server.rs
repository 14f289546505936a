//! A server under load: a process on the first core, and what it used.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Core of the server under load, and of the load.
pub const SERVER_CORE: usize = 0;
pub const LOAD_CORE: usize = 1;

/// A running server. Dropped: killed.
pub struct Server {
    pub name: String,
    pub address: SocketAddr,
    child: Child,
    started: Instant,
}

impl Server {
    /// Starts a command on the server's core; what it says goes to a log in `folder`.
    pub fn start(name: &str, address: SocketAddr, command: &mut Command, folder: &Path) -> Self {
        let log = std::fs::File::create(folder.join(format!("{name}.log"))).expect("a log");
        let also = log.try_clone().expect("a log");
        let mut pinned = Command::new("taskset");
        pinned.arg("-c").arg(SERVER_CORE.to_string()).arg(command.get_program()).args(command.get_args());
        pinned.stdin(Stdio::null()).stdout(log).stderr(also);
        let started = Instant::now();
        Self { name: name.into(), address, child: pinned.spawn().expect("it starts"), started }
    }

    /// Milliseconds from its start until it answers as `right` says. `None`: not within the time.
    pub fn wait(&mut self, question: &[u8], right: impl Fn(&[u8]) -> bool, most: Duration) -> Option<f64> {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.set_read_timeout(Some(Duration::from_millis(20))).expect("a limit");
        let mut buffer = [0; 1_500];
        while self.started.elapsed() < most && self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            let _ = socket.send_to(question, self.address);
            match socket.recv(&mut buffer) {
                Ok(length) if length >= 12 && right(&buffer[..length]) => {
                    return Some(self.started.elapsed().as_secs_f64() * 1e3);
                }
                Ok(_) => {}
                Err(_) => std::thread::sleep(Duration::from_millis(1)),
            }
        }
        None
    }

    /// Seconds of CPU of all its threads so far, user and system.
    pub fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("it runs");
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |field: usize| fields.get(field).and_then(|f| f.parse::<f64>().ok()).unwrap_or_default();
        (ticks(11) + ticks(12)) / 100.0
    }

    /// Private memory in megabytes: what is not a file.
    pub fn private_mb(&self) -> f64 {
        self.status("RssAnon:") / 1024.0
    }

    pub fn resident_mb(&self) -> f64 {
        self.status("VmRSS:") / 1024.0
    }

    fn status(&self, key: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or("0");
        line.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The word to stop first: the next one needs the port and the memory.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let until = Instant::now() + Duration::from_secs(8);
        while Instant::now() < until {
            if self.child.try_wait().is_ok_and(|ended| ended.is_some()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Keeps the calling thread, and those it makes, on one core.
pub fn pin(core: usize) {
    let mut set = nix::sched::CpuSet::new();
    let _ = set.set(core);
    let _ = nix::sched::sched_setaffinity(nix::unistd::Pid::from_raw(0), &set);
}
