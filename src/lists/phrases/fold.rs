//! One character, without what people use to hide a word: case, width, accents, fancy alphabets, invisible characters.

use std::sync::LazyLock;

/// What a character is to a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Folded {
    /// A letter or digit of the word.
    One(char),
    /// `ß` and `æ` are two letters.
    Two(char, char),
    /// `@` and `$`, which may stand for a letter inside a word.
    Symbol(char),
    /// Belongs to no word and parts none: accents, apostrophes, soft hyphens, zero width.
    Nothing,
    /// Between two words.
    Gap,
}

/// Letters that are a letter with a mark, lower case: Unicode's Latin-1 Supplement and Latin Extended-A and -B; and those of other
/// scripts that are written in more than one way.
const MARKED: &[(char, &str)] = &[
    ('a', "àáâãäåāăąǎǻ"),
    ('b', "ƀɓ"),
    ('c', "çćĉċčƈ"),
    ('d', "ďđɗ"),
    ('e', "èéêëēĕėęěǝə"),
    ('g', "ĝğġģǧǵ"),
    ('h', "ĥħ"),
    ('i', "ìíîïĩīĭįıǐ"),
    ('j', "ĵǰ"),
    ('k', "ķĸǩƙ"),
    ('l', "ĺļľŀłƚ"),
    ('n', "ñńņňŉŋǹ"),
    ('o', "òóôõöøōŏőơǒǿ"),
    ('r', "ŕŗř"),
    ('s', "śŝşšșſ"),
    ('t', "ţťŧțƭ"),
    ('u', "ùúûüũūŭůűųưǔ"),
    ('w', "ŵ"),
    ('y', "ýÿŷƴ"),
    ('z', "źżžƶ"),
    // Cyrillic: with a mark that is dropped where it is written by itself, and the one letter people leave out for want of a key.
    ('и', "й"),
    ('і', "ї"),
    ('е', "ё"),
    ('у', "ў"),
    ('г', "ґ"),
    // Arabic and Urdu: seats of the hamza, forms of alef, yeh, heh and kaf that keyboards of the two languages differ in.
    ('ا', "أإآٱ"),
    ('و', "ؤ"),
    ('ي', "ىیئ"),
    ('ه', "ةہھەۂۃ"),
    ('ك', "ک"),
    // Bengali: letters that have a code of their own and one of base and dot.
    ('ড', "\u{9DC}"),
    ('ঢ', "\u{9DD}"),
    ('য', "\u{9DF}"),
];

/// [`MARKED`] by code point: up to the end of Bengali, which has the last of them.
static UNMARKED: LazyLock<Vec<char>> = LazyLock::new(|| {
    let mut table: Vec<char> = (0..0xA00).map(|code| char::from_u32(code).unwrap_or('\0')).collect();
    for (plain, marked) in MARKED {
        marked.chars().for_each(|c| table[c as usize] = *plain);
    }
    table
});

/// Letters of Latin, Cyrillic and Greek that look alike: what hides a word from a filter and from nobody else.
const ALIKE: &[(char, char, char)] = &[
    ('a', 'а', 'α'),
    ('c', 'с', 'ϲ'),
    ('e', 'е', 'ε'),
    ('i', 'і', 'ι'),
    ('j', 'ј', 'ϳ'),
    ('k', 'к', 'κ'),
    ('o', 'о', 'ο'),
    ('p', 'р', 'ρ'),
    ('s', 'ѕ', 'ѕ'),
    ('x', 'х', 'χ'),
    ('y', 'у', 'υ'),
];

/// In which script a word is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    /// As it is written.
    Own,
    Latin,
    Cyrillic,
}

/// Latin or Cyrillic, if a word has letters of both, or Latin and Greek ones: that of which it has more.
pub(super) fn one_script(word: &[char]) -> Script {
    let (mut latin, mut cyrillic, mut greek) = (0, 0, 0);
    for &c in word {
        match c {
            'a'..='z' => latin += 1,
            '\u{370}'..='\u{3FF}' => greek += 1,
            '\u{400}'..='\u{52F}' => cyrillic += 1,
            _ => {}
        }
    }
    match (latin, cyrillic) {
        (0, _) => Script::Own,
        (latin, cyrillic) if cyrillic > latin => Script::Cyrillic,
        _ if cyrillic + greek > 0 => Script::Latin,
        _ => Script::Own,
    }
}

impl Script {
    pub fn read(self, c: char) -> char {
        let alike = |found: fn(&(char, char, char), char) -> bool| ALIKE.iter().find(|row| found(row, c));
        match self {
            Self::Own => c,
            Self::Latin => alike(|row, c| row.1 == c || row.2 == c).map_or(c, |row| row.0),
            Self::Cyrillic => alike(|row, c| row.0 == c).map_or(c, |row| row.1),
        }
    }
}

