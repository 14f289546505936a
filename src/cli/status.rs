//! `schoolgate status`.

use super::{Context, Failed, Outcome, fail};
use crate::app::status::Status;
use crate::gate::control::Request;

pub fn status(context: &Context) -> Outcome {
    let config = context.read_as_far()?;
    let Some(value) = context.ask(&config, &Request::Status)? else {
        return Err(fail("no gate is running here. Start it with `schoolgate run`, or `systemctl start schoolgate`"));
    };
    let mut status: Status = serde_json::from_value(value).map_err(fail)?;
    status.needs_you.splice(0..0, context.broken().map(str::to_owned));
    context.print(&status, || status.to_string())?;
    if status.needs_you.is_empty() { Ok(()) } else { Err(Failed) }
}
