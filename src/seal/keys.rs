//! The school's pair of keys: the public one for the gate, the private one only sealed, to each reader and to the recovery sheet.
//!
//! A reader is a pair of keys too, whose private one is made of the passphrase each time (Argon2id, RFC 9106) and kept nowhere. So
//! whoever has one passphrase can make a new pair of the school's for all readers, and needs nobody else's: who has left is left
//! out, and cannot open what comes, even with a copy of this file. The pairs before are kept, each sealed to the one after it.

use super::data::HeldKey;
use super::recovery::RecoveryCode;
use super::{SealFault, file, hpke, random};
use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

/// The version of the file that this gate writes, and the newest it reads.
const VERSION: u32 = 1;
/// Longest file: [`MAX_READERS`], and a pair a week for many years.
const MAX_FILE: u64 = 1 << 20;
/// The DSL, deputies, a head.
pub const MAX_READERS: usize = 32;
pub const SHORTEST_PASSPHRASE: usize = 12;
const LONGEST_PASSPHRASE: usize = 1024;
const LONGEST_NAME: usize = 64;

/// What one try of a passphrase costs: 64 MiB and three passes, the second choice of RFC 9106 (§4), for machines with little memory.
const MEMORY_KIB: u32 = if cfg!(test) { 64 } else { 64 << 10 };
const PASSES: u32 = if cfg!(test) { 1 } else { 3 };

const READER_INFO: &[u8] = b"schoolgate reader";
const SHEET_INFO: &[u8] = b"schoolgate recovery sheet";
const OLDER_INFO: &[u8] = b"schoolgate older pair";
const TEXT_INFO: &[u8] = b"schoolgate text";

/// `DATA/seal/keys.json`.
#[derive(Debug, Clone)]
pub struct Keys {
    public: PublicKey,
    /// When this pair was made, in milliseconds since 1970.
    pub made_ms: i64,
    readers: Vec<Reader>,
    sheet: Lock,
    /// The pairs before, the newest first: each private key sealed to the pair after it.
    older: Vec<Lock>,
}

/// A private key of the school's, and whom it is sealed to; of an older pair, whose it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lock {
    #[serde(with = "hex")]
    public: Vec<u8>,
    #[serde(with = "hex")]
    sealed: Vec<u8>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reader {
    name: String,
    since_ms: i64,
    memory_kib: u32,
    passes: u32,
    #[serde(with = "hex")]
    salt: Vec<u8>,
    lock: Lock,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    #[serde(with = "hex")]
    public: Vec<u8>,
    made_ms: i64,
    readers: Vec<Reader>,
    sheet: Lock,
    older: Vec<Lock>,
}

/// The private keys, for as long as somebody who may reads.
pub struct Opener {
    /// The newest first.
    pairs: Vec<(PublicKey, StaticSecret)>,
}

impl Keys {
    /// A new pair with its first reader, and the code for the recovery sheet, which is kept nowhere.
    ///
    /// # Errors
    /// [`SealFault`]: the name or the passphrase will not do, or the machine.
    pub fn make(reader: &str, passphrase: &str, now_ms: i64) -> Result<(Self, RecoveryCode), SealFault> {
        let secret = StaticSecret::from(random::<32>()?);
        let code = RecoveryCode::make()?;
        let sheet = Lock::of(&secret, &PublicKey::from(&code.secret()), SHEET_INFO)?;
        let public = PublicKey::from(&secret);
        let mut keys = Self { public, made_ms: now_ms, readers: Vec::new(), sheet, older: Vec::new() };
        keys.add(&Opener { pairs: vec![(public, secret)] }, reader, passphrase, now_ms)?;
        Ok((keys, code))
    }

    /// The school's keys; `None`: none have been made.
    ///
    /// # Errors
    /// [`SealFault`]: they cannot be read.
    pub fn read(data: &Path) -> Result<Option<Self>, SealFault> {
        let path = file(data);
        let at = |source| SealFault::Io { path: path.clone(), source };
        let file = match File::open(&path) {
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(at)?,
        };
        let mut text = Vec::new();
        file.take(MAX_FILE + 1).read_to_end(&mut text).map_err(at)?;
        match Self::parse(&text) {
            Ok(keys) => Ok(Some(keys)),
            Err(Unread::Newer(found)) => Err(SealFault::Newer { path, found }),
            Err(Unread::Broken(why)) => Err(SealFault::File { path, why }),
        }
    }

