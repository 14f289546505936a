//! `[category.ID]`: titles, and the school's own categories with their bits.

use super::fault::{Placed, Wrong, shown};
use super::file::Section;
use super::item::Item;
use super::near::nearest;
use super::values;
use crate::words::category::FIRST_OWN;
use crate::words::{Category, Role};
use std::collections::{BTreeMap, HashMap};

/// Longest id of the school's own categories: it stands in log lines.
const MAX_ID: usize = 32;

/// What people write for a category that has another name here.
const OTHER_NAMES: &[(&str, Category)] = &[
    ("ads", Category::ADVERTS),
    ("advertising", Category::ADVERTS),
    ("alcohol", Category::ALCOHOL_TOBACCO),
    ("artificial-intelligence", Category::AI_CHAT),
    ("chatbots", Category::AI_CHAT),
    ("email", Category::WEBMAIL),
    ("gaming", Category::GAMES),
    ("messaging", Category::CHAT),
    ("p2p", Category::PIRACY),
    ("porn", Category::ADULT),
    ("pornography", Category::ADULT),
    ("proxies", Category::BYPASS),
    ("proxy", Category::BYPASS),
    ("radicalisation", Category::EXTREMISM),
    ("social-media", Category::SOCIAL_NETWORKING),
    ("streaming", Category::VIDEO),
    ("suicide", Category::SELF_HARM),
    ("terrorism", Category::EXTREMISM),
    ("tobacco", Category::ALCOHOL_TOBACCO),
    ("torrents", Category::PIRACY),
    ("vpn", Category::BYPASS),
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryTitle {
    pub category: Category,
    pub id: String,
    /// As people read it: 'Social networking'.
    pub title: String,
}

/// Every category there is, with its title.
pub(super) struct Categories {
    titles: BTreeMap<Category, CategoryTitle>,
    own: HashMap<String, Category>,
    whole: bool,
}

impl Categories {
    /// Reads the titles of `roots`: the file of the categories, and what the main files add.
    pub fn read(roots: &[&Section], whole: bool) -> Self {
        let fixed = Category::FIXED.iter().filter_map(|&category| {
            let id = category.id()?;
            Some((category, CategoryTitle { category, id: id.to_owned(), title: title_from(id) }))
        });
        let mut read = Self { titles: fixed.collect(), own: HashMap::new(), whole };
        let mut written = HashMap::new();
        for (id, section) in roots.iter().flat_map(|root| root.named("category")) {
            let title = section.need("title", values::name);
            let bit = section.value("bit", |item| item.number(0..=63));
            section.end();
            if let Some(first) = written.insert(id.value, id.place) {
                let wrong = Wrong::new(format!("category {} is written in two files", shown(id.value)), "delete one of them");
                section.fault(wrong.at(id.place).first(first));
                continue;
            }
            // A wrong bit is a fault already.
            if bit.is_none() && section.has("bit") {
                continue;
            }
            read.add(&section, id, title.map(|t| t.value), bit);
        }
        read
    }

    fn add(&mut self, section: &Section, id: Placed<&str>, title: Option<String>, bit: Option<Placed<u32>>) {
        let category = match (Category::fixed(id.value), bit) {
            (Some(category), None) => category,
            (Some(category), Some(bit)) => {
                let wrong = Wrong::new(format!("category `{category}` has its bit for good"), "delete this line");
                return section.fault(wrong.at(bit.place));
            }
            (None, None) => {
                let label = nearest(id.value, Category::FIXED.iter().filter_map(|c| c.id()));
                let label =
                    label.map_or("the school's own category needs `bit = …`".to_owned(), |n| format!("did you mean `{n}`?"));
                let wrong = Wrong::new(format!("there is no category {}", shown(id.value)), label);
                return section.fault(
                    wrong.help(format!("a category of the school's own takes a free bit from {FIRST_OWN} to 63")).at(id.place),
                );
            }
            (None, Some(bit)) => {
                if !is_id(id.value) {
                    let label = format!("lower-case letters, digits and `-`, at most {MAX_ID}");
                    return section.fault(Wrong::new("this is not an id of a category", label).at(id.place));
                }
                let Some(category) = u8::try_from(bit.value).ok().and_then(Category::from_bit) else { return };
                if category.bit() < FIRST_OWN {
                    let wrong = Wrong::new(
                        format!("the bits below {FIRST_OWN} are Schoolgate's"),
                        format!("a free one from {FIRST_OWN} to 63"),
                    );
                    return section.fault(wrong.at(bit.place));
                }
                if let Some(other) = self.titles.get(&category) {
                    let free = (FIRST_OWN..64).filter_map(Category::from_bit).find(|c| !self.titles.contains_key(c));
                    let label = free.map_or("every bit is taken".to_owned(), |c| format!("{} is free", c.bit()));
                    return section.fault(Wrong::new(format!("category `{}` has this bit", other.id), label).at(bit.place));
                }
                self.own.insert(id.value.to_owned(), category);
                category
            }
        };
        let title = title.unwrap_or_else(|| title_from(id.value));
        self.titles.insert(category, CategoryTitle { category, id: id.value.to_owned(), title });
    }

    /// The category of an id; `title` says what a wrong one would be.
    pub fn category(&self, item: &Item, title: &str) -> Result<Option<Category>, Wrong> {
        let id = item.text()?;
        if let Some(category) = Category::fixed(id).or_else(|| self.own.get(id).copied()) {
            return Ok(Some(category));
        }
        if !self.whole {
            return Ok(None);
        }
        if let Some((_, meant)) = OTHER_NAMES.iter().find(|(name, _)| *name == id.to_lowercase()) {
            return Err(Wrong::new(title, format!("here it is called `{meant}`")));
        }
        let ids = Category::FIXED.iter().filter_map(|c| c.id()).chain(self.own.keys().map(String::as_str));
        let label = nearest(id, ids).map_or("categories.toml names them all".to_owned(), |n| format!("did you mean `{n}`?"));
        Err(Wrong::new(title, label))
    }

    /// The category of an id, if it is one that profiles and the timetable judge.
    pub fn judged(&self, item: &Item, title: &str) -> Result<Option<Category>, Wrong> {
        let Some(category) = self.category(item, title)? else { return Ok(None) };
        let says = |what: &str| Err(Wrong::new(format!("category `{category}` is not judged here"), what));
        match category.role() {
            Role::Ordinary => Ok(Some(category)),
            Role::Locked => says("it is blocked always, for everyone"),
            Role::HarmfulCode => says("it is blocked always; an entry with `despite` opens one host"),
            Role::Platform | Role::Help => says("it is allowed always, for everyone"),
            Role::Rshe => says("write `rshe = true` or `rshe = false` in the profile"),
            Role::Education => says("it is allowed always; an entry blocks one host of it"),
            Role::Signal => says("it marks what is new for review and decides nothing"),
        }
    }

    pub fn id(&self, category: Category) -> String {
        self.titles.get(&category).map_or_else(|| category.to_string(), |t| t.id.clone())
    }

    /// Every title, by bit.
    pub fn titles(self) -> Vec<CategoryTitle> {
        self.titles.into_values().collect()
    }
}

fn is_id(id: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    id.len() <= MAX_ID && id.bytes().all(plain) && id.starts_with(|c: char| c.is_ascii_lowercase())
}

/// 'Social networking' from `social-networking`, where no title is written.
fn title_from(id: &str) -> String {
    let words = id.replace('-', " ");
    let mut letters = words.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
