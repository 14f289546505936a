//! The report told by mail: that it is there and where, never what stands in it.
//!
//! Always holds: a letter is a file in `DATA/mail/queue` (the gate's own to read) until a server has taken it, so it outlives a
//! restart; it goes over TLS or not at all; no name and no theme is in it; what waits is said by `status`, and so is that the
//! DSL has not confirmed the test mail by these servers to these addresses.
//!
//! - [`letter`]  what is written
//! - [`send`]    one letter by one server

pub mod letter;
pub mod send;

use crate::casebook::{self, CasebookFault, Entry, Kind};
use crate::config::Mail;
use crate::ops::files;
use letter::Letter;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::slice;

const MINUTE_MS: i64 = 60 * 1000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// For so long the first server is tried alone.
const DAY_MS: i64 = 24 * HOUR_MS;
/// Letters that are read at a time: a year of reports and more.
const MOST: usize = 100;
/// The letter that asks the DSL for a confirmation.
const TEST: &str = "test";
/// Of a code: no letter that is taken for another. 32, so that no one is likelier.
const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const CODE: usize = 10;

/// What mail needs of the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Post<'a> {
    pub mail: &'a Mail,
    pub data: &'a Path,
    pub school: &'a str,
}

/// Whether these addresses were reached by these servers, as the DSL said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Confirmation {
    /// Digest of the addresses and servers.
    of: String,
    /// Digest of the code: who may read this folder has not had the mail.
    code: String,
    asked_ms: i64,
    confirmed_ms: Option<i64>,
    by: String,
}

#[derive(Serialize)]
struct Sent<'a> {
    id: &'a str,
    when_ms: i64,
    server: &'a str,
    answer: String,
}

impl<'a> Post<'a> {
    /// Of a configuration that has mail.
    pub fn of(config: &'a crate::config::Config) -> Option<Self> {
        config.mail.as_ref().map(|mail| Self { mail, data: &config.data, school: &config.school.name })
    }

    fn folder(&self) -> PathBuf {
        self.data.join("mail")
    }

    fn file(&self, id: &str) -> PathBuf {
        self.folder().join("queue").join(format!("{id}.json"))
    }

    /// Puts a letter where it waits; one of the same id is replaced.
    ///
    /// # Errors
    /// As the file system says.
    pub fn post(&self, letter: &Letter) -> io::Result<()> {
        files::replace_private(&self.file(&letter.id), &serde_json::to_vec(letter)?)
    }

