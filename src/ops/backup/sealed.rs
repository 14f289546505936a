//! The sealed file: a stream in chunks, each encrypted and authenticated, under a key that a passphrase opens.
//!
//! ```text
//! magic, version u32                                       12 bytes
//! slots u8, each: kind u8, length u16, content             the file's key, wrapped once for each who may open it
//!   kind 1, a passphrase: memory KiB u32, passes u32 of Argon2id, salt 16 bytes, wrapped key 48 bytes
//! chunks: 65,536 bytes and a tag of 16; the last one is shorter or as long, and says that it is the last
//! ```
//! Numbers are little-endian. ChaCha20-Poly1305 throughout: the key is wrapped with the nonce 0, for the wrapping key is used once;
//! a chunk has three bytes 0, its number (big-endian, 8 bytes) and 1 if it is the last, else 0 (the STREAM construction, Hoang and
//! others 2015), and the SHA-256 of everything before the chunks as its associated data. So no chunk can be moved, left out or
//! added, and no byte of the file changed, without being noticed. A slot of another kind is passed over.

use argon2::{Algorithm, Argon2, Params, Version};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use std::io::{self, ErrorKind, Read, Write};

const MAGIC: [u8; 8] = *b"SGBACK\r\n";
const VERSION: u32 = 1;
const CHUNK: usize = 64 << 10;
const TAG: usize = 16;
const KEY: usize = 32;
const SALT: usize = 16;
const PASSPHRASE: u8 = 1;
const SLOT: usize = 8 + SALT + KEY + TAG;

/// What opening takes: a second of one core of a Raspberry Pi. Who has the file may guess for as long as they like.
const MEMORY_KIB: u32 = 64 << 10;
const PASSES: u32 = 3;
/// What a file may ask of whoever opens it.
const MOST_MEMORY_KIB: u32 = 256 << 10;
const MOST_PASSES: u32 = 16;

/// Shortest passphrase, in characters: four words.
pub const MIN_PASSPHRASE: usize = 15;
/// Longest.
pub const MAX_PASSPHRASE: usize = 512;

/// A fault that says what it is; the kind tells a damaged file from a disk that fails.
fn damaged(why: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why.to_owned())
}

fn key(bytes: &[u8; KEY]) -> io::Result<LessSafeKey> {
    UnboundKey::new(&CHACHA20_POLY1305, bytes).map(LessSafeKey::new).map_err(|_| io::Error::other("no cipher"))
}

fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| io::Error::other("the system has no randomness"))?;
    Ok(bytes)
}

/// The key that a passphrase makes.
fn wrapping(passphrase: &str, salt: &[u8], memory_kib: u32, passes: u32) -> io::Result<LessSafeKey> {
    let mut out = [0; KEY];
    let params = Params::new(memory_kib, passes, 1, Some(KEY)).map_err(io::Error::other)?;
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon.hash_password_into(passphrase.as_bytes(), salt, &mut out).map_err(io::Error::other)?;
    key(&out)
}

fn zero() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

fn nonce(chunk: u64, last: bool) -> Nonce {
    let mut bytes = [0; 12];
    bytes[3..11].copy_from_slice(&chunk.to_be_bytes());
    bytes[11] = u8::from(last);
    Nonce::assume_unique_for_key(bytes)
}

/// Writes a sealed file: what is written to it is encrypted on the way.
pub struct Sealer<W> {
    to: W,
    key: LessSafeKey,
    head: [u8; 32],
    chunk: Vec<u8>,
    chunks: u64,
    /// A chunk was not written whole. Nothing may follow it: its number, and so its nonce, would be used again.
    broken: bool,
}

impl<W: Write> Sealer<W> {
    /// # Errors
    /// As `to` says, or where there is no randomness or memory.
    pub fn new(mut to: W, passphrase: &str) -> io::Result<Self> {
        let (file_key, salt) = (random::<KEY>()?, random::<SALT>()?);
        let mut wrapped = file_key.to_vec();
        let by = wrapping(passphrase, &salt, MEMORY_KIB, PASSES)?;
        by.seal_in_place_append_tag(zero(), Aad::from(MAGIC), &mut wrapped).map_err(|_| io::Error::other("no cipher"))?;
        let mut head = [&MAGIC[..], &VERSION.to_le_bytes(), &[1, PASSPHRASE], &(SLOT as u16).to_le_bytes()].concat();
        head.extend([&MEMORY_KIB.to_le_bytes()[..], &PASSES.to_le_bytes(), &salt, &wrapped].concat());
        to.write_all(&head)?;
        let chunk = Vec::with_capacity(CHUNK + TAG);
        Ok(Self { to, key: key(&file_key)?, head: sum(&head), chunk, chunks: 0, broken: false })
    }

