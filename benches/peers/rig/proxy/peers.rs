//! The peers from Debian, each set up as its manual says for one core, with a list and a log.

use super::load::{HOSTS, Way, name};
use super::origin::at;
use super::server::Server;
use super::texts::LIMIT;
use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

/// What a server can be measured at.
#[derive(Clone, Copy, PartialEq)]
pub enum Part {
    /// Tunnels, as a forward proxy.
    Connect,
    /// Tunnels whose ClientHello is read.
    Hello,
    /// Pages, kept connections.
    Page,
    Bulk,
    Idle,
    /// Tunnels that are looked into.
    Within,
    /// Pages that are scored.
    Text,
}

impl Part {
    /// What `--only` calls it, or the parts of it.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::Connect => &["connect"],
            Self::Hello => &["hello"],
            Self::Page => &["page", "latency"],
            Self::Bulk => &["bulk"],
            Self::Idle => &["idle"],
            Self::Within => &["within"],
            Self::Text => &["text"],
        }
    }
}

pub struct Peer {
    pub name: &'static str,
    pub program: &'static str,
    pub way: Way,
    pub parts: &'static [Part],
    /// Most names of the list: what it can look up without a walk along the whole of it.
    pub most_names: usize,
    prepare: fn(&Setup) -> Command,
}

/// What every peer is given.
pub struct Setup<'a> {
    pub folder: &'a Path,
    pub address: SocketAddr,
    pub origin: SocketAddr,
    /// One name a line, none of them below another.
    pub names: &'a [String],
    /// The authority of the origin (PEM).
    pub world: &'a Path,
}

const ALL: &[Part] = &[Part::Connect, Part::Hello, Part::Page, Part::Bulk, Part::Idle];

/// Of those that hold a thread a connection, and fewer of them than the idle tunnels are: who waits for one waits for minutes.
const BUT_IDLE: &[Part] = &[Part::Connect, Part::Hello, Part::Page, Part::Bulk];

pub const PEERS: [Peer; 7] = [
    Peer { name: "squid", program: "squid", way: Way::Names, parts: ALL, most_names: 200_000, prepare: squid },
    Peer {
        name: "squid-splice",
        program: "squid",
        way: Way::Names,
        parts: &[Part::Hello, Part::Bulk, Part::Idle],
        most_names: 200_000,
        prepare: squid_splice,
    },
    Peer {
        name: "squid-bump",
        program: "squid",
        way: Way::Names,
        parts: &[Part::Within],
        most_names: 200_000,
        prepare: squid_bump,
    },
    Peer {
        name: "e2guardian-phrases",
        program: "e2guardian",
        way: Way::Addresses,
        parts: &[Part::Text],
        most_names: 200_000,
        prepare: e2guardian_phrases,
    },
    Peer {
        name: "e2guardian",
        program: "e2guardian",
        way: Way::Addresses,
        parts: BUT_IDLE,
        most_names: 200_000,
        prepare: e2guardian,
    },
    Peer { name: "tinyproxy", program: "tinyproxy", way: Way::Addresses, parts: BUT_IDLE, most_names: 1_000, prepare: tinyproxy },
    // A reverse proxy: it can only pass requests on to one origin.
    Peer { name: "haproxy", program: "haproxy", way: Way::Names, parts: &[Part::Page], most_names: 200_000, prepare: haproxy },
];

impl Peer {
    /// `None`: it is not installed.
    pub fn start(&self, setup: &Setup) -> Option<Server> {
        let there = Command::new("sh").args(["-c", &format!("command -v {}", self.program)]).output();
        there.is_ok_and(|found| found.status.success()).then(|| {
            fs::create_dir_all(setup.folder).expect("a folder");
            // Those that change their user write here.
            let _ = Command::new("chmod").arg("777").arg(setup.folder).status();
            let setup = Setup { names: &setup.names[..setup.names.len().min(self.most_names)], ..*setup };
            Server::start(self.name, setup.address, &mut (self.prepare)(&setup), setup.folder)
        })
    }
}

