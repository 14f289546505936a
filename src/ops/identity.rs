//! Certificate and key on disk to what clients are shown.

use super::files;
use crate::config::{Config, PemFile};
use crate::net::tls::{self, Identity, IdentityFault};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

/// Longest PEM file: a chain of four certificates is some 8 KiB.
const MAX_PEM: u64 = 256 * 1024;

/// Who the gate is to clients of DNS over TLS and HTTPS, if the configuration serves either.
///
/// # Errors
/// One line: the place in the configuration, the file, what is wrong with it and what would be right.
pub fn load(config: &Config) -> Result<Option<Arc<Identity>>, String> {
    let Some(encrypted) = &config.dns.encrypted else { return Ok(None) };
    let at = |file: &PemFile, why: &str| format!("{}: {}: {why}", file.at, file.path.display());
    let chain = read(&encrypted.certificate, false).map_err(|why| at(&encrypted.certificate, &why))?;
    let key = read(&encrypted.key, true).map_err(|why| at(&encrypted.key, &why))?;
    let identity = tls::identity(encrypted.name.as_str(), &chain, &key).map_err(|fault| match fault {
        IdentityFault::Certificate(why) => at(&encrypted.certificate, &why),
        IdentityFault::Key(why) => at(&encrypted.key, &why),
    })?;
    Ok(Some(Arc::new(identity)))
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
        return Err(format!("it is larger than {} KiB: that is no PEM file of one resolver", MAX_PEM / 1024));
    }
    Ok(bytes)
}
