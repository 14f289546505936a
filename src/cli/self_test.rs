//! `schoolgate self-test`.

use super::{Context, Failed, Outcome, fail};
use crate::gate::control::Request;
use crate::ops::self_test::Report;

pub fn self_test(context: &Context) -> Outcome {
    let config = context.read_as_far()?;
    let Some(value) = context.ask(&config, &Request::SelfTest)? else {
        return Err(fail(
            "no gate is running here, and it is the running gate that is tried: `schoolgate run`, or `systemctl start schoolgate`",
        ));
    };
    let report: Report = serde_json::from_value(value).map_err(fail)?;
    context.print(&report, || report.to_string())?;
    if report.failed == 0 { Ok(()) } else { Err(Failed) }
}