    fn parse(text: &[u8]) -> Result<Self, Unread> {
        #[derive(Deserialize)]
        struct Head {
            version: u32,
        }
        let broken = |why: serde_json::Error| Unread::Broken(why.to_string());
        if text.len() as u64 > MAX_FILE {
            return Err(Unread::Broken(format!("it is longer than {MAX_FILE} octets")));
        }
        let head: Head = serde_json::from_slice(text).map_err(broken)?;
        if head.version > VERSION {
            return Err(Unread::Newer(head.version));
        }
        let Written { public, made_ms, readers, sheet, older, .. } = serde_json::from_slice(text).map_err(broken)?;
        let public = key_of(&public).ok_or_else(|| Unread::Broken("its public key has another length".into()))?;
        if readers.len() > MAX_READERS {
            return Err(Unread::Broken(format!("it has more than {MAX_READERS} readers")));
        }
        Ok(Self { public, made_ms, readers, sheet, older })
    }

    /// The text of the file. Whoever writes it replaces the old one whole, and only its owner reads it.
    pub fn text(&self) -> Vec<u8> {
        let Self { public, made_ms, readers, sheet, older } = self.clone();
        let written = Written { version: VERSION, public: public.as_bytes().to_vec(), made_ms, readers, sheet, older };
        serde_json::to_vec_pretty(&written).unwrap_or_else(|_| unreachable!("texts and numbers are JSON"))
    }

    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The public key in short, to be compared by eye with what the recovery sheet says: `9F2A-71C0-44DE-0B18`.
    pub fn fingerprint(&self) -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, self.public.as_bytes());
        let groups = digest.as_ref()[..8].chunks(2).map(|pair| pair.iter().map(|b| format!("{b:02X}")).collect::<String>());
        groups.collect::<Vec<_>>().join("-")
    }

    /// The readers' names, and since when they are readers.
    pub fn readers(&self) -> impl Iterator<Item = (&str, i64)> {
        self.readers.iter().map(|r| (r.name.as_str(), r.since_ms))
    }

    pub fn has_reader(&self, name: &str) -> bool {
        self.readers.iter().any(|r| r.name == name.trim())
    }

    /// What a reader's passphrase opens. It takes some tenths of a second and 64 MiB, of a name that is no reader's too: whoever
    /// lets people from elsewhere try slows them down.
    ///
    /// # Errors
    /// [`SealFault::Wrong`], whichever of the two is not right; [`SealFault::Changed`]: it is right, and the file is not.
    pub fn open(&self, reader: &str, passphrase: &str) -> Result<Opener, SealFault> {
        let known = self.readers.iter().find(|r| r.name == reader.trim());
        let (salt, memory, passes) = known.map_or((&[0; 16][..], MEMORY_KIB, PASSES), |r| (&r.salt, r.memory_kib, r.passes));
        let secret = secret_of(passphrase, salt, memory, passes)?;
        let reader = known.filter(|r| key_of(&r.lock.public) == Some(PublicKey::from(&secret))).ok_or(SealFault::Wrong)?;
        self.opener(reader.lock.open(&secret, READER_INFO)?)
    }

    /// What the recovery sheet opens.
    ///
    /// # Errors
    /// [`SealFault::WrongSheet`], [`SealFault::Changed`].
    pub fn recover(&self, code: &RecoveryCode) -> Result<Opener, SealFault> {
        let secret = code.secret();
        if key_of(&self.sheet.public) != Some(PublicKey::from(&secret)) {
            return Err(SealFault::WrongSheet);
        }
        self.opener(self.sheet.open(&secret, SHEET_INFO)?)
    }

    fn opener(&self, secret: StaticSecret) -> Result<Opener, SealFault> {
        let mut pairs = vec![(self.public, secret)];
        if PublicKey::from(&pairs[0].1) != self.public {
            return Err(SealFault::Changed);
        }
        for older in &self.older {
            let public = key_of(&older.public).ok_or(SealFault::Changed)?;
            let secret = pairs.last().and_then(|(_, after)| older.open(after, OLDER_INFO).ok()).ok_or(SealFault::Changed)?;
            if PublicKey::from(&secret) != public {
                return Err(SealFault::Changed);
            }
            pairs.push((public, secret));
        }
        Ok(Opener { pairs })
    }

    /// One more reader.
    ///
    /// # Errors
    /// [`SealFault`]: the name is taken or no name, the passphrase is short, there are too many, the opener is of other keys.
    pub fn add(&mut self, opener: &Opener, name: &str, passphrase: &str, now_ms: i64) -> Result<(), SealFault> {
        if self.has_reader(name) {
            return Err(SealFault::Taken(name.trim().to_owned()));
        }
        if self.readers.len() >= MAX_READERS {
            return Err(SealFault::Full);
        }
        let reader = Reader::make(self.secret(opener)?, name, passphrase, now_ms)?;
        self.readers.push(reader);
        Ok(())
    }

    /// Another passphrase for a reader.
    ///
    /// # Errors
    /// As [`Keys::add`]; [`SealFault::NoReader`].
    pub fn set_passphrase(&mut self, opener: &Opener, name: &str, passphrase: &str) -> Result<(), SealFault> {
        let secret = self.secret(opener)?;
        let known = self.readers.iter_mut().find(|r| r.name == name.trim());
        let known = known.ok_or_else(|| SealFault::NoReader(name.trim().to_owned()))?;
        *known = Reader::make(secret, name, passphrase, known.since_ms)?;
        Ok(())
    }

    /// Takes a reader out, and makes a new pair that they have never had: with a copy of this file and their passphrase they open
    /// nothing that is sealed from now on.
    ///
    /// # Errors
    /// [`SealFault::NoReader`], [`SealFault::LastReader`], and as [`Keys::roll`].
    pub fn remove(&mut self, opener: &Opener, name: &str, now_ms: i64) -> Result<(), SealFault> {
        let name = name.trim();
        match (self.has_reader(name), self.readers.len()) {
            (false, _) => return Err(SealFault::NoReader(name.to_owned())),
            (true, 1) => return Err(SealFault::LastReader(name.to_owned())),
            _ => {}
        }
        let mut rolled = self.clone();
        rolled.readers.retain(|r| r.name != name);
        rolled.roll(opener, now_ms)?;
        *self = rolled;
        Ok(())
    }

    /// A new pair, for the same readers and the same recovery sheet; what was sealed to the pairs before they still open.
    ///
    /// # Errors
    /// [`SealFault`]: the machine, or the opener is of other keys.
    pub fn roll(&mut self, opener: &Opener, now_ms: i64) -> Result<(), SealFault> {
        let before = self.secret(opener)?;
        let secret = StaticSecret::from(random::<32>()?);
        let public = PublicKey::from(&secret);
        let to = |lock: &Lock| key_of(&lock.public).ok_or(SealFault::Changed);
        let locks = self.readers.iter().map(|r| Lock::of(&secret, &to(&r.lock)?, READER_INFO));
        let locks = locks.collect::<Result<Vec<_>, _>>()?;
        let sheet = Lock::of(&secret, &to(&self.sheet)?, SHEET_INFO)?;
        let sealed = hpke::seal(&public, OLDER_INFO, self.public.as_bytes(), before.as_bytes())?;
        self.older.insert(0, Lock { public: self.public.as_bytes().to_vec(), sealed });
        self.readers.iter_mut().zip(locks).for_each(|(reader, lock)| reader.lock = lock);
        (self.public, self.made_ms, self.sheet) = (public, now_ms, sheet);
        Ok(())
    }

    /// A new recovery sheet, in the place of the one before.
    ///
    /// # Errors
    /// [`SealFault`]: the machine, or the opener is of other keys.
    pub fn new_sheet(&mut self, opener: &Opener) -> Result<RecoveryCode, SealFault> {
        let code = RecoveryCode::make()?;
        self.sheet = Lock::of(self.secret(opener)?, &PublicKey::from(&code.secret()), SHEET_INFO)?;
        Ok(code)
    }

    /// Seals a text that somebody wrote about people, such as what an incident was. Only the same `what` opens it: the record it is
    /// of.
    ///
    /// # Errors
    /// [`SealFault::Machine`].
    pub fn seal_text(&self, what: &str, text: &str) -> Result<Vec<u8>, SealFault> {
        let body = hpke::seal(&self.public, TEXT_INFO, what.as_bytes(), text.as_bytes())?;
        Ok([self.public.as_bytes().as_slice(), &body].concat())
    }

    fn secret<'a>(&self, opener: &'a Opener) -> Result<&'a StaticSecret, SealFault> {
        opener.secret_of(self.public.as_bytes()).ok_or(SealFault::Changed)
    }
}

