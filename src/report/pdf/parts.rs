//! What stands in the PDF: page one, then the parts behind it, with the numbers and words of the other formats.

use super::press::Role;
use super::sheet::{BODY, Column, NOTE, Sheet};
use crate::report::calendar::DAYS_SHORT;
use crate::report::edition::Part;
use crate::report::plain::{capital, count, list, number};
use crate::report::sums::Mean;
use crate::report::text::{counted, people};
use crate::report::week::{BOXES, IncidentLine, Matter, Week};

pub fn page_one(sheet: &mut Sheet, week: &Week) {
    sheet.heading(1, &week.school);
    sheet.paragraph(&format!("{} · {}", week.edition.title(), week.dates), BODY);
    let versions: Vec<String> = week.policy_versions.iter().map(u32::to_string).collect();
    let versions = if versions.is_empty() { "none used".into() } else { list(&versions) };
    let Week { week: name, made, delivery, gateway, .. } = week;
    sheet.paragraph(&format!("{name} · made {made} · delivery {delivery} · policy {versions} · gateway {gateway}"), NOTE);
    if let Some(due) = &week.late {
        sheet.paragraph(&format!("Late: it was due {due}, and nobody was there to make it."), BODY);
    }
    if let Some(line) = week.in_one_line() {
        sheet.gap(8.0);
        sheet.paragraph(&line, BODY);
        chain(sheet, week);
        return signs(sheet, week);
    }
    sheet.heading(2, &week.verdict);
    if week.shows(Part::Coverage) {
        sheet.paragraph(&week.coverage.sentence(), BODY);
        let c = &week.coverage;
        let seen = c.pupil_devices.saturating_sub(c.nothing);
        let searches = c.searches.min(seen);
        let parts = [(searches, "search words and host names"), (seen - searches, "host names only"), (c.nothing, "nothing")];
        sheet.bar("What was seen of pupil devices", &parts);
    }
    if week.unfinished {
        sheet.paragraph("This week is not over: the report holds what was seen up to the time it was made.", BODY);
    }
    for (place, matter) in week.page_one().iter().enumerate() {
        sheet.heading(3, &format!("{}. {}: {}", place + 1, capital(matter.tier), matter.title));
        sheet.paragraph(&matter.line, BODY);
        sheet.pair("Why", &matter.why, 3.6);
        sheet.pair("Next", &matter.next, 3.6);
        said(sheet, matter, 3.6);
    }
    if week.behind() > 0 {
        sheet.gap(4.0);
        sheet.paragraph(&week.behind_line(), BODY);
    }
    if !week.known.is_empty() {
        sheet.gap(4.0);
        sheet.paragraph(&week.known_line(), BODY);
    }
    if !week.assurance.is_empty() {
        let rows: Vec<_> = week.assurance.iter().map(|line| vec![line.what.clone(), line.is.clone()]).collect();
        sheet.table("What governors are told", &[Column("What", 5.0, false), Column("Is", 6.0, false)], &rows);
        sheet.paragraph("Numbers from 1 to 5 are shown as '5 or fewer', so that nobody can be known by them.", NOTE);
    }
    standing(sheet, week);
}

/// What is open, how the filter is, and who signs.
fn standing(sheet: &mut Sheet, week: &Week) {
    sheet.gap(6.0);
    if week.shows(Part::Open) {
        let open = match week.still_open.as_deref() {
            None => "not kept by this gateway yet; see the school's own record.".to_owned(),
            Some([]) => "nothing.".into(),
            Some(open) => {
                let days = |n: u32| count(n.into(), "day", "days");
                let lines = open.iter().map(|o| format!("{} · {} · {} · {}", o.matter, o.owner, o.last_action, days(o.days)));
                lines.collect::<Vec<_>>().join("; ")
            }
        };
        sheet.pair("Still open", &open, 6.2);
        sheet.pair("Alerts", &week.alerts_line(), 6.2);
    }
    if week.shows(Part::Networks) {
        sheet.pair("Filter", &week.filter_line(), 6.2);
    }
    if week.for_head > 0 {
        let matters = count(week.for_head, "matter about an adult is", "matters about adults are");
        sheet.pair("Adults", &format!("{matters} for the head and not in this report."), 6.2);
    }
    signs(sheet, week);
}

