//! Pages scored by the words on them: packed, in any characters, in pieces.

use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use schoolgate::lists::phrases::rule::Part;
use schoolgate::lists::phrases::{Effect, Matcher, Rule};
use schoolgate::proxy::scan::{Finding, Page};
use schoolgate::words::Category;
use std::io::Write;
use std::num::NonZeroU32;
use std::sync::LazyLock;

const LIMIT: NonZeroU32 = NonZeroU32::new(30).expect("it is not zero");

/// Short ones, so that any text has some; what begins or ends with a space is the beginning or the end of a word.
static MATCHER: LazyLock<Matcher> = LazyLock::new(|| {
    let weights =
        [(" a ", 10), (" fox ", 20), ("ox", 5), (" red fox ", 25), ("é", 10), (" t ", -10), (" on and on ", 30), ("<b>", 7)];
    let rule = |text: &str, effect, category: Category| {
        let parts = vec![Part::read(text).expect("a phrase")];
        Rule { parts, effect, category: "".into(), file: "fuzz".into(), line: 1 }.speaking_of(category)
    };
    let weighs = weights.iter().map(|(text, weight)| rule(text, Effect::Weigh(*weight), Category::GAMES));
    let others = [rule(" banned ", Effect::Ban, Category::ADULT), rule(" zoology ", Effect::Except, Category::ADULT)];
    Matcher::with_rules(Vec::new(), weighs.chain(others).collect()).expect("they fit")
});

/// What a head may say of the characters.
const TYPES: [Option<&str>; 8] = [
    None,
    Some("text/html"),
    Some("text/html; charset=utf-8"),
    Some("text/html; charset=\"ISO-8859-1\""),
    Some("text/html;charset=utf-16le"),
    Some("text/html; charset=iso-2022-jp"),
    Some("text/html; charset=gb18030"),
    Some("charset=replacement"),
];

/// The first octet says what the head says, the next two how long pieces are; the rest is a body. In pieces, whole, and packed it
/// comes to the same; and of bare words to what these words come to.
pub fn page(bytes: &[u8]) {
    let Some((&[said, one, two], body)) = bytes.split_first_chunk() else { return };
    let mut head = HeaderMap::new();
    if let Some(kind) = TYPES[usize::from(said) % TYPES.len()] {
        head.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    let whole = read(&head, body, &[usize::MAX], false);
    let pieces = [usize::from(one).max(1), usize::from(two).max(1)];
    assert_eq!(read(&head, body, &pieces, false), whole, "in pieces of {pieces:?}");
    // To look before the end may settle the characters sooner, and is not to be a fault.
    let _ = read(&head, body, &pieces, true);
    let bare = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b' ';
    if body.iter().all(bare) && usize::from(said) % TYPES.len() < 3 {
        let plain = MATCHER.score(body);
        let over = plain.banned().is_some() || plain.weight() >= i64::from(LIMIT.get());
        assert_eq!(whole.clone().unwrap_or(None).is_some(), over, "{plain:?}");
    }

    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(body).expect("memory can be written");
    let packed = packer.finish().expect("memory can be written");
    head.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    assert_eq!(read(&head, &packed, &pieces, false), whole, "packed, in pieces of {pieces:?}");
    let _ = read(&head, body, &pieces, true);
}

/// `Err`: it cannot be read to its end.
fn read(head: &HeaderMap, body: &[u8], pieces: &[usize], looks: bool) -> Result<Option<Finding>, ()> {
    let mut page = Page::new(head, LIMIT, &MATCHER).map_err(|_| ())?;
    let (mut rest, mut pieces) = (body, pieces.iter().cycle());
    while !rest.is_empty() {
        let (now, later) = rest.split_at(rest.len().min(*pieces.next().expect("it goes round")));
        rest = later;
        page.push(now).map_err(|_| ())?;
        if looks && let Some(found) = page.so_far() {
            assert!(found.weight >= LIMIT.get());
        }
    }
    Ok(page.end())
}