impl Opener {
    pub(super) fn secret_of(&self, public: &[u8; 32]) -> Option<&StaticSecret> {
        self.pairs.iter().find(|(known, _)| known.as_bytes() == public).map(|(_, secret)| secret)
    }

    /// The data key that was sealed. `Ok(None)`: to a pair that is not among these.
    ///
    /// # Errors
    /// [`SealFault::Changed`].
    pub fn data_key(&self, sealed: &[u8]) -> Result<Option<HeldKey>, SealFault> {
        HeldKey::open(self, sealed)
    }

    /// Opens what [`Keys::seal_text`] sealed.
    ///
    /// # Errors
    /// [`SealFault::Changed`]: it was changed, is of another record, or was sealed to other keys.
    pub fn text(&self, what: &str, sealed: &[u8]) -> Result<String, SealFault> {
        let open = || {
            let (public, body) = sealed.split_first_chunk::<32>()?;
            let text = hpke::open(self.secret_of(public)?, TEXT_INFO, what.as_bytes(), body)?;
            std::str::from_utf8(&text).ok().map(str::to_owned)
        };
        open().ok_or(SealFault::Changed)
    }
}

impl Lock {
    fn of(secret: &StaticSecret, to: &PublicKey, info: &[u8]) -> Result<Self, SealFault> {
        let sealed = hpke::seal(to, info, to.as_bytes(), secret.as_bytes())?;
        Ok(Self { public: to.as_bytes().to_vec(), sealed })
    }