/// Who has signed, or where they do so.
fn signs(sheet: &mut Sheet, week: &Week) {
    if week.shows(Part::Signs) {
        let signed = |who: &str| {
            week.signature(who).map(|s| [format!("{} ({})", s.who, s.role), format!("{}, record {}", s.when, s.record)])
        };
        sheet.signs(&BOXES.map(|who| (who, signed(who))));
    }
}

fn said(sheet: &mut Sheet, matter: &Matter, hang: f32) {
    if let Some(mark) = &matter.mark {
        sheet.pair("Said", &mark.in_words(), hang);
    }
}

/// All parts that the edition shows, from the second page on.
pub fn behind(sheet: &mut Sheet, week: &Week) {
    if week.in_one_line().is_some() {
        return;
    }
    sheet.new_page();
    for (part, set) in [
        (Part::Matters, matters as fn(&mut Sheet, &Week)),
        (Part::Alerts, alerts),
        (Part::Themes, themes),
        (Part::Themes, prevent),
        (Part::Illegal, illegal),
        (Part::Bypass, bypass),
        (Part::Noise, noise),
        (Part::Help, help),
        (Part::Teaching, teaching),
        (Part::Changes, changes),
        (Part::Health, health),
    ] {
        if week.shows(part) {
            sheet.group(Role::Section, |sheet| set(sheet, week));
        }
    }
    sheet.group(Role::Section, |sheet| limits(sheet, week));
}

fn matters(sheet: &mut Sheet, week: &Week) {
    sheet.heading(2, "1  Matters in full");
    if week.matters.is_empty() {
        sheet.paragraph(&week.verdict, BODY);
    }
    for (place, of) in week.matters.iter().enumerate() {
        matter(sheet, place + 1, of);
    }
    if week.matters_left_out > 0 {
        let more = count(week.matters_left_out, "more matter is", "more matters are");
        sheet.paragraph(&format!("{more} left out here."), NOTE);
    }
    if !week.known.is_empty() {
        sheet.heading(3, "Known and in hand, or found no concern, and no graver since");
    }
    for matter in &week.known {
        sheet.paragraph(&format!("{}: {}", matter.title, matter.line), BODY);
        said(sheet, matter, 8.4);
        sheet.pair("To mark", &matter.id, 8.4);
    }
    if !week.incidents.is_empty() {
        let columns = [
            Column("Number", 1.2, true),
            Column("Category", 3.0, false),
            Column("Happened", 2.0, false),
            Column("Opened", 3.0, false),
            Column("Last entry", 3.0, false),
            Column("State", 1.2, false),
        ];
        let row = |i: &IncidentLine| {
            let state = if i.closed { "closed" } else { "open" };
            vec![i.number.to_string(), i.category.clone(), i.happened.clone(), i.opened.clone(), i.last.clone(), state.into()]
        };
        let rows: Vec<_> = week.incidents.iter().map(row).collect();
        sheet.table("Incidents that are open, or to which something was added this week", &columns, &rows);
    }
}

fn matter(sheet: &mut Sheet, place: usize, matter: &Matter) {
    let pair = |sheet: &mut Sheet, what: &str, is: &str| {
        if !is.is_empty() {
            sheet.pair(what, is, 8.4);
        }
    };
    sheet.heading(3, &format!("{place}. {}: {}", capital(matter.tier), matter.title));
    sheet.paragraph(&matter.line, BODY);
    if let (Some(account), Some(name)) = (&matter.account, &matter.name) {
        let year = matter.year.as_ref().map(|y| format!(", {y}")).unwrap_or_default();
        pair(sheet, "Account", &format!("{account}: {name}{year}"));
    }
    pair(sheet, "Device", &list(&matter.devices));
    pair(sheet, "Network", &list(&matter.networks));
    pair(sheet, "How sure", &matter.how_sure);
    pair(sheet, "When", &format!("{} to {}", matter.first, matter.last));
    pair(sheet, "Attempts", &matter.attempts_line());
    pair(sheet, "Names", &counted(&matter.names));
    pair(sheet, "Around it", &list(&matter.around));
    pair(sheet, "Chosen for", &format!("{}. {}", matter.chosen.join("; "), matter.rows_line()));
    pair(sheet, "But", &matter.cautions.join(" "));
    pair(sheet, "Next", &matter.next);
    sheet.gap(3.0);
    let row = |e: &crate::report::week::EpisodeLine| {
        let device = if e.device.is_empty() { "not known".into() } else { e.device.clone() };
        vec![e.when.clone(), e.lesson.clone(), device, number(e.attempts), e.before.in_words(), e.after.in_words()]
    };
    let columns = [
        Column("Episode", 5.0, false),
        Column("Lesson", 2.6, false),
        Column("On", 3.0, false),
        Column("Attempts", 2.2, true),
        Column("In the half hour before", 4.0, false),
        Column("In the half hour after", 4.0, false),
    ];
    sheet.table("", &columns, &matter.episodes.iter().map(row).collect::<Vec<_>>());
    if matter.episodes_left_out > 0 {
        sheet.paragraph(&format!("and {}", count(matter.episodes_left_out, "more episode", "more episodes")), NOTE);
    }
}

