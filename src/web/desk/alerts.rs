//! Alerts: what could not wait for the report. To acknowledge one is to say that somebody has it.

use super::guard::{Form, Reader};
use super::views::{self, AlertsPage};
use super::{ALERTS, NotShown};
use crate::web::hall::Answer;
use crate::web::portal::led;
use hyper::StatusCode;

pub async fn page(reader: Reader) -> Answer {
    let alerts = reader.sees(ALERTS, |desk, look| desk.alerts(look)).await?;
    let (seen, waiting) = alerts.into_iter().partition(|alert| alert.acknowledged.is_some());
    Ok(views::page(StatusCode::OK, &AlertsPage { frame: reader.frame("alerts"), waiting, seen }))
}

pub async fn acknowledge(form: Form<Reader>) -> Answer {
    let reader = &form.by;
    let number = form.field("acknowledge").parse::<u32>().map_err(|_| reader.not_shown(NotShown::Nothing))?;
    let kept = reader.keeps(move |desk, account| desk.acknowledge(account, number)).await;
    kept.map_err(|why| reader.not_kept(&why, ALERTS))?;
    Ok(led(ALERTS))
}
