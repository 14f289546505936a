//! The report as plain text of 100 columns: page one, then the parts behind it in short.

use super::Week;
use super::calendar::DAYS_SHORT;
use super::edition::Part;
use super::plain::{count, list, number, wrapped};
use super::sums::Mean;
use super::week::{BOXES, Counted, Matter};

const WIDTH: usize = 100;

/// The week as text. Every text from outside in it was made safe when the week was made.
pub fn text(week: &Week) -> String {
    let mut page = Page(String::new());
    page.head(week);
    if let Some(line) = week.in_one_line() {
        page.say(&line);
        page.signs(week);
        if !week.casebook.is_empty() {
            page.line("");
            page.say(&week.casebook_line());
        }
        return page.0;
    }
    page.page_one(week);
    page.matters_in_full(week);
    page.alerts(week);
    page.themes(week);
    page.bypass_and_illegal(week);
    page.noise(week);
    page.teaching(week);
    page.filtering(week);
    page.limits(week);
    page.0
}

struct Page(String);

/// A row of a table by day.
struct Row<'w> {
    title: &'w str,
    tier: &'w str,
    episodes: u64,
    mean: Option<Mean>,
    events: u64,
    who: u64,
    by_day: [u64; 7],
}

impl Page {
    fn line(&mut self, text: &str) {
        self.0.push_str(text.trim_end());
        self.0.push('\n');
    }

    fn say(&mut self, text: &str) {
        self.0.push_str(&wrapped(text, WIDTH, "", ""));
    }

    fn indented(&mut self, first: &str, text: &str) {
        let rest = " ".repeat(first.chars().count());
        self.0.push_str(&wrapped(text, WIDTH, first, &rest));
    }

    fn heading(&mut self, text: &str) {
        self.line("");
        self.line(&format!("── {text} {}", "─".repeat(WIDTH.saturating_sub(text.chars().count() + 4))));
    }

    fn head(&mut self, week: &Week) {
        self.line(&"━".repeat(WIDTH));
        self.say(&format!("{} · {} · {}", week.school, week.edition.title(), week.week));
        self.say(&week.dates);
        let versions: Vec<String> = week.policy_versions.iter().map(u32::to_string).collect();
        let versions = if versions.is_empty() { "none used".into() } else { list(&versions) };
        self.say(&format!("Made {} · delivery {} · policy {versions} · gateway {}", week.made, week.delivery, week.gateway));
        if let Some(due) = &week.late {
            self.say(&format!("LATE: it was due {due}, and nobody was there to make it."));
        }
        self.line(&"━".repeat(WIDTH));
        self.line("");
    }

    fn page_one(&mut self, week: &Week) {
        let coverage = if week.shows(Part::Coverage) { week.coverage.sentence() } else { String::new() };
        self.say(&format!("{} {coverage}", week.verdict));
        if week.unfinished {
            self.say("This week is not over: the report holds what was seen up to the time it was made.");
        }
        if week.for_head > 0 {
            let matters = count(week.for_head, "matter about an adult is", "matters about adults are");
            self.say(&format!("{matters} for the head and not in this report."));
        }
        for (i, matter) in week.page_one().iter().enumerate() {
            self.line("");
            self.line(&format!("{}. {} · {}", i + 1, matter.tier.to_uppercase(), matter.title));
            self.indented("   ", &matter.line);
            self.indented("   Why:  ", &matter.why);
            self.indented("   Next: ", &matter.next);
            self.mark(matter);
        }
        if week.behind() > 0 {
            self.line("");
            self.say(&week.behind_line());
        }
        if !week.known.is_empty() {
            self.line("");
            self.say(&week.known_line());
        }
        for line in &week.assurance {
            self.indented(&format!("  {:<58}", line.what), &line.is);
        }
        if week.shows(Part::Networks) {
            self.line("");
        }
        match week.still_open.as_deref().filter(|_| week.shows(Part::Open)) {
            _ if !week.shows(Part::Open) => {}
            None => self.indented("Still open: ", "not kept by this gateway yet; see the school's own record."),
            Some([]) => self.indented("Still open: ", "nothing."),
            Some(open) => open.iter().for_each(|o| {
                let days = count(o.days.into(), "day", "days");
                self.indented("Still open: ", &format!("{} · {} · {} · {days}", o.matter, o.owner, o.last_action));
            }),
        }
        if week.shows(Part::Open) {
            self.indented("Alerts:     ", &week.alerts_line());
        }
        if week.shows(Part::Networks) {
            self.indented("Filter:     ", &week.filter_line());
        }
        self.signs(week);
    }

