//! `schoolgate status`.

use super::{Context, Failed, Outcome, fail};
use crate::app::status::Status;
use crate::gate::control::Request;

pub fn status(context: &Context) -> Outcome {
    let config = context.read()?;
    let Some(value) = context.ask(&config, &Request::Status)? else {
        return Err(fail("no gate is running here. Start it with `schoolgate run`, or `systemctl start schoolgate`"));
    };
    let status: Status = serde_json::from_value(value).map_err(fail)?;
    context.print(&status, || status.to_string())?;
    if status.needs_you.is_empty() { Ok(()) } else { Err(Failed) }
}
