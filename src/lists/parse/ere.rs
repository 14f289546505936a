//! POSIX extended regular expressions (IEEE Std 1003.1, "Regular Expressions", 9.4), as squidGuard's `expressions` are, in the
//! syntax of the crate `regex`.
//!
//! One a line, looked for in the whole URL without its scheme, small and capital letters alike, as squidGuard does. The same
//! text can mean another thing there, so it is translated, not handed on: within `[…]` a backslash is itself, `[:alpha:]`,
//! `[.x.]` and `[=x=]` stand, `]` may come first; `a+?` is a repetition of a repetition, not a lazy one; `{,3}` begins at
//! nothing and a `{` that begins no count is itself. GNU's `\w`, `\s`, `\b`, `\<` are taken, for lists are tried on GNU's
//! library. Back references are refused, and whatever POSIX leaves undefined.

use super::{Reject, Rule, Said, What, Within, text};
use crate::lists::pattern::{LONGEST, check};

/// POSIX's RE_DUP_MAX.
const MOST_REPEATED: u32 = 255;

/// Reads a line; the translated text is put into `to`, which what is said borrows from.
pub(super) fn line(line: &[u8], to: &mut String, each: &mut dyn FnMut(Said)) {
    match text::without_comment(line, b"") {
        Ok("") => {}
        Ok(comment) if comment.starts_with('#') => {}
        Ok(text) if text.starts_with('<') => each(Err(Reject::Html)),
        Ok(text) => {
            to.clear();
            let translated = translate(text, to).and_then(|()| check(Within::Url, to));
            each(translated.map(|()| Rule::of(What::Pattern(Within::Url, to))));
        }
        Err(why) => each(Err(why)),
    }
}

fn translate(text: &str, to: &mut String) -> Result<(), Reject> {
    if text.len() > LONGEST {
        return Err(Reject::Regex);
    }
    Translation { rest: text, to, open: Vec::new(), last: None, repeated: false }.run()
}

struct Translation<'a, 'b> {
    rest: &'a str,
    to: &'b mut String,
    /// Where each open group begins in `to`.
    open: Vec<usize>,
    /// Where what a `*` would repeat begins in `to`; nothing at the beginning of a branch.
    last: Option<usize>,
    /// Whether that has been repeated already.
    repeated: bool,
}

