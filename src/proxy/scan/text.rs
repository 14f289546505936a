//! HTML → its words: text, and what stands in for text (`alt`, `title`, `content`), without tags, scripts and style sheets.
//!
//! It is no parser: it finds where tags begin and end as the tokenizer of the HTML Standard (§13.2.5) does in its main states, which
//! is all that words need. No input makes it hold more than [`MAX_TAG`] bytes.

/// Most bytes of one tag that are read for words; what is longer (a picture in an attribute) is skipped to its end.
const MAX_TAG: usize = 8 * 1024;

/// Most bytes between `&` and `;`.
const MAX_REFERENCE: usize = 12;

/// Tags that stand inside a word or a sentence: nothing comes in their place. In place of any other a space.
const INLINE: &[&[u8]] = &[
    b"a", b"abbr", b"acronym", b"b", b"bdi", b"bdo", b"big", b"cite", b"code", b"dfn", b"em", b"font", b"i", b"ins", b"kbd",
    b"mark", b"q", b"s", b"samp", b"small", b"span", b"strike", b"strong", b"sub", b"sup", b"tt", b"u", b"var", b"wbr",
];

/// Elements whose text nobody reads.
const UNREAD: &[&[u8]] = &[b"script", b"style"];

/// Attributes that people read.
const READ: &[&[u8]] = &[b"alt", b"title", b"content", b"placeholder", b"label", b"aria-label"];

