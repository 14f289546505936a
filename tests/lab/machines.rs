//! Machines that are network namespaces, and the cables between them.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Whether this machine can be a lab; else what it lacks.
pub fn lacks() -> Option<String> {
    if !nix::unistd::geteuid().is_root() {
        return Some("root".into());
    }
    let there =
        |program: &str| ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].iter().any(|f| PathBuf::from(f).join(program).exists());
    ["ip", "nft", "curl", "openssl", "dig"].into_iter().find(|program| !there(program)).map(|program| format!("`{program}`"))
}

/// Runs a command that must succeed.
pub fn must(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|fault| panic!("{program}: {fault}"));
    let said = said(&output);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    said
}

/// What a command printed, standard error after standard output.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A machine of its own. Dropped: unplugged and gone.
pub struct Machine {
    pub name: String,
}

impl Machine {
    pub fn new(label: &str) -> Self {
        // Several labs may run at once, in one process or in several.
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let machine = Self { name: format!("sg{}-{number}-{label}", std::process::id()) };
        must("ip", &["netns", "add", &machine.name]);
        machine.must("ip", &["link", "set", "lo", "up"]);
        machine
    }

    /// Whom its programs ask for names.
    pub fn resolver(&self, address: &str) {
        let folder = self.etc();
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("resolv.conf"), format!("nameserver {address}\noptions timeout:2 attempts:1\n"))
            .expect("written");
    }

    fn etc(&self) -> PathBuf {
        PathBuf::from("/etc/netns").join(&self.name)
    }

    /// A cable to another machine; addresses with their prefix length, each end's own.
    pub fn cable(&self, other: &Machine, interface: &str, mine: &[&str], theirs: &[&str]) {
        let their = format!("to-{}", self.name.rsplit('-').next().expect("a label"));
        let ends = ["link", "add", interface, "netns", &self.name, "type", "veth", "peer", "name", &their, "netns", &other.name];
        must("ip", &ends);
        for (machine, interface, addresses) in [(self, interface, mine), (other, &their, theirs)] {
            for address in addresses {
                let without_dad: &[&str] = if address.contains(':') { &["nodad"] } else { &[] };
                machine.must("ip", &[&["address", "add", address, "dev", interface], without_dad].concat());
            }
            machine.must("ip", &["link", "set", interface, "up"]);
        }
    }

    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]).arg(program).stdin(Stdio::null());
        command
    }

    /// Runs a command that must succeed.
    pub fn must(&self, program: &str, arguments: &[&str]) -> String {
        must("ip", &[&["netns", "exec", &self.name, program], arguments].concat())
    }

    /// What a client printed, however it ended.
    pub fn says(&self, program: &str, arguments: &[&str]) -> String {
        said(&self.command(program).args(arguments).output().expect("it runs"))
    }

    /// `curl`, with head and body; a fault is told in words.
    pub fn curl(&self, arguments: &[&str]) -> String {
        self.says("curl", &[&["-sS", "-i", "--max-time", "20"], arguments].concat())
    }

    /// Does something on this machine: sockets that are made there are of its network.
    pub fn on<T: Send>(&self, what: impl FnOnce() -> T + Send) -> T {
        let place = std::fs::File::open(format!("/run/netns/{}", self.name)).expect("the machine is there");
        std::thread::scope(|scope| {
            let there = || {
                nix::sched::setns(&place, nix::sched::CloneFlags::CLONE_NEWNET).expect("root");
                what()
            };
            scope.spawn(there).join().expect("it does not panic")
        })
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "del", &self.name]).output();
        let _ = std::fs::remove_dir_all(self.etc());
    }
}

/// A program that runs until it is dropped.
pub struct Running(pub Child);

impl Running {
    pub fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.0.id() as i32), signal).expect("it runs");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}
