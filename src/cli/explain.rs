//! `schoolgate explain`.

use super::{Context, Failed, Outcome, fail};
use crate::config::{Config, Lists};
use crate::gate::control::Request;
use crate::gate::explain::{Explanation, FoundTerm, Question, Searched};
use crate::gate::{Clock, explain as judge};
use crate::lists::phrases::{Matcher, keywords, searched};
use crate::ops::phrases::{NoTerms, matcher};
use crate::policy::Step;
use crate::words::{Url, escaped};
use std::sync::Arc;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A name or a URL
    #[arg(value_name = "NAME-OR-URL")]
    what: String,
    /// A person's id in the register, or an address
    #[arg(long, value_name = "PERSON|ADDRESS", conflicts_with = "group")]
    who: Option<String>,
    /// Anyone in this group
    #[arg(long)]
    group: Option<String>,
    /// Local time, such as 2026-11-23T12:45 [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

pub fn explain(context: &Context, args: &Args) -> Outcome {
    let config = context.read_as_far()?;
    let question = Question {
        what: args.what.clone(),
        who: args.who.clone(),
        group: args.group.clone(),
        at: args.at.clone(),
        unsealed: false,
    };
    let mut answer = answer(context, &config, &question)?;
    for found in &mut answer.found {
        found.places = crate::ops::tables::places(&config, &found.list, &found.entry);
    }
    if let Ok(url) = Url::parse(&args.what) {
        look(&url, &config.lists, &mut answer).map_err(fail)?;
    }
    context.print(&answer, || text(&answer))
}

/// The terms that would be raised: by what was searched for, else by the address itself.
fn look(url: &Url, lists: &Lists, answer: &mut Explanation) -> Result<(), NoTerms> {
    let matcher = matcher(&lists.shipped, &[])?;
    match searched(url) {
        None => answer.terms = terms(&matcher, &keywords(url)),
        Some(search) => {
            let words = String::from_utf8_lossy(&search.words).into_owned();
            let terms = terms(&matcher, &search.words);
            answer.search = Some(Searched { engine: search.service.word().to_owned(), words, terms });
        }
    }
    Ok(())
}

/// The terms in a text, the most serious first.
fn terms(matcher: &Matcher, text: &[u8]) -> Vec<FoundTerm> {
    let mut hits = matcher.find(text);
    hits.sort_by_key(|hit| std::cmp::Reverse((hit.term.tier, hit.term.severity)));
    let found = hits.iter().map(|hit| FoundTerm {
        term: hit.term.id.clone(),
        theme: hit.term.theme.to_string(),
        tier: hit.term.tier.to_string(),
        severity: hit.term.severity,
        offset: hit.at.start,
    });
    found.collect()
}

/// What the running gate says, else what one would say that was started now.
pub fn answer(context: &Context, config: &Config, question: &Question) -> Result<Explanation, Failed> {
    match context.ask(config, &Request::Explain(question.clone()))? {
        Some(value) => serde_json::from_value(value).map_err(fail),
        None => {
            let snapshot = Arc::new(crate::app::assemble::unnumbered(config.clone()).map_err(fail)?);
            judge::explain(question, &snapshot, &Clock::System).map_err(fail)
        }
    }
}

/// What becomes of it: the proxy may not go where the policy would allow.
fn headline(answer: &Explanation) -> String {
    match answer.proxy_refuses {
        Some(_) => "REFUSED BY THE PROXY".into(),
        None => answer.action.to_uppercase(),
    }
}

/// The step that decided, with its place and what it is.
pub fn step(answer: &Explanation) -> String {
    Step::from_word(&answer.step).map_or_else(|| answer.step.clone(), Step::shown)
}

fn text(answer: &Explanation) -> String {
    let mut lines = vec![
        format!("{}: {}", headline(answer), answer.host),
        format!("  because   {}", answer.because),
        format!("  step      {}", step(answer)),
        format!("  for       {}  (groups: {})", answer.who, answer.groups.join(", ")),
        format!("  at        {}", answer.at),
    ];
    if let Some(why) = &answer.proxy_refuses {
        lines.insert(1, format!("  because   the proxy does not go there: {why}"));
        lines[2] = lines[2].replacen("because  ", "otherwise", 1);
    }
    if let Some(looked_into) = &answer.looked_into {
        lines.push(match looked_into.as_str() {
            "yes" => "  inside    HTTPS to it is looked into, and judged by the whole address".into(),
            why => format!("  inside    HTTPS to it is not looked into ({why}): judged by the host"),
        });
    }
    if let Some(held) = &answer.held {
        lines.push(format!("  held      {held}"));
    }
    if let Some(counts) = &answer.counts {
        lines.push(format!("  group     {counts}"));
    }
    if let Some(cell) = &answer.cell {
        lines.push(format!("  timetable {cell}"));
    }
    if let Some(profile) = &answer.profile {
        lines.push(format!("  profile   {profile}"));
    }
    for found in &answer.found {
        let places = if found.places.is_empty() { String::new() } else { format!("  {}", found.places.join(", ")) };
        lines.push(format!("  listed    {} as {} by {}{places}", found.entry, found.category, found.list));
    }
    if answer.found.is_empty() {
        lines.push("  listed    on no list".into());
    }
    let term = |found: &FoundTerm| {
        let FoundTerm { term, theme, tier, severity, .. } = found;
        format!("  term      {term}: theme {theme}, {tier}, severity {severity}")
    };
    lines.extend(answer.terms.iter().map(term));
    if let Some(search) = &answer.search {
        // Word by word: a space needs no escape here.
        let words: Vec<_> = search.words.split(' ').map(escaped).collect();
        lines.push(format!("  search    '{}' by {}", words.join(" "), search.engine));
        lines.extend(search.terms.iter().map(term));
        if search.terms.is_empty() {
            lines.push("  term      none is in it".into());
        }
    }
    match &answer.to_change {
        Some(change) => lines.push(format!("  to change {change}")),
        None => lines.push("  to change nothing changes this".into()),
    }
    lines.join("\n")
}
