//! The exceptions another filter has exported, as CSV: bytes in, rows out, each with its line.
//!
//! Columns: address, allow or block, reason; also group and until where the first line names them. Spreadsheets write `,` or `;`
//! (by the language of who saved it), with or without a byte-order mark, in UTF-8 or Windows-1252: all of that is read. What a
//! cell means is judged row by row, so that one bad row names its line and not the end of the file.

use crate::words::Url;

/// Largest file: 20,000 rows of 200 bytes.
pub const MAX_BYTES: usize = 4 << 20;

/// Most rows: more than that is a list, and belongs into `[[list]]`.
pub const MAX_ROWS: usize = 20_000;

/// One row, its address understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    pub line: u64,
    pub host: String,
    pub allow: bool,
    pub group: Option<String>,
    pub until: Option<String>,
    pub reason: String,
    /// What was left out of the address as it was written.
    pub note: Option<String>,
}

/// What a file holds: rows, and the lines that are none, with why and what would be right.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exceptions {
    pub rows: Vec<Exception>,
    pub refused: Vec<(u64, String)>,
}

/// Why a file is not read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExceptionsFault {
    #[error("it is larger than {} MiB: a file that large is a list, not the exceptions to one; name it as a `[[list]]`", MAX_BYTES >> 20)]
    TooLarge,
    #[error("it has more than {MAX_ROWS} rows: that is a list, not the exceptions to one; name it as a `[[list]]`")]
    TooManyRows,
    #[error("it is UTF-16: save it as 'CSV UTF-8'")]
    Utf16,
    #[error("it is no text: line {0} holds a zero byte; export it as CSV")]
    NotText(u64),
    #[error("the quote opened on line {0} is not closed on it: close it, or write a quote within quotes twice")]
    OpenQuote(u64),
    #[error(
        "the first line names the columns ({0}), but none of them is known as the address: call that one `address`, and the one with allow or block `action`"
    )]
    NoAddress(String),
}

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Address,
    Action,
    Reason,
    Group,
    Until,
}

/// What other filters call the columns.
const COLUMNS: &[(Column, &[&str])] = &[
    (
        Column::Address,
        &["address", "url", "host", "hostname", "domain", "name", "website", "site", "web address", "uri", "entry", "pattern"],
    ),
    (Column::Action, &["action", "allow or block", "allow/block", "type", "policy", "list", "status", "decision"]),
    (Column::Reason, &["reason", "comment", "comments", "note", "notes", "description", "why"]),
    (Column::Group, &["group", "groups", "for", "applies to"]),
    (Column::Until, &["until", "expires", "expiry", "end", "ends", "valid until"]),
];

const ALLOW: &[&str] = &["allow", "allowed", "allowlist", "whitelist", "white", "permit", "pass", "unblock", "exception", "a"];
const BLOCK: &[&str] = &["block", "blocked", "blocklist", "blacklist", "black", "deny", "denied", "ban", "banned", "b"];

/// Reads a file.
///
/// # Errors
/// [`ExceptionsFault`]: why none of it can be read.
pub fn read_exceptions(bytes: &[u8]) -> Result<Exceptions, ExceptionsFault> {
    if bytes.len() > MAX_BYTES {
        return Err(ExceptionsFault::TooLarge);
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(ExceptionsFault::Utf16);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if let Some(zero) = bytes.iter().position(|&b| b == 0) {
        return Err(ExceptionsFault::NotText(1 + bytes[..zero].iter().filter(|&&b| b == b'\n').count() as u64));
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&b| windows_1252(b)).collect(),
    };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(&text))
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut read = Exceptions::default();
    let mut columns = None;
    let mut place = Place { text: text.as_bytes(), at: 0, line: 1 };
    for record in reader.records() {
        // The text is UTF-8 and rows may be of any length: there is nothing else that the reader refuses.
        let Ok(record) = record else { continue };
        let line = place.line_at(record.position().map_or(0, csv::Position::byte));
        if record.iter().any(|cell| cell.contains(['\n', '\r'])) {
            return Err(ExceptionsFault::OpenQuote(line));
        }
        let cells: Vec<&str> = record.iter().collect();
        if cells.iter().all(|cell| cell.is_empty()) || cells[0].starts_with('#') {
            continue;
        }
        let columns: &Vec<Option<Column>> = match &columns {
            Some(columns) => columns,
            None => match header(&cells) {
                Some(named) if !named.contains(&Some(Column::Address)) => {
                    let names: Vec<String> = cells.iter().take(8).map(|cell| format!("`{}`", shown(cell))).collect();
                    return Err(ExceptionsFault::NoAddress(names.join(", ")));
                }
                Some(named) => {
                    columns = Some(named);
                    continue;
                }
                None => columns
                    .insert([Column::Address, Column::Action, Column::Reason, Column::Group, Column::Until].map(Some).into()),
            },
        };
        if read.rows.len() + read.refused.len() >= MAX_ROWS {
            return Err(ExceptionsFault::TooManyRows);
        }
        let cell = |wanted| columns.iter().zip(&cells).find(|(c, _)| **c == Some(wanted)).map_or("", |(_, cell)| cell);
        match row(line, &cell) {
            Ok(row) => read.rows.push(row),
            Err(why) => read.refused.push((line, why)),
        }
    }
    Ok(read)
}