    /// Who has signed, or where they do so.
    fn signs(&mut self, week: &Week) {
        for who in BOXES.iter().filter(|_| week.shows(Part::Signs)) {
            self.line("");
            match week.signature(who) {
                Some(s) => self.say(&format!("Reviewed by {who:<28}  {} ({}), {}, record {}", s.who, s.role, s.when, s.record)),
                None => {
                    self.line(&format!("Reviewed by {who:<28}  Name _______________  Signed ______________  Date ________"));
                }
            }
        }
    }

    fn mark(&mut self, matter: &Matter) {
        if let Some(mark) = &matter.mark {
            self.indented("   Said: ", &format!("{}.", mark.in_words()));
        }
    }

    fn incidents(&mut self, week: &Week) {
        if week.incidents.is_empty() {
            return;
        }
        self.line("");
        self.line("Incidents that are open, or to which something was added this week:");
        for i in &week.incidents {
            let state = if i.closed { "closed" } else { "open" };
            let said = format!("{}, of {}, opened {}, last entry {}: {state}", i.category, i.happened, i.opened, i.last);
            self.indented(&format!("   {:>4}  ", i.number), &said);
        }
    }

    fn alerts(&mut self, week: &Week) {
        let Some(alerts) = week.alerts.as_ref().filter(|alerts| week.shows(Part::Alerts) && !alerts.is_empty()) else { return };
        self.heading("Alerts in full");
        alerts.iter().for_each(|alert| self.indented("  ", &alert.line()));
    }

    fn matters_in_full(&mut self, week: &Week) {
        if !week.shows(Part::Matters) {
            return;
        }
        self.heading("1  Matters in full");
        if week.matters.is_empty() {
            self.line(&week.verdict);
        }
        for (i, matter) in week.matters.iter().enumerate() {
            self.matter(i + 1, matter);
        }
        if week.matters_left_out > 0 {
            self.say(&format!("{} left out here.", count(week.matters_left_out, "more matter is", "more matters are")));
        }
        if !week.known.is_empty() {
            self.line("");
            self.line("Known and in hand, or found no concern, and no graver since:");
        }
        for matter in &week.known {
            self.indented(" - ", &format!("{}: {}", matter.title, matter.line));
            self.mark(matter);
            self.indented("   Mark: ", &matter.id);
        }
        self.incidents(week);
    }

    fn matter(&mut self, place: usize, matter: &Matter) {
        self.line("");
        self.line(&format!("{place}. {} · {}", matter.tier.to_uppercase(), matter.title));
        if let (Some(account), Some(name)) = (&matter.account, &matter.name) {
            let year = matter.year.as_ref().map(|y| format!(", {y}")).unwrap_or_default();
            self.indented("   Account:  ", &format!("{account}: {name}{year}"));
        }
        if !matter.devices.is_empty() {
            self.indented("   Device:   ", &list(&matter.devices));
        }
        self.indented("   Network:  ", &list(&matter.networks));
        self.indented("   How sure: ", &matter.how_sure);
        self.indented("   When:     ", &format!("{} to {}", matter.first, matter.last));
        self.indented("   Attempts: ", &matter.attempts_line());
        self.indented("   Names:    ", &counted(&matter.names));
        for episode in &matter.episodes {
            let around = format!(
                "{} · {} · {} · half hour before: {} · after: {}",
                episode.when,
                episode.lesson,
                count(episode.attempts, "attempt", "attempts"),
                episode.before.in_words(),
                episode.after.in_words(),
            );
            self.indented("   Episode:  ", &around);
        }
        if matter.episodes_left_out > 0 {
            self.line(&format!("             and {}", count(matter.episodes_left_out, "more episode", "more episodes")));
        }
        if !matter.around.is_empty() {
            self.indented("   Around:   ", &list(&matter.around));
        }
        self.indented("   Chosen:   ", &format!("{}. {}", matter.chosen.join("; "), matter.rows_line()));
        matter.cautions.iter().for_each(|c| self.indented("   But:      ", c));
        self.indented("   To mark:  ", &matter.id);
    }

