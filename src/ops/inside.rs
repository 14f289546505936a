//! Files on disk to what looking into TLS takes.

use super::ca::Folder;
use super::files;
use crate::config::{Config, PemFile};
use crate::lists::private::Privates;
use crate::net::ca::fingerprint;
use crate::net::inspection::Inspection;
use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::pem::PemObject;
use std::io::Read;
use std::sync::Arc;

/// Longest revocation list that is read: those of large authorities have some megabytes.
const MAX_CRL: u64 = 32 << 20;

/// Longest file of hosts that are left alone, and of certificates.
const MAX_TEXT: u64 = 1 << 20;

/// Everything that looking inside uses; `None`: the school has no authority, so nothing is looked into. An authority that `before`
/// has already goes on, with the certificates it has minted.
///
/// # Errors
/// One line: the file, with its place in the configuration, and what is wrong with it.
pub fn load(config: &Config, before: Option<&Inspection>) -> Result<Option<Arc<Inspection>>, String> {
    let folder = Folder::of(config);
    let Some(authority) = folder.load()? else { return Ok(None) };
    let carried = folder.carried()?;
    let same = before.filter(|b| fingerprint(b.authority.certificate()) == authority.fingerprint());
    let authority = same.map_or_else(|| Arc::new(authority), |b| b.authority.clone());
    let path = config.lists.shipped.join("never-inside.txt");
    let at = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let text = read(&path, MAX_TEXT).map_err(|why| at(&why))?;
    let text = String::from_utf8(text).map_err(|_| at(&"it is not UTF-8"))?;
    let privates = Privates::read(&text).map_err(|faults| at(&faults[0]))?;
    let mut crls = Vec::new();
    for file in &config.inside.crls {
        crls.extend(revoked(file).map_err(|why| named(file, &why))?);
    }
    let trust = config.inside.trust.as_ref().map(|file| read(&file.path, MAX_TEXT).map_err(|why| named(file, &why)));
    let trust = trust.transpose()?;
    let carried = (carried.certificate, carried.next);
    let inspection =
        Inspection::new(authority, privates, trust.as_deref(), crls, carried).map_err(|fault| match &config.inside.trust {
            Some(file) => named(file, &fault.to_string()),
            None => fault.to_string(),
        })?;
    Ok(Some(Arc::new(inspection)))
}

fn named(file: &PemFile, why: &str) -> String {
    format!("{}: {}: {why}", file.at, file.path.display())
}

/// The lists of a file: one as DER, or PEM with one or several.
fn revoked(file: &PemFile) -> Result<Vec<CertificateRevocationListDer<'static>>, String> {
    let bytes = read(&file.path, MAX_CRL)?;
    if bytes.starts_with(&[0x30]) {
        return Ok(vec![CertificateRevocationListDer::from(bytes)]);
    }
    let read: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(&bytes).collect();
    match read {
        Ok(lists) if !lists.is_empty() => Ok(lists),
        _ => Err("there is no revocation list in it (it is to be DER, or PEM: -----BEGIN X509 CRL-----)".into()),
    }
}

fn read(path: &std::path::Path, most: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = files::open_regular(path).and_then(|file| file.take(most + 1).read_to_end(&mut bytes));
    read.map_err(|fault| format!("it cannot be read: {fault}"))?;
    if bytes.len() as u64 > most { Err(format!("it is larger than {most} bytes")) } else { Ok(bytes) }
}