/// Columns of a table by day, after its first ones.
fn by_day(first: &[Column]) -> Vec<Column> {
    let numbers = [("Episodes", 2.35), ("Before", 1.9), ("Requests", 2.4), ("Accounts", 2.45), ("Unnamed", 2.55)];
    let numbers = numbers.into_iter().chain(DAYS_SHORT.into_iter().map(|day| (day, 1.3)));
    first.iter().copied().chain(numbers.map(|(title, share)| Column(title, share, true))).collect()
}

fn themes(sheet: &mut Sheet, week: &Week) {
    sheet.heading(2, "2  Themes and categories");
    sheet.paragraph(
        "Pupils and unknown devices only, noise set aside. An episode is everything of one kind that one person or device asked \
         for without a pause of half an hour. Before: the mean of the four school weeks before this one.",
        NOTE,
    );
    if week.themes.is_empty() && week.categories.is_empty() {
        sheet.paragraph("Nothing was found in what we could see.", BODY);
    }
    let mean = |mean: Option<Mean>| mean.map_or_else(|| "–".to_owned(), Mean::in_words);
    let numbers = |n: [u64; 4], before: Option<Mean>, days: [u64; 7]| {
        let [episodes, events, people, unnamed] = n.map(number);
        [episodes, mean(before), events, people, unnamed].into_iter().chain(days.map(number))
    };
    if !week.themes.is_empty() {
        let rows: Vec<Vec<String>> = week
            .themes
            .iter()
            .map(|t| {
                let first = [t.title.to_owned(), t.tier.to_owned()];
                first.into_iter().chain(numbers([t.episodes, t.events, t.people, t.unnamed], t.mean, t.by_day)).collect()
            })
            .collect();
        sheet.table("Themes", &by_day(&[Column("Theme", 5.2, false), Column("Tier", 2.1, false)]), &rows);
    }
    if !week.categories.is_empty() {
        let rows: Vec<Vec<String>> = week
            .categories
            .iter()
            .map(|c| {
                let first = [c.title.clone()];
                first.into_iter().chain(numbers([c.episodes, c.events, c.people, c.unnamed], c.mean, c.by_day)).collect()
            })
            .collect();
        sheet.table("Blocked, by the category that decided", &by_day(&[Column("Category", 7.3, false)]), &rows);
    }
    if !week.trend.is_empty() {
        let row = |t: &crate::report::week::TrendLine| {
            let name = if t.school { t.week.clone() } else { format!("{} (no school)", t.week) };
            let seen = format!("{} of {}", number(t.names), number(t.pupil_devices));
            vec![name, number(t.matters), number(t.episodes), number(t.blocked), number(t.set_aside), seen]
        };
        let columns = [
            Column("Week", 4.0, false),
            Column("Matters", 2.0, true),
            Column("Episodes of a theme", 3.0, true),
            Column("Blocked", 2.0, true),
            Column("Of it set aside", 2.4, true),
            Column("Pupil devices seen", 3.0, true),
        ];
        sheet.table("This term, week by week", &columns, &week.trend.iter().map(row).collect::<Vec<_>>());
    }
}

