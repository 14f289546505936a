//! What somebody is held to, and which of their groups counts, in words.

use crate::gate::Visit;
use crate::gate::snapshot::{local_time, whom};
use crate::policy::{Lock, Policy};
use crate::words::{Groups, Host};

/// What holds them to less than their profile.
pub(super) fn held(visit: &Visit) -> Option<String> {
    let snapshot = &visit.snapshot;
    let config = &snapshot.config;
    let list = |open: &[Host]| match open {
        [] => "nothing is open but what machines need".to_owned(),
        hosts => format!("open: {}", hosts.iter().map(Host::to_string).collect::<Vec<_>>().join(", ")),
    };
    Some(match visit.lock()? {
        Lock::Withdrawn => {
            let person = visit.who.person.and_then(|id| snapshot.register.person(id))?;
            match &person.withdrawn {
                Some(stamp) => format!("access was withdrawn on {} by {}", local_time(config, stamp.at_ms), stamp.by),
                None => format!(
                    "the school requires what the register does not have of them: {}",
                    person.details.short_of(person.role, &config.people).join(", ")
                ),
            }
        }
        Lock::Exam(open) => {
            let exam = snapshot.exam(&visit.who, &visit.moment)?;
            let (until, whom) = (local_time(config, exam.until_ms), whom(config, &exam.whom));
            format!("exam {} of {whom} until {until} ({}: {}); {}", exam.id, exam.by, exam.reason, list(open))
        }
        Lock::SignIn(open) => {
            let network = config.policy.network(visit.who.network).map_or("", |n| n.name.as_str());
            format!("nobody has signed in, as network {network} wants; {}", list(open))
        }
    })
}

/// Which of several groups counts, and why.
pub(super) fn counting(groups: &Groups, policy: &Policy, decided: Option<&str>) -> Option<String> {
    let all: Vec<_> = groups.iter().filter_map(|id| policy.group(id)).collect();
    if all.len() < 2 {
        return None;
    }
    let highest = all.iter().filter_map(|g| g.priority).max();
    let counts: Vec<_> = all.iter().filter(|g| g.priority == highest).map(|g| g.name.as_str()).collect();
    Some(match (highest, &counts[..]) {
        (Some(priority), [one]) => format!("{one} counts instead of the others, by its priority {priority}"),
        (priority, several) => {
            let by = priority.map_or_else(String::new, |p| format!(", by their priority {p}"));
            let strictest = decided.map_or_else(String::new, |group| format!(": here {group}"));
            format!("of {} the strictest counts{by}{strictest}", several.join(", "))
        }
    })
}