pub(super) fn fold(c: char) -> Folded {
    match c {
        'a'..='z' | '0'..='9' => Folded::One(c),
        'A'..='Z' => Folded::One(c.to_ascii_lowercase()),
        '@' | '$' => Folded::Symbol(c),
        '\'' | '`' => Folded::Nothing,
        _ if c.is_ascii() => Folded::Gap,
        _ => fold_wide(c),
    }
}

fn fold_wide(c: char) -> Folded {
    let code = u32::from(c);
    match code {
        // The full-width forms of ASCII.
        0xFF01..=0xFF5E => char::from_u32(code - 0xFEE0).map_or(Folded::Gap, fold),
        // Mathematical letters: alphabets of 26 capitals and 26 small ones, thirteen times.
        0x1D400..=0x1D6A3 => letter((code - 0x1D400) % 26),
        // Letters in circles and squares.
        0x24B6..=0x24E9 => letter((code - 0x24B6) % 26),
        0x1F130..=0x1F149 => letter(code - 0x1F130),
        0x1F150..=0x1F169 => letter(code - 0x1F150),
        0x1F170..=0x1F189 => letter(code - 0x1F170),
        // Typographic apostrophes.
        0x2018 | 0x2019 | 0x201B | 0x02BC | 0x00B4 => Folded::Nothing,
        // Soft hyphen, zero width, direction, variation; combining marks of Latin, Cyrillic, Hebrew, Arabic; Indic virama.
        0x00AD | 0x034F | 0x061C | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x2064 | 0xFE00..=0xFE0F | 0xFEFF => {
            Folded::Nothing
        }
        0x0300..=0x036F | 0x0483..=0x0489 | 0x0591..=0x05BD | 0x0610..=0x061A | 0x0640 | 0x064B..=0x065F | 0x0670 => {
            Folded::Nothing
        }
        0x06D6..=0x06DC | 0x06DF..=0x06E8 | 0x06EA..=0x06ED | 0x093C | 0x094D | 0x09BC | 0x09CD => Folded::Nothing,
        // A vowel sign of two parts, which may be written as two.
        0x09CB => Folded::Two('\u{9C7}', '\u{9BE}'),
        0x09CC => Folded::Two('\u{9C7}', '\u{9D7}'),
        // Digits: Arabic, Persian and Urdu, Devanagari, Bengali.
        0x0660..=0x0669 => digit(code - 0x0660),
        0x06F0..=0x06F9 => digit(code - 0x06F0),
        0x0966..=0x096F => digit(code - 0x0966),
        0x09E6..=0x09EF => digit(code - 0x09E6),
        _ => lower(c),
    }
}

fn letter(number: u32) -> Folded {
    char::from_u32(u32::from('a') + number).map_or(Folded::Gap, Folded::One)
}

fn digit(number: u32) -> Folded {
    char::from_digit(number, 10).map_or(Folded::Gap, Folded::One)
}

fn lower(c: char) -> Folded {
    if !c.is_alphanumeric() {
        return Folded::Gap;
    }
    // `İ` becomes an `i` and a mark: the letter is the first.
    let c = c.to_lowercase().next().unwrap_or(c);
    match c {
        'ß' => return Folded::Two('s', 's'),
        'æ' => return Folded::Two('a', 'e'),
        'œ' => return Folded::Two('o', 'e'),
        'þ' => return Folded::Two('t', 'h'),
        'ﬀ' => return Folded::Two('f', 'f'),
        'ﬁ' => return Folded::Two('f', 'i'),
        'ﬂ' => return Folded::Two('f', 'l'),
        _ => {}
    }
    // Latin Extended Additional has its vowels in blocks (Vietnamese).
    let vowel = match u32::from(c) {
        0x1EA1..=0x1EB7 => Some('a'),
        0x1EB9..=0x1EC7 => Some('e'),
        0x1EC9..=0x1ECB => Some('i'),
        0x1ECD..=0x1EE3 => Some('o'),
        0x1EE5..=0x1EF1 => Some('u'),
        0x1EF3..=0x1EF9 => Some('y'),
        _ => None,
    };
    Folded::One(vowel.unwrap_or_else(|| UNMARKED.get(c as usize).copied().unwrap_or(c)))
}

/// The letter that a digit or symbol stands for, in a word that has letters too.
pub(super) fn leet(c: char) -> char {
    match c {
        '0' => 'o',
        '1' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        '8' => 'b',
        _ => c,
    }
}
