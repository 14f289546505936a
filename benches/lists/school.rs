//! A school with the corpus for lists: its configuration, and what of the gate is measured.

use super::corpus::List;
use schoolgate::config::Config;
use schoolgate::lists::Table;
use schoolgate::ops::tables;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

pub fn project() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub struct School {
    pub config: PathBuf,
}

impl School {
    pub fn new(folder: &Path, lists: &[List]) -> Self {
        let school = Self { config: folder.join("config/schoolgate.toml") };
        std::fs::create_dir_all(folder.join("config")).expect("a folder");
        for file in ["profiles.toml", "categories.toml", "term-dates.toml"] {
            std::fs::copy(project().join("config").join(file), folder.join("config").join(file)).expect("it can be copied");
        }
        let data = folder.join("data");
        std::fs::create_dir_all(&data).expect("a folder");
        let mut text = format!(
            "[school]\nname = \"Bench School\"\ngateway = \"bench\"\ntimezone = \"Europe/London\"\nwhom_to_see = \"nobody\"\n\n\
             [data]\ndir = {:?}\n\n[lists]\nshipped = {:?}\n",
            data,
            project().join("blocklists"),
        );
        text.push_str("\n[[network]]\nname = \"lab\"\nranges = [\"127.0.0.0/8\"]\nprofile = \"secondary\"\n");
        lists.iter().for_each(|list| text.push_str(&written(list)));
        std::fs::write(&school.config, text).expect("it can be written");
        school
    }

    pub fn add(&self, list: &List) {
        let mut text = std::fs::read_to_string(&self.config).expect("it is there");
        text.push_str(&written(list));
        std::fs::write(&self.config, text).expect("it can be written");
    }

    pub fn table(&self) -> PathBuf {
        tables::table_file(&read(&self.config))
    }

    /// All lists to the table file, as `lists compile` does it.
    pub fn compile(&self) {
        compile(&read(&self.config));
    }

    /// The table as the gate opens it, and the median of how many milliseconds that takes.
    pub fn open(&self, times: usize) -> (Table, f64) {
        let config = read(&self.config);
        let mut taken: Vec<f64> = (0..times)
            .map(|_| {
                let begun = Instant::now();
                drop(open(&config));
                begun.elapsed().as_secs_f64() * 1e3
            })
            .collect();
        taken.sort_by(f64::total_cmp);
        (open(&config), taken[times / 2])
    }
}

fn written(list: &List) -> String {
    let mut text = String::new();
    let (name, category, file) = (&list.name, list.category, &list.file);
    let _ = write!(text, "\n[[list]]\nname = {name:?}\ncategory = \"{category}\"\nformat = \"domains\"\nfile = {file:?}\n");
    text
}

pub fn read(config: &Path) -> Config {
    schoolgate::reload::read_config(Some(config)).unwrap_or_else(|fault| panic!("{}", fault.render(false)))
}

pub fn compile(config: &Config) {
    tables::compile(config, &[], &mut |_| {}).unwrap_or_else(|fault| panic!("{fault}"));
}

pub fn open(config: &Config) -> Table {
    tables::current(config, tables::Broken::Refuse).unwrap_or_else(|fault| panic!("{fault}"))
}
