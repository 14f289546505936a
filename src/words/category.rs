//! What a name or page is: fixed category bits with their roles.
//!
//! The bits are written into table files, week files and other schools' exports: a bit, once given, is never given again.
//! Bits 0–47 are Schoolgate's, 48–63 the school's own.

use std::fmt;

/// One category: a bit from 0 to 63.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Category(u8);

/// What a category does in the order of precedence, apart from being blocked or allowed by profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Blocked always, the address never stored or shown.
    Locked,
    /// Allowed always: what machines need to work.
    Platform,
    /// Allowed always, and a visit is never stored with a person, device or host.
    Help,
    /// Allowed where the profile has it.
    Rshe,
    /// Allowed unless locked, harmful code or the school's own block.
    Education,
    /// Blocked by rule, before the school's own entries.
    HarmfulCode,
    /// A signal for review, never a verdict of its own.
    Signal,
    /// Judged by profile and timetable.
    Ordinary,
}

/// Who may open a category with a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    Never,
    /// The DSL or the senior leaders agree.
    Lead,
    Teacher,
}

/// One row of the table below.
struct Fixed {
    id: &'static str,
    role: Role,
    grade: Grade,
}

/// The school's own categories start here.
pub const FIRST_OWN: u8 = 48;

macro_rules! fixed {
    ($($bit:literal $name:ident $id:literal $role:ident $grade:ident,)*) => {
        impl Category {
            $(pub const $name: Self = Self($bit);)*

            /// Every fixed category, by bit.
            pub const FIXED: &'static [Self] = &[$(Self($bit)),*];
        }

        const TABLE: &[Fixed] = &[$(Fixed { id: $id, role: Role::$role, grade: Grade::$grade }),*];

        // A row out of place would give a bit another meaning in every file written before.
        const _: () = {
            let bits: &[u8] = &[$($bit),*];
            let mut i = 0;
            while i < bits.len() {
                assert!(bits[i] as usize == i && bits[i] < FIRST_OWN);
                i += 1;
            }
        };
    };
}

fixed! {
    0  ILLEGAL_CSAM      "illegal-csam"      Locked      Never,
    1  ILLEGAL_TERRORISM "illegal-terrorism" Locked      Never,
    2  PLATFORM          "platform"          Platform    Teacher,
    3  HELP              "help"              Help        Teacher,
    4  RSHE              "rshe"              Rshe        Teacher,
    5  EDUCATION         "education"         Education   Teacher,
    6  ADULT             "adult"             Ordinary    Never,
    7  VIOLENCE          "violence"          Ordinary    Lead,
    8  WEAPONS           "weapons"           Ordinary    Lead,
    9  HATE              "hate"              Ordinary    Lead,
    10 EXTREMISM         "extremism"         Ordinary    Lead,
    11 SELF_HARM         "self-harm"         Ordinary    Lead,
    12 DRUGS             "drugs"             Ordinary    Lead,
    13 ALCOHOL_TOBACCO   "alcohol-tobacco"   Ordinary    Teacher,
    14 GAMBLING          "gambling"          Ordinary    Lead,
    15 CRIME             "crime"             Ordinary    Teacher,
    16 MALWARE           "malware"           HarmfulCode Never,
    17 PHISHING          "phishing"          HarmfulCode Never,
    18 HACKING           "hacking"           Ordinary    Teacher,
    19 BYPASS            "bypass"            Ordinary    Never,
    20 REMOTE_ACCESS     "remote-access"     Ordinary    Never,
    21 PIRACY            "piracy"            Ordinary    Never,
    22 SOCIAL_NETWORKING "social-networking" Ordinary    Teacher,
    23 CHAT              "chat"              Ordinary    Teacher,
    24 FORUMS            "forums"            Ordinary    Teacher,
    25 DATING            "dating"            Ordinary    Lead,
    26 AI_CHAT           "ai-chat"           Ordinary    Teacher,
    27 AI_COMPANIONS     "ai-companions"     Ordinary    Teacher,
    28 AI_NUDIFY         "ai-nudify"         Ordinary    Never,
    29 GAMES             "games"             Ordinary    Teacher,
    30 VIDEO             "video"             Ordinary    Teacher,
    31 MUSIC             "music"             Ordinary    Teacher,
    32 WEBMAIL           "webmail"           Ordinary    Teacher,
    33 FILE_SHARING      "file-sharing"      Ordinary    Teacher,
    34 SHOPPING          "shopping"          Ordinary    Teacher,
    35 ADVERTS           "adverts"           Ordinary    Teacher,
    36 SHORTENER         "shortener"         Ordinary    Teacher,
    37 TRANSLATION       "translation"       Ordinary    Teacher,
    38 UNSAFE_SEARCH     "unsafe-search"     Ordinary    Teacher,
    39 NEW               "new"               Signal      Teacher,
}