/// Where rows begin: the reader counts a row from the line feed of the line before it, and blank lines with it.
struct Place<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
}

impl Place<'_> {
    /// The line of the first cell at or after a byte; the bytes only go up.
    fn line_at(&mut self, byte: u64) -> u64 {
        let from = usize::try_from(byte).unwrap_or(self.text.len());
        while let Some(&c) = self.text.get(self.at).filter(|c| self.at < from || matches!(c, b'\n' | b'\r')) {
            let ends = c == b'\n' || (c == b'\r' && self.text.get(self.at + 1) != Some(&b'\n'));
            self.line += u64::from(ends);
            self.at += 1;
        }
        self.line
    }
}

/// The columns a first line names; `None`: it is a row like any other.
fn header(cells: &[&str]) -> Option<Vec<Option<Column>>> {
    let column = |cell: &str| {
        let cell = cell.to_lowercase().replace(['_', '-'], " ");
        COLUMNS.iter().find(|(_, names)| names.contains(&cell.as_str())).map(|(column, _)| *column)
    };
    let named: Vec<_> = cells.iter().map(|cell| column(cell)).collect();
    // A row has an address in it: a name with a dot, which no column is called.
    let is_a_row = cells.iter().any(|cell| cell.contains('.') && column(cell).is_none());
    (!is_a_row && named.iter().any(Option::is_some)).then_some(named)
}

fn row<'a>(line: u64, cell: &dyn Fn(Column) -> &'a str) -> Result<Exception, String> {
    let (host, note) = address(cell(Column::Address))?;
    let action = cell(Column::Action).to_lowercase();
    let allow = match action.as_str() {
        word if ALLOW.contains(&word) => true,
        word if BLOCK.contains(&word) => false,
        "" => return Err(format!("{host}: whether to allow or block is missing: write `allow` or `block` in the second column")),
        other => return Err(format!("{host}: '{}' is neither `allow` nor `block`", shown(other))),
    };
    let some = |column| Some(cell(column).to_owned()).filter(|text| !text.is_empty());
    let group = some(Column::Group).filter(|g| !["everyone", "all", "default", "*"].contains(&g.to_lowercase().as_str()));
    let reason: String = cell(Column::Reason).chars().filter(|c| !c.is_control()).collect();
    Ok(Exception { line, host, allow, group, until: some(Column::Until), reason, note })
}

/// The host of an address, and what was left out of it.
fn address(cell: &str) -> Result<(String, Option<String>), String> {
    if cell.is_empty() {
        return Err("the address is missing".into());
    }
    if let Some((base, width)) = cell.split_once('/')
        && base.parse::<std::net::IpAddr>().is_ok()
        && width.parse::<u8>().is_ok()
    {
        return Err(format!(
            "'{}' is a range of addresses, and an entry is of one host: write each address on a line of its own. A range of the \
             school's own that the proxy may reach is `internal` under [proxy]; ranges to block are a `[[list]]`",
            shown(cell)
        ));
    }
    let bare = cell.strip_prefix("*.").or_else(|| cell.strip_prefix('.')).unwrap_or(cell);
    let url = Url::parse(bare).map_err(|why| {
        let why = if bare.contains('*') { "a `*` stands only in front: `*.example.org`".to_owned() } else { why.to_string() };
        format!("'{}' is not an address: {why}", shown(cell))
    })?;
    let behind = bare.split_once("://").map_or(bare, |(_, rest)| rest).find(['/', '?', '#']).map(|at| {
        let rest = bare.split_once("://").map_or(bare, |(_, rest)| rest);
        &rest[at..]
    });
    if let Some(path) = behind.filter(|path| *path != "/") {
        return Err(format!(
            "'{}' is one page, and an entry is of a whole host: write {} if all of it is meant (without {})",
            shown(cell),
            url.host,
            shown(path)
        ));
    }
    let host = url.host.to_string();
    let note = (host != cell.to_lowercase()).then(|| format!("'{}' is taken as {host} and everything below it", shown(cell)));
    Ok((host, note))
}

/// A cell for a message: short, and nothing in it that a terminal obeys.
fn shown(cell: &str) -> String {
    cell.chars().take(80).flat_map(char::escape_debug).collect()
}