/// Character references that stand in words or between them (HTML Standard §13.5); the rest says nothing here.
const NAMED: &[(&[u8], &str)] = &[
    (b"amp", "&"),
    (b"lt", "<"),
    (b"gt", ">"),
    (b"quot", "\""),
    (b"apos", "'"),
    (b"nbsp", " "),
    (b"shy", "\u{ad}"),
    (b"zwnj", "\u{200c}"),
    (b"zwj", "\u{200d}"),
    (b"rsquo", "\u{2019}"),
    (b"lsquo", "\u{2018}"),
    (b"agrave", "à"),
    (b"aacute", "á"),
    (b"acirc", "â"),
    (b"auml", "ä"),
    (b"aring", "å"),
    (b"aelig", "æ"),
    (b"ccedil", "ç"),
    (b"egrave", "è"),
    (b"eacute", "é"),
    (b"ecirc", "ê"),
    (b"euml", "ë"),
    (b"iacute", "í"),
    (b"icirc", "î"),
    (b"iuml", "ï"),
    (b"ntilde", "ñ"),
    (b"oacute", "ó"),
    (b"ocirc", "ô"),
    (b"ouml", "ö"),
    (b"oslash", "ø"),
    (b"szlig", "ß"),
    (b"uacute", "ú"),
    (b"ucirc", "û"),
    (b"uuml", "ü"),
    (b"wcirc", "ŵ"),
    (b"ycirc", "ŷ"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Text,
    /// After `&`.
    Reference,
    /// After `<`.
    Tag {
        quote: Option<u8>,
    },
    /// After `<!--`; how many `-` came last.
    Comment {
        dashes: u8,
    },
    /// Inside an element of [`UNREAD`]: its place there, and how much of `</name` has come.
    Unread {
        which: usize,
        came: usize,
    },
}

/// One page on its way.
#[derive(Debug)]
pub struct Text {
    state: State,
    /// Of the tag or reference that has begun.
    held: Vec<u8>,
}

impl Default for Text {
    fn default() -> Self {
        Self { state: State::Text, held: Vec::new() }
    }
}

impl Text {
    /// Reads on, and writes the words to `out`. The input is UTF-8, cut anywhere.
    pub fn push(&mut self, mut html: &[u8], out: &mut Vec<u8>) {
        while !html.is_empty() {
            html = match self.state {
                State::Text => self.text(html, out),
                State::Reference => self.reference(html, out),
                State::Tag { quote } => self.tag(html, quote, out),
                State::Comment { dashes } => self.comment(html, dashes),
                State::Unread { which, came } => self.unread(html, which, came),
            };
        }
    }

    /// The page is over: what had begun as something else was text.
    pub fn end(mut self, out: &mut Vec<u8>) {
        if self.state == State::Reference {
            out.push(b'&');
            out.append(&mut self.held);
        }
    }

    fn text<'h>(&mut self, html: &'h [u8], out: &mut Vec<u8>) -> &'h [u8] {
        let Some(at) = memchr::memchr2(b'<', b'&', html) else {
            out.extend_from_slice(html);
            return &[];
        };
        out.extend_from_slice(&html[..at]);
        self.held.clear();
        self.state = if html[at] == b'&' { State::Reference } else { State::Tag { quote: None } };
        &html[at + 1..]
    }

    fn reference<'h>(&mut self, html: &'h [u8], out: &mut Vec<u8>) -> &'h [u8] {
        let byte = html[0];
        if byte.is_ascii_alphanumeric() || byte == b'#' && self.held.is_empty() {
            self.held.push(byte);
            if self.held.len() <= MAX_REFERENCE {
                return &html[1..];
            }
        }
        self.state = State::Text;
        match meant(&self.held) {
            Some(text) => out.extend_from_slice(text.as_str().as_bytes()),
            None => {
                out.push(b'&');
                out.extend_from_slice(&self.held);
            }
        }
        let past = self.held.len() > MAX_REFERENCE || byte == b';';
        &html[usize::from(past)..]
    }

    fn tag<'h>(&mut self, html: &'h [u8], mut quote: Option<u8>, out: &mut Vec<u8>) -> &'h [u8] {
        // `a < b` and `<3` are text: a tag begins with a letter, `/`, `!` or `?`.
        if self.held.is_empty() && !matches!(html[0], b'/' | b'!' | b'?' | b'a'..=b'z' | b'A'..=b'Z') {
            out.extend_from_slice(b"<");
            self.state = State::Text;
            return html;
        }
        for (at, &byte) in html.iter().enumerate() {
            match quote {
                Some(open) if byte == open => quote = None,
                Some(_) => {}
                None if byte == b'>' => {
                    self.ended(out);
                    return &html[at + 1..];
                }
                // A quote opens a value only after `=`; elsewhere it is a slip of whoever wrote the page.
                None if matches!(byte, b'"' | b'\'') && self.held.trim_ascii_end().ends_with(b"=") => quote = Some(byte),
                None => {}
            }
            if self.held.len() < MAX_TAG {
                self.held.push(byte);
            }
            if self.held == b"!--" {
                self.state = State::Comment { dashes: 2 };
                return &html[at + 1..];
            }
        }
        self.state = State::Tag { quote };
        &[]
    }

    /// A tag has come to its end.
    fn ended(&mut self, out: &mut Vec<u8>) {
        let tag = std::mem::take(&mut self.held);
        let closes = tag.first() == Some(&b'/');
        let name_at = usize::from(closes);
        let end = tag[name_at..].iter().position(|b| b.is_ascii_whitespace() || *b == b'/').map_or(tag.len(), |n| name_at + n);
        let name = &tag[name_at..end];
        let is = |among: &[&[u8]]| among.iter().position(|n| n.eq_ignore_ascii_case(name));
        if is(INLINE).is_none() {
            out.push(b' ');
        }
        self.state = State::Text;
        if !closes {
            attributes(&tag[end..], out);
            if let Some(which) = is(UNREAD) {
                self.state = State::Unread { which, came: 0 };
            }
        }
        self.held = tag;
        self.held.clear();
    }

    fn comment<'h>(&mut self, html: &'h [u8], mut dashes: u8) -> &'h [u8] {
        for (at, &byte) in html.iter().enumerate() {
            match byte {
                b'>' if dashes >= 2 => {
                    self.held.clear();
                    self.state = State::Text;
                    return &html[at + 1..];
                }
                b'-' => dashes = (dashes + 1).min(2),
                _ => dashes = 0,
            }
        }
        self.state = State::Comment { dashes };
        &[]
    }

    fn unread<'h>(&mut self, html: &'h [u8], which: usize, mut came: usize) -> &'h [u8] {
        let name = UNREAD[which];
        let mut at = 0;
        while at < html.len() {
            if came == 0 {
                match memchr::memchr(b'<', &html[at..]) {
                    Some(found) => at += found + 1,
                    None => break,
                }
                came = 1;
                continue;
            }
            let byte = html[at];
            let expected = if came == 1 { b'/' } else { name.get(came - 2).copied().unwrap_or(0) };
            if came == name.len() + 2 {
                // `</script` ends it only before a space, a slash or `>`.
                if matches!(byte, b'>' | b'/') || byte.is_ascii_whitespace() {
                    self.held.clear();
                    self.held.push(b'/');
                    self.held.extend_from_slice(name);
                    self.state = State::Tag { quote: None };
                    return &html[at..];
                }
                came = 0;
            } else if byte.eq_ignore_ascii_case(&expected) {
                came += 1;
                at += 1;
            } else {
                came = 0;
            }
        }
        self.state = State::Unread { which, came };
        &[]
    }
}

/// The values that people read.
fn attributes(mut tag: &[u8], out: &mut Vec<u8>) {
    while let Some(equals) = memchr::memchr(b'=', tag) {
        let before = tag[..equals].trim_ascii_end();
        let name_at = before.iter().rposition(|b| b.is_ascii_whitespace() || *b == b'/').map_or(0, |n| n + 1);
        let name = &before[name_at..];
        let after = tag[equals + 1..].trim_ascii_start();
        let (value, rest) = match after.first() {
            Some(&quote @ (b'"' | b'\'')) => {
                let inner = &after[1..];
                let end = memchr::memchr(quote, inner).unwrap_or(inner.len());
                (&inner[..end], inner.get(end + 1..).unwrap_or_default())
            }
            _ => {
                let end = after.iter().position(u8::is_ascii_whitespace).unwrap_or(after.len());
                after.split_at(end)
            }
        };
        if READ.iter().any(|read| read.eq_ignore_ascii_case(name)) {
            let mut inner = Text::default();
            // A value has references and no tags; its `<` is one.
            inner.value(value, out);
            out.push(b' ');
        }
        tag = rest;
    }
}

