//! Bytes in chunks → words: lower case, narrow, without accents, leetspeak and borrowed letters undone, spelling out undone.

use super::fold::{Folded, fold, leet, one_script};
use std::ops::Range;

/// Longest word that is looked at, in characters: English has none of half that, and a blob of base64 is no word.
const MAX_WORD: usize = 64;
/// From so many single letters in a row on, they are a word spelt out: `s u i c i d e`, `k.y.s`.
const MIN_SPELT: usize = 3;

/// What stands for a word that is too long: no term holds it, so none reaches across it.
pub(super) const TOO_LONG: &[u8] = b"\0";

/// What an ASCII byte is, for the short way that most words take.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plain {
    Letter,
    Gap,
    /// Digits, apostrophes, what may stand for a letter; all that is not ASCII.
    Neither,
}

const PLAIN: [Plain; 256] = {
    let mut table = [Plain::Neither; 256];
    let mut byte = 0;
    while byte < 128 {
        let c = byte as u8;
        table[byte] = match c {
            b'a'..=b'z' | b'A'..=b'Z' => Plain::Letter,
            b'0'..=b'9' | b'@' | b'$' | b'\'' | b'`' => Plain::Neither,
            _ => Plain::Gap,
        };
        byte += 1;
    }
    table
};

/// A word's reader. What it holds between two chunks is at most a word or a run of single letters.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// Bytes of a character that is not whole yet.
    partial: Vec<u8>,
    /// How many bytes of the text came before the next one.
    read: u64,
    word: Vec<char>,
    too_long: bool,
    at: Range<u64>,
    /// Single letters in a row, with their places.
    spelt: Vec<(char, Range<u64>)>,
    /// A word while it is put into lower case; it is here to be used again.
    lower: Vec<u8>,
}

impl Words {
    /// Reads on; `each` gets a word when it is over, with its place in the text.
    pub fn push(&mut self, chunk: &[u8], each: &mut impl FnMut(&[u8], Range<u64>)) {
        let mut rest = chunk;
        while let [byte, after @ ..] = rest {
            if self.word.is_empty() && self.partial.is_empty() {
                let taken = self.plain(rest, each);
                if taken > 0 {
                    rest = &rest[taken..];
                    continue;
                }
            }
            rest = after;
            let byte = *byte;
            self.read += 1;
            if self.partial.is_empty() && byte.is_ascii() {
                self.character(char::from(byte), 1, each);
            } else {
                self.partial.push(byte);
                self.decode(each);
            }
        }
    }

    /// The short way: a gap, or a word of ASCII letters with the gap after it. How many bytes that were; 0, if it is neither.
    fn plain(&mut self, rest: &[u8], each: &mut impl FnMut(&[u8], Range<u64>)) -> usize {
        let kind = |byte: &u8| PLAIN[usize::from(*byte)];
        let length = rest.iter().take(MAX_WORD + 1).take_while(|byte| kind(byte) == Plain::Letter).count();
        // One letter alone may be spelling a word out.
        if length == 1 || length > MAX_WORD || rest.get(length).map(kind) != Some(Plain::Gap) {
            return 0;
        }
        if length > 0 {
            self.letters_over(each);
            self.lower.clear();
            self.lower.extend(rest[..length].iter().map(u8::to_ascii_lowercase));
            each(&self.lower, self.read..self.read + length as u64);
        }
        self.read += length as u64 + 1;
        length + 1
    }

    /// The text is over.
    pub fn end(&mut self, each: &mut impl FnMut(&[u8], Range<u64>)) {
        self.partial.clear();
        self.word_over(each);
        self.letters_over(each);
    }

    /// Takes from `partial` what is a character, and what cannot become one.
    fn decode(&mut self, each: &mut impl FnMut(&[u8], Range<u64>)) {
        match std::str::from_utf8(&self.partial) {
            Ok(whole) => {
                let found = whole.chars().next();
                let length = self.partial.len() as u64;
                self.partial.clear();
                if let Some(c) = found {
                    self.character(c, length, each);
                }
            }
            Err(wrong) => {
                // `None`: more bytes may make it a character (never more than four).
                let Some(bad) = wrong.error_len() else { return };
                self.word_over(each);
                let rest = self.partial.split_off(bad.min(self.partial.len()));
                self.partial.clear();
                // What follows a bad byte begins anew; it is a byte or two, so this goes no deeper than that.
                for byte in rest {
                    if self.partial.is_empty() && byte.is_ascii() {
                        self.character(char::from(byte), 1, each);
                    } else {
                        self.partial.push(byte);
                        self.decode(each);
                    }
                }
            }
        }
    }