fn prevent(sheet: &mut Sheet, week: &Week) {
    sheet.heading(2, "3  Extremism (Prevent)");
    let line = match week.theme("radicalisation") {
        None => "Nothing was found in what we could see.".to_owned(),
        Some(t) => {
            let (episodes, requests) = (count(t.episodes, "episode", "episodes"), count(t.events, "request", "requests"));
            format!("{episodes}, {requests} of {}. Those that need a person are among the matters.", people(t.people, t.unnamed))
        }
    };
    sheet.paragraph(&line, BODY);
}

fn alerts(sheet: &mut Sheet, week: &Week) {
    let Some(alerts) = week.alerts.as_ref().filter(|alerts| !alerts.is_empty()) else { return };
    sheet.heading(2, "Alerts in full");
    alerts.iter().for_each(|alert| sheet.paragraph(&alert.line(), BODY));
}

fn illegal(sheet: &mut Sheet, week: &Week) {
    sheet.heading(2, "4  Illegal lists");
    sheet.paragraph(&format!("{} Addresses are never kept or shown.", week.illegal.line()), BODY);
    if week.illegal.hits > 0 {
        sheet.paragraph(
            "Procedure: tell the head; do not look for the address and do not ask anyone to show it; leave the device as it is; \
             the head calls the police or the Internet Watch Foundation.",
            BODY,
        );
    }
}

fn bypass(sheet: &mut Sheet, week: &Week) {
    sheet.heading(2, "5  Ways round the filter");
    let bypass = &week.bypass;
    sheet.paragraph(
        &match bypass.episodes {
            0 => "Nothing was found that anybody seems to have meant.".to_owned(),
            n => {
                let who = people(bypass.people, bypass.unnamed);
                format!("{} of {who}: {}.", count(n, "episode", "episodes"), counted(&bypass.names))
            }
        },
        BODY,
    );
    if bypass.defaults > 0 {
        let requests = count(bypass.defaults, "request", "requests");
        let names = counted(&bypass.default_names);
        sheet.paragraph(&format!("Devices by their own default, which is no misconduct: {requests} ({names})."), BODY);
    }
}

fn noise(sheet: &mut Sheet, week: &Week) {
    sheet.heading(2, "6  Set aside as noise");
    let (blocked, aside) = (week.totals.blocked, week.totals.set_aside);
    let of = count(blocked, "blocked request", "blocked requests");
    sheet.paragraph(
        &format!(
            "{} of {of} were set aside: most of what a filter denies is a part of somebody else's page. The samples show what \
             was, so that a wrong guess can be seen.",
            number(aside)
        ),
        BODY,
    );
    sheet.bar("Blocked requests", &[(blocked.saturating_sub(aside), "looked at"), (aside, "set aside as noise")]);
    if !week.set_aside.is_empty() {
        let rows: Vec<_> =
            week.set_aside.iter().map(|l| vec![l.title.to_owned(), number(l.events), counted(&l.samples)]).collect();
        let columns = [Column("Reason", 5.0, false), Column("Requests", 2.0, true), Column("For example", 7.0, false)];
        sheet.table("By reason", &columns, &rows);
    }
}

fn help(sheet: &mut Sheet, week: &Week) {
    sheet.heading(2, "7  Help");
    let times = count(week.help, "time", "times");
    sheet.paragraph(
        &format!(
            "Names of help services were looked up {times} and always allowed. Nobody is recorded with them, here or anywhere."
        ),
        BODY,
    );
}

fn teaching(sheet: &mut Sheet, week: &Week) {
    sheet.heading(2, "8  Impact on teaching");
    let teaching = &week.teaching;
    let mut said = vec![match teaching.blocks {
        0 => "No host of education was blocked.".to_owned(),
        n => format!("{} to hosts of education blocked: {}.", count(n, "request", "requests"), counted(&teaching.hosts)),
    }];
    if !teaching.own_allowed.is_empty() {
        said.push(format!("Opened by the school's own entries: {}.", counted(&teaching.own_allowed)));
    }
    if teaching.passes > 0 {
        let requests = count(teaching.passes, "request", "requests");
        said.push(format!("{requests} opened by a pass, as part of a lesson: {}.", counted(&teaching.lessons)));
    }
    said.push(teaching.asked.in_words());
    said.iter().filter(|line| !line.is_empty()).for_each(|line| sheet.paragraph(line, BODY));
}