    fn themes(&mut self, week: &Week) {
        if !week.shows(Part::Themes) {
            return;
        }
        self.heading("2  Themes and categories, in episodes (pupils and unknown devices)");
        if week.themes.is_empty() && week.categories.is_empty() {
            self.line("Nothing was found in what we could see.");
        }
        if !week.themes.is_empty() {
            let rows = week.themes.iter().map(|t| Row {
                title: t.title,
                tier: t.tier,
                episodes: t.episodes,
                mean: t.mean,
                events: t.events,
                who: t.people + t.unnamed,
                by_day: t.by_day,
            });
            self.by_day("Theme", rows);
            self.line("");
        }
        if !week.categories.is_empty() {
            let rows = week.categories.iter().map(|c| Row {
                title: &c.title,
                tier: "",
                episodes: c.episodes,
                mean: c.mean,
                events: c.events,
                who: c.people + c.unnamed,
                by_day: c.by_day,
            });
            self.by_day("Blocked category", rows);
        }
        if !week.trend.is_empty() {
            self.line("");
            self.line(&format!(
                "{:<14}{:>10}{:>10}{:>10}{:>12}{:>16}",
                "This term", "Matters", "Episodes", "Blocked", "Set aside", "Devices seen"
            ));
            for t in &week.trend {
                let devices = format!("{} of {}", number(t.names), number(t.pupil_devices));
                let school = if t.school { "" } else { "  no school" };
                let (matters, episodes, blocked, aside) =
                    (number(t.matters), number(t.episodes), number(t.blocked), number(t.set_aside));
                self.line(&format!("{:<14}{matters:>10}{episodes:>10}{blocked:>10}{aside:>12}{devices:>16}{school}", t.week));
            }
        }
        self.heading("3  Extremism (Prevent)");
        match week.theme("radicalisation") {
            None => self.line("Nothing was found in what we could see."),
            Some(t) => self.line(&format!(
                "{}, {} of {}.",
                count(t.episodes, "episode", "episodes"),
                count(t.events, "request", "requests"),
                people(t.people, t.unnamed)
            )),
        }
    }