    /// One character of `length` bytes, which ends where the reading is.
    fn character(&mut self, c: char, length: u64, each: &mut impl FnMut(&[u8], Range<u64>)) {
        let at = self.read.saturating_sub(length)..self.read;
        match fold(c) {
            Folded::One(c) => self.letter(c, at),
            Folded::Two(a, b) => {
                self.letter(a, at.clone());
                self.letter(b, at);
            }
            // `$uicide` is a word, `@name` is not part of one.
            Folded::Symbol('$') => self.add('$', at),
            Folded::Symbol(c) if !self.word.is_empty() => self.add(c, at),
            Folded::Nothing => {}
            Folded::Symbol(_) | Folded::Gap => self.word_over(each),
        }
    }

    fn letter(&mut self, c: char, at: Range<u64>) {
        let end = at.end;
        self.add(c, at);
        self.at.end = end;
    }

    fn add(&mut self, c: char, at: Range<u64>) {
        if self.word.is_empty() {
            self.at = at;
        }
        if self.word.len() < MAX_WORD {
            self.word.push(c);
        } else {
            self.too_long = true;
        }
    }

    fn word_over(&mut self, each: &mut impl FnMut(&[u8], Range<u64>)) {
        if self.word.is_empty() {
            return;
        }
        let at = self.at.clone();
        if self.too_long {
            self.letters_over(each);
            each(TOO_LONG, at);
        } else {
            let word = readable(&self.word);
            let mut letters = word.chars();
            match (letters.next(), letters.next()) {
                (None, _) => {}
                (Some(only), None) if only.is_alphabetic() => {
                    self.spelt.push((only, at));
                    if self.spelt.len() == MAX_WORD {
                        self.letters_over(each);
                    }
                }
                _ => {
                    self.letters_over(each);
                    each(word.as_bytes(), at);
                }
            }
        }
        self.word.clear();
        self.too_long = false;
    }

    #[inline]
    fn letters_over(&mut self, each: &mut impl FnMut(&[u8], Range<u64>)) {
        if self.spelt.is_empty() {
            return;
        }
        match self.spelt.as_slice() {
            [first, .., last] if self.spelt.len() >= MIN_SPELT => {
                let word: String = self.spelt.iter().map(|(c, _)| *c).collect();
                each(word.as_bytes(), first.1.start..last.1.end);
            }
            few => {
                let mut buffer = [0; 4];
                for (c, at) in few {
                    each(c.encode_utf8(&mut buffer).as_bytes(), at.clone());
                }
            }
        }
        self.spelt.clear();
    }
}

/// A word as it is read aloud: in one script, leetspeak undone where there are letters too, so that `80` stays a number.
fn readable(word: &[char]) -> String {
    let is_symbol = |c: &char| matches!(c, '@' | '$');
    let end = word.iter().rposition(|c| !is_symbol(c)).map_or(0, |last| last + 1);
    let word = &word[..end];
    if !word.iter().any(|c| c.is_alphabetic()) {
        return word.iter().filter(|c| !is_symbol(c)).collect();
    }
    let mut out = String::with_capacity(word.len());
    let script = one_script(word);
    let mut rest = word;
    while let [c, after @ ..] = rest {
        // `ki11` is `kill`, `k1ll` too.
        if let ('1', ['1', after @ ..]) = (*c, after) {
            out.push_str("ll");
            rest = after;
        } else {
            out.push(script.read(leet(*c)));
            rest = after;
        }
    }
    out
}

