//! What a phrase list says, what is rejected, and what its rules come to on a page.

use super::{Kind, MAX_DEPTH, PhraseList, Reason, read};
use crate::lists::phrases::rule::Effect;
use crate::lists::phrases::{Matcher, Score};
use proptest::prelude::*;
use std::io::{self, Read};

fn folder(kind: Kind, files: &[(&str, &[u8])]) -> PhraseList {
    let mut open = |path: &str| -> io::Result<Box<dyn Read>> {
        let file = files.iter().find(|(name, _)| *name == path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(io::Cursor::new(file.1.to_vec())))
    };
    read(kind, "list", &mut open).unwrap()
}

fn one(kind: Kind, text: &str) -> PhraseList {
    folder(kind, &[("list", text.as_bytes())])
}

fn matcher(lists: Vec<PhraseList>) -> Matcher {
    Matcher::with_rules(Vec::new(), lists.into_iter().flat_map(|list| list.rules).collect()).unwrap()
}

fn lines(score: &Score) -> Vec<u32> {
    score.rules.iter().map(|rule| rule.line).collect()
}

#[test]
fn a_space_is_the_end_of_a_word_and_without_one_a_phrase_stands_anywhere() {
    let matcher = matcher(vec![one(Kind::Weighted, "<cat><1>\n< cat><2>\n<cat ><4>\n< cat ><8>\n<?cat=on><16>\n<cat sat><32>")]);
    for (text, expected) in [
        ("the cat sat", vec![1, 2, 3, 4, 6]),
        ("Cat", vec![1, 2, 3, 4]),
        ("concatenate", vec![1]),
        ("catalogue", vec![1, 2]),
        ("tomcat", vec![1, 3]),
        ("tomcat Saturday", vec![1, 3, 6]),
        ("page?cat=on&x", vec![1, 2, 3, 4, 5]),
        ("c.a.t. and c4t", vec![1, 2, 3, 4]),
        ("dog", vec![]),
    ] {
        assert_eq!(lines(&matcher.score(text.as_bytes())), expected, "{text}");
    }
}

#[test]
fn a_combination_counts_once_when_all_of_it_was_there_in_any_order() {
    let list =
        one(Kind::Weighted, "#listcategory: \"Cats\"\n<cat>,<milk><50>\n<cat><5>\n<vet>, <cat> <-30> # good\n<cat>,<cat><7>");
    let matcher = matcher(vec![list]);
    for (text, expected) in [
        ("milk", 0),
        ("cat cat cat", 5 + 7),
        ("milk for the cat", 5 + 7 + 50),
        ("the cat at the vet's", 5 + 7 - 30),
        ("cat milk vet cat milk vet", 5 + 7 + 50 - 30),
    ] {
        let score = matcher.score(text.as_bytes());
        assert_eq!(score.weight(), expected, "{text}");
        assert!(score.categories().keys().all(|category| *category == "Cats"), "{text}");
    }
}

#[test]
fn an_exception_cancels_a_ban_and_every_weight() {
    let lists = || {
        vec![one(Kind::Banned, "<bad>,<page>"), one(Kind::Weighted, "<bad><40>"), one(Kind::Exception, "<medical>,<dictionary>")]
    };
    let matcher = matcher(lists());
    for (text, banned, weight) in [
        ("bad", false, 40),
        ("a bad page", true, 40),
        ("a bad page of a medical school", true, 40),
        ("a bad page of a medical dictionary", false, 0),
    ] {
        let score = matcher.score(text.as_bytes());
        assert_eq!((score.banned().is_some(), score.weight()), (banned, weight), "{text}");
    }
}

