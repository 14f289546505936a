//! `schoolgate lists search`.

use crate::cli::{Context, Outcome, explain, fail, say};
use crate::config::Config;
use crate::gate::explain::{FoundEntry, Question};
use crate::ops::tables;
use crate::words::{Host, Url};
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

/// The host, or the page as the lists have it: whatever the scheme.
fn meant(name: &str) -> Result<String, crate::cli::Failed> {
    let page = name.split_once("://").map_or(name, |(_, page)| page);
    if page.contains('/') {
        let why = |why| fail(format_args!("'{}' is not a page: {why}", crate::words::escaped(name)));
        return Url::parse(page).map(|_| page.to_owned()).map_err(why);
    }
    let why = |why| fail(format_args!("'{}' is not a host: {why}", crate::words::escaped(name)));
    Host::parse(page).map(|host| host.to_string()).map_err(why)
}

/// The table says which lists hold which entry, so only those are read: the running gate's, for that is what is in force.
pub fn search(context: &Context, config: &Config, name: &str) -> Outcome {
    let what = meant(name)?;
    let question = Question { what: what.clone(), ..Question::default() };
    let found = explain::answer(context, config, &question)?.found;
    let files = tables::list_files(config);
    let (mut hits, mut unplaced) = (Vec::new(), Vec::new());
    for FoundEntry { entry, category, list, .. } in found {
        let Some(file) = files.iter().find(|file| file.name == list) else { continue };
        let lines = tables::lines(file, &entry).map_err(|e| fail(format_args!("{}: {e}", file.path.display())))?;
        if lines.is_empty() {
            unplaced
                .push(format!("{entry} as {category}: in force from {list}, and not in its file any more: it has changed since"));
        }
        hits.extend(lines.into_iter().map(|line| Hit {
            list: list.clone(),
            category: category.clone(),
            entry: entry.clone(),
            file: tables::member_path(file, &line.member).display().to_string(),
            line: line.number,
            text: line.text,
        }));
    }
    if hits.is_empty() && unplaced.is_empty() && !context.json {
        return say(format_args!("{} is on no list that is shown", crate::words::escaped(&what)));
    }
    context.print(&hits, || {
        // Word by word: a space needs no escape here.
        let text = |h: &Hit| h.text.split(' ').map(|word| crate::words::escaped(word).to_string()).collect::<Vec<_>>().join(" ");
        let line = |h: &Hit| format!("{} as {}: {}:{}: {}", h.entry, h.category, h.file, h.line, text(h));
        hits.iter().map(line).chain(unplaced).collect::<Vec<_>>().join("\n")
    })
}
