//! What a list's keeper signed, with minisign.

use minisign_verify::{PublicKey, Signature};
use std::io::{self, Read};

/// Why what was fetched is not what its keeper signed.
#[derive(Debug, thiserror::Error)]
pub enum SignatureFault {
    #[error("its signature cannot be read: {0}")]
    Unreadable(minisign_verify::Error),
    #[error("its signature does not hold: {0}")]
    Wrong(minisign_verify::Error),
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Whether `signature`, the text of a `.minisig` file, was made of all that `body` gives, with the key whose public half is
/// `key` (base64). Says when, in seconds since 1970, if the comment that is signed along tells it: minisign's own does.
///
/// # Errors
/// [`SignatureFault`]: then nothing of the body is to be used.
pub fn verify(key: &str, signature: &str, body: &mut dyn Read) -> Result<Option<u64>, SignatureFault> {
    let key = PublicKey::from_base64(key).map_err(SignatureFault::Unreadable)?;
    let signature = Signature::decode(signature).map_err(SignatureFault::Unreadable)?;
    match key.verify_stream(&signature) {
        Ok(mut verifier) => {
            let mut piece = vec![0; 1 << 16];
            loop {
                match body.read(&mut piece)? {
                    0 => break verifier.finalize().map_err(SignatureFault::Wrong)?,
                    read => verifier.update(&piece[..read]),
                }
            }
        }
        // Made without hashing first, as minisign did until 2020 (`-l` still does): it wants the whole body at once.
        Err(minisign_verify::Error::UnsupportedLegacyMode) => {
            let mut whole = Vec::new();
            body.read_to_end(&mut whole)?;
            key.verify(&whole, &signature, true).map_err(SignatureFault::Wrong)?;
        }
        Err(fault) => return Err(SignatureFault::Wrong(fault)),
    }
    let words = signature.trusted_comment().split_ascii_whitespace();
    Ok(words.filter_map(|word| word.strip_prefix("timestamp:")).find_map(|seconds| seconds.parse().ok()))
}
