//! The school's own certificate authority on disk: made, kept, and changed for another.
//!
//! DATA/ca holds `authority.pem`, the one that signs, and while it is being changed `next.pem`, the one that will; each is a
//! certificate and its key in one file, which only its owner reads, so that the two are never of different authorities.

use super::files;
use crate::config::Config;
use crate::net::ca::{Authority, carried, made};
use crate::wire::certificate;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Longest file: a certificate and a key are some 1 kB.
const MAX_PEM: u64 = 64 * 1024;

/// Where an authority is kept.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

/// The certificate that devices are to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// PEM, without the key.
    pub certificate: String,
    /// Whether it is the one that will sign: the one that does is on the devices already.
    pub next: bool,
    /// The last second it holds, since 1970.
    pub ends: i64,
}

impl Folder {
    pub fn of(config: &Config) -> Self {
        Self(config.data.join("ca"))
    }

    fn authority(&self) -> PathBuf {
        self.0.join("authority.pem")
    }

    fn next(&self) -> PathBuf {
        self.0.join("next.pem")
    }

    /// Whether there is an authority.
    pub fn is_there(&self) -> bool {
        self.authority().exists()
    }

    /// Makes the school's first authority.
    ///
    /// # Errors
    /// There is one; or it cannot be made or written.
    pub fn init(&self, school: &str, now: i64) -> Result<Carried, String> {
        if self.is_there() {
            let how = "`schoolgate ca export` brings it to devices, `schoolgate ca roll` makes one that follows it";
            return Err(format!("there is an authority already, in {}: {how}", self.authority().display()));
        }
        make(&self.authority(), school, now)?;
        self.carried()
    }

    /// Makes the authority that will follow. Until [`Folder::take`] the one before it signs.
    ///
    /// # Errors
    /// There is none to follow, or there is one already; or it cannot be made or written.
    pub fn roll(&self, school: &str, now: i64) -> Result<Carried, String> {
        if !self.is_there() {
            return Err("there is no authority to follow: `schoolgate ca init` makes the first".into());
        }
        if self.next().exists() {
            let how = "`schoolgate ca export` brings it to devices; when they have it, `schoolgate ca roll --take` lets it sign";
            return Err(format!("the one that follows is made already: {how}"));
        }
        make(&self.next(), school, now)?;
        self.carried()
    }

    /// Lets the authority that was made to follow sign, in place of the one before it, which is gone then.
    ///
    /// # Errors
    /// There is none; or it cannot be used or put in its place.
    pub fn take(&self) -> Result<Carried, String> {
        let next = self.next();
        if !next.exists() {
            return Err("there is none to take: `schoolgate ca roll` makes it".into());
        }
        authority(&next)?;
        let moved = std::fs::rename(&next, self.authority()).and_then(|()| std::fs::File::open(&self.0)?.sync_all());
        moved.map_err(|fault| format!("{}: {fault}", next.display()))?;
        self.carried()
    }

    /// The authority that signs. `None`: there is none.
    ///
    /// # Errors
    /// One line: the file, and why it cannot be used.
    pub fn load(&self) -> Result<Option<Authority>, String> {
        if self.is_there() { authority(&self.authority()).map(Some) } else { Ok(None) }
    }

    /// What devices are to have: the authority that follows, if one is made, else the one that signs.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn carried(&self) -> Result<Carried, String> {
        let next = self.next().exists();
        let path = if next { self.next() } else { self.authority() };
        if !path.exists() {
            return Err("the school has no certificate authority: `schoolgate ca init` makes it".into());
        }
        let text = read(&path)?;
        let unusable = || format!("{}: there is no certificate in it", path.display());
        let begins = text.find("-----BEGIN CERTIFICATE-----").ok_or_else(unusable)?;
        const END: &str = "-----END CERTIFICATE-----";
        let ends = text[begins..].find(END).ok_or_else(unusable)? + begins + END.len();
        let pem = format!("{}\n", &text[begins..ends]);
        let until = carried::der(&pem).and_then(|der| certificate::ends(&der)).ok_or_else(unusable)?;
        Ok(Carried { certificate: pem, next, ends: until })
    }
}

fn make(path: &Path, school: &str, now: i64) -> Result<(), String> {
    let made = made::made(school, now).map_err(|fault| fault.to_string())?;
    let both = [made.certificate, made.key].concat();
    files::replace_private(path, both.as_bytes()).map_err(|fault| format!("{}: {fault}", path.display()))
}

fn authority(path: &Path) -> Result<Authority, String> {
    let text = read(path)?;
    Authority::read(text.as_bytes(), text.as_bytes()).map_err(|fault| format!("{}: {fault}", path.display()))
}

/// A key that anybody else may read is refused: whoever has it can pass for any host on the school's devices.
fn read(path: &Path) -> Result<String, String> {
    let unread = |fault: io::Error| format!("{} cannot be read: {fault}", path.display());
    let file = files::open_regular(path).map_err(unread)?;
    let mode = file.metadata().map_err(unread)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(format!("others may read or change {0}: `chmod 600 {0}`", path.display()));
    }
    let mut text = String::new();
    file.take(MAX_PEM).read_to_string(&mut text).map_err(unread)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_305_600;

    fn folder() -> (tempfile::TempDir, Folder) {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = Folder(dir.path().join("ca"));
        (dir, folder)
    }

    #[test]
    fn two_authorities_stand_side_by_side_until_the_new_one_is_taken() {
        let (_dir, folder) = folder();
        assert!(folder.load().expect("none").is_none() && folder.roll("Hill", NOW).is_err() && folder.carried().is_err());
        let first = folder.init("Hill", NOW).expect("made");
        assert!(!first.next && folder.init("Hill", NOW).is_err() && folder.take().is_err());
        let signs = || folder.load().expect("read").expect("one").fingerprint();
        let before = signs();
        let second = folder.roll("Hill", NOW).expect("made");
        // Devices are given the new one; the old one, which they have, signs.
        assert!(second.next && folder.carried() == Ok(second.clone()) && folder.roll("Hill", NOW).is_err());
        assert_eq!(signs(), before);
        let taken = folder.take().expect("taken");
        assert_eq!((taken.next, &taken.certificate), (false, &second.certificate));
        assert_ne!(signs(), before);
    }

    #[test]
    fn the_key_is_its_owners_alone_and_never_among_what_devices_get() {
        let (_dir, folder) = folder();
        let carried = folder.init("Hill", NOW).expect("made");
        assert!(!carried.certificate.contains("PRIVATE") && carried.certificate.starts_with("-----BEGIN CERTIFICATE-----"));
        let path = folder.authority();
        let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        mode(0o640);
        let fault = folder.load().map(drop).expect_err("others may read it");
        assert!(fault.contains("chmod 600"), "{fault}");
        mode(0o600);
        std::fs::write(&path, "nothing").expect("written");
        assert!(folder.load().is_err() && folder.carried().is_err());
    }
}
