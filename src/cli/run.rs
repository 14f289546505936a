//! `schoolgate run`: the doors in the foreground.

use super::{Context, Outcome, fail};
use crate::gate::Clock;
use crate::{app, ops};
use std::io::IsTerminal;

pub fn run(context: &Context) -> Outcome {
    ops::logging::start();
    let config = context.read()?;
    let app = app::build(config, context.config_path().map(Into::into), Clock::System).map_err(fail)?;
    if std::io::stdout().is_terminal() {
        super::say(app.greeting())?;
    }
    app.run_until_signalled().map_err(fail)
}
