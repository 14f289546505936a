//! The house has storeys, and an import goes down or stays in its room. This test reads every path in `src` and keeps that
//! true; `docs/decisions` and the comment below say why the storeys are what they are.
//!
//! What it does not see: paths made by macros, and I/O behind a method (`path.exists()`), which a reviewer must.

#[path = "storeys/source.rs"]
mod source;

use source::Named;
use std::path::Path;

/// The rooms from the ground up. A room that is not here does not exist: put a new one on the lowest storey it can stand on.
const STOREYS: [&[&str]; 13] = [
    &["words"],
    &["lists", "wire"],
    &["policy"],
    &["config"],
    &["net", "database", "seal"],
    &["resolve", "journal", "people"],
    &["gate", "casebook"],
    &["report", "pages", "replay"],
    &["dns", "proxy", "web"],
    &["ops", "reload"],
    &["app"],
    &["demo"],
    &["cli"],
];

/// The last storey that is pure: no I/O, no runtime, no clock, no log. What stands here can be tested by a table, run again
/// by the replay, and never waits.
const PURE: usize = 3;

/// What a pure storey does not name: a run of path segments, and what it stands for.
const IMPURE: &[(&[&str], &str)] = &[
    (&["tokio"], "the runtime"),
    (&["std", "fs"], "the file system"),
    (&["socket2"], "sockets"),
    (&["nix", "sys", "socket"], "sockets"),
    (&["std", "os", "unix", "net"], "sockets"),
    (&["std", "net", "*"], "sockets"),
    (&["TcpStream"], "sockets"),
    (&["TcpListener"], "sockets"),
    (&["UdpSocket"], "sockets"),
    (&["UnixStream"], "sockets"),
    (&["UnixListener"], "sockets"),
    (&["UnixDatagram"], "sockets"),
    (&["ToSocketAddrs"], "the system's resolver"),
    (&["SystemTime"], "a clock"),
    (&["Instant", "now"], "a clock"),
    (&["Timestamp", "now"], "a clock"),
    (&["Zoned", "now"], "a clock"),
    (&["nix", "time"], "a clock"),
    (&["tracing"], "the service log"),
];

#[test]
fn every_import_in_src_goes_down_or_stays_in_its_room() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join("src"), root, &mut files);
    assert!(files.len() > 10, "only {} files under src: is this the house?", files.len());
    let faults = faults(&files);
    assert!(faults.is_empty(), "{} faults in the storeys:\n{}", faults.len(), faults.join("\n"));
}

fn collect(folder: &Path, root: &Path, files: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            collect(&path, root, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let name = path.strip_prefix(root).expect("below the root").to_string_lossy().into_owned();
            files.push((name, std::fs::read_to_string(&path).expect("source is UTF-8")));
        }
    }
    files.sort();
}

/// Everything wrong with these files (name from the repository's root, text), each with its place.
fn faults(files: &[(String, String)]) -> Vec<String> {
    let read: Vec<_> = files
        .iter()
        .filter_map(|(name, text)| {
            let module = module_of(name);
            (!module.is_empty()).then(|| (name, source::read(text, &module), module))
        })
        .collect();
    let test_modules: Vec<_> = read.iter().flat_map(|(_, source, _)| &source.test_modules).collect();

    let mut faults = Vec::new();
    for (name, source, module) in &read {
        let room = module[0].as_str();
        let Some(storey) = storey_of(room) else {
            faults.push(format!("{name}: the room '{room}' is not on the map: give it a storey in tests/storeys.rs"));
            continue;
        };
        if test_modules.iter().any(|t| module.starts_with(t)) {
            continue;
        }
        for named in &source.named {
            let place = format!("{name}:{}: '{}'", named.line, named.path.join("::"));
            faults.extend(direction(room, storey, named).map(|why| format!("{place}: {why}")));
            if storey <= PURE {
                faults.extend(impurity(named).map(|what| format!("{place}: storeys 0 to {PURE} do not name {what}")));
            }
        }
    }
    faults.dedup();
    faults
}

/// `src/lists/table/mod.rs` is `lists::table`; the map (`lib.rs`) and `main.rs` are no room.
fn module_of(name: &str) -> Vec<String> {
    let path = name.trim_start_matches("src/").trim_end_matches(".rs");
    let mut module: Vec<String> = path.split('/').map(str::to_owned).collect();
    if module.len() > 1 && module.last().is_some_and(|last| last == "mod") {
        module.pop();
    }
    if module.len() == 1 && matches!(module[0].as_str(), "lib" | "main") { Vec::new() } else { module }
}