    fn open(&self, with: &StaticSecret, info: &[u8]) -> Result<StaticSecret, SealFault> {
        let opened = hpke::open(with, info, &self.public, &self.sealed).ok_or(SealFault::Changed)?;
        let secret = Zeroizing::new(*opened.first_chunk::<32>().ok_or(SealFault::Changed)?);
        Ok(StaticSecret::from(*secret))
    }
}

impl Reader {
    fn make(secret: &StaticSecret, name: &str, passphrase: &str, since_ms: i64) -> Result<Self, SealFault> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            return Err(SealFault::BadName);
        }
        if passphrase.chars().count() < SHORTEST_PASSPHRASE {
            return Err(SealFault::Short);
        }
        let salt = random::<16>()?.to_vec();
        let own = secret_of(passphrase, &salt, MEMORY_KIB, PASSES)?;
        let lock = Lock::of(secret, &PublicKey::from(&own), READER_INFO)?;
        Ok(Self { name: name.to_owned(), since_ms, memory_kib: MEMORY_KIB, passes: PASSES, salt, lock })
    }
}

/// The private key that a passphrase stands for.
fn secret_of(passphrase: &str, salt: &[u8], memory_kib: u32, passes: u32) -> Result<StaticSecret, SealFault> {
    // What was written with more than this was not written here.
    if memory_kib > 1 << 20 || passes > 100 {
        return Err(SealFault::Changed);
    }
    if passphrase.len() > LONGEST_PASSPHRASE {
        return Err(SealFault::Wrong);
    }
    let params = Params::new(memory_kib, passes, 1, Some(32)).map_err(|_| SealFault::Changed)?;
    let mut out = Zeroizing::new([0; 32]);
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon.hash_password_into(passphrase.as_bytes(), salt, &mut *out).map_err(|_| SealFault::Machine)?;
    Ok(StaticSecret::from(*out))
}

fn key_of(bytes: &[u8]) -> Option<PublicKey> {
    bytes.try_into().ok().map(<[u8; 32]>::into)
}

/// Why a file's text is not keys.
enum Unread {
    Newer(u32),
    Broken(String),
}

/// Bytes in the file.
mod hex {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&bytes.iter().map(|b| format!("{b:02x}")).collect::<String>())
    }

    pub fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        let digits = text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_hexdigit());
        let bytes = || (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect();
        digits.then(bytes).flatten().ok_or_else(|| D::Error::custom("bytes are written in hexadecimal"))
    }
}

#[cfg(test)]
pub(super) mod tests;
