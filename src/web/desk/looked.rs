//! Who looked at whom.

use super::guard::Reader;
use super::views::{self, LookedPage};
use crate::gate::snapshot::local_time;
use crate::web::hall::Answer;
use hyper::StatusCode;

pub async fn page(reader: Reader) -> Answer {
    let looked = reader.sees("", |desk, look| desk.looked(look.account)).await?;
    let config = &reader.caller.snapshot.config;
    let rows = looked.into_iter().map(|l| [local_time(config, l.when_ms), l.who, l.what, l.purpose]).collect();
    Ok(views::page(StatusCode::OK, &LookedPage { frame: reader.frame("looked"), rows }))
}
