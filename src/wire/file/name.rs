//! What a file would be saved as: by Content-Disposition (RFC 6266), else by the last part of its address.

use crate::words::download::Download;

/// Longest name that is looked at, in bytes: no system keeps longer ones.
const MOST: usize = 255;

/// Commands that Windows and macOS run when the file is opened.
const SCRIPTS: &[&str] = &[
    "bat",
    "cmd",
    "ps1",
    "psm1",
    "vbs",
    "vbe",
    "jse",
    "wsf",
    "wsh",
    "hta",
    "lnk",
    "scf",
    "reg",
    "sct",
    "msc",
    "pif",
    "command",
    "applescript",
    "scpt",
];

/// Only if it is kept as a file: pages are made of them.
const KEPT_SCRIPTS: &[&str] = &["js", "sh"];

/// Programs of which the name must do, because the beginning of the file does not tell.
const PROGRAMS: &[&str] = &["apk", "xapk", "apks", "aab", "jar", "jnlp", "ipa", "appx", "msix", "appxbundle", "msixbundle"];

/// Programs whose beginning tells.
const TOLD: &[&str] = &["exe", "scr", "cpl", "msi", "msp", "mst", "deb", "rpm", "pkg", "crx", "appimage"];

const INSTALLERS: &[&str] = &["msi", "msp", "mst"];

/// Images of disks: of Apple's only the end of the file tells.
const DISKS: &[&str] = &["dmg", "iso", "img", "vhd", "vhdx", "vmdk", "qcow2"];

/// The end of the name a file would be saved under.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Name {
    /// After the last dot, in small letters; empty: there is none.
    ending: String,
    /// The server says that it is to be saved.
    pub attached: bool,
}

impl Name {
    /// By the header field, if there is one, and the path of the address.
    pub fn of(disposition: Option<&[u8]>, path: &str) -> Self {
        let by_path = || ending(last(&percent(last(path.split(['?', '#']).next().unwrap_or("")).as_bytes())));
        let Some(field) = disposition else { return Self { ending: by_path(), attached: false } };
        let text = String::from_utf8_lossy(field);
        let kind = text.split(';').next().unwrap_or("").trim();
        let attached = !kind.eq_ignore_ascii_case("inline");
        let ending = filename(&text).map_or_else(by_path, |name| ending(last(&name)));
        Self { ending, attached }
    }

    /// What a file of this name is taken for, by those who cannot see it: for `explain`.
    pub fn expected(&self) -> Option<Download> {
        self.alone().or_else(|| self.is(TOLD).then_some(Download::Program))
    }

    /// What the name alone makes it.
    pub(super) fn alone(&self) -> Option<Download> {
        if self.is(SCRIPTS) || self.attached && self.is(KEPT_SCRIPTS) {
            Some(Download::Script)
        } else if self.is(PROGRAMS) {
            Some(Download::Program)
        } else if self.is(DISKS) {
            Some(Download::DiskImage)
        } else {
            None
        }
    }

    /// Whether a page of this name runs as a program.
    pub(super) fn runs_pages(&self) -> bool {
        self.ending == "hta"
    }

    pub(super) fn installs(&self) -> bool {
        self.is(INSTALLERS)
    }

    /// Whether the name would make it something.
    pub(super) fn says_something(&self) -> bool {
        self.alone().is_some()
    }

    fn is(&self, among: &[&str]) -> bool {
        among.contains(&self.ending.as_str())
    }
}

fn last(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or("")
}

fn ending(name: &str) -> String {
    // Windows takes blanks and dots away from the end.
    let name = name.trim_end_matches(|c: char| c == '.' || c.is_whitespace() || c.is_control());
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    if ending.len() > 16 { String::new() } else { ending.to_ascii_lowercase() }
}

/// The name in a Content-Disposition: `filename*` before `filename`, as all browsers read them.
fn filename(field: &str) -> Option<String> {
    let (mut plain, mut extended) = (None, None);
    let mut rest = field.split_once(';')?.1;
    // A field has a handful of parameters.
    for _ in 0..16 {
        let Some((key, after)) = rest.split_once('=') else { break };
        let key = key.trim_matches(|c: char| c == ';' || c.is_whitespace()).to_ascii_lowercase();
        let (value, left) = value(after.trim_start());
        match key.as_str() {
            "filename" => plain = plain.or(Some(value)),
            "filename*" => {
                // RFC 8187: charset, language, octets. Whatever the charset, an ending is ASCII.
                let octets = value.splitn(3, '\'').nth(2).unwrap_or(&value).to_owned();
                extended = extended.or(Some(percent(octets.as_bytes())));
            }
            _ => {}
        }
        rest = left;
    }
    extended.or(plain).map(|mut name| {
        // The end is what counts.
        let from = name.ceil_char_boundary(name.len().saturating_sub(MOST));
        name.split_off(from)
    })
}

/// A token or a quoted string, and what follows it.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_once(';').unwrap_or((text, ""));
        return (value.trim().to_owned(), rest);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, next)| next)),
            other => value.push(other),
        }
    }
    (value, "")
}

/// `%XX` as the octet it stands for.
fn percent(text: &[u8]) -> String {
    let hex = |byte: u8| (byte as char).to_digit(16);
    let mut octets = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let pair = text.get(at + 1).copied().and_then(hex).zip(text.get(at + 2).copied().and_then(hex));
        match pair.filter(|_| byte == b'%') {
            Some((high, low)) => {
                octets.push((high * 16 + low) as u8);
                at += 3;
            }
            None => {
                octets.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}
