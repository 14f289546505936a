//! What a list's first lines tell of it: `! Version: 2026.11.20`, `# Last modified: …`, the serial of a zone.

/// Lines that are looked at: heads of real lists have up to 40, and a zone's SOA is among its first records.
const LOOK_AT: u64 = 64;
/// Longest version that is kept, in bytes.
const LONGEST: usize = 64;
/// What stands before a version, lower case; of two in a head, the one that is earlier here.
const WORDS: [&str; 6] = ["version", "last modified", "last updated", "updated", "date", "timestamp"];

/// Looks at the first lines of a list.
#[derive(Default)]
pub(super) struct Version {
    said: Option<(usize, String)>,
    /// Words of a zone's SOA that are to come before its serial.
    before_serial: Option<u8>,
}

impl Version {
    pub fn line(&mut self, number: u64, text: &[u8]) {
        if number > LOOK_AT {
            return;
        }
        let Ok(text) = str::from_utf8(text) else { return };
        let text = text.trim();
        match text.strip_prefix(['!', '#', ';']) {
            Some(comment) => self.comment(comment.trim_start_matches(['!', '#', ';', ' ', '\t'])),
            None => self.record(text),
        }
    }

    fn comment(&mut self, comment: &str) {
        let Some((word, value)) = comment.split_once(':') else { return };
        let word = word.trim().to_ascii_lowercase();
        let Some(rank) = WORDS.iter().position(|w| *w == word) else { return };
        if self.said.as_ref().is_none_or(|(said, _)| rank < *said) {
            self.said = kept(value).map(|value| (rank, value)).or(self.said.take());
        }
    }

    /// `@ SOA server mailbox ( serial …`, on one line or several.
    fn record(&mut self, text: &str) {
        let text = text.split(';').next().unwrap_or_default();
        for word in text.split(|c: char| c.is_whitespace() || c == '(' || c == ')').filter(|w| !w.is_empty()) {
            match self.before_serial {
                None if word.eq_ignore_ascii_case("SOA") => self.before_serial = Some(2),
                Some(0) => {
                    self.before_serial = Some(u8::MAX);
                    if self.said.is_none() && word.bytes().all(|c| c.is_ascii_digit()) {
                        self.said = kept(word).map(|word| (WORDS.len(), word));
                    }
                }
                Some(left) if left != u8::MAX => self.before_serial = Some(left - 1),
                _ => {}
            }
        }
    }

    pub fn finish(self) -> Option<String> {
        self.said.map(|(_, value)| value)
    }
}

/// A value as it is kept: short, and nothing in it that a terminal obeys.
fn kept(value: &str) -> Option<String> {
    let value = value.trim();
    let value = &value[..value.floor_char_boundary(LONGEST)];
    (!value.is_empty()).then(|| value.chars().filter(|c| !c.is_control()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_tells_its_version_in_its_head() {
        for (text, expected) in [
            ("! Title: a list\n! Version: 2026.11.20\n! Last modified: today\n", Some("2026.11.20")),
            ("# Last modified: 20 Nov 2026 10:00 UTC\n# Version: 7\n", Some("7")),
            ("# Date: 20 November 2026\nversion: 9\n", Some("20 November 2026")),
            ("$TTL 60\n@ SOA a. b. 2026112001 3600 600 86400 300\n", Some("2026112001")),
            ("@ IN SOA a. b. (\n  2026112002 ; serial\n 3600 )\n", Some("2026112002")),
            ("; Version: 3\n@ SOA a. b. 1 2 3 4 5\n", Some("3")),
            ("a.example\nb.example\n", None),
            ("# Version:\n", None),
            ("# Version: \x1b[31mred\n", Some("[31mred")),
        ] {
            let mut version = Version::default();
            text.lines().enumerate().for_each(|(at, line)| version.line(at as u64 + 1, line.as_bytes()));
            assert_eq!(version.finish().as_deref(), expected, "{text}");
        }
        let mut version = Version::default();
        version.line(LOOK_AT + 1, b"# Version: 1");
        assert_eq!(version.finish(), None);
    }
}