impl Translation<'_, '_> {
    fn run(mut self) -> Result<(), Reject> {
        while let Some(c) = self.next() {
            match c {
                '(' => {
                    self.open.push(self.to.len());
                    self.to.push('(');
                    self.last = None;
                }
                ')' => match self.open.pop() {
                    Some(start) => {
                        self.to.push(')');
                        self.atom_from(start);
                    }
                    // With nothing open it is itself.
                    None => self.literal(')'),
                },
                '|' => {
                    self.to.push('|');
                    self.last = None;
                }
                '*' | '+' | '?' => self.repeat(c.encode_utf8(&mut [0; 4]))?,
                '{' => self.braces()?,
                '.' => self.atom("."),
                '^' | '$' => {
                    self.to.push(c);
                    self.last = None;
                }
                '[' => self.bracket()?,
                '\\' => self.escape()?,
                c => self.literal(c),
            }
        }
        if self.open.is_empty() { Ok(()) } else { Err(Reject::Regex) }
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn atom_from(&mut self, start: usize) {
        (self.last, self.repeated) = (Some(start), false);
    }

    fn atom(&mut self, text: &str) {
        let start = self.to.len();
        self.to.push_str(text);
        self.atom_from(start);
    }

    fn literal(&mut self, c: char) {
        let start = self.to.len();
        literal(c, self.to);
        self.atom_from(start);
    }

    /// What stands before, as often as `how` says.
    fn repeat(&mut self, how: &str) -> Result<(), Reject> {
        let start = self.last.ok_or(Reject::Regex)?;
        if self.repeated {
            self.to.insert_str(start, "(?:");
            self.to.push(')');
        }
        self.to.push_str(how);
        self.repeated = true;
        Ok(())
    }

    /// After `{`: a count, or a bracket that is itself.
    fn braces(&mut self) -> Result<(), Reject> {
        let Some((least, most, length)) = count(self.rest) else {
            self.literal('{');
            return Ok(());
        };
        let most = most.unwrap_or(least);
        if least.is_some_and(|least| least > MOST_REPEATED)
            || most.is_some_and(|most| most > MOST_REPEATED || most < least.unwrap_or(0))
        {
            return Err(Reject::Regex);
        }
        self.rest = &self.rest[length..];
        let least = least.unwrap_or(0);
        match most {
            Some(most) => self.repeat(&format!("{{{least},{most}}}")),
            None => self.repeat(&format!("{{{least},}}")),
        }
    }

    fn escape(&mut self) -> Result<(), Reject> {
        match self.next().ok_or(Reject::Regex)? {
            'w' => self.atom("[0-9A-Za-z_]"),
            'W' => self.atom("[^0-9A-Za-z_]"),
            's' => self.atom(r"[[:space:]]"),
            'S' => self.atom(r"[^[:space:]]"),
            'b' => self.anchor(r"(?-u:\b)"),
            'B' => self.anchor(r"(?-u:\B)"),
            '<' => self.anchor(r"(?-u:\b{start})"),
            '>' => self.anchor(r"(?-u:\b{end})"),
            // A back reference, or what POSIX leaves undefined: whoever wrote `\d` meant a digit, but GNU reads a `d`.
            c if c.is_alphanumeric() => return Err(Reject::Regex),
            c => self.literal(c),
        }
        Ok(())
    }

    fn anchor(&mut self, text: &str) {
        self.to.push_str(text);
        self.last = None;
    }

    /// After `[`: a bracket expression (9.3.5).
    fn bracket(&mut self) -> Result<(), Reject> {
        let start = self.to.len();
        self.to.push('[');
        if let Some(rest) = self.rest.strip_prefix('^') {
            self.rest = rest;
            self.to.push('^');
        }
        let mut first = true;
        loop {
            let c = match self.next().ok_or(Reject::Regex)? {
                ']' if !first => break,
                '[' => match self.rest.chars().next() {
                    Some(mark @ (':' | '.' | '=')) => match self.class(mark)? {
                        Some(c) => c,
                        None => {
                            first = false;
                            continue;
                        }
                    },
                    _ => '[',
                },
                c => c,
            };
            first = false;
            literal(c, self.to);
            // A `-` is a range unless it is the last.
            if let Some(rest) = self.rest.strip_prefix('-').filter(|rest| !rest.starts_with(']')) {
                self.rest = rest;
                let end = match self.next().ok_or(Reject::Regex)? {
                    '[' => match self.rest.chars().next() {
                        Some(mark @ ('.' | '=')) => self.class(mark)?.ok_or(Reject::Regex)?,
                        Some(':') => return Err(Reject::Regex),
                        _ => '[',
                    },
                    end => end,
                };
                if end < c {
                    return Err(Reject::Regex);
                }
                self.to.push('-');
                literal(end, self.to);
            }
        }
        self.to.push(']');
        self.atom_from(start);
        Ok(())
    }

    /// After `[` within brackets, at its mark: a class is written out, and of the others the one character is given back.
    fn class(&mut self, mark: char) -> Result<Option<char>, Reject> {
        let end = [mark, ']'].iter().collect::<String>();
        let (name, rest) = self.rest[1..].split_once(&end).ok_or(Reject::Regex)?;
        self.rest = rest;
        if mark == ':' {
            let known = matches!(
                name,
                "alpha"
                    | "digit"
                    | "alnum"
                    | "upper"
                    | "lower"
                    | "space"
                    | "blank"
                    | "punct"
                    | "print"
                    | "graph"
                    | "cntrl"
                    | "xdigit"
            );
            self.to.push_str("[:");
            self.to.push_str(name);
            self.to.push_str(":]");
            return if known { Ok(None) } else { Err(Reject::Regex) };
        }
        // Collating elements of several characters are another language's.
        let mut chars = name.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) => Ok(Some(c)),
            _ => Err(Reject::Regex),
        }
    }
}

fn literal(c: char, to: &mut String) {
    if c.is_ascii_punctuation() && c != '/' && c != '_' && c != '%' && c != '=' && c != ':' && c != ',' {
        to.push('\\');
    }
    to.push(c);
}

