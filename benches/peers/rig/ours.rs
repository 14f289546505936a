//! The gate as it ships, with the corpus for lists.

use super::corpus::List;
use super::server::Server;
use std::fmt::Write;
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;

pub const BINARY: &str = env!("CARGO_BIN_EXE_schoolgate");

/// A configuration in a folder of its own, its lists compiled.
pub struct Ours {
    pub config: PathBuf,
    pub address: SocketAddr,
    folder: PathBuf,
}

impl Ours {
    pub fn configure(folder: &Path, upstream: SocketAddr, lists: &[List]) -> Self {
        let address = free_port();
        let project = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut text = format!(
            "[school]\nname = \"Bench\"\n[dns]\nlisten = [\"{address}\"]\nworkers = 1\nupstreams = [\"{upstream}\"]\n[proxy]\nlisten = []\n\
             [web]\nlisten = []\n[data]\ndir = \"{}\"\n[lists]\nshipped = \"{}\"\n[[network]]\nname = \"lab\"\nranges = [\"127.0.0.0/8\"]\n\
             profile = \"bench\"\n",
            folder.join("var").display(),
            project.join("blocklists").display(),
        );
        for List { name, category, file } in lists {
            let (file, category) = (file.display(), category.id().unwrap_or("adult"));
            let _ =
                write!(text, "[[list]]\nname = \"{name}\"\ncategory = \"{category}\"\nfile = \"{file}\"\nformat = \"domains\"\n");
        }
        std::fs::create_dir_all(folder.join("config")).expect("a folder");
        let config = folder.join("config/schoolgate.toml");
        std::fs::write(&config, text).expect("written");
        // Everything that is on a list is blocked, as the peers block it.
        let mut block: Vec<String> = lists.iter().filter_map(|list| list.category.id()).map(|id| format!("\"{id}\"")).collect();
        block.retain(|id| !["\"malware\"", "\"phishing\""].contains(&id.as_str()));
        block.sort();
        block.dedup();
        let shipped = std::fs::read_to_string(project.join("config/profiles.toml")).expect("the profiles");
        let profile = format!("{shipped}\n[profile.bench]\npupils = true\nblock = [{}]\n", block.join(", "));
        std::fs::write(folder.join("config/profiles.toml"), profile).expect("written");
        Self { config, address, folder: folder.into() }
    }

    pub fn compile(&self) {
        let done = Command::new(BINARY).arg("--config").arg(&self.config).args(["lists", "compile"]).output().expect("it runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    pub fn start(&self) -> Server {
        let mut command = Command::new(BINARY);
        command.arg("--config").arg(&self.config).arg("run");
        Server::start("schoolgate", self.address, &mut command, &self.folder)
    }

    /// The same gate with its journal stopped: what happens is counted as dropped, and nothing is written.
    pub fn start_without_journal(&self) -> Server {
        let mut command = Command::new(std::env::current_exe().expect("this bench"));
        command.arg("--without-journal").arg(&self.config);
        Server::start("without-journal", self.address, &mut command, &self.folder)
    }

    pub fn control(&self) -> PathBuf {
        self.folder.join("var/control.sock")
    }
}

/// Runs until it is told to stop.
pub fn serve_without_journal(config: &Path) {
    let read = schoolgate::reload::read_config(Some(config)).expect("a configuration");
    let app = schoolgate::app::build(read, Some(config.into()), schoolgate::gate::Clock::System).expect("a gate");
    app.gate.journal.stop();
    app.run_until_signalled().expect("it ran");
}

/// A port that nobody has at this moment.
pub fn free_port() -> SocketAddr {
    UdpSocket::bind("127.0.0.1:0").expect("a socket").local_addr().expect("an address")
}
