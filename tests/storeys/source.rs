//! Rust text in, the paths it names out. Not a parser: a reader that knows comments, strings, test-only items, `use` trees
//! and inline modules, which is what the question 'who imports whom' needs.

use std::collections::HashMap;

/// A path somebody names, in full: `super` and `self` are resolved, a local alias is replaced by what it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub path: Vec<String>,
    pub line: usize,
}

/// One file, read.
#[derive(Debug, Default)]
pub struct Source {
    pub named: Vec<Named>,
    /// Modules that exist only in tests (`#[cfg(test)] mod tests;`), in full: their files are not read.
    pub test_modules: Vec<Vec<String>>,
    /// The whole file says `#![cfg(test)]`.
    pub only_tests: bool,
}

/// Reads a file that is the module `module` (from `crate` on, which is left out: `["lists", "table"]`).
pub fn read(text: &str, module: &[String]) -> Source {
    let (tokens, mut source) = without_tests(tokens(text), module);
    if !source.only_tests {
        let mut reader = Reader { tokens: &tokens, at: 0, module: module.to_vec(), open: Vec::new(), aliases: HashMap::new() };
        source.named = reader.names();
    }
    source
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    /// An identifier, `::`, or one other character.
    text: String,
    line: usize,
}

impl Token {
    fn is_word(&self) -> bool {
        self.text.starts_with(|c: char| c.is_alphabetic() || c == '_')
    }
}

/// Words and marks; comments, strings and character literals are left out.
fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let (mut out, mut i, mut line) = (Vec::new(), 0, 1);
    while i < chars.len() {
        let start = i;
        match chars[i] {
            '/' if at(i + 1) == '/' => i = find(&chars, i, '\n'),
            '/' if at(i + 1) == '*' => i = after_comment(&chars, i),
            '"' => i = after_string(&chars, i),
            // A lifetime is an apostrophe and a name without a closing apostrophe.
            '\'' if at(i + 1) == '\\' => i = find(&chars, i + 3, '\'') + 1,
            '\'' if at(i + 2) == '\'' => i += 3,
            c if c.is_alphabetic() || c == '_' => {
                while at(i).is_alphanumeric() || at(i) == '_' {
                    i += 1;
                }
                let word: String = chars[start..i].iter().collect();
                match (word.as_str(), at(i)) {
                    ("r" | "br" | "cr", '"' | '#') if raw_hashes(&chars, i).is_some() => i = after_raw(&chars, i),
                    ("b" | "c", '"') => i = after_string(&chars, i),
                    ("b", '\'') => i = find(&chars, if at(i + 1) == '\\' { i + 3 } else { i + 2 }, '\'') + 1,
                    ("r", '#') => i += 1, // r#name: the name follows
                    _ => out.push(Token { text: word, line }),
                }
            }
            ':' if at(i + 1) == ':' => {
                out.push(Token { text: "::".into(), line });
                i += 2;
            }
            c => {
                if !c.is_whitespace() {
                    out.push(Token { text: c.into(), line });
                }
                i += 1;
            }
        }
        i = i.min(chars.len());
        line += chars[start..i].iter().filter(|c| **c == '\n').count();
    }
    out
}

fn find(chars: &[char], from: usize, wanted: char) -> usize {
    (from..chars.len()).find(|i| chars[*i] == wanted).unwrap_or(chars.len())
}

fn after_comment(chars: &[char], start: usize) -> usize {
    let (mut depth, mut i) = (0, start);
    while i + 1 < chars.len() {
        match (chars[i], chars[i + 1]) {
            ('/', '*') => (depth, i) = (depth + 1, i + 2),
            ('*', '/') => (depth, i) = (depth - 1, i + 2),
            _ => i += 1,
        }
        if depth == 0 {
            return i;
        }
    }
    chars.len()
}