impl Category {
    /// The fixed category of this id (`social-networking`).
    pub fn fixed(id: &str) -> Option<Self> {
        TABLE.iter().position(|row| row.id == id).map(|bit| Self(bit as u8))
    }

    /// The category of a bit; `None` from 64 up.
    pub fn from_bit(bit: u8) -> Option<Self> {
        (bit < 64).then_some(Self(bit))
    }

    pub fn bit(self) -> u8 {
        self.0
    }

    /// The id of a fixed category; `None` for the school's own, whose ids are in the configuration.
    pub fn id(self) -> Option<&'static str> {
        TABLE.get(usize::from(self.0)).map(|row| row.id)
    }

    pub fn role(self) -> Role {
        TABLE.get(usize::from(self.0)).map_or(Role::Ordinary, |row| row.role)
    }

    /// Who may open it with a pass. The school's own categories: a teacher.
    pub fn grade(self) -> Grade {
        TABLE.get(usize::from(self.0)).map_or(Grade::Teacher, |row| row.grade)
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id() {
            Some(id) => f.pad(id),
            None => write!(f, "own-{}", self.0),
        }
    }
}

impl fmt::Debug for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Category({self})")
    }
}

/// A set of categories: one bit each.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct CategorySet(u64);

impl CategorySet {
    pub const EMPTY: Self = Self(0);
    pub const LOCKED: Self = Self::of(&[Category::ILLEGAL_CSAM, Category::ILLEGAL_TERRORISM]);
    pub const HARMFUL_CODE: Self = Self::of(&[Category::MALWARE, Category::PHISHING]);
    /// What a profile and the timetable judge: everything that no earlier step of the precedence speaks for.
    pub const ORDINARY: Self = Self(
        !(Self::LOCKED.0
            | Self::HARMFUL_CODE.0
            | Self::of(&[Category::PLATFORM, Category::HELP, Category::RSHE, Category::EDUCATION, Category::NEW]).0),
    );

    pub const fn of(categories: &[Category]) -> Self {
        let mut bits = 0;
        let mut i = 0;
        while i < categories.len() {
            bits |= 1 << categories[i].0;
            i += 1;
        }
        Self(bits)
    }

    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub const fn bits(self) -> u64 {
        self.0
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub const fn contains(self, category: Category) -> bool {
        self.0 & (1 << category.0) != 0
    }

    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub fn insert(&mut self, category: Category) {
        self.0 |= 1 << category.0;
    }

    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// The lowest category of the set: the most serious one, as the bits are ordered.
    pub fn first(self) -> Option<Category> {
        (self.0 != 0).then(|| Category(self.0.trailing_zeros() as u8))
    }

    pub fn iter(self) -> impl Iterator<Item = Category> {
        let mut rest = self;
        std::iter::from_fn(move || {
            let now = rest.first()?;
            rest = Self(rest.0 & (rest.0 - 1));
            Some(now)
        })
    }
}

impl FromIterator<Category> for CategorySet {
    fn from_iter<I: IntoIterator<Item = Category>>(categories: I) -> Self {
        let mut set = Self::EMPTY;
        categories.into_iter().for_each(|c| set.insert(c));
        set
    }
}

impl fmt::Display for CategorySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, category) in self.iter().enumerate() {
            write!(f, "{}{category}", if i == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

impl fmt::Debug for CategorySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// These numbers stand in every table and week file written so far.
    #[test]
    fn bits_are_never_renumbered() {
        for (id, bit) in
            [("illegal-csam", 0), ("platform", 2), ("adult", 6), ("malware", 16), ("bypass", 19), ("video", 30), ("new", 39)]
        {
            assert_eq!(Category::fixed(id).map(Category::bit), Some(bit), "{id}");
        }
        assert_eq!(Category::FIXED.len(), 40);
    }

    #[test]
    fn roles_are_fixed_in_code() {
        for category in Category::FIXED {
            let ordinary = CategorySet::ORDINARY.contains(*category);
            assert_eq!(ordinary, category.role() == Role::Ordinary, "{category}");
        }
        assert_eq!(Category::from_bit(48).map(Category::role), Some(Role::Ordinary));
        assert_eq!(Category::from_bit(64), None);
    }

    #[test]
    fn sets_iterate_in_order_of_bits() {
        let set = CategorySet::of(&[Category::VIDEO, Category::ADULT]);
        assert_eq!(set.iter().collect::<Vec<_>>(), [Category::ADULT, Category::VIDEO]);
        assert_eq!(set.to_string(), "adult video");
    }
}