impl Text {
    fn value(&mut self, mut value: &[u8], out: &mut Vec<u8>) {
        while !value.is_empty() {
            value = match (self.state, memchr::memchr(b'&', value)) {
                (State::Reference, _) => self.reference(value, out),
                (_, Some(at)) => {
                    out.extend_from_slice(&value[..at]);
                    self.held.clear();
                    self.state = State::Reference;
                    &value[at + 1..]
                }
                (_, None) => {
                    out.extend_from_slice(value);
                    &[]
                }
            };
        }
        if self.state == State::Reference {
            out.push(b'&');
            out.append(&mut self.held);
        }
    }
}

/// What a reference means: a name of [`NAMED`], or a number.
enum Meant {
    Named(&'static str),
    Number([u8; 4], usize),
}

impl Meant {
    fn as_str(&self) -> &str {
        match self {
            Self::Named(text) => text,
            Self::Number(bytes, len) => std::str::from_utf8(&bytes[..*len]).unwrap_or_default(),
        }
    }
}

fn meant(held: &[u8]) -> Option<Meant> {
    let Some(number) = held.strip_prefix(b"#") else {
        let named = NAMED.iter().find(|(name, _)| *name == held).or_else(|| {
            // `&Eacute;` is the capital of `&eacute;`, and words have no case here.
            NAMED.iter().find(|(name, _)| name.eq_ignore_ascii_case(held))
        });
        return named.map(|(_, text)| Meant::Named(text));
    };
    let number = std::str::from_utf8(number).ok()?;
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    let mut bytes = [0; 4];
    let len = char::from_u32(code).filter(|c| *c != '\0')?.encode_utf8(&mut bytes).len();
    Some(Meant::Number(bytes, len))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The words of a page that comes in pieces of `step` bytes.
    fn words(html: &[u8], step: usize) -> String {
        let (mut text, mut out) = (Text::default(), Vec::new());
        html.chunks(step.max(1)).for_each(|chunk| text.push(chunk, &mut out));
        text.end(&mut out);
        String::from_utf8_lossy(&out).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_words_of_a_page_are_what_a_person_reads_however_it_is_cut() {
        for (html, expected) in [
            ("<p>red <b>fox</b></p><p>den</p>", "red fox den"),
            ("f<b>o</b>x and f<p>ox", "fox and f ox"),
            ("a < b <3 &lt;i&gt;", "a < b <3 <i>"),
            ("caf&eacute; caf&#233; caf&#xE9; &Eacute;t&eacute; Q&A &unknown; &", "café café café été Q&A &unknown &"),
            ("<script>var fox = '<p>hidden</p>'; if (a</script >seen", "seen"),
            ("<SCRIPT src=x></SCRIPT>a<style>fox{}</style>b", "a b"),
            ("<script></scriptx>hidden</script>seen", "seen"),
            ("<!-- fox -- > still --> den <!----> end", "den end"),
            ("<!-->fox", "fox"),
            ("<img alt=\"red &amp; fox\" src='a>b'>den", "red & fox den"),
            ("<img alt=fox src=x title='a \"quoted\" den'/>", "fox a \"quoted\" den"),
            ("<meta name=description content=\"red fox\"><input placeholder = 'den'>", "red fox den"),
            ("<a href=\"http://fox.example/?title=den\">here</a>", "here"),
            ("<p title=\"a>b\">text", "a>b text"),
            ("<p don't>text", "text"),
            ("<!doctype html><html lang=\"en\"><title>Fox</title>", "Fox"),
            ("<?xml version=\"1.0\"?>fox", "fox"),
            ("", ""),
        ] {
            for step in [1, 2, 3, 7, 4096] {
                assert_eq!(words(html.as_bytes(), step), expected, "{html} by {step}");
            }
        }
    }

    #[test]
    fn a_tag_that_never_ends_holds_no_more_than_its_bound() {
        let (mut text, mut out) = (Text::default(), Vec::new());
        for _ in 0..1000 {
            text.push(&b"<img alt=\""[..], &mut out);
            text.push(&[b'x'; 1000], &mut out);
        }
        assert!(text.held.capacity() <= 2 * MAX_TAG && out.is_empty(), "{} {}", text.held.capacity(), out.len());
    }

    proptest! {
        #[test]
        fn no_page_makes_it_panic_and_no_cut_changes_what_it_reads(
            html in "[<>/!&;#x a-f\"'=-]{0,80}|(<script>|</script>|<!--|-->|<p |alt=|&amp;|é|x|\"){0,24}",
            step in 1usize..9,
        ) {
            prop_assert_eq!(words(html.as_bytes(), step), words(html.as_bytes(), 4096));
        }
    }
}