/// `2}`, `2,}`, `,3}` or `2,3}`: the least; the most, `None` inside if there is none, none outside if it is the least; the length.
fn count(text: &str) -> Option<(Option<u32>, Option<Option<u32>>, usize)> {
    let (inside, _) = text.split_once('}')?;
    // A number too long to be one is above the limit.
    let number = |digits: &str| {
        let all = !digits.is_empty() && digits.len() < 9 && digits.bytes().all(|c| c.is_ascii_digit());
        if all { digits.parse::<u32>().ok() } else { None }
    };
    let length = inside.len() + 1;
    match inside.split_once(',') {
        None => Some((Some(number(inside)?), None, length)),
        Some(("", "")) => None,
        Some(("", most)) => Some((None, Some(Some(number(most)?)), length)),
        Some((least, "")) => Some((Some(number(least)?), Some(None), length)),
        Some((least, most)) => Some((Some(number(least)?), Some(Some(number(most)?)), length)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, Reject, says};
    use super::*;
    use proptest::prelude::*;

    fn matches(expression: &str, text: &str) -> bool {
        let mut to = String::new();
        translate(expression, &mut to).expect("an expression");
        regex::RegexBuilder::new(&to).case_insensitive(true).build().expect("a regex").is_match(text)
    }

    #[test]
    fn an_expression_matches_what_posix_says_it_does() {
        for (expression, on, off) in [
            (r"(/banner/|/sponsor/|adverts/)", &["a.example/Banner/1.gif", "adverts/"][..], &["a.example/banner"][..]),
            (r"^[0-9]+\.[0-9]+/search\?q=[0-9]+$", &["12.7/search?q=9"], &["12.7/search?q=9a", "12x7/searchq=9"]),
            (r"google\..*/search\?q=cache", &["google.example/search?q=cache:x"], &["google.example/searchq=cache"]),
            (r"[]a]x", &["]x", "ax"], &["bx"]),
            (r"[^]a]x", &["bx"], &["]x", "ax"]),
            (r"[\.]x", &[r"\x", ".x"], &["ax"]),
            (r"[a\]x", &[r"\x", "ax"], &["]x"]),
            (r"^[[:alpha:]_-]+$", &["a_b-c"], &["a1", "[:"]),
            (r"[[.-.]]x", &["-x"], &["ax"]),
            (r"[[=a=]]x", &["ax"], &["=x"]),
            (r"^[a-c-]$", &["b", "-"], &["d"]),
            (r"^[+--]$", &["+", ",", "-"], &["."]),
            (r"^[&&]$", &["&"], &["a"]),
            (r"^[[a]$", &["[", "a"], &["]"]),
            (r"^a{2}$", &["aa"], &["a", "aaa"]),
            (r"^a{2,}$", &["aaa"], &["a"]),
            (r"^a{,2}$", &["", "aa"], &["aaa"]),
            (r"^a{1,2}$", &["aa"], &["aaa"]),
            (r"^a{x}$", &["a{x}"], &["ax"]),
            (r"^a+?$", &["", "aa"], &["b"]),
            (r"^(ab)*{2}$", &["", "abab"], &["aba"]),
            (r"^a**$", &["", "aaa"], &["b"]),
            (r"^a\+b\{2\}$", &["a+b{2}"], &["aab"]),
            (r"^a)$", &["a)"], &["a"]),
            (r"a&b~c#d-e", &["a&b~c#d-e"], &["ab"]),
            (r"\<ads\>", &["x.ads.y"], &["xads.y"]),
            (r"^\w+\s?$", &["ab_1"], &["a.b"]),
            (r"", &["", "a"], &[]),
        ] {
            on.iter().for_each(|text| assert!(matches(expression, text), "{expression} {text}"));
            off.iter().for_each(|text| assert!(!matches(expression, text), "{expression} {text}"));
        }
    }

    #[test]
    fn what_cannot_be_said_exactly_is_refused() {
        for expression in [
            r"(a)\1",
            r"\d+",
            "*a",
            "(*a)",
            "a|*b",
            "^*a",
            "{2}",
            "(a",
            "[a",
            "[[:foo:]]",
            "[[.ab.]]",
            "[z-a]",
            "[a-[:digit:]]",
            r"a\",
            "a{300}",
            "a{3,2}",
            "a{0,256}",
        ] {
            let mut to = String::new();
            assert_eq!(translate(expression, &mut to), Err(Reject::Regex), "{expression}");
        }
        says(
            Format::Expressions,
            &[
                (r".*/ymsgr*\.exe", &[Ok(r"url~.*/ymsgr*\.exe")]),
                (r"a-b[\x]", &[Ok(r"url~a\-b[\\x]")]),
                ("# a comment", &[]),
                ("", &[]),
                (r"(a)\1", &[Err(Reject::Regex)]),
                (".*", &[Err(Reject::TooBroad)]),
                ("/", &[Err(Reject::TooBroad)]),
                ("(([a-z]{1,255}){1,255}){1,255}", &[Err(Reject::Regex)]),
                ("<html>", &[Err(Reject::Html)]),
            ],
        );
    }

    proptest! {
        #[test]
        fn what_is_translated_is_a_regex(text in r"[\[\]{}()*+?.^$|\\a-c:=,0-9&~#-]{0,40}") {
            let mut to = String::new();
            if translate(&text, &mut to).is_ok() {
                // Too big it may be; what it may not be is misread.
                let built = regex::RegexBuilder::new(&to).size_limit(1 << 24).build();
                assert!(matches!(built, Ok(_) | Err(regex::Error::CompiledTooBig(_))), "{text} {to} {built:?}");
            }
        }

        #[test]
        fn a_literal_matches_itself(text in "[ -~]{1,30}") {
            let expression: String = text.chars().map(|c| if c.is_ascii_punctuation() { format!("\\{c}") } else { c.to_string() }).collect();
            // GNU's word anchors are the two escapes of a mark that are no literal.
            prop_assume!(!text.contains(['<', '>']));
            assert!(matches(&format!("^{expression}$"), &text), "{expression}");
        }
    }
}
