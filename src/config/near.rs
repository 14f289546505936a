//! Did you mean …?

use super::fault::shown;

/// Longer words than this are no misspelling of anything we know.
const MAX_WORD: usize = 40;

/// Most known words that are listed where none is near.
const MAX_LISTED: usize = 12;

/// The known word nearest to `word`, if one is near enough to be meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.to_lowercase().chars().take(MAX_WORD + 1).collect();
    if word.is_empty() || word.len() > MAX_WORD {
        return None;
    }
    // One slip in three letters is a misspelling; more is another word.
    let most = word.len() / 3;
    let text: String = word.iter().collect();
    known
        .into_iter()
        .filter_map(|candidate| {
            let lower = candidate.to_lowercase();
            // The beginning of a long word is meant as the word: `social` for `social-networking`.
            let begins = word.len() >= 3 && (lower.starts_with(&text) || text.starts_with(&lower) && lower.len() >= 3);
            let distance = if begins { 1 } else { distance(&word, &lower.chars().collect::<Vec<_>>(), most)? };
            Some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// 'did you mean `x`?', or what there is to choose from.
pub(super) fn suggest<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone, none: &str) -> String {
    if let Some(near) = nearest(word, known.clone()) {
        return format!("did you mean {}?", shown(near));
    }
    let all: Vec<String> = known.into_iter().take(MAX_LISTED + 1).map(shown).collect();
    match all.len() {
        0 => none.to_owned(),
        n if n > MAX_LISTED => format!("one of {}, …", all[..MAX_LISTED].join(", ")),
        1 => format!("only {} is known here", all[0]),
        _ => format!("one of {}", all.join(", ")),
    }
}

/// Letters put in, left out, changed, or swapped with their neighbour; `None` if more than `most`.
fn distance(a: &[char], b: &[char], most: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().filter(|&d| d <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelling_finds_its_word_and_another_word_does_not() {
        let known = ["gambling", "games", "social-networking", "adult"];
        for (word, meant) in [
            ("gamblng", Some("gambling")),
            ("gmaes", Some("games")),
            ("Gambling", Some("gambling")),
            ("social", Some("social-networking")),
            ("adutl", Some("adult")),
            ("knitting", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), meant, "{word}");
        }
        assert_eq!(nearest(&"x".repeat(100_000), known), None);
    }
}