    fn put(&mut self, last: bool) -> io::Result<()> {
        if std::mem::replace(&mut self.broken, true) {
            return Err(io::Error::other("it could not be written before"));
        }
        let sealed = self.key.seal_in_place_append_tag(nonce(self.chunks, last), Aad::from(self.head), &mut self.chunk);
        sealed.map_err(|_| io::Error::other("no cipher"))?;
        self.to.write_all(&self.chunk)?;
        self.chunk.clear();
        self.chunks += 1;
        self.broken = false;
        Ok(())
    }

    /// Without it the file is cut short for whoever reads it.
    ///
    /// # Errors
    /// As `to` says.
    pub fn finish(mut self) -> io::Result<W> {
        self.put(true)?;
        self.to.flush()?;
        Ok(self.to)
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The last chunk is known by being the last: a full one waits for what follows.
        if self.chunk.len() >= CHUNK {
            self.put(false)?;
        }
        let taken = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn sum(bytes: &[u8]) -> [u8; 32] {
    let mut sum = [0; 32];
    sum.copy_from_slice(digest(&SHA256, bytes).as_ref());
    sum
}

/// Reads a sealed file. What it gives has been authenticated, up to the chunk it stands in; only at the end is it known that
/// nothing is missing.
pub struct Opened<R> {
    from: R,
    key: LessSafeKey,
    head: [u8; 32],
    /// What was read of the file and not yet opened: a chunk, and the first byte after it.
    ahead: Vec<u8>,
    plain: Vec<u8>,
    at: usize,
    chunks: u64,
    ended: bool,
}

impl<R: Read> Opened<R> {
    /// # Errors
    /// [`ErrorKind::InvalidData`]: it is no backup, of a newer version, damaged, or the passphrase is another.
    pub fn new(mut from: R, passphrase: &str) -> io::Result<Self> {
        let mut head = vec![0; MAGIC.len() + 5];
        fill(&mut from, &mut head, "it is no backup of Schoolgate")?;
        if head[..MAGIC.len()] != MAGIC {
            return Err(damaged("it is no backup of Schoolgate"));
        }
        let version = u32::from_le_bytes([head[8], head[9], head[10], head[11]]);
        if version != VERSION {
            return Err(damaged(&format!("it is a backup of format {version}, and this version reads format {VERSION}")));
        }
        let mut found = None;
        for _ in 0..head[12] {
            let mut start = [0; 3];
            fill(&mut from, &mut start, "it is cut short")?;
            let mut content = vec![0; usize::from(u16::from_le_bytes([start[1], start[2]]))];
            fill(&mut from, &mut content, "it is cut short")?;
            if start[0] == PASSPHRASE && found.is_none() {
                found = unwrap(&content, passphrase)?;
            }
            head.extend(start.into_iter().chain(content));
        }
        let file_key = found.ok_or_else(|| damaged("this is not its passphrase, or its first bytes are damaged"))?;
        let (key, head) = (key(&file_key)?, sum(&head));
        Ok(Self { from, key, head, ahead: Vec::new(), plain: Vec::new(), at: 0, chunks: 0, ended: false })
    }

    fn next(&mut self) -> io::Result<()> {
        const WHOLE: usize = CHUNK + TAG;
        let room = (WHOLE + 1).saturating_sub(self.ahead.len());
        (&mut self.from).take(room as u64).read_to_end(&mut self.ahead)?;
        let last = self.ahead.len() <= WHOLE;
        let rest = self.ahead.split_off(self.ahead.len().min(WHOLE));
        let mut chunk = std::mem::replace(&mut self.ahead, rest);
        let place = self.chunks * WHOLE as u64;
        let opened = self.key.open_in_place(nonce(self.chunks, last), Aad::from(self.head), &mut chunk);
        let why = || damaged(&format!("it is damaged or cut short, in the 64 KiB after byte {place} of its content"));
        let length = opened.map_err(|_| why())?.len();
        chunk.truncate(length);
        (self.plain, self.at, self.ended) = (chunk, 0, last);
        self.chunks += 1;
        Ok(())
    }
}

impl<R: Read> Read for Opened<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.at == self.plain.len() {
            if self.ended {
                return Ok(0);
            }
            self.next()?;
        }
        let taken = to.len().min(self.plain.len() - self.at);
        to[..taken].copy_from_slice(&self.plain[self.at..self.at + taken]);
        self.at += taken;
        Ok(taken)
    }
}