fn written(setup: &Setup, name: &str, text: &str) -> String {
    let path = setup.folder.join(name);
    fs::write(&path, text).expect("written");
    path.display().to_string()
}

fn squid_with(setup: &Setup, port: &str, more: &str) -> Command {
    let folder = setup.folder.display();
    let list: String = setup.names.iter().map(|name| format!(".{name}\n")).collect();
    let list = written(setup, "list.txt", &list);
    let hosts = (0..HOSTS).fold(String::new(), |mut hosts, n| {
        let _ = writeln!(hosts, "{} {}", at(setup.origin, n).ip(), name(n));
        hosts
    });
    let hosts = written(setup, "hosts", &hosts);
    // As shipped, the two `extras` make it look up the name of every client's address (%>A), which nobody has here.
    let config = format!(
        "http_port {}{port}\naccess_log stdio:{folder}/access.log\ncache_log {folder}/cache.log\npid_filename {folder}/squid.pid\n\
         coredump_dir {folder}\ncache deny all\ncache_mem 8 MB\nshutdown_lifetime 0 seconds\nmax_filedescriptors 20000\n\
         hosts_file {hosts}\ndns_nameservers 127.0.0.1\nurl_rewrite_extras \"%un\"\nstore_id_extras \"%un\"\nvisible_hostname bench\nvia off\nforwarded_for delete\npinger_enable off\n\
         acl listed dstdomain \"{list}\"\n{more}http_access deny listed\nhttp_access allow all\n",
        setup.address
    );
    let mut command = Command::new("squid");
    command.args(["-N", "-f", &written(setup, "squid.conf", &config)]);
    command
}

fn squid(setup: &Setup) -> Command {
    squid_with(setup, "", "")
}

/// Reads the ClientHello and carries what it may, untouched.
fn squid_splice(setup: &Setup) -> Command {
    squid_with_tls(setup, "ssl_bump splice all\n")
}

/// Ends the client's TLS and begins another to the origin, whose certificate is verified.
fn squid_bump(setup: &Setup) -> Command {
    squid_with_tls(setup, &format!("ssl_bump bump all\ntls_outgoing_options cafile={}\n", setup.world.display()))
}

fn squid_with_tls(setup: &Setup, then: &str) -> Command {
    let database = setup.folder.join("certificates");
    let certgen = "/usr/lib/squid/security_file_certgen";
    let _ = Command::new(certgen).arg("-c").arg("-s").arg(&database).args(["-M", "16MB"]).output();
    let _ = Command::new("chmod").arg("-R").arg("777").arg(&database).status();
    let ca = setup.folder.join("ca.pem");
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).expect("a certificate");
    fs::write(&ca, certificate.pem() + &key.serialize_pem()).expect("written");
    let _ = Command::new("chmod").arg("644").arg(&ca).status();
    let port = format!(" ssl-bump generate-host-certificates=on dynamic_cert_mem_cache_size=16MB tls-cert={}", ca.display());
    let list = setup.folder.join("list.txt");
    let more = format!(
        "sslcrtd_program {certgen} -s {} -M 16MB\nsslcrtd_children 1 startup=1\nacl listed_tls ssl::server_name \"{}\"\n\
         acl step1 at_step SslBump1\nssl_bump peek step1\nssl_bump terminate listed_tls\n{then}",
        database.display(),
        list.display()
    );
    squid_with(setup, &port, &more)
}

fn e2guardian(setup: &Setup) -> Command {
    e2guardian_with(setup, false)
}

/// Its own phrases, each page looked through, none over the limit but one.
fn e2guardian_phrases(setup: &Setup) -> Command {
    e2guardian_with(setup, true)
}

