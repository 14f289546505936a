//! What a list may take up at most.

use super::*;

#[test]
fn more_exceptions_than_are_held_refuse_the_source() {
    let text =
        |count: usize| "||a.example^\n".to_owned() + &(0..count).map(|n| format!("@@||n{n}.a.example^\n")).collect::<String>();
    for (count, expected) in [(exceptions::MOST, None), (exceptions::MOST + 1, Some(Broken::TooManyExceptions))] {
        let text = text(count);
        let list = ListText {
            name: "a list",
            category: Category::ADULT,
            format: Format::Adblock,
            origin: Origin::Public,
            reach: Reach::Below,
            text: text.as_bytes(),
        };
        let made = compile_texts(&[list], &Known::default()).expect("memory can be read");
        assert_eq!((made.lists[0].broken, made.lists[0].entries), (expected, u64::from(expected.is_none())));
    }
}

#[test]
fn the_patterns_of_all_lists_together_have_a_bound_and_the_list_that_goes_over_it_is_named() {
    let text = |list: usize| (0..400).map(|n| format!("^casino{list}x{n}[.]\n")).collect::<String>();
    let texts: Vec<String> = (0..6).map(text).collect();
    let names: Vec<String> = (0..6).map(|list| format!("list {list}")).collect();
    let lists: Vec<ListText> = names
        .iter()
        .zip(&texts)
        .map(|(name, text)| ListText {
            name,
            category: Category::GAMBLING,
            format: Format::Regex,
            origin: Origin::Public,
            reach: Reach::Below,
            text: text.as_bytes(),
        })
        .collect();
    let made = compile_texts(&lists, &Known::default()).expect("a table");
    let table = Table::open(Box::new(made.bytes)).expect("a table");
    assert_eq!(table.lists(), made.lists);
    let taken: Vec<_> = table.lists().iter().map(|list| (list.entries, list.rejects.of(Reject::NoRoom))).collect();
    assert_eq!(taken, [(400, 0), (400, 0), (400, 0), (400, 0), (400, 0), (0, 400)]);
    let told = table.lists()[5].to_string();
    assert!(told.starts_with("list 5 ") && told.ends_with("all lists together 2,000 in 256 KiB"), "{told}");
    let known = |host: &str| !table.lookup(&Host::parse(host).expect("a host")).categories().is_empty();
    assert!(known("casino4x399.example") && !known("casino5x0.example"));
}

/// Seventeen lists of which each takes a name or not make 131,071 kinds.
#[test]
fn lists_that_are_made_to_mix_are_refused_with_the_name_of_one() {
    let holds =
        |list: u32| (1..70_000_u32).filter(move |n| n >> list & 1 == 1).map(|n| format!("n{n}.example\n")).collect::<String>();
    let texts: Vec<String> = (0..17).map(holds).collect();
    let names: Vec<String> = (0..17).map(|list| format!("list {list}")).collect();
    let list = |(name, text)| ListText {
        name,
        category: Category::ADULT,
        format: Format::Domains,
        origin: Origin::School,
        reach: Reach::Below,
        text,
    };
    let lists: Vec<ListText> = names.iter().map(String::as_str).zip(texts.iter().map(String::as_bytes)).map(list).collect();
    let told = compile_texts(&lists, &Known::default()).err().expect("too many kinds").to_string();
    assert!(told.contains("(65,536), and `list "), "{told}");
}