    fn by_day<'w>(&mut self, what: &str, rows: impl Iterator<Item = Row<'w>>) {
        let days: String = DAYS_SHORT.iter().map(|d| format!("{d:>4}")).collect();
        self.line(&format!("{what:<35} {:<8}{:>9}{:>7}{:>7}{:>4}{days}", "", "Episodes", "Before", "Events", "Who"));
        for row in rows {
            let day = |n: &u64| if *n == 0 { "   ·".into() } else { format!("{:>4}", number(*n)) };
            let days: String = row.by_day.iter().map(day).collect();
            let title: String = row.title.chars().take(35).collect();
            let (episodes, events, who) = (number(row.episodes), number(row.events), number(row.who));
            let mean = row.mean.map_or_else(|| "–".into(), Mean::in_words);
            self.line(&format!("{title:<35} {:<8}{episodes:>9}{mean:>7}{events:>7}{who:>4}{days}", row.tier));
        }
    }

    fn bypass_and_illegal(&mut self, week: &Week) {
        if week.shows(Part::Illegal) {
            self.heading("4  Illegal lists");
            self.say(&format!("{} Addresses are never kept or shown.", week.illegal.line()));
        }
        if !week.shows(Part::Bypass) {
            return;
        }
        self.heading("5  Ways round the filter");
        let bypass = &week.bypass;
        match bypass.episodes {
            0 => self.line("Nothing was found that anybody seems to have meant."),
            n => {
                let names = counted(&bypass.names);
                self.say(&format!("{} of {}: {names}.", count(n, "episode", "episodes"), people(bypass.people, bypass.unnamed)));
            }
        }
        if bypass.defaults > 0 {
            let requests = count(bypass.defaults, "request", "requests");
            self.say(&format!(
                "Devices by their own default, which is no misconduct: {requests} ({}).",
                counted(&bypass.default_names)
            ));
        }
    }

    fn noise(&mut self, week: &Week) {
        if week.shows(Part::Noise) {
            self.heading("6  Set aside as noise");
            let (blocked, aside) = (week.totals.blocked, week.totals.set_aside);
            self.say(&format!("{} of {} were set aside.", number(aside), count(blocked, "blocked request", "blocked requests")));
            for line in &week.set_aside {
                let samples = if line.samples.is_empty() { String::new() } else { format!(": {}", counted(&line.samples)) };
                self.indented(&format!("{:>8}  ", number(line.events)), &format!("{}{samples}", line.title));
            }
        }
        if !week.shows(Part::Help) {
            return;
        }
        self.heading("7  Help");
        let help = count(week.help, "look-up", "look-ups");
        self.say(&format!("Help services: {help}, allowed always. Nobody is recorded with them."));
    }

    fn teaching(&mut self, week: &Week) {
        if !week.shows(Part::Teaching) {
            return;
        }
        self.heading("8  Impact on teaching");
        let teaching = &week.teaching;
        self.say(&match teaching.blocks {
            0 => "No host of education was blocked.".to_owned(),
            n => format!("{} to hosts of education blocked: {}.", count(n, "request", "requests"), counted(&teaching.hosts)),
        });
        if !teaching.own_allowed.is_empty() {
            self.say(&format!("Opened by the school's own entries: {}.", counted(&teaching.own_allowed)));
        }
        if teaching.passes > 0 {
            let requests = count(teaching.passes, "request", "requests");
            self.say(&format!("{requests} opened by a pass, as part of a lesson: {}.", counted(&teaching.lessons)));
        }
        let asked = teaching.asked.in_words();
        if !asked.is_empty() {
            self.say(&asked);
        }
    }

    fn filtering(&mut self, week: &Week) {
        if !week.shows(Part::Changes) {
            return;
        }
        self.heading("9  Changes to filtering");
        if week.changes.is_empty() {
            self.line("None.");
        }
        for change in &week.changes {
            let approved = if change.approved_by.is_empty() {
                "not approved by anybody".into()
            } else {
                format!("approved by {}", change.approved_by)
            };
            let because = if change.why.is_empty() { String::new() } else { format!(", because {}", change.why) };
            self.indented("- ", &format!("{}: {}: {}{because} ({approved})", change.when, change.who, change.what));
        }
        self.heading("10  Health and coverage");
        for fact in &week.health {
            let mark = if fact.good { " " } else { "!" };
            self.indented(&format!("{mark} {:<42}", fact.what), &fact.is);
        }
        for network in &week.networks {
            let state = if network.state.is_empty() { "removed" } else { network.state };
            self.indented(
                &format!("  {:<42}", format!("Network {} ({state})", network.name)),
                &format!(
                    "{}; {} by name only, {} seen whole, {} decrypted",
                    count(network.clients, "client", "clients"),
                    count(network.by_name_only, "event", "events"),
                    number(network.whole),
                    number(network.decrypted)
                ),
            );
        }
    }

    fn limits(&mut self, week: &Week) {
        self.heading("11  What this report cannot know, what is kept, who has looked");
        week.limits.iter().for_each(|limit| self.indented("- ", limit));
        self.indented("- ", &week.retention);
        if !week.casebook.is_empty() {
            self.indented("- ", &week.casebook_line());
        }
        match week.look_ups.as_deref() {
            _ if !week.shows(Part::LookUps) => {}
            None => self.indented("- ", "Who has looked at whom is not recorded yet."),
            Some([]) => self.indented("- ", "Nobody has looked anybody up."),
            Some(look_ups) => look_ups
                .iter()
                .for_each(|l| self.indented("- ", &format!("{}: {} looked at {}: {}", l.when, l.who, l.whom, l.purpose))),
        }
    }
}

/// `a (3), b (1)`
pub fn counted(items: &[Counted]) -> String {
    items.iter().map(|c| format!("{} ({})", c.text, number(c.count))).collect::<Vec<_>>().join(", ")
}

/// `12 people and 3 devices without a name`
pub fn people(people: u64, unnamed: u64) -> String {
    let persons = count(people, "account", "accounts");
    let devices = count(unnamed, "device without a name", "devices without a name");
    match (people, unnamed) {
        (_, 0) => persons,
        (0, _) => devices,
        _ => format!("{persons} and {devices}"),
    }
}