fn fill(from: &mut impl Read, to: &mut [u8], short: &str) -> io::Result<()> {
    from.read_exact(to).map_err(|fault| if fault.kind() == ErrorKind::UnexpectedEof { damaged(short) } else { fault })
}

/// The file's key of a slot. `None`: the passphrase is another.
fn unwrap(slot: &[u8], passphrase: &str) -> io::Result<Option<[u8; KEY]>> {
    let number = |at: usize| slot.get(at..at + 4).and_then(|b| b.first_chunk()).map(|b| u32::from_le_bytes(*b));
    let (Some(memory), Some(passes), SLOT) = (number(0), number(4), slot.len()) else {
        return Err(damaged("its first bytes are damaged"));
    };
    if memory > MOST_MEMORY_KIB || passes > MOST_PASSES || memory < 8 || passes == 0 {
        return Err(damaged("its first bytes are damaged"));
    }
    let by = wrapping(passphrase, &slot[8..8 + SALT], memory, passes)?;
    let mut wrapped = slot[8 + SALT..].to_vec();
    let opened = by.open_in_place(zero(), Aad::from(MAGIC), &mut wrapped).ok();
    Ok(opened.and_then(|key| key.first_chunk().copied()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: &str = "correct horse battery staple";

    fn sealed(bytes: &[u8]) -> Vec<u8> {
        let mut sealer = Sealer::new(Vec::new(), WORDS).expect("begun");
        sealer.write_all(bytes).expect("written");
        sealer.finish().expect("finished")
    }

    fn opened(file: &[u8], words: &str) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        Opened::new(file, words)?.read_to_end(&mut out)?;
        Ok(out)
    }

    #[test]
    fn what_was_sealed_is_opened_by_its_passphrase_alone() {
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK] {
            let bytes: Vec<u8> = (0..length).map(|n| n as u8).collect();
            let file = sealed(&bytes);
            assert_eq!(opened(&file, WORDS).expect("opened"), bytes, "{length}");
            let longer = [&file[..], b"x"].concat();
            assert!(opened(&longer, WORDS).is_err() && opened(&file[..file.len() - 1], WORDS).is_err(), "{length}");
        }
        let fault = opened(&sealed(b"x"), "another").expect_err("not its passphrase");
        assert!(fault.to_string().contains("not its passphrase"), "{fault}");
    }

    #[test]
    fn a_chunk_left_out_moved_or_taken_for_the_last_is_noticed() {
        let file = sealed(&vec![7; 3 * CHUNK]);
        let head = file.len() - 3 * (CHUNK + TAG);
        let chunk = |n: usize| &file[head + n * (CHUNK + TAG)..head + (n + 1) * (CHUNK + TAG)];
        for chunks in [vec![chunk(0), chunk(2)], vec![chunk(1), chunk(0), chunk(2)], vec![chunk(0), chunk(1)], vec![]] {
            let forged = [&[&file[..head]], &chunks[..]].concat().concat();
            assert!(opened(&forged, WORDS).is_err());
        }
    }

    /// A disk with so much room.
    #[derive(Debug)]
    struct Small(usize);

    impl Write for Small {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or_else(|| io::Error::from(ErrorKind::StorageFull))?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn after_a_chunk_that_was_not_written_nothing_is_written_any_more() {
        let mut sealer = Sealer::new(Small(CHUNK * 2), WORDS).expect("begun");
        assert!(sealer.write_all(&vec![1; 3 * CHUNK]).is_err());
        let left = sealer.to.0;
        assert!(sealer.write_all(b"more").is_err() && sealer.flush().is_ok());
        assert_eq!(sealer.to.0, left);
        assert!(sealer.finish().is_err());
    }

    #[test]
    fn any_flipped_bit_is_noticed() {
        let file = sealed(b"a little");
        // One of each field: every try costs what the passphrase costs.
        let head = MAGIC.len() + 8 + SLOT;
        for at in [0, 8, 12, 13, 14, 24, head - 1, head, file.len() - 1] {
            let mut other = file.clone();
            other[at] ^= 1;
            assert!(opened(&other, WORDS).is_err(), "byte {at}");
        }
    }
}
