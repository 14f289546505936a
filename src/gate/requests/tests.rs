use super::*;
use crate::words::{Confidence, Groups, Known, NetworkId};
use std::sync::Arc;

fn who(last: u8, person: Option<u32>) -> Who {
    Who {
        client: ClientAddr::new([10, 0, 0, last].into()),
        network: NetworkId(0),
        device: None,
        person: person.map(PersonId),
        groups: Groups::default(),
        known: Known::Network,
        sure: Confidence::Group,
        since: None,
        mac: None,
    }
}

fn asks(who: Who, host: &str) -> NewRequest {
    NewRequest {
        kind: Kind::Open,
        host: host.into(),
        why: " for\nhistory ".into(),
        who,
        network: "pupils".into(),
        groups: vec!["year 9".into()],
        nameless: false,
        now_ms: 5,
        today: Day(1),
    }
}

fn answer(decision: Decision) -> Answer {
    Answer { when_ms: 9, by: "it".into(), decision, reason: "it is fine".into(), entry: None }
}

#[test]
fn a_request_is_kept_and_read_back_as_it_was_and_answered_once() {
    let file = Arc::new(Mutex::new(String::new()));
    let disk = file.clone();
    let keep: Keep = Box::new(move |kept| {
        *disk.lock().expect("nobody panicked") = serde_json::to_string(kept).map_err(|e| e.to_string())?;
        Ok(())
    });
    let requests = Requests::open(Kept::default(), keep);
    let id = requests.make(asks(who(1, Some(7)), "quiz.example")).expect("taken");
    assert_eq!(requests.make(asks(who(1, Some(7)), "quiz.example")), Ok(id), "the same again is one");
    let nameless = NewRequest { nameless: true, kind: Kind::Block, ..asks(who(1, Some(7)), "bad.example") };
    requests.make(nameless).expect("taken");
    assert_eq!(requests.open_count(), 2);

    let written = file.lock().expect("nobody panicked").clone();
    let read: Kept = serde_json::from_str(&written).expect("it reads what it wrote");
    assert_eq!(read.requests, requests.all());
    let [own, other] = &read.requests[..] else { panic!("{read:?}") };
    assert_eq!((own.why.as_str(), own.person, own.network.as_str()), ("for history", Some(7), "pupils"));
    assert_eq!((other.person, other.device, other.client, other.network.as_str(), other.groups.len()), (None, None, None, "", 0));
    assert!(own.is_of(&who(1, Some(7))) && !own.is_of(&who(1, Some(8))) && !own.is_of(&who(2, Some(7))));
    assert!(!other.is_of(&who(1, Some(7))));

    let answered = requests.answer(id, answer(Decision::Allowed)).expect("answered");
    assert!(!answered.is_open() && requests.open_count() == 1);
    assert!(requests.answer(id, answer(Decision::Refused)).is_err_and(|why| why.contains("allowed by it")));
    assert!(requests.answer(99, answer(Decision::Refused)).is_err_and(|why| why.contains("no request 99")));
}

#[test]
fn one_client_has_its_share_of_a_day_and_all_together_theirs() {
    let requests = Requests::default();
    for n in 0..MOST_A_DAY {
        requests.make(asks(who(1, None), &format!("n{n}.example"))).expect("taken");
    }
    // Nor without a name, nor as another person.
    let nameless = NewRequest { nameless: true, ..asks(who(1, None), "x.example") };
    assert_eq!(requests.make(nameless), Err(NotTaken::EnoughToday));
    assert_eq!(requests.make(asks(who(1, Some(1)), "x.example")), Err(NotTaken::EnoughToday));
    assert!(requests.make(NewRequest { today: Day(2), ..asks(who(1, None), "x.example") }).is_ok());
    for n in 0..2 * MOST_OPEN {
        let _ = requests.make(NewRequest { today: Day(n as i32), ..asks(who(2, None), &format!("m{n}.example")) });
    }
    assert_eq!(requests.open_count(), MOST_OPEN);
    assert_eq!(requests.make(NewRequest { today: Day(9_999), ..asks(who(3, None), "y.example") }), Err(NotTaken::Full));
}

#[test]
fn what_the_disk_refuses_is_not_taken_and_old_answers_go_first() {
    let requests = Requests::open(Kept::default(), Box::new(|_| Err("the disk is full".into())));
    assert_eq!(requests.make(asks(who(1, None), "a.example")), Err(NotTaken::Disk("the disk is full".into())));
    assert_eq!((requests.all().len(), requests.open_count()), (0, 0));

    let made = |id: u32, answered: bool| PageRequest {
        id,
        kind: Kind::Open,
        host: format!("n{id}.example"),
        why: String::new(),
        made_ms: 0,
        network: String::new(),
        groups: Vec::new(),
        person: None,
        device: None,
        client: None,
        answer: answered.then(|| answer(Decision::Refused)),
    };
    let kept = Kept { last_id: MOST_KEPT as u32, requests: (1..=MOST_KEPT as u32).map(|id| made(id, id > 1)).collect() };
    let requests = Requests::open(kept, Box::new(|_| Ok(())));
    requests.make(asks(who(1, None), "new.example")).expect("taken");
    let all = requests.all();
    assert_eq!((all.len(), all[0].id, all[1].id), (MOST_KEPT, 1, 3));
}

#[test]
fn who_came_by_accident_waits_for_nothing() {
    let requests = Requests::default();
    let id = requests.make(NewRequest { kind: Kind::Accident, ..asks(who(1, None), "a.example") }).expect("taken");
    assert_eq!(requests.open_count(), 0);
    assert!(requests.answer(id, answer(Decision::Allowed)).is_err_and(|why| why.contains("by accident")));
}