fn changes(sheet: &mut Sheet, week: &Week) {
    sheet.heading(2, "9  Changes to filtering");
    if week.changes.is_empty() {
        return sheet.paragraph("None this week.", BODY);
    }
    let or = |text: &str, nothing: &str| if text.is_empty() { nothing.to_owned() } else { text.to_owned() };
    let row = |c: &crate::report::week::ChangeLine| {
        vec![c.when.clone(), or(&c.who, "–"), or(&c.what, "–"), or(&c.why, "–"), or(&c.approved_by, "nobody")]
    };
    let columns = [
        Column("When", 3.0, false),
        Column("Who", 2.4, false),
        Column("What", 5.0, false),
        Column("Why", 4.0, false),
        Column("Approved by", 2.0, false),
    ];
    sheet.table("", &columns, &week.changes.iter().map(row).collect::<Vec<_>>());
}

fn health(sheet: &mut Sheet, week: &Week) {
    sheet.heading(2, "10  Health and coverage");
    let rows: Vec<_> = week
        .health
        .iter()
        .map(|fact| vec![fact.what.to_owned(), fact.is.clone(), if fact.good { "no" } else { "YES" }.to_owned()])
        .collect();
    sheet.table("", &[Column("What", 5.0, false), Column("Is", 6.0, false), Column("Needs someone", 2.0, false)], &rows);
    let c = &week.coverage;
    let seen = vec![number(c.pupil_devices), number(c.searches), number(c.names), number(c.nothing), number(c.strangers)];
    let columns = ["Pupil devices", "Search words", "Host names", "Nothing", "Addresses not in the register"];
    sheet.table("What was seen of pupils' devices", &columns.map(|title| Column(title, 1.0, false)), &[seen]);
    let row = |n: &crate::report::week::NetworkLine| {
        let state = match n.state {
            "" => "removed".to_owned(),
            "on" => "on".into(),
            state => state.to_uppercase(),
        };
        let numbers = [n.clients, n.by_name_only, n.whole, n.decrypted, n.watched].map(number);
        [n.name.clone(), state].into_iter().chain(numbers).collect()
    };
    let numbers =
        [("Clients", 1.6), ("By name only", 2.0), ("Seen whole", 2.0), ("Decrypted", 2.0), ("Let through while watching", 2.6)];
    let columns: Vec<_> = [Column("Network", 3.6, false), Column("Filter", 2.0, false)]
        .into_iter()
        .chain(numbers.map(|(title, share)| Column(title, share, true)))
        .collect();
    sheet.table("By network", &columns, &week.networks.iter().map(row).collect::<Vec<_>>());
    if !week.lists.is_empty() {
        let row = |l: &crate::report::week::ListLine| {
            let age = l.age_days.map_or_else(|| "not known".to_owned(), |days| days.to_string());
            vec![l.name.clone(), l.category.clone(), number(l.entries), age]
        };
        let columns = [
            Column("List", 5.0, false),
            Column("Category", 4.0, false),
            Column("Entries", 2.0, true),
            Column("Age in days", 2.0, true),
        ];
        sheet.table("Lists", &columns, &week.lists.iter().map(row).collect::<Vec<_>>());
    }
}

/// The end of the casebook's chain.
fn chain(sheet: &mut Sheet, week: &Week) {
    if !week.casebook.is_empty() {
        sheet.paragraph(&week.casebook_line(), BODY);
    }
}

fn limits(sheet: &mut Sheet, week: &Week) {
    sheet.heading(2, "11  What this report cannot know");
    sheet.list(&week.limits);
    sheet.heading(3, "What is kept");
    sheet.paragraph(&week.retention, BODY);
    chain(sheet, week);
    if !week.shows(Part::LookUps) {
        return;
    }
    sheet.heading(3, "Who has looked at whom");
    match week.look_ups.as_deref() {
        None => sheet.paragraph("Not recorded yet.", BODY),
        Some([]) => sheet.paragraph("Nobody has looked anybody up.", BODY),
        Some(look_ups) => {
            let rows: Vec<_> =
                look_ups.iter().map(|l| vec![l.when.clone(), l.who.clone(), l.whom.clone(), l.purpose.clone()]).collect();
            let columns = [
                Column("When", 3.0, false),
                Column("Who", 2.4, false),
                Column("Whom", 4.0, false),
                Column("What for", 6.0, false),
            ];
            sheet.table("", &columns, &rows);
        }
    }
}
