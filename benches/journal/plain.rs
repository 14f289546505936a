//! The same events in a table as anybody would make it, and the aggregation that any weekly report begins with: SQLite and
//! PostgreSQL 15. Nine columns; in SQLite each text is stored once and the rows hold its number, as a gate of one file would do it.

use crate::mix::Mix;
use rusqlite::{Connection, params};
use schoolgate::policy::Action;
use std::collections::HashMap;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// What the one or the other came to.
pub struct Plain {
    pub rows_s: f64,
    pub bytes_per_event: f64,
    pub aggregate_s: f64,
}

impl Plain {
    pub fn figures(&self, name: &str) {
        println!("figure {name}_rows_s {:.0} rows/s", self.rows_s);
        println!("figure {name}_bytes_per_event {:.1} bytes", self.bytes_per_event);
        println!("figure {name}_aggregate_s {:.2} s", self.aggregate_s);
    }
}

/// Rows of one transaction.
const AT_ONCE: u64 = 10_000;

const AGGREGATE: &str = "SELECT usr, cat, count(*), sum(act), min(t), max(t) FROM log GROUP BY usr, cat";

pub fn sqlite(events: u64) -> Plain {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log.db");
    let mut db = Connection::open(&path).expect("opened");
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
         CREATE TABLE s (id INTEGER PRIMARY KEY, v TEXT);
         CREATE TABLE log (t INTEGER, usr INTEGER, dev INTEGER, ip INTEGER, host INTEGER, path TEXT, cat INTEGER, act INTEGER, rule INTEGER);",
    )
    .expect("made");
    let (mut mix, mut ids, begun) = (Mix::new(), HashMap::<String, i64>::new(), Instant::now());
    for from in (0..events).step_by(AT_ONCE as usize) {
        let transaction = db.transaction().expect("begun");
        {
            let mut insert = transaction.prepare_cached("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)").expect("prepared");
            let mut text = transaction.prepare_cached("INSERT INTO s VALUES (?, ?)").expect("prepared");
            let mut id = |of: &str| match ids.get(of) {
                Some(id) => *id,
                None => {
                    let id = ids.len() as i64 + 1;
                    ids.insert(of.to_owned(), id);
                    text.execute(params![id, of]).expect("inserted");
                    id
                }
            };
            for nth in from..(from + AT_ONCE).min(events) {
                let event = mix.event(nth as i64 * 12);
                let who = event.who.expect("somebody");
                let (person, client) = (who.person.map_or(0, |p| p.0), who.client.to_string());
                let category = event.category.map_or_else(String::new, |c| c.to_string());
                let ids = [&format!("p{person:04}"), &format!("Laptop {person}"), &client, &*event.host, &category].map(&mut id);
                let path = (!event.path.is_empty()).then_some(&*event.path);
                let values = params![
                    event.when_ms,
                    ids[0],
                    ids[1],
                    ids[2],
                    ids[3],
                    path,
                    ids[4],
                    event.action == Action::Block,
                    event.rule
                ];
                insert.execute(values).expect("inserted");
            }
        }
        transaction.commit().expect("committed");
    }
    let rows_s = events as f64 / begun.elapsed().as_secs_f64();
    db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").expect("checkpointed");
    let bytes_per_event = std::fs::metadata(&path).expect("there").len() as f64 / events as f64;
    let begun = Instant::now();
    let groups = db.prepare(AGGREGATE).expect("prepared").query_map([], |row| row.get::<_, i64>(2)).expect("asked").count();
    assert!(groups > 1_000);
    Plain { rows_s, bytes_per_event, aggregate_s: begun.elapsed().as_secs_f64() }
}

/// `None`: PostgreSQL 15 is not here, or may not be started by us.
pub fn postgres(events: u64) -> Option<Plain> {
    let bin = Path::new("/usr/lib/postgresql/15/bin");
    if !bin.join("postgres").exists() {
        println!("PostgreSQL 15 is not installed (`apt-get install postgresql`): nothing is measured of it");
        return None;
    }
    if !nix::unistd::geteuid().is_root() {
        println!("PostgreSQL is started as its own user, which only root can do: nothing is measured of it");
        return None;
    }
    let server = Server::start(bin);
    server.ask("CREATE TABLE log (t bigint, usr text, dev text, ip text, host text, path text, cat text, act int, rule int)");
    let begun = Instant::now();
    let mut copy = server.psql("COPY log FROM STDIN (FORMAT csv)").stdin(Stdio::piped()).spawn().expect("psql");
    let mut to = std::io::BufWriter::with_capacity(1 << 20, copy.stdin.take().expect("piped"));
    let mut mix = Mix::new();
    for nth in 0..events {
        let event = mix.event(nth as i64 * 12);
        let who = event.who.expect("somebody");
        let person = who.person.map_or(0, |p| p.0);
        let category = event.category.map_or_else(String::new, |c| c.to_string());
        let blocked = u8::from(event.action == Action::Block);
        let line = writeln!(
            to,
            "{},p{person:04},Laptop {person},{},{},{},{category},{blocked},",
            event.when_ms, who.client, event.host, event.path
        );
        line.expect("copied");
    }
    drop(to);
    assert!(copy.wait().expect("ended").success());
    let rows_s = events as f64 / begun.elapsed().as_secs_f64();
    server.ask("VACUUM ANALYZE log");
    let bytes: f64 = server.ask("SELECT pg_total_relation_size('log')").trim().parse().expect("a size");
    let begun = Instant::now();
    server.ask(&format!("SELECT count(*) FROM ({AGGREGATE}) all_groups"));
    Some(Plain { rows_s, bytes_per_event: bytes / events as f64, aggregate_s: begun.elapsed().as_secs_f64() })
}

/// A server in a folder of its own, on a socket there and nowhere else.
struct Server {
    folder: tempfile::TempDir,
    bin: PathBuf,
}

impl Server {
    fn start(bin: &Path) -> Self {
        let server = Self { folder: tempfile::tempdir().expect("a folder"), bin: bin.to_owned() };
        let path = server.folder.path();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("opened");
        let data = path.join("data");
        std::fs::create_dir(&data).expect("made");
        assert!(Command::new("chown").arg("postgres").arg(path).arg(&data).status().expect("chown").success());
        server.run("initdb", &["-D", &data.display().to_string(), "-A", "trust"]);
        let options = format!(
            "-c listen_addresses= -c unix_socket_directories={} -c shared_buffers=1GB -c max_wal_size=1GB",
            path.display()
        );
        let log = path.join("log").display().to_string();
        server.run("pg_ctl", &["-D", &data.display().to_string(), "-l", &log, "-o", &options, "-w", "start"]);
        server
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = Command::new("runuser");
        command
            .args(["-u", "postgres", "--"])
            .arg(self.bin.join(program))
            .args(arguments)
            .current_dir("/")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        assert!(command.status().expect("runuser").success(), "{program}");
    }

    fn psql(&self, sql: &str) -> Command {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(self.bin.join("psql")).arg("-h").arg(self.folder.path());
        command.args(["-qAt", "-v", "ON_ERROR_STOP=1", "-c", sql, "postgres"]).current_dir("/");
        command
    }

    fn ask(&self, sql: &str) -> String {
        let said = self.psql(sql).stderr(Stdio::inherit()).output().expect("psql");
        assert!(said.status.success(), "{sql}");
        String::from_utf8(said.stdout).expect("text")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.run("pg_ctl", &["-D", &self.folder.path().join("data").display().to_string(), "-m", "fast", "-w", "stop"]);
    }
}
