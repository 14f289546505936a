//! The phrase engine: phrases and a text cut anywhere, and what a plain search finds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schoolgate::lists::phrases::engine::{Carry, Engine};

fuzz_target!(|input: (Vec<Vec<u8>>, Vec<u8>, u8)| {
    let (phrases, text, chunk) = input;
    let Ok(engine) = Engine::build(&phrases) else { return };
    let mut found = Vec::new();
    let mut carry = Carry::default();
    for chunk in text.chunks(usize::from(chunk).max(1)) {
        engine.feed(&mut carry, chunk, |phrase, end| found.push((phrase, end as usize)));
    }
    let mut whole = Vec::new();
    engine.find_overlapping(&text, |phrase, end| whole.push((phrase, end)));
    let ends = |phrase: &Vec<u8>| (phrase.len()..=text.len()).filter(|end| text[..*end].ends_with(phrase)).collect::<Vec<_>>();
    let mut naive: Vec<_> = phrases.iter().enumerate().flat_map(|(i, p)| ends(p).into_iter().map(move |end| (i, end))).collect();
    [&mut found, &mut whole, &mut naive].into_iter().for_each(|hits| hits.sort_unstable());
    assert_eq!(found, naive);
    assert_eq!(whole, naive);
});