fn after_string(chars: &[char], quote: usize) -> usize {
    let mut i = quote + 1;
    while i < chars.len() && chars[i] != '"' {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    i + 1
}

/// How many `#` stand before the quote of a raw string; none if it is no raw string.
fn raw_hashes(chars: &[char], from: usize) -> Option<usize> {
    let hashes = chars[from..].iter().take_while(|c| **c == '#').count();
    (chars.get(from + hashes) == Some(&'"')).then_some(hashes)
}

fn after_raw(chars: &[char], from: usize) -> usize {
    let hashes = raw_hashes(chars, from).unwrap_or(0);
    let mut i = from + hashes + 1;
    while i < chars.len() {
        if chars[i] == '"' && chars[i + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes {
            return i + 1 + hashes;
        }
        i += 1;
    }
    chars.len()
}

/// Takes out every item under `#[cfg(test)]` or `#[test]`.
fn without_tests(tokens: Vec<Token>, module: &[String]) -> (Vec<Token>, Source) {
    let (mut kept, mut source, mut i) = (Vec::new(), Source::default(), 0);
    while i < tokens.len() {
        let inner = text(&tokens, i + 1) == "!";
        if text(&tokens, i) != "#" || text(&tokens, i + 1 + usize::from(inner)) != "[" {
            kept.push(tokens[i].clone());
            i += 1;
            continue;
        }
        let open = i + 1 + usize::from(inner);
        let close = closing(&tokens, open);
        if is_test(&tokens[open + 1..close]) {
            source.only_tests |= inner;
            i = after_item(&tokens, close + 1, &mut source, module, &kept);
        } else {
            i = close + 1;
        }
    }
    (kept, source)
}

fn is_test(attribute: &[Token]) -> bool {
    let words: Vec<&str> = attribute.iter().map(|t| t.text.as_str()).collect();
    match words.as_slice() {
        ["test"] => true,
        ["cfg", "(", "test", ")"] => true,
        ["cfg", "(", "all", "(", rest @ ..] => rest.contains(&"test") && !rest.contains(&"not"),
        _ => false,
    }
}

fn text(tokens: &[Token], i: usize) -> &str {
    tokens.get(i).map_or("", |t| &t.text)
}

/// The index of the bracket that closes the one at `open`.
fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0;
    for (i, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return i;
        }
    }
    tokens.len()
}

/// The index after the item that starts at `start`, which belongs to tests.
fn after_item(tokens: &[Token], start: usize, source: &mut Source, module: &[String], before: &[Token]) -> usize {
    let mut i = start;
    while text(tokens, i) == "#" {
        i = closing(tokens, i + 1) + 1;
    }
    let words: Vec<&str> = (i..i + 6).map(|i| text(tokens, i)).collect();
    if let Some(at) = words.iter().position(|w| *w == "mod").filter(|at| words.get(at + 2) == Some(&";")) {
        source
            .test_modules
            .push(module.iter().cloned().chain(inline_modules(before)).chain([words[at + 1].to_owned()]).collect());
    }
    let ends_in_brace = !["use", "const", "static", "type", "let"].iter().any(|w| words[0] == *w || words[..2] == ["pub", *w]);
    while i < tokens.len() {
        match text(tokens, i) {
            ";" => return i + 1,
            "{" if ends_in_brace => return closing(tokens, i) + 1,
            "(" | "[" | "{" => i = closing(tokens, i) + 1,
            "}" | ")" => return i,
            _ => i += 1,
        }
    }
    i
}

/// The inline modules that are still open after these tokens.
fn inline_modules(tokens: &[Token]) -> Vec<String> {
    let mut open: Vec<Option<String>> = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "{" => open.push((i >= 2 && text(tokens, i - 2) == "mod").then(|| text(tokens, i - 1).to_owned())),
            "}" => drop(open.pop()),
            _ => {}
        }
    }
    open.into_iter().flatten().collect()
}

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    module: Vec<String>,
    /// A name for each open brace that is an inline module's.
    open: Vec<Option<String>>,
    aliases: HashMap<String, Vec<String>>,
}