fn e2guardian_with(setup: &Setup, phrases: bool) -> Command {
    let copy = setup.folder.join("e2guardian");
    let _ = Command::new("cp").arg("-r").arg("/etc/e2guardian").arg(&copy).status();
    let to = copy.display();
    let move_it = format!("grep -rlI /etc/e2guardian {to} | xargs sed -i 's#/etc/e2guardian#{to}#g'");
    let _ = Command::new("sh").args(["-c", &move_it]).status();
    let list = setup.names.join("\n");
    fs::write(copy.join("lists/big"), list).expect("written");
    let append = |file: &str, text: &str| {
        let old = fs::read_to_string(copy.join(file)).unwrap_or_default();
        fs::write(copy.join(file), old + text).expect("written");
    };
    append("lists/bannedsitelist", &format!("\n.Include<{to}/lists/big>\n"));
    for list in ["bannedphraselist", "exceptionphraselist", "weightedphraselist"].iter().take(if phrases { 2 } else { 3 }) {
        fs::write(copy.join("lists").join(list), "").expect("written");
    }
    let folder = setup.folder.display();
    for file in ["e2guardian.conf", "e2guardianf1.conf"] {
        let text = fs::read_to_string(copy.join(file)).unwrap_or_default();
        let line = |line: &str| {
            let key = line.split([' ', '=']).next().unwrap_or_default().to_owned();
            match key.as_str() {
                "filterports" => format!("filterports = {}", setup.address.port()),
                "filterip" => format!("filterip = {}", setup.address.ip()),
                "transparenthttpsport" => format!("# {line}"),
                "nodaemon" => "nodaemon = on".into(),
                "weightedphrasemode" if !phrases => "weightedphrasemode = 0".into(),
                "naughtynesslimit" => format!("naughtynesslimit = {LIMIT}"),
                // Said once, at the end.
                "loglocation" | "pidfilename" | "daemonuser" | "daemongroup" | "disablecontentscan" => String::new(),
                _ => line.to_owned(),
            }
        };
        let text: Vec<String> = text.lines().map(line).collect();
        let more = match file {
            "e2guardian.conf" => format!(
                "\nloglocation = '{folder}/access.log'\npidfilename = '{folder}/e2.pid'\ndaemonuser = 'root'\ndaemongroup = 'root'\n"
            ),
            _ if phrases => String::new(),
            _ => "\ndisablecontentscan = on\n".into(),
        };
        fs::write(copy.join(file), text.join("\n") + &more).expect("written");
    }
    let mut command = Command::new("e2guardian");
    command.arg("-N").arg("-c").arg(copy.join("e2guardian.conf"));
    command
}

fn tinyproxy(setup: &Setup) -> Command {
    let filter = written(setup, "filter", &(setup.names.join("\n") + "\n"));
    let config = format!(
        "User root\nGroup root\nPort {}\nListen {}\nTimeout 600\nMaxClients 12000\nLogFile \"{}/access.log\"\nLogLevel Connect\n\
         Filter \"{filter}\"\nFilterType fnmatch\nFilterURLs Off\nFilterDefaultDeny No\nAllow 127.0.0.0/8\n",
        setup.address.port(),
        setup.address.ip(),
        setup.folder.display()
    );
    let mut command = Command::new("tinyproxy");
    command.args(["-d", "-c", &written(setup, "tinyproxy.conf", &config)]);
    command
}

fn haproxy(setup: &Setup) -> Command {
    let list = written(setup, "list.txt", &(setup.names.join("\n") + "\n"));
    let config = format!(
        "global\n  maxconn 9000\n  nbthread 1\n  log stdout format raw local0 info\ndefaults\n  log global\n  option httplog\n  \
         timeout client 300s\n  timeout server 300s\n  timeout connect 5s\nfrontend f\n  mode http\n  bind {}\n  \
         http-request deny if {{ req.hdr(host),field(1,:) -m str -f {list} }}\n  default_backend o\nbackend o\n  mode http\n  \
         http-reuse always\n  server o {}\n",
        setup.address, setup.origin
    );
    let mut command = Command::new("haproxy");
    command.args(["-db", "-f", &written(setup, "haproxy.cfg", &config)]);
    command
}
