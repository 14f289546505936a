//! The peers from Debian, each set up as its manual says for one core, a large list and a cache that holds all that is asked.

use super::server::Server;
use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

/// A peer: its program, and how it is told its list.
pub struct Peer {
    pub name: &'static str,
    pub program: &'static str,
    /// Whether `--quick` leaves it out: it takes long to start.
    pub slow: bool,
    prepare: fn(&Setup) -> Command,
}

/// What every peer is given.
pub struct Setup<'a> {
    pub folder: &'a Path,
    pub address: SocketAddr,
    pub upstream: SocketAddr,
    /// One name a line.
    pub names: &'a [String],
}

pub const PEERS: [Peer; 5] = [
    Peer { name: "dnsdist-cdb", program: "dnsdist", slow: false, prepare: dnsdist_cdb },
    Peer { name: "pdns-recursor-rpz", program: "pdns_recursor", slow: false, prepare: pdns_recursor },
    Peer { name: "unbound-local-zone", program: "unbound", slow: false, prepare: unbound_local_zone },
    Peer { name: "bind-rpz", program: "named", slow: true, prepare: bind_rpz },
    Peer { name: "unbound-rpz", program: "unbound", slow: true, prepare: unbound_rpz },
];

impl Peer {
    /// `None`: it is not installed.
    pub fn start(&self, setup: &Setup) -> Option<Server> {
        let there = Command::new("sh").args(["-c", &format!("command -v {}", self.program)]).output();
        there.is_ok_and(|found| found.status.success()).then(|| {
            fs::create_dir_all(setup.folder).expect("a folder");
            Server::start(self.name, setup.address, &mut (self.prepare)(setup), setup.folder)
        })
    }
}

fn written(setup: &Setup, name: &str, text: &str) -> String {
    let path = setup.folder.join(name);
    fs::write(&path, text).expect("written");
    path.display().to_string()
}

fn dnsdist_cdb(setup: &Setup) -> Command {
    let lines: String = setup.names.iter().map(|name| format!("{name} 1\n")).collect();
    let (list, cdb) = (written(setup, "list.txt", &lines), setup.folder.join("list.cdb"));
    let made = Command::new("cdb").args(["-c", "-m"]).arg(&cdb).arg(&list).status();
    assert!(made.is_ok_and(|made| made.success()), "cdb, of Debian's tinycdb, makes the file");
    let config = format!(
        "setLocal('{}')\nnewServer({{address='{}', checkInterval=60}})\nsetSecurityPollSuffix('')\n\
         setACL({{'127.0.0.0/8'}})\n\
         getPool(''):setCache(newPacketCache(200000, {{maxTTL=86400}}))\n\
         addAction(KeyValueStoreLookupRule(newCDBKVStore('{}', 1), KeyValueLookupKeySuffix(0, false)), RCodeAction(DNSRCode.NXDOMAIN))\n",
        setup.address,
        setup.upstream,
        cdb.display()
    );
    let mut command = Command::new("dnsdist");
    command.args(["--supervised", "--disable-syslog", "-C", &written(setup, "dnsdist.conf", &config)]);
    command
}

/// Response policy zone: each name, and everything below it.
fn rpz(setup: &Setup) -> String {
    let mut zone = String::from(
        "$ORIGIN rpz.local.\n$TTL 3600\n@ IN SOA localhost. root.localhost. 1 3600 900 86400 3600\n@ IN NS localhost.\n",
    );
    for name in setup.names {
        let _ = writeln!(zone, "{name} CNAME .\n*.{name} CNAME .");
    }
    written(setup, "rpz.zone", &zone)
}

fn pdns_recursor(setup: &Setup) -> Command {
    let folder = setup.folder.display();
    fs::create_dir_all(setup.folder.join("run")).expect("a folder");
    let lua = format!("rpzFile('{}', {{policyName='rpz', defpol=Policy.NXDOMAIN}})\n", rpz(setup));
    let lua = written(setup, "rpz.lua", &lua);
    let (ip, port) = (setup.address.ip(), setup.address.port());
    let config = format!(
        "local-address={ip}\nlocal-port={port}\nallow-from=127.0.0.0/8\nthreads=1\npdns-distributes-queries=no\n\
         forward-zones-recurse=.={}\ndnssec=off\nlua-config-file={lua}\nsocket-dir={folder}/run\nsecurity-poll-suffix=\nsetuid=\nsetgid=\n\
         daemon=no\nquiet=yes\n",
        setup.upstream
    );
    written(setup, "recursor.conf", &config);
    let mut command = Command::new("pdns_recursor");
    command.arg(format!("--config-dir={folder}"));
    command
}

fn unbound(setup: &Setup, modules: &str, more: &str) -> Command {
    let (ip, port, folder) = (setup.address.ip(), setup.address.port(), setup.folder.display());
    let (up, up_port) = (setup.upstream.ip(), setup.upstream.port());
    let config = format!(
        "server:\n  interface: {ip}@{port}\n  access-control: 127.0.0.0/8 allow\n  num-threads: 1\n  username: \"\"\n  chroot: \"\"\n  \
         directory: \"{folder}\"\n  pidfile: \"{folder}/unbound.pid\"\n  use-syslog: no\n  do-not-query-localhost: no\n  \
         module-config: \"{modules}\"\n  msg-cache-size: 64m\n  rrset-cache-size: 128m\n  so-rcvbuf: 4m\n  minimal-responses: yes\n{more}\
         forward-zone:\n  name: \".\"\n  forward-addr: {up}@{up_port}\n"
    );
    let mut command = Command::new("unbound");
    command.args(["-d", "-c", &written(setup, "unbound.conf", &config)]);
    command
}

fn unbound_local_zone(setup: &Setup) -> Command {
    let zones: String = setup.names.iter().map(|name| format!("local-zone: \"{name}\" always_nxdomain\n")).collect();
    let zones = written(setup, "zones.conf", &zones);
    unbound(setup, "iterator", &format!("  include: \"{zones}\"\n"))
}

fn unbound_rpz(setup: &Setup) -> Command {
    let zone = rpz(setup);
    unbound(setup, "respip iterator", &format!("rpz:\n  name: rpz.local\n  zonefile: {zone}\n  rpz-action-override: nxdomain\n"))
}

fn bind_rpz(setup: &Setup) -> Command {
    let (ip, port, folder) = (setup.address.ip(), setup.address.port(), setup.folder.display());
    let (up, up_port) = (setup.upstream.ip(), setup.upstream.port());
    let zone = rpz(setup);
    let config = format!(
        "logging {{ channel words {{ stderr; severity warning; }}; category default {{ words; }}; category rpz {{ null; }}; }};\n\
         options {{ directory \"{folder}\"; pid-file \"{folder}/named.pid\"; session-keyfile \"{folder}/session.key\";\n\
         listen-on port {port} {{ {ip}; }}; listen-on-v6 {{ none; }}; allow-query {{ 127.0.0.0/8; }}; recursion yes;\n\
         dnssec-validation no; forward only; forwarders {{ {up} port {up_port}; }}; max-cache-size 256m; minimal-responses yes;\n\
         response-policy {{ zone \"rpz.local\" policy nxdomain; }} qname-wait-recurse no; }};\n\
         zone \"rpz.local\" {{ type primary; file \"{zone}\"; allow-query {{ none; }}; notify no; }};\ncontrols {{ }};\n"
    );
    let mut command = Command::new("named");
    // `-g` would write a line for each name that is blocked.
    command.args(["-n", "1", "-f", "-c", &written(setup, "named.conf", &config)]);
    command
}