#[test]
fn what_is_not_understood_is_rejected_and_counted_with_its_line() {
    for (kind, line, reason) in [
        (Kind::Weighted, "<cat>", Reason::Weight),
        (Kind::Weighted, "<cat><lots>", Reason::Weight),
        (Kind::Weighted, "<cat><99999999>", Reason::Weight),
        (Kind::Weighted, "<cat><10%>", Reason::Percent),
        (Kind::Weighted, "<cat><30>3", Reason::Form),
        (Kind::Weighted, "<cat>,<dog><5>,<6>", Reason::Form),
        (Kind::Weighted, "cat", Reason::Form),
        (Kind::Banned, "<cat", Reason::Form),
        (Kind::Banned, "<a<b>", Reason::Form),
        (Kind::Banned, "<cat><5>", Reason::Form),
        (Kind::Banned, "<cat>,", Reason::Form),
        (Kind::Banned, "<>", Reason::Phrase),
        (Kind::Banned, "<!!>", Reason::Phrase),
        (Kind::Exception, ".Include</etc/passwd>", Reason::Outside),
        (Kind::Exception, ".Include</etc/e2guardian/lists/../../passwd>", Reason::Outside),
        (Kind::Exception, ".Include<../other>", Reason::Outside),
        (Kind::Exception, ".Include<gone>", Reason::Missing),
        (Kind::Exception, ".Include<list>", Reason::Again),
    ] {
        let list = one(kind, &format!("# first\n{line}\n"));
        let found: Vec<_> = list.rejected.iter().map(|r| (r.line, r.reason)).collect();
        assert_eq!((list.rules.len(), found), (0, vec![(2, reason)]), "{line}");
        assert_eq!(list.counts[&reason], 1);
    }
    let many = one(Kind::Banned, &"cat\n".repeat(1000));
    assert_eq!((many.counts[&Reason::Form], many.rejected.len()), (1000, super::MAX_TOLD));
}

#[test]
fn a_list_names_other_files_of_its_folder_and_each_is_read_once() {
    let list = folder(
        Kind::Weighted,
        &[
            ("list", b".Include</etc/e2guardian/lists/phraselists/one>\n.Include<phraselists/two>\n<here><1>"),
            ("phraselists/one", b"#listcategory: \"One\"\r\n<cat><10>\r\n.Include<__LISTDIR__/phraselists/two>\r\n<dog><2>\r\n"),
            ("phraselists/two", b"<cow><3>\n.Include<list>\n"),
        ],
    );
    let found: Vec<_> = list.rules.iter().map(|r| (&*r.file, r.line, r.effect, &*r.category)).collect();
    assert_eq!(
        found,
        [
            ("phraselists/one", 2, Effect::Weigh(10), "One"),
            ("phraselists/two", 1, Effect::Weigh(3), ""),
            ("phraselists/one", 4, Effect::Weigh(2), "One"),
            ("list", 3, Effect::Weigh(1), ""),
        ]
    );
    assert_eq!((list.files, list.counts[&Reason::Again]), (3, 2));
}

#[test]
fn files_that_name_files_without_end_end() {
    let mut number = 0;
    let mut open = |_: &str| -> io::Result<Box<dyn Read>> {
        number += 1;
        Ok(Box::new(io::Cursor::new(format!(".Include<deeper{number}>\n<cat>\n"))))
    };
    let list = read(Kind::Banned, "list", &mut open).unwrap();
    assert_eq!((list.files, list.rules.len(), list.counts[&Reason::TooMany]), (MAX_DEPTH, MAX_DEPTH, 1));
}

#[test]
fn latin_1_is_read_and_what_is_neither_it_nor_utf_8_is_rejected() {
    let list = folder(Kind::Banned, &[("list", b"<m\xf6se>\n<k\xc3\xa5ta>\n<\xf1\xe5\xea\xf1>\n<\x8f\x97\x90\x6b>\n")]);
    assert_eq!((list.rules.len(), list.counts[&Reason::Encoding]), (2, 2));
    let matcher = matcher(vec![list]);
    assert_eq!(lines(&matcher.score("MÖSE kata".as_bytes())), [1, 2]);
}

#[test]
fn a_page_of_nothing_but_hits_is_scored_in_the_memory_of_an_empty_one() {
    let matcher = matcher(vec![one(Kind::Weighted, "<cat><1>\n< cat ><2>\n<a><3>")]);
    let mut scan = matcher.scan();
    for _ in 0..20_000 {
        scan.push(b"cat cat cat cat cat cat ", &mut |_| ());
        assert!(scan.held() <= super::super::matcher::NEAR as usize * 4);
    }
    assert_eq!(scan.end(&mut |_| ()).weight(), 6);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), line in "[<>,#a-c .%/0-9é-]{0,40}") {
        for kind in Kind::ALL {
            let list = folder(*kind, &[("list", &bytes)]);
            prop_assert!(list.files == 1);
            let list = one(*kind, &line);
            prop_assert!(list.rules.len() <= 1);
            let _ = matcher(vec![list]).score(&bytes);
        }
    }
}