    /// What waits, in the order of its ids. A file that cannot be read is passed over.
    pub fn waiting(&self) -> Vec<Letter> {
        let Ok(folder) = std::fs::read_dir(self.folder().join("queue")) else { return Vec::new() };
        let files = folder.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "json"));
        let mut letters: Vec<Letter> =
            files.take(MOST).filter_map(|path| serde_json::from_slice(&std::fs::read(path).ok()?).ok()).collect();
        letters.sort_by(|a: &Letter, b| a.id.cmp(&b.id));
        letters
    }

    /// Asks for a confirmation if none is asked for yet, and tries what is due.
    ///
    /// # Errors
    /// As the file system says. A server that takes nothing is no error: it is tried again.
    pub async fn sweep(&self, now_ms: i64) -> io::Result<()> {
        if self.confirmation().is_none_or(|c| c.of != self.fingerprint()) {
            self.ask(now_ms)?;
        }
        for letter in self.waiting() {
            // A clock that was ahead must not hold a letter up.
            if letter.next_ms <= now_ms || letter.next_ms > now_ms + 2 * HOUR_MS {
                self.attempt(letter, now_ms).await?;
            }
        }
        Ok(())
    }

    async fn attempt(&self, mut letter: Letter, now_ms: i64) -> io::Result<()> {
        let mut why = Vec::new();
        for (place, route) in self.mail.routes.iter().enumerate() {
            let second = place > 0;
            if second && !letter.refused && now_ms - letter.made_ms < DAY_MS {
                break;
            }
            match send::send(self.mail, route, &letter).await {
                Ok(answer) => {
                    let sent = Sent { id: &letter.id, when_ms: now_ms, server: &route.server, answer };
                    files::append_line(&self.folder().join("sent.jsonl"), &serde_json::to_vec(&sent)?)?;
                    tracing::info!(letter = letter.id, server = route.server, "the mail was taken");
                    return std::fs::remove_file(self.file(&letter.id));
                }
                Err(fault) => {
                    letter.refused |= fault.for_good;
                    why.push(format!("{}: {}", route.server, fault.why));
                }
            }
        }
        letter.why = why.join("; ");
        letter.tries = letter.tries.saturating_add(1);
        letter.next_ms = now_ms + (MINUTE_MS << letter.tries.saturating_sub(1).min(6)).min(HOUR_MS);
        tracing::warn!(letter = letter.id, why = letter.why, "the mail was not taken");
        self.post(&letter)
    }

    fn confirmation(&self) -> Option<Confirmation> {
        serde_json::from_slice(&std::fs::read(self.folder().join("confirmation.json")).ok()?).ok()
    }

    fn keep(&self, confirmation: &Confirmation) -> io::Result<()> {
        files::replace_private(&self.folder().join("confirmation.json"), &serde_json::to_vec(confirmation)?)
    }

    /// Another address or server is another confirmation; another password is not.
    fn fingerprint(&self) -> String {
        let routes: Vec<_> = self.mail.routes.iter().map(|r| format!("{}:{}", r.server, r.port)).collect();
        hex(format!("{}\n{}\n{}", self.mail.from, self.mail.to.join(" "), routes.join(" ")).as_bytes())
    }

    fn ask(&self, now_ms: i64) -> io::Result<()> {
        let mut random = [0; CODE];
        SystemRandom::new().fill(&mut random).map_err(|_| io::Error::other("the system has no randomness"))?;
        let code: String = random.iter().filter_map(|b| LETTERS.get(usize::from(b % 32)).copied().map(char::from)).collect();
        self.post(&Letter::test(TEST, &code, self, now_ms))?;
        let (of, code) = (self.fingerprint(), hex(code.as_bytes()));
        self.keep(&Confirmation { of, code, asked_ms: now_ms, confirmed_ms: None, by: String::new() })
    }

    /// Writes down that the DSL has had the test mail.
    ///
    /// # Errors
    /// In words: no test mail was sent, or it had another code.
    pub fn confirm(&self, code: &str, by: &str, now_ms: i64) -> Result<(), String> {
        let of = self.fingerprint();
        let asked = self.confirmation().filter(|c| c.of == of);
        let mut asked =
            asked.ok_or("no test mail was sent yet: a running gate sends it, and `schoolgate status` says how it went")?;
        let typed: String = code.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_uppercase()).collect();
        if asked.code != hex(typed.as_bytes()) {
            return Err("this is not the code of the last test mail".into());
        }
        (asked.confirmed_ms, asked.by) = (Some(now_ms), by.to_owned());
        let what = format!("confirmed: mail of the report comes to {}", self.mail.to.join(", "));
        let entry = Entry::new(Kind::Delivery, by, what).about("mail").from_to("not confirmed", "confirmed");
        let text = |fault: CasebookFault| fault.to_string();
        let begun = casebook::begin(self.data, now_ms, slice::from_ref(&entry)).map_err(text)?;
        self.keep(&asked).map_err(|fault| fault.to_string())?;
        begun.done(vec![entry]).map(drop).map_err(text)
    }

    /// What of the mail needs somebody.
    pub fn needs_you(&self, local: impl Fn(i64) -> String) -> Vec<String> {
        let waiting = self.waiting();
        let mut needs = Vec::new();
        let confirmed = self.confirmation().filter(|c| c.of == self.fingerprint());
        if confirmed.as_ref().is_none_or(|c| c.confirmed_ms.is_none()) {
            let sent = match (&confirmed, waiting.iter().find(|letter| letter.id == TEST)) {
                (None, _) => "is not sent yet".to_owned(),
                (Some(_), Some(letter)) if letter.why.is_empty() => "waits to be sent".into(),
                (Some(_), Some(letter)) => format!("is not sent yet ({})", letter.why),
                (Some(c), None) => format!("was sent {}", local(c.asked_ms)),
            };
            let to = self.mail.to.join(", ");
            needs.push(format!(
                "the DSL has not confirmed that mail comes to {to}: the test mail {sent}; `schoolgate report confirm CODE`, with the \
                 code in it"
            ));
        }
        let late = waiting.iter().filter(|letter| letter.id != TEST && letter.tries > 0);
        needs.extend(
            late.map(|letter| format!("the mail of {} waits since {} ({})", letter.id, local(letter.made_ms), letter.why)),
        );
        needs
    }
}

fn hex(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