/// The words of a short text, one space between two: what a term is made into, and what it is looked for in.
pub(super) fn normal(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut words = Words::default();
    let mut each = |word: &[u8], _: Range<u64>| found.push(String::from_utf8_lossy(word).into_owned());
    words.push(text.as_bytes(), &mut each);
    words.end(&mut each);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_hidden_word_reads_as_the_plain_one() {
        for (text, expected) in [
            ("Kill  MYSELF!!", "kill myself"),
            ("self-harm, self_harm", "self harm self harm"),
            ("ｓｕｉｃｉｄｅ", "suicide"),
            ("sùïçìdé s\u{300}uicide", "suicide suicide"),
            ("𝓼𝓾𝓲𝓬𝓲𝓭𝓮 𝐒𝐔𝐈𝐂𝐈𝐃𝐄 ⓢⓤⓘⓒⓘⓓⓔ", "suicide suicide suicide"),
            ("su1c1de $uicide p@ssw0rd k1ll ki11", "suicide suicide password kill kill"),
            ("su\u{200b}ic\u{ad}ide", "suicide"),
            ("s u i c i d e s.u.i.c.i.d.e", "suicidesuicide"),
            ("I don't, can’t", "i dont cant"),
            ("80 pills for $5 at 10:30", "80 pills for 5 at 10 30"),
            ("plan B", "plan b"),
            ("@name name@ a$$", "name name a"),
            ("straße", "strasse"),
            // Letters borrowed from another script: `ѕех` with three Cyrillic ones among Latin, `cекс` the other way round.
            ("\u{455}u\u{456}c\u{456}de p\u{3bf}rn", "suicide porn"),
            ("c\u{435}\u{43a}\u{441}", "\u{441}\u{435}\u{43a}\u{441}"),
            ("Vietnam Ế", "vietnam e"),
            ("", ""),
        ] {
            assert_eq!(normal(text).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn other_scripts_read_the_same_however_their_marks_are_written() {
        for (one, other) in [
            ("اِنْتِحَار", "انتحار"),           // vowel signs
            ("انتـــحار", "انتحار"),        // tatweel
            ("أإآٱ ى ة", "اااا ي ه"),       // hamza seats, alef maqsura, ta marbuta
            ("خودکشی", "خودكشي"),           // Urdu and Arabic kaf and yeh
            ("١٨ ۱۸ ১৮ १८", "18 18 18 18"), // digits
            ("ї й ґ", "і и г"),
            ("самогубств\u{43e}\u{301}", "самогубство"),
            ("ড়", "ড\u{9bc}"),
            ("\u{9cb} \u{9a4}\u{9cb}", "\u{9c7}\u{9be} \u{9a4}\u{9c7}\u{9be}"),
            ("żółć", "zolc"),
            ("sinucidere ţ ț", "sinucidere t t"),
            ("hunan-niweidio ŵ ŷ", "hunan niweidio w y"),
        ] {
            assert_eq!(normal(one), normal(other), "{one}");
        }
    }

    #[test]
    fn a_word_keeps_its_place_in_the_text() {
        let text = "«Ünder» s u i x y $ö!";
        let mut places = Vec::new();
        let mut words = Words::default();
        let mut each = |word: &[u8], at: Range<u64>| {
            places.push((String::from_utf8(word.to_vec()).unwrap(), text[at.start as usize..at.end as usize].to_owned()))
        };
        words.push(text.as_bytes(), &mut each);
        words.end(&mut each);
        let expected = [("under", "Ünder"), ("suixy", "s u i x y"), ("so", "$ö")];
        assert_eq!(places, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }

    #[test]
    fn what_is_too_long_for_a_word_is_none() {
        let long = "a".repeat(MAX_WORD + 1);
        assert_eq!(normal(&format!("kill {long} myself")), ["kill", "\0", "myself"]);
        assert_eq!(normal(&"a".repeat(MAX_WORD)).len(), 1);
        let mut words = Words::default();
        words.push("a ".repeat(100_000).as_bytes(), &mut |_, _| ());
        words.push("a".repeat(100_000).as_bytes(), &mut |_, _| ());
        assert!(words.word.len() <= MAX_WORD && words.spelt.len() <= MAX_WORD && words.partial.len() <= 4);
    }

    proptest! {
        #[test]
        fn the_words_are_the_same_however_the_bytes_are_cut(text in proptest::collection::vec(any::<u8>(), 0..200), size in 1usize..7) {
            let all = |size: usize| {
                let mut found = Vec::new();
                let mut words = Words::default();
                text.chunks(size).for_each(|chunk| words.push(chunk, &mut |word, at| found.push((word.to_owned(), at))));
                words.end(&mut |word, at| found.push((word.to_owned(), at)));
                found
            };
            let whole = all(text.len().max(1));
            for (_, at) in &whole {
                prop_assert!(at.start < at.end && at.end <= text.len() as u64);
            }
            prop_assert_eq!(whole, all(size));
        }
    }
}
