//! Bytes of a body → what its words come to.

use super::coding::{Characters, Packing, Unread};
use super::text::Text;
use crate::lists::phrases::rule::category;
use crate::lists::phrases::{Matcher, Scan, Score};
use crate::words::CategorySet;
use hyper::header::HeaderMap;
use std::num::NonZeroU32;

/// Most bytes of a page that are scored, unpacked: what comes after passes as it is.
const MOST: usize = 8 << 20;

/// What the words of a page come to, once they are over the limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What they speak of.
    pub categories: CategorySet,
    /// The sum of their weights; of a page that is refused for one phrase, the limit.
    pub weight: u32,
}

/// One page on its way.
pub struct Page<'m> {
    limit: NonZeroU32,
    packing: Packing,
    characters: Characters,
    text: Text,
    scan: Scan<'m>,
    /// Bytes read so far, unpacked.
    read: usize,
    utf8: Vec<u8>,
    words: Vec<u8>,
}

impl<'m> Page<'m> {
    /// # Errors
    /// [`Unread`]: it cannot be read, and passes as it is.
    pub fn new(head: &HeaderMap, limit: NonZeroU32, matcher: &'m Matcher) -> Result<Self, Unread> {
        Ok(Self {
            limit,
            packing: Packing::of(head)?,
            characters: Characters::of(head),
            text: Text::default(),
            scan: matcher.scan(),
            read: 0,
            utf8: Vec::new(),
            words: Vec::new(),
        })
    }

    /// Reads on.
    ///
    /// # Errors
    /// [`Unread`]: it cannot be read any further.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Unread> {
        let Self { packing, characters, text, scan, read, utf8, words, .. } = self;
        if *read >= MOST {
            return Ok(());
        }
        packing.unpack(bytes, &mut |plain| {
            *read += plain.len();
            utf8.clear();
            characters.push(plain, utf8);
            words.clear();
            text.push(utf8, words);
            scan.push(words, &mut |_| ());
            *read < MOST
        })
    }

    /// Whether what has come so far is over the limit.
    pub fn so_far(&mut self) -> Option<Finding> {
        self.utf8.clear();
        self.characters.settle(&mut self.utf8);
        self.words.clear();
        self.text.push(&self.utf8, &mut self.words);
        self.scan.push(&self.words, &mut |_| ());
        over(&self.scan.so_far(), self.limit)
    }

    /// The body is over.
    pub fn end(mut self) -> Option<Finding> {
        self.utf8.clear();
        self.characters.end(&mut self.utf8);
        self.words.clear();
        self.text.push(&self.utf8, &mut self.words);
        self.text.end(&mut self.words);
        self.scan.push(&self.words, &mut |_| ());
        over(&self.scan.end(&mut |_| ()), self.limit)
    }
}

fn over(score: &Score, limit: NonZeroU32) -> Option<Finding> {
    let weight = u32::try_from(score.weight()).unwrap_or(0);
    let banned = score.banned();
    if banned.is_none() && weight < limit.get() {
        return None;
    }
    let speaking = score.categories().into_iter().filter(|(_, sum)| *sum > 0).map(|(rule, _)| rule);
    let categories = speaking.chain(banned.map(|rule| &*rule.category)).filter_map(category);
    Some(Finding { categories: categories.collect(), weight: weight.max(limit.get()) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lists::phrases::{Effect, Rule, rule::Part};
    use crate::words::Category;
    use hyper::header::CONTENT_TYPE;
    use std::sync::Arc;

    fn matcher() -> Matcher {
        let rule = |text: &str, effect, category: Category| {
            Rule {
                parts: vec![Part::read(text).expect("a phrase")],
                effect,
                category: Arc::from(""),
                file: Arc::from("test"),
                line: 1,
            }
            .speaking_of(category)
        };
        let rules = vec![
            rule(" red fox ", Effect::Weigh(60), Category::GAMBLING),
            rule(" den ", Effect::Weigh(50), Category::GAMES),
            rule(" school ", Effect::Weigh(-40), Category::GAMES),
            rule(" forbidden ", Effect::Ban, Category::ADULT),
            rule(" zoology ", Effect::Except, Category::ADULT),
        ];
        Matcher::with_rules(Vec::new(), rules).expect("it fits")
    }

    fn found(body: &str) -> Option<Finding> {
        let matcher = matcher();
        let mut head = HeaderMap::new();
        head.insert(CONTENT_TYPE, "text/html".parse().expect("a value"));
        let limit = NonZeroU32::new(100).expect("a limit");
        let by = |step: usize| {
            let mut page = Page::new(&head, limit, &matcher).expect("it is read");
            body.as_bytes().chunks(step).for_each(|piece| page.push(piece).expect("it is read"));
            page.end()
        };
        let whole = by(1 << 20);
        assert_eq!(whole, by(3), "however it is cut");
        whole
    }

    #[test]
    fn a_page_over_its_limit_is_what_its_words_speak_of_and_one_below_is_nothing() {
        let set = |all: &[Category]| CategorySet::of(all);
        for (body, expected) in [
            ("<p>a red <b>fox</b> in its den", Some((set(&[Category::GAMBLING, Category::GAMES]), 110))),
            ("a red fox", None),
            ("a red fox, a red fox", None),
            ("a red fox in its den, in school", None),
            ("<script>a red fox in its den</script>", None),
            ("this is forbidden", Some((set(&[Category::ADULT]), 100))),
            ("this is forbidden zoology", None),
            ("", None),
        ] {
            assert_eq!(found(body).map(|f| (f.categories, f.weight)), expected, "{body}");
        }
    }

    #[test]
    fn every_page_has_a_score_of_its_own() {
        let matcher = matcher();
        let limit = NonZeroU32::new(100).expect("a limit");
        for text in ["a red fox", "in its den"] {
            let mut page = Page::new(&HeaderMap::new(), limit, &matcher).expect("it is read");
            page.push(text.as_bytes()).expect("it is read");
            assert_eq!((page.so_far(), page.end()), (None, None), "{text}");
        }
    }
}
