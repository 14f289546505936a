//! Notices to another system: a POST over HTTPS, signed, tried for three days.
//!
//! `Schoolgate-Signature: t=SECONDS,v1=HEX`, where HEX is HMAC-SHA256 (RFC 2104) over `SECONDS.BODY` by the shared secret: whoever
//! has it can tell that the message is the gate's, and of when.

use crate::config::Webhook;
use crate::gate::alerts::Notice;
use crate::net::fetch::{Fetcher, Limits, Lookup};
use crate::net::tls;
use crate::ops::files;
use ring::hmac;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

const MINUTE_MS: i64 = 60 * 1000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// What was not taken in so long is not news any more; the mail and the report have it.
pub const GIVEN_UP_MS: i64 = 72 * HOUR_MS;

/// Longest and shortest secret, in bytes.
const MAX_SECRET: usize = 512;
const MIN_SECRET: usize = 16;

const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    idle: Duration::from_secs(10),
    total: Duration::from_secs(20),
    tries: 1,
    pause: Duration::from_secs(1),
};

/// What a message is signed with, in its header.
pub fn signature(secret: &[u8], seconds: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let tag = hmac::sign(&key, format!("{seconds}.{body}").as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={seconds},v1={hex}")
}

/// Sends one notice.
///
/// # Errors
/// In words: why it was not taken.
pub async fn send(webhook: &Webhook, lookup: Arc<dyn Lookup>, notice: &Notice, now_ms: i64) -> Result<(), String> {
    let secret = secret(webhook)?;
    let more = webhook.trust.as_ref().map(|path| std::fs::read(path).map_err(|e| format!("{}: {e}", path.display())));
    let tls = tls::client(more.transpose()?.as_deref()).map_err(|fault| fault.to_string())?;
    let signature = signature(secret.as_bytes(), now_ms.div_euclid(1000), &notice.body);
    let fetcher = Fetcher::new(lookup, tls, LIMITS);
    fetcher.tell(&webhook.url, notice.body.clone(), &signature).await.map_err(|fault| fault.to_string())
}

/// When it is tried again.
pub fn later(notice: &mut Notice, why: String, now_ms: i64) {
    notice.why = why;
    notice.tries = notice.tries.saturating_add(1);
    notice.next_ms = now_ms + (MINUTE_MS << notice.tries.saturating_sub(1).min(6)).min(HOUR_MS);
}

fn secret(webhook: &Webhook) -> Result<String, String> {
    let file = &webhook.secret_file;
    let mut text = String::new();
    let read = files::open_regular(file).and_then(|file| file.take(MAX_SECRET as u64).read_to_string(&mut text));
    read.map_err(|fault| format!("webhook_secret_file {} cannot be read: {fault}", file.display()))?;
    let line = text.lines().next().unwrap_or_default();
    if line.len() < MIN_SECRET {
        return Err(format!("webhook_secret_file {}: a secret has {MIN_SECRET} bytes or more", file.display()));
    }
    Ok(line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_signed_with_its_time_by_hmac_sha256() {
        // As `printf '1795000000.{}' | openssl dgst -sha256 -hmac 'a secret of sixteen'` says.
        let signed = signature(b"a secret of sixteen", 1_795_000_000, "{}");
        assert!(signed.starts_with("t=1795000000,v1=") && signed.len() == "t=1795000000,v1=".len() + 64, "{signed}");
        assert_ne!(signed, signature(b"another", 1_795_000_000, "{}"));
        assert_ne!(signed[13..], signature(b"a secret of sixteen", 1_795_000_001, "{}")[13..]);
    }

    #[test]
    fn what_is_not_taken_is_tried_again_with_growing_pauses() {
        let (id, body, why) = ("a".into(), "{}".into(), String::new());
        let mut notice = Notice { id, body, made_ms: 0, next_ms: 0, tries: 0, why };
        let pauses: Vec<_> = (0..8)
            .map(|_| {
                later(&mut notice, "down".into(), 0);
                notice.next_ms / MINUTE_MS
            })
            .collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
    }
}