fn storey_of(room: &str) -> Option<usize> {
    STOREYS.iter().position(|rooms| rooms.contains(&room))
}

/// Why this path may not be named from that room, if so.
fn direction(room: &str, storey: usize, named: &Named) -> Option<String> {
    let [first, other, ..] = named.path.as_slice() else { return None };
    if !matches!(first.as_str(), "crate" | "schoolgate") || other == room {
        return None;
    }
    let Some(reached) = storey_of(other) else {
        return Some(format!("'{other}' is not a room on the map of tests/storeys.rs"));
    };
    let way = if reached > storey {
        "upward"
    } else if reached < storey {
        return None;
    } else {
        "sideways"
    };
    Some(format!("{room} (storey {storey}) imports {other} (storey {reached}): {way}"))
}

fn impurity(named: &Named) -> Option<&'static str> {
    IMPURE.iter().find(|(run, _)| named.path.windows(run.len()).any(|w| w.iter().eq(run.iter()))).map(|(_, what)| *what)
}

mod the_checker {
    use super::faults;

    fn house(files: &[(&str, &str)]) -> Vec<String> {
        faults(&files.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect::<Vec<_>>())
    }

    #[test]
    fn lets_an_import_go_down_or_stay_in_its_room() {
        for (name, text) in [
            ("src/policy/decide.rs", "use crate::words::Host; use crate::lists::{Found, Match};"),
            ("src/policy/decide.rs", "use super::verdict::Verdict; fn f() { crate::policy::ask::ask() }"),
            ("src/words/url.rs", "use super::host::Host; use std::net::{IpAddr, SocketAddr};"),
            ("src/cli/run.rs", "use crate::app; use crate::{reload, ops::metrics};"),
            ("src/dns/mod.rs", "use tokio::net::UdpSocket; use std::time::Instant; fn f() { Instant::now(); }"),
            ("src/lists/compile.rs", "use std::time::Instant; fn f(now: Instant) {}"),
            ("src/lists/compile.rs", "use std::io::{Read, Write}; fn f<'a>(x: &'a str) -> impl Fn() + use<'a> { move || {} }"),
            ("src/lib.rs", "pub use cli::run;"),
            ("src/main.rs", "fn main() { schoolgate::cli::main() }"),
        ] {
            assert_eq!(house(&[(name, text)]), Vec::<String>::new(), "{name}: {text}");
        }
    }

    #[test]
    fn catches_an_import_that_runs_upward_or_sideways_however_it_is_written() {
        for (name, text, wanted) in [
            ("src/words/host.rs", "use crate::policy::Verdict;", "words (storey 0) imports policy (storey 2): upward"),
            ("src/words/host.rs", "use crate::{policy::Verdict};", "upward"),
            (
                "src/lists/mod.rs",
                "use crate::{words::{Host, url::Url}, wire::{self, Reply}};",
                "imports wire (storey 1): sideways",
            ),
            ("src/lists/mod.rs", "fn f() -> crate::gate::Gate { todo!() }", "upward"),
            ("src/lists/mod.rs", "use super::policy;", "upward"),
            ("src/lists/table.rs", "use super::super::policy::Verdict;", "upward"),
            ("src/lists/table.rs", "mod inner { use super::super::super::policy::Verdict; }", "upward"),
            ("src/lists/table.rs", "macro_rules! m { () => { $crate::policy::decide() } }", "upward"),
            ("src/people/mod.rs", "pub use crate::journal::Event;", "sideways"),
            ("src/dns/mod.rs", "use crate::proxy::Door as _;", "sideways"),
            ("src/web.rs", "type T = Vec<crate::app::App>;", "upward"),
            ("src/app.rs", "use crate::cli::Progress;", "app (storey 10) imports cli (storey 12): upward"),
            ("src/gate/mod.rs", "#[cfg(not(test))] use crate::dns::Worker;", "upward"),
            ("src/gate/mod.rs", "/* /* nested */ still */ use crate::dns::Worker; // and on", "upward"),
            ("src/gate/mod.rs", "const Q: char = '\"'; use crate::dns::Worker; const R: char = '\"';", "upward"),
            ("src/gate/mod.rs", "#[cfg(test)] mod tests { fn f() {} } use crate::dns::Worker;", "upward"),
            ("src/gate/mod.rs", "use crate::nowhere::Thing;", "'nowhere' is not a room on the map"),
        ] {
            let found = house(&[(name, text)]);
            assert!(found.iter().any(|f| f.contains(wanted)), "{name}: {text}\n{found:?}");
        }
    }

