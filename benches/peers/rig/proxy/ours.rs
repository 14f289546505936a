//! The gate as it ships, its proxy door open, with the corpus for lists.

use super::corpus::List;
use super::origin::{ADDRESSES, at};
use super::server::Server;
use super::texts::LIMIT;
use std::fmt::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

const BINARY: &str = env!("CARGO_BIN_EXE_schoolgate");

/// A configuration in a folder of its own, its lists compiled.
pub struct Ours {
    pub address: SocketAddr,
    config: PathBuf,
    folder: PathBuf,
}

/// Where clients come from that are looked into, and whose pages are scored.
pub const LOOKED_INTO: [u8; 4] = [127, 4, 0, 1];
pub const SCORED: [u8; 4] = [127, 5, 0, 1];

impl Ours {
    /// One that looks into TLS to an origin of this authority, and scores pages by e2guardian's phrases, if these are there.
    pub fn deep(folder: &Path, dns: SocketAddr, origins: &[SocketAddr], lists: &[List], world: &Path, phrases: &Path) -> Self {
        let phrases = phrases.join("weightedphraselist");
        let phrases = match phrases.exists() {
            true => format!("[[phrases]]\nfile = \"{}\"\ncategory = \"adult\"\n", phrases.display()),
            false => String::new(),
        };
        let more = format!(
            "[[network]]\nname = \"inside\"\nranges = [\"127.4.0.0/16\"]\nprofile = \"bench\"\nca = \"installed\"\n\
             [[network]]\nname = \"scored\"\nranges = [\"127.5.0.0/16\"]\nprofile = \"scored\"\n\
             [inside]\ntrust = \"{}\"\n{phrases}",
            world.display()
        );
        let profile = format!("\n[profile.scored]\npupils = true\nblock = [\"adult\"]\nphrase_limit = {LIMIT}\n");
        let ours = Self::with(folder, dns, origins, lists, &more, &profile);
        ours.run(&["ca", "init"]);
        ours
    }

    pub fn configure(folder: &Path, dns: SocketAddr, origin: SocketAddr, lists: &[List]) -> Self {
        Self::with(folder, dns, &[origin], lists, "", "")
    }

    fn with(folder: &Path, dns: SocketAddr, leads: &[SocketAddr], lists: &[List], more: &str, profiles: &str) -> Self {
        let address = free_port();
        let project = Path::new(env!("CARGO_MANIFEST_DIR"));
        let every = leads.iter().flat_map(|origin| (0..ADDRESSES).map(|number| at(*origin, number)));
        let origins: Vec<String> = every.map(|origin| format!("\"{origin}\"")).collect();
        let ports: Vec<String> = leads.iter().map(|origin| origin.port().to_string()).collect();
        let mut text = format!(
            "[school]\nname = \"Bench\"\n[dns]\nlisten = []\nupstreams = [\"{dns}\"]\n[proxy]\nlisten = [\"{address}\"]\n\
             ports = [{}]\ndestinations = [{}]\n[web]\nlisten = []\n[data]\ndir = \"{}\"\n[lists]\nshipped = \"{}\"\n\
             [[network]]\nname = \"lab\"\nranges = [\"127.0.0.0/8\"]\nprofile = \"bench\"\n{more}",
            ports.join(", "),
            origins.join(", "),
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
        let profile = format!("{shipped}\n[profile.bench]\npupils = true\nblock = [{}]\n{profiles}", block.join(", "));
        std::fs::write(folder.join("config/profiles.toml"), profile).expect("written");
        let ours = Self { address, config, folder: folder.into() };
        ours.run(&["lists", "compile"]);
        ours
    }

    fn run(&self, words: &[&str]) {
        let done = Command::new(BINARY).arg("--config").arg(&self.config).args(words).output().expect("it runs");
        assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    pub fn start(&self) -> Server {
        let mut command = Command::new(BINARY);
        command.arg("--config").arg(&self.config).arg("run");
        Server::start("schoolgate", self.address, &mut command, &self.folder)
    }
}

pub fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}
