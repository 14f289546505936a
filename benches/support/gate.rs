//! A real gate for a bench to ask.

use schoolgate::demo::internet::Internet;
use schoolgate::gate::control::{self, Request};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The binary, running in a folder of its own.
pub struct Gate {
    child: Child,
    pub dns: SocketAddr,
    pub socket: PathBuf,
}

impl Gate {
    /// Starts it, on one core alone if that is said.
    pub fn start(folder: &Path, internet: &Internet, core: Option<u32>) -> Self {
        let text = format!(
            "[school]\nname = \"Bench\"\n[dns]\nlisten = [\"127.0.0.1:0\"]\nupstreams = [\"{}\"]\n[proxy]\nlisten = []\n[web]\n\
             listen = []\n[data]\ndir = \"{}\"\n[lists]\nshipped = \"{}/blocklists\"\n[[network]]\nname = \"lab\"\n\
             ranges = [\"127.0.0.0/8\"]\nprofile = \"secondary\"\n",
            internet.dns,
            folder.join("var").display(),
            env!("CARGO_MANIFEST_DIR"),
        );
        let config = folder.join("config/schoolgate.toml");
        std::fs::create_dir_all(folder.join("config")).expect("a folder");
        std::fs::write(&config, text).expect("written");
        let log = std::fs::File::create(folder.join("gate.log")).expect("a log");
        let me = env!("CARGO_BIN_EXE_schoolgate");
        let mut command = match core {
            None => Command::new(me),
            Some(core) => {
                let mut command = Command::new("taskset");
                command.args(["-c", &core.to_string(), me]);
                command
            }
        };
        let child = command.arg("--config").arg(&config).arg("run").stdout(Stdio::null()).stderr(log).spawn();
        let socket = folder.join("var/control.sock");
        let mut gate = Self { child: child.expect("it starts"), dns: SocketAddr::from(([127, 0, 0, 1], 0)), socket };
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            if let Ok(status) = control::ask(&gate.socket, &Request::Status) {
                gate.dns = serde_json::from_value(status["doors"]["dns"][0].clone()).expect("an address");
                return gate;
            }
            assert!(Instant::now() < until, "{}", std::fs::read_to_string(folder.join("gate.log")).unwrap_or_default());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A question for the address of a name.
pub fn query(name: &str) -> Vec<u8> {
    let mut query = vec![0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        query.push(label.len() as u8);
        query.extend_from_slice(label.as_bytes());
    }
    query.extend_from_slice(&[0, 0, 1, 0, 1]);
    query
}
