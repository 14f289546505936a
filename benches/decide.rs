//! What a decision costs: `cargo bench --bench decide`.

use criterion::{Criterion, criterion_group, criterion_main};
use schoolgate::lists::{Found, KindId, Match};
use schoolgate::policy::*;
use schoolgate::words::{Category, CategorySet, Day, GroupId, Groups, Host, Moment};
use std::hint::black_box;

fn policy() -> Policy {
    let profile = Profile {
        name: "secondary".into(),
        block: CategorySet::of(&[Category::ADULT, Category::GAMES]),
        warn: CategorySet::EMPTY,
        rshe: true,
        warn_unseen: Act::Block,
        otherwise: Act::Allow,
        pupils: true,
        safe: Safe::STRICTEST,
        phrase_limit: None,
        downloads: Default::default(),
    };
    let group = |name: &str| Group { name: name.into(), profile: ProfileId(0), priority: None };
    let cell = |name: &str, from| Cell {
        name: name.into(),
        category: Category::GAMES,
        act: Act::Allow,
        group: Some(GroupId(1)),
        days: Days::School(None),
        times: vec![Times { days: 0x1f, from, until: from + 60 }],
    };
    let own = (0..1000).map(|i| Entry {
        id: i,
        host: Host::parse(&format!("own{i}.example")).expect("a host"),
        act: Act::Block,
        group: None,
        firm: false,
        despite: CategorySet::EMPTY,
        until_ms: None,
        reason: "a bench".into(),
    });
    Policy {
        profiles: vec![profile],
        groups: vec![group("year-9"), group("year-12")],
        timetable: Timetable::new(vec![cell("break", 640), cell("lunch", 750)], SchoolDays::default()),
        own: OwnEntries::new(own),
        ..Policy::default()
    }
}

fn decisions(c: &mut Criterion) {
    let policy = policy();
    let host = Host::parse("www.shop.example.com").expect("a host");
    let mut games = Found::NOTHING;
    games.push(Match { categories: CategorySet::of(&[Category::GAMES]), labels: 2, at: 0, kind: KindId(0) });
    let moment = Moment { unix_ms: schoolgate::words::moment::BUILT_MS, day: Day(0), minute_of_week: 760 };
    for (name, found) in [("on no list", &Found::NOTHING), ("blocked by category", &games)] {
        let ask = Ask {
            host: &host,
            found,
            groups: Groups::one(GroupId(0)),
            moment,
            surface: Surface::NoPage,
            mode: Mode::Enforce,
            lock: None,
            pass: None,
        };
        c.bench_function(&format!("decide: {name}, 1,000 own entries, 2 cells"), |b| {
            b.iter(|| decide(black_box(&ask), black_box(&policy)))
        });
    }
}

criterion_group!(benches, decisions);
criterion_main!(benches);
