//! Whether a change does what it says: an entry or a pass is in force at once, and what has a lower step decides before it.

use super::{Context, Failed, explain};
use crate::config::Config;
use crate::gate::explain::{Explanation, Question};
use crate::policy::{Action, Step};
use crate::words::Url;

/// How a host was judged before a change of it.
pub struct Effect {
    question: Question,
    before: Explanation,
    /// The step of the change itself, and whether it lets through.
    step: Step,
    opens: bool,
}

impl Effect {
    /// To be asked before the change. What is sealed is left out of both answers: an entry is no way to find that out.
    /// `None`: the host or the group is nothing that can be judged, which the change will say.
    pub fn of(context: &Context, config: &Config, host: &str, group: Option<&str>, step: Step, opens: bool) -> Option<Self> {
        Url::parse(host).ok()?;
        if let Some(group) = group {
            config.policy.group_named(group)?;
        }
        let question = Question { what: host.to_owned(), group: group.map(str::to_owned), unsealed: true, ..Question::default() };
        let before = explain::answer(context, config, &question).ok()?;
        Some(Self { question, before, step, opens })
    }

    /// To be asked after the change, what there is to add to 'in force': that something else decides, or that nothing is new.
    pub fn told(&self, context: &Context, config: &Config) -> Result<String, Failed> {
        let after = explain::answer(context, config, &self.question)?;
        let Explanation { host, who, because, .. } = &after;
        let lets_through = |answer: &Explanation| answer.action == Action::Allow.word();
        if lets_through(&after) != self.opens {
            let stays = if self.opens { "stays blocked" } else { "stays open" };
            let first = Step::from_word(&after.step).is_some_and(|step| step.place() < self.step.place());
            let decides = if first { "decides first" } else { "decides" };
            let change = after.to_change.as_ref().map_or_else(String::new, |change| format!("\nto change that: {change}"));
            let step = explain::step(&after);
            return Ok(format!(", but {host} {stays} for {who}: step {step} {decides}, because {because}{change}"));
        }
        if let Some(why) = after.proxy_refuses.as_ref().filter(|_| self.opens) {
            return Ok(format!(", but the proxy does not go there: {why}"));
        }
        if lets_through(&self.before) == self.opens {
            let was = if self.opens { "open" } else { "blocked" };
            return Ok(format!(", but {host} was {was} before for {who}, because {}", self.before.because));
        }
        Ok(String::new())
    }
}