impl Reader<'_> {
    fn names(&mut self) -> Vec<Named> {
        let mut named = Vec::new();
        // Imports first: an alias may be used above the line that makes it.
        self.walk(&mut named, true);
        self.walk(&mut named, false);
        named.sort_by_key(|n| n.line);
        named
    }

    fn walk(&mut self, named: &mut Vec<Named>, imports: bool) {
        (self.at, self.open) = (0, Vec::new());
        while self.at < self.tokens.len() {
            match text(self.tokens, self.at) {
                "use" if text(self.tokens, self.at + 1) != "<" => {
                    self.at += 1;
                    let mut found = Vec::new();
                    self.tree(&[], &mut found);
                    if imports {
                        named.extend(found);
                    }
                }
                "{" => {
                    let module = self.at >= 2 && text(self.tokens, self.at - 2) == "mod";
                    self.open.push(module.then(|| text(self.tokens, self.at - 1).to_owned()));
                    self.at += 1;
                }
                "}" => {
                    self.open.pop();
                    self.at += 1;
                }
                _ if self.tokens[self.at].is_word() => {
                    let line = self.tokens[self.at].line;
                    let path = self.plain_path();
                    if !imports {
                        named.push(Named { path: self.whole(path), line });
                    }
                }
                _ => self.at += 1,
            }
        }
    }

    /// `a::b::c`, as far as it goes.
    fn plain_path(&mut self) -> Vec<String> {
        let mut path = vec![text(self.tokens, self.at).to_owned()];
        self.at += 1;
        while text(self.tokens, self.at) == "::" && self.tokens.get(self.at + 1).is_some_and(Token::is_word) {
            path.push(text(self.tokens, self.at + 1).to_owned());
            self.at += 2;
        }
        path
    }

    /// One branch of a `use` tree, `before` being the path that leads to it.
    fn tree(&mut self, before: &[String], found: &mut Vec<Named>) {
        let mut path = before.to_vec();
        loop {
            let Some(token) = self.tokens.get(self.at) else { return };
            match token.text.as_str() {
                "::" => self.at += 1,
                "{" => {
                    self.at += 1;
                    while !matches!(text(self.tokens, self.at), "}" | "") {
                        self.tree(&path, found);
                        if text(self.tokens, self.at) == "," {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    return;
                }
                "as" => {
                    let alias = text(self.tokens, self.at + 1).to_owned();
                    self.at += 2;
                    let whole = self.import(path, token.line, found);
                    self.aliases.insert(alias, whole);
                    return;
                }
                "," | "}" | ";" => {
                    let name = path.last().cloned().unwrap_or_default();
                    let whole = self.import(path, token.line, found);
                    self.aliases.insert(name, whole);
                    return;
                }
                word => {
                    path.push(word.to_owned());
                    self.at += 1;
                }
            }
        }
    }

    fn import(&self, mut path: Vec<String>, line: usize, found: &mut Vec<Named>) -> Vec<String> {
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        let whole = self.absolute(path);
        found.push(Named { path: whole.clone(), line });
        whole
    }

    fn whole(&self, path: Vec<String>) -> Vec<String> {
        match self.aliases.get(&path[0]) {
            Some(alias) if path.len() > 1 => alias.iter().chain(&path[1..]).cloned().collect(),
            _ => self.absolute(path),
        }
    }

    /// `super::x` and `self::x` from the crate's root.
    fn absolute(&self, path: Vec<String>) -> Vec<String> {
        if !matches!(path[0].as_str(), "self" | "super") || path.len() < 2 {
            return path;
        }
        let mut from: Vec<String> = self.module.iter().cloned().chain(self.open.iter().flatten().cloned()).collect();
        let mut rest = path.as_slice();
        while let [first, others @ ..] = rest {
            match first.as_str() {
                "super" => drop(from.pop()),
                "self" => {}
                _ => break,
            }
            rest = others;
        }
        ["crate".to_owned()].into_iter().chain(from).chain(rest.iter().cloned()).collect()
    }
}
