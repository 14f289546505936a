//! The report as plain text of 100 columns: page one, then the parts behind it in short.

use super::Week;
use super::calendar::DAYS_SHORT;
use super::plain::{count, list, number, wrapped};
use super::week::{Counted, Matter};

const WIDTH: usize = 100;

/// The week as text. Every text from outside in it was made safe when the week was made.
pub fn text(week: &Week) -> String {
    let mut page = Page(String::new());
    page.page_one(week);
    page.matters_in_full(week);
    page.themes(week);
    page.bypass_and_illegal(week);
    page.noise(week);
    page.teaching(week);
    page.filtering(week);
    page.limits(week);
    page.0
}

struct Page(String);

/// Title, tier, episodes, events, people, without a name, by day.
type Row<'w> = (&'w str, &'w str, u64, u64, u64, u64, [u64; 7]);

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

    fn page_one(&mut self, week: &Week) {
        self.line(&"━".repeat(WIDTH));
        self.say(&format!("{} · Weekly safeguarding report · {}", week.school, week.week));
        self.say(&week.dates);
        let versions: Vec<String> = week.policy_versions.iter().map(u32::to_string).collect();
        let versions = if versions.is_empty() { "none used".into() } else { list(&versions) };
        self.say(&format!("Made {} · delivery {} · policy {versions} · gateway {}", week.made, week.delivery, week.gateway));
        self.line(&"━".repeat(WIDTH));
        self.line("");
        self.say(&format!("{} {}", week.verdict, week.coverage.sentence()));
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
        }
        if week.behind() > 0 {
            self.line("");
            self.say(&week.behind_line());
        }
        self.line("");
        match week.still_open.as_deref() {
            None => self.indented("Still open: ", "not kept by this gateway yet; see the school's own record."),
            Some([]) => self.indented("Still open: ", "nothing."),
            Some(open) => open.iter().for_each(|o| {
                let days = count(o.days.into(), "day", "days");
                self.indented("Still open: ", &format!("{} · {} · {} · {days}", o.matter, o.owner, o.last_action));
            }),
        }
        self.indented("Alerts:     ", "none are sent between reports.");
        self.indented("Filter:     ", &week.filter_line());
        self.line("");
        for who in ["Designated Safeguarding Lead", "ICT coordinator"] {
            self.line(&format!("Reviewed by {who:<28}  Name _______________  Signed ______________  Date ________"));
            self.line("");
        }
    }

    fn matters_in_full(&mut self, week: &Week) {
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
        let times =
            format!("{} in lessons, {} outside; {} after the first block", matter.in_lesson, matter.outside, matter.repeats);
        self.indented("   Attempts: ", &times);
        self.indented("   Names:    ", &counted(&matter.names));
        for episode in &matter.episodes {
            let around = format!(
                "{} · {} · {} · half hour before: {}, {} else blocked · after: {}, {} else blocked",
                episode.when,
                episode.lesson,
                count(episode.attempts, "attempt", "attempts"),
                count(episode.before.names, "name", "names"),
                episode.before.blocked,
                count(episode.after.names, "name", "names"),
                episode.after.blocked,
            );
            self.indented("   Episode:  ", &around);
        }
        if matter.episodes_left_out > 0 {
            self.line(&format!("             and {}", count(matter.episodes_left_out, "more episode", "more episodes")));
        }
        if !matter.around.is_empty() {
            self.indented("   Around:   ", &list(&matter.around));
        }
        self.indented("   Chosen:   ", &format!("{}.", matter.chosen.join("; ")));
        matter.cautions.iter().for_each(|c| self.indented("   But:      ", c));
    }

    fn themes(&mut self, week: &Week) {
        self.heading("2  Themes and categories, in episodes (pupils and unknown devices)");
        if week.themes.is_empty() && week.categories.is_empty() {
            self.line("Nothing was found in what we could see.");
        }
        if !week.themes.is_empty() {
            let rows = week.themes.iter().map(|t| (t.title, t.tier, t.episodes, t.events, t.people, t.unnamed, t.by_day));
            self.by_day("Theme", rows);
            self.line("");
        }
        if !week.categories.is_empty() {
            let rows =
                week.categories.iter().map(|c| (c.title.as_str(), "", c.episodes, c.events, c.people, c.unnamed, c.by_day));
            self.by_day("Blocked category", rows);
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
        let days: String = DAYS_SHORT.iter().map(|d| format!("{d:>5}")).collect();
        self.line(&format!("{what:<35} {:<8}{:>9}{:>7}{:>5}{days}", "", "Episodes", "Events", "Who"));
        for (title, tier, episodes, events, people, unnamed, by_day) in rows {
            let day = |n: &u64| if *n == 0 { "    ·".into() } else { format!("{:>5}", number(*n)) };
            let days: String = by_day.iter().map(day).collect();
            let title: String = title.chars().take(35).collect();
            let (episodes, events, who) = (number(episodes), number(events), number(people + unnamed));
            self.line(&format!("{title:<35} {tier:<8}{episodes:>9}{events:>7}{who:>5}{days}"));
        }
    }

    fn bypass_and_illegal(&mut self, week: &Week) {
        self.heading("4  Illegal lists");
        let illegal = &week.illegal;
        self.say(&format!("{} Addresses are never kept or shown.", illegal.line()));
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
        self.heading("6  Set aside as noise");
        let (blocked, aside) = (week.totals.blocked, week.totals.set_aside);
        self.say(&format!("{} of {} were set aside.", number(aside), count(blocked, "blocked request", "blocked requests")));
        for line in &week.set_aside {
            self.indented(&format!("{:>8}  ", number(line.events)), &format!("{}: {}", line.title, counted(&line.samples)));
        }
        self.heading("7  Help");
        let help = count(week.help, "look-up", "look-ups");
        self.say(&format!("Help services: {help}, allowed always. Nobody is recorded with them."));
    }

    fn teaching(&mut self, week: &Week) {
        self.heading("8  Impact on teaching");
        let teaching = &week.teaching;
        self.say(&match teaching.blocks {
            0 => "No host of education was blocked.".to_owned(),
            n => format!("{} to hosts of education blocked: {}.", count(n, "request", "requests"), counted(&teaching.hosts)),
        });
        if !teaching.own_allowed.is_empty() {
            self.say(&format!("Opened by the school's own entries: {}.", counted(&teaching.own_allowed)));
        }
        let asked = teaching.asked.in_words();
        if !asked.is_empty() {
            self.say(&asked);
        }
    }

    fn filtering(&mut self, week: &Week) {
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
            self.indented(
                "- ",
                &format!("{}: {}: {}, because {} ({approved})", change.when, change.who, change.what, change.why),
            );
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
        match week.look_ups.as_deref() {
            None => self.indented("- ", "Who has looked at whom is not recorded yet."),
            Some([]) => self.indented("- ", "Nobody has looked anybody up."),
            Some(look_ups) => look_ups
                .iter()
                .for_each(|l| self.indented("- ", &format!("{}: {} looked at {}: {}", l.when, l.who, l.whom, l.purpose))),
        }
    }
}

fn counted(items: &[Counted]) -> String {
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