    #[test]
    fn catches_a_pure_storey_that_names_io_a_clock_or_the_log() {
        for (text, wanted) in [
            ("use std::fs::File;", "the file system"),
            ("use std::{fs, io};", "the file system"),
            ("fn f() { std::fs::read(\"x\"); }", "the file system"),
            ("use std as s; fn f() { s::fs::read(\"x\"); }", "the file system"),
            ("use tokio::sync::watch;", "the runtime"),
            ("use std::net::{IpAddr, TcpStream};", "sockets"),
            ("use std::net; fn f() { net::UdpSocket::bind(a); }", "sockets"),
            ("use std::net::*;", "sockets"),
            ("use std::os::unix::net::UnixStream;", "sockets"),
            ("use std::time::SystemTime;", "a clock"),
            ("fn f() { std::time::Instant::now(); }", "a clock"),
            ("use std::time::Instant as I; fn f() { I::now(); }", "a clock"),
            ("use jiff::Timestamp; fn f() { Timestamp::now(); }", "a clock"),
            ("fn f() { jiff::Zoned::now(); }", "a clock"),
            ("fn f() { tracing::info!(\"x\"); }", "the service log"),
        ] {
            for room in ["words", "lists", "wire", "policy", "config"] {
                let found = house(&[(&format!("src/{room}/x.rs"), text)]);
                assert!(found.iter().any(|f| f.contains(wanted)), "{room}: {text}\n{found:?}");
            }
            assert_eq!(house(&[("src/net/x.rs", text)]), Vec::<String>::new(), "storey 4 may: {text}");
        }
    }

    #[test]
    fn leaves_comments_strings_and_tests_alone() {
        for text in [
            "//! [`crate::policy`]\n/// `use crate::gate::Gate;`\nfn f() {}",
            "/* use crate::gate::Gate; /* and */ use tokio::net; */",
            "const A: &str = \"use crate::gate::Gate; \\\" tokio::net\";",
            "const A: &str = r#\"use crate::gate::Gate; \" tokio::net\"#; const B: &[u8] = b\"tokio::x\";",
            "#[cfg(test)] mod tests { use crate::gate::Gate; use std::fs; fn f() { let x = '}'; tokio::spawn(x); } }",
            "#[cfg(test)] use crate::gate::{Gate, Clock};",
            "#[cfg(all(test, unix))] #[allow(dead_code)] fn f() { std::fs::read(\"x\"); }",
            "#[test] fn f() { std::fs::read(\"x\"); }",
            "#![cfg(test)] use crate::gate::Gate;",
        ] {
            assert_eq!(house(&[("src/words/x.rs", text)]), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn leaves_a_file_alone_that_only_tests_have() {
        let tests = ("src/policy/decide/tests.rs", "use crate::gate::Gate; fn f() { std::fs::read(\"x\"); }");
        assert_eq!(house(&[("src/policy/decide.rs", "#[cfg(test)]\nmod tests;"), tests]), Vec::<String>::new());
        assert!(!house(&[("src/policy/decide.rs", "mod tests;"), tests]).is_empty(), "without the attribute it is read");
    }

    #[test]
    fn names_the_file_and_the_line() {
        let found = house(&[("src/words/host.rs", "//! A host.\n\nuse crate::{\n    policy::Verdict,\n};\n")]);
        assert_eq!(found, ["src/words/host.rs:4: 'crate::policy::Verdict': words (storey 0) imports policy (storey 2): upward"]);
    }

    #[test]
    fn catches_a_room_that_is_not_on_the_map() {
        for name in ["src/utils/mod.rs", "src/utils.rs", "src/common/a/b.rs"] {
            let found = house(&[(name, "fn f() {}")]);
            assert!(found.len() == 1 && found[0].contains("is not on the map"), "{name}: {found:?}");
        }
    }
}
