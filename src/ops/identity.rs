//! Certificate and key on disk to what clients are shown.

use super::files;
use crate::config::{Certified, Config, PemFile};
use crate::net::tls::{self, Identity, IdentityFault};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::sync::Arc;

/// Longest PEM file: a chain of four certificates is some 8 KiB.
const MAX_PEM: u64 = 256 * 1024;

/// Who the gate is to those who ask it over TLS, if the configuration serves anything there.
#[derive(Debug, Clone, Default)]
pub struct Identities {
    /// Of DNS and the proxy.
    pub dns: Option<Arc<Identity>>,
    /// Of the web door.
    pub web: Option<Arc<Identity>>,
}

impl Identities {
    /// # Errors
    /// As [`of_dns`] and [`of_web`].
    pub fn load(config: &Config) -> Result<Self, String> {
        Ok(Self { dns: of_dns(config)?, web: of_web(config)? })
    }
}

/// Who the gate is to clients of DNS over TLS and HTTPS and of the proxy over TLS, if the configuration serves one of them.
///
/// # Errors
/// One line: the place in the configuration, the file, what is wrong with it and what would be right.
pub fn of_dns(config: &Config) -> Result<Option<Arc<Identity>>, String> {
    config.dns.encrypted.as_ref().map(|encrypted| load(&encrypted.by)).transpose()
}

/// The same of the web door over TLS.
///
/// # Errors
/// As [`of_dns`].
pub fn of_web(config: &Config) -> Result<Option<Arc<Identity>>, String> {
    config.web.by.as_ref().map(load).transpose()
}

fn load(by: &Certified) -> Result<Arc<Identity>, String> {
    let at = |file: &PemFile, why: &str| format!("{}: {}: {why}", file.at, file.path.display());
    let chain = read(&by.certificate, false).map_err(|why| at(&by.certificate, &why))?;
    let key = read(&by.key, true).map_err(|why| at(&by.key, &why))?;
    let identity = tls::identity(by.name.as_str(), &chain, &key).map_err(|fault| match fault {
        IdentityFault::Certificate(why) => at(&by.certificate, &why),
        IdentityFault::Key(why) => at(&by.key, &why),
    })?;
    Ok(Arc::new(identity))
}

/// What the files of every identity look like from outside: another value when one of them was written or renamed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stamp(Vec<Option<(u64, i64, i64, u64)>>);

impl Stamp {
    pub fn of(config: &Config) -> Self {
        let all = config.dns.encrypted.iter().map(|encrypted| &encrypted.by).chain(&config.web.by);
        let stamp = |file: &PemFile| {
            let meta = std::fs::metadata(&file.path).ok()?;
            Some((meta.ino(), meta.mtime(), meta.mtime_nsec(), meta.len()))
        };
        Self(all.flat_map(|by| [stamp(&by.certificate), stamp(&by.key)]).collect())
    }
}

/// The octets of a PEM file. A private one that everybody on this machine may read is refused: it is nobody's secret.
fn read(file: &PemFile, private: bool) -> Result<Vec<u8>, String> {
    let unread = |fault: std::io::Error| format!("it cannot be read: {fault}");
    let open = files::open_regular(&file.path).map_err(unread)?;
    let mode = open.metadata().map_err(unread)?.permissions().mode();
    if private && mode & 0o007 != 0 {
        return Err(format!("others may read or change this key: `chmod o= {}`", file.path.display()));
    }
    let mut bytes = Vec::new();
    open.take(MAX_PEM + 1).read_to_end(&mut bytes).map_err(unread)?;
    if bytes.len() as u64 > MAX_PEM {
        return Err(format!("it is larger than {} KiB: that is no PEM file of one name", MAX_PEM / 1024));
    }
    Ok(bytes)
}