/// `,`, `;` or a tab: whichever the first line with any of them has most of.
fn delimiter(text: &str) -> u8 {
    let counts = |line: &str| [b',', b';', b'\t'].map(|d| (line.bytes().filter(|&b| b == d).count(), d));
    let best = text.lines().map(counts).find(|counts| counts.iter().any(|(n, _)| *n > 0));
    // Of equals the first: `max_by_key` gives the last, so the order is turned round.
    best.and_then(|counts| counts.into_iter().rev().max_by_key(|(n, _)| *n)).map_or(b',', |(_, d)| d)
}

/// One byte of Windows-1252 (WHATWG Encoding, index windows-1252): Latin-1 but for 0x80 to 0x9F.
fn windows_1252(byte: u8) -> char {
    const HIGH: [u16; 32] = [
        0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D, 0x017D, 0x8F,
        0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D, 0x017E,
        0x0178,
    ];
    match byte {
        0x80..=0x9F => char::from_u32(u32::from(HIGH[usize::from(byte - 0x80)])).unwrap_or('\u{FFFD}'),
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(bytes: &[u8]) -> Vec<(u64, String, bool, String)> {
        let read = read_exceptions(bytes).expect("a file");
        assert_eq!(read.refused, []);
        read.rows.into_iter().map(|r| (r.line, r.host, r.allow, r.reason)).collect()
    }

    #[test]
    fn exports_are_read_as_programs_write_them() {
        let expected = vec![
            (2, "quiz.example".to_owned(), true, "Müller, maths".to_owned()),
            (3, "games.example".to_owned(), false, String::new()),
        ];
        for text in [
            &b"address,action,reason\r\nquiz.example,allow,\"M\xc3\xbcller, maths\"\r\ngames.example,block,\r\n"[..],
            b"\xef\xbb\xbfaddress,action,reason\nquiz.example,Allow,\"M\xc3\xbcller, maths\"\ngames.example,Blocked,\n",
            b"Reason;Type;URL\nM\xfcller, maths;whitelist;https://Quiz.example/\n;deny;*.games.example\n",
            b"Site,Type,Comment\nquiz.example,allow,\"M\xc3\xbcller, maths\"\ngames.example,block,\n",
            b"url\ttype\tcomment\nquiz.example\tallow\tM\xc3\xbcller, maths\n.games.example\tblock\n",
        ] {
            assert_eq!(rows(text), expected, "{}", String::from_utf8_lossy(text));
        }
        let bare = rows(b"quiz.example,allow,maths\n\n# note\nmany.example,block");
        assert_eq!(bare.iter().map(|r| r.0).collect::<Vec<_>>(), [1, 4]);
        let all = read_exceptions(b"address,action,group,until\na.example,allow,year 9,2027-01-01\nb.example,block,Everyone,")
            .expect("a file");
        assert_eq!((all.rows[0].group.as_deref(), all.rows[0].until.as_deref()), (Some("year 9"), Some("2027-01-01")));
        assert_eq!((&all.rows[1].group, &all.rows[1].until), (&None, &None));
        assert!(read_exceptions(b"*.x.example,allow").expect("a file").rows[0].note.is_some());
    }

    #[test]
    fn a_row_that_is_none_is_told_with_its_line_and_what_would_be_right() {
        let read = read_exceptions(
            b"ok.example,allow\nhttps://video.example/watch?v=1,allow\n,allow\nx.example,maybe\nx.example\na b,block\nx.*.example,block\n192.168.1.0/24,allow\n",
        )
        .expect("a file");
        assert_eq!(read.rows.len(), 1);
        for (at, (line, part)) in [
            (2, "write video.example if all"),
            (3, "missing"),
            (4, "'maybe' is neither"),
            (5, "allow or block"),
            (6, "'a b'"),
            (7, "in front"),
            (8, "a range of addresses"),
        ]
        .into_iter()
        .enumerate()
        {
            assert!(read.refused[at].0 == line && read.refused[at].1.contains(part), "{:?}", read.refused[at]);
        }
    }

    #[test]
    fn a_file_that_is_something_else_is_refused_whole() {
        use ExceptionsFault as F;
        let many = "x.example,block\n".repeat(MAX_ROWS + 1);
        for (bytes, fault) in [
            (&b"\xff\xfea\0"[..], F::Utf16),
            (b"PK\x03\x04\n\0", F::NotText(2)),
            (b"a.example,allow,\"why\nb.example,allow\n", F::OpenQuote(1)),
            (b"action,reason\nallow,a.example", F::NoAddress("`action`, `reason`".into())),
            (many.as_bytes(), F::TooManyRows),
            (&vec![b'x'; MAX_BYTES + 1], F::TooLarge),
        ] {
            assert_eq!(read_exceptions(bytes), Err(fault));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in "[a-z.*/:;,\"\n é\t]{0,120}") {
            let _ = read_exceptions(&bytes);
            let _ = read_exceptions(text.as_bytes());
        }
    }
}
