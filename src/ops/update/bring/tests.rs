use super::*;
use crate::lists::Format;
use crate::net::fetch::stub::Signer;
use crate::words::Category;
use std::fs;

/// A folder that somebody filled, and the lists that are taken from it.
struct Filled {
    folder: tempfile::TempDir,
    data: tempfile::TempDir,
    list: PublicList,
}

impl Filled {
    fn new(signer: Option<&Signer>) -> Self {
        let temporary = || tempfile::tempdir().expect("a folder");
        let list = PublicList {
            name: "keeper/games".into(),
            category: Category::GAMES,
            format: Format::Domains,
            urls: vec![Url::parse("https://lists.example/games.txt").expect("a URL")],
            signature: signer.map(|signer| Signature { key: signer.key.clone(), url: None }),
            inside: None,
            max_bytes: 1 << 20,
            licence: String::new(),
            home: String::new(),
            entries: None,
            worth: String::new(),
            shipped: true,
        };
        Self { folder: temporary(), data: temporary(), list }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Takes the list; `Err` is what is told.
    fn taken(&self) -> Result<Brought, String> {
        let folder = Folder::new(self.folder.path().to_owned(), std::slice::from_ref(&self.list));
        let bring = Bring { from: From::Folder(folder), data: self.data.path().to_owned(), dry_run: None };
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(bring.bring(&self.list, &|_, _| ())).map_err(|fault| fault.to_string())
    }

    fn kept(&self) -> String {
        fs::read_to_string(kept::body(self.data.path(), &self.list)).unwrap_or_default()
    }
}

/// Where a FIFO is read like a file, an update waits for ever, and holds the lock that every later one wants.
#[test]
fn what_is_no_regular_file_is_refused_at_once() {
    let signer = Signer::new();
    let filled = Filled::new(Some(&signer));
    let fifo = |path: &Path| nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).expect("a FIFO");
    fifo(&filled.path("keeper-games"));
    assert!(filled.taken().expect_err("a FIFO").ends_with("keeper-games: it is no regular file"));
    fs::remove_file(filled.path("keeper-games")).expect("it is there");
    fs::write(filled.path("keeper-games"), "a.example\n").expect("a list");
    fifo(&filled.path("keeper-games.minisig"));
    assert!(filled.taken().expect_err("a FIFO").ends_with("keeper-games.minisig: it is no regular file"));
    fs::remove_file(filled.path("keeper-games.minisig")).expect("it is there");
    fs::write(filled.path("keeper-games.minisig"), "x".repeat(1 << 20)).expect("a file");
    assert!(filled.taken().expect_err("no signature").ends_with("larger than 16 KiB: that is no signature"));
    fs::write(filled.path("keeper-games.minisig"), signer.sign(b"a.example\n")).expect("a signature");
    assert!(matches!(filled.taken(), Ok(Brought::New(..))));
    assert_eq!(filled.kept(), "a.example\n");
}

/// Whoever holds the line, or a mirror, can send what the keeper signed last year.
#[test]
fn what_was_signed_before_does_not_take_the_place_of_what_was_signed_later() {
    let signer = Signer::new();
    let filled = Filled::new(Some(&signer));
    let put = |body: &str, seconds: u64| {
        fs::write(filled.path("keeper-games"), body).expect("a list");
        let signature = signer.sign_with(body.as_bytes(), &format!("timestamp:{seconds}\tfile:games.txt"));
        fs::write(filled.path("keeper-games.minisig"), signature).expect("a signature");
    };
    put("a.example\nb.example\n", 1_790_000_000);
    assert!(matches!(filled.taken(), Ok(Brought::New(..))));
    put("a.example\n", 1_789_999_999);
    let told = filled.taken().expect_err("older");
    assert!(
        told.contains("it is older than what is here, signed 2026-09-21T14:13:19Z and not signed 2026-09-21T14:13:20Z"),
        "{told}"
    );
    assert!(told.contains("lists/fetched/keeper-games and update again"), "{told}");
    assert_eq!(filled.kept(), "a.example\nb.example\n");
    put("c.example\n", 1_790_000_001);
    assert!(matches!(filled.taken(), Ok(Brought::New(meta, _)) if meta.signed_at_s == Some(1_790_000_001)));
}

#[test]
fn a_version_that_is_an_earlier_date_does_not_take_the_place_of_a_later_one() {
    let filled = Filled::new(None);
    let put =
        |version: &str| fs::write(filled.path("keeper-games"), format!("# Version: {version}\na.example\n")).expect("a list");
    for (version, taken) in
        [("2026.1120.1", true), ("2026.1119.7", false), ("2026.1120.2", true), ("beta", true), ("2026.1001.1", true)]
    {
        put(version);
        assert_eq!(filled.taken().is_ok(), taken, "{version}");
    }
}
