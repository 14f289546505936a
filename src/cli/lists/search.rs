//! `schoolgate lists search`.

use crate::cli::{Context, Outcome, fail, say};
use crate::config::Config;
use crate::ops::tables;
use crate::words::{Host, Role};
use serde::Serialize;

#[derive(Serialize)]
struct Hit {
    list: String,
    category: String,
    entry: String,
    file: String,
    line: u64,
    text: String,
}

pub fn search(context: &Context, config: &Config, name: &str) -> Outcome {
    let host = Host::parse(name).map_err(|why| fail(format_args!("'{name}' is not a host: {why}")))?;
    let mut hits = Vec::new();
    // What is on the locked tier is never shown, whoever asks.
    for file in tables::list_files(config).into_iter().filter(|file| file.category.role() != Role::Locked) {
        for entry in host.suffixes().filter_map(|suffix| Host::parse(suffix).ok()) {
            for line in tables::lines(&file, &entry).map_err(|e| fail(format_args!("{}: {e}", file.path.display())))? {
                hits.push(Hit {
                    list: file.name.clone(),
                    category: config.category_id(file.category),
                    entry: entry.to_string(),
                    file: file.path.display().to_string(),
                    line: line.number,
                    text: line.text.clone(),
                });
            }
        }
    }
    if hits.is_empty() && !context.json {
        return say(format_args!("{host} is on no list that is shown"));
    }
    context.print(&hits, || {
        let line = |h: &Hit| format!("{} as {}: {}:{}: {}", h.entry, h.category, h.file, h.line, crate::words::escaped(&h.text));
        hits.iter().map(line).collect::<Vec<_>>().join("\n")
    })
}
