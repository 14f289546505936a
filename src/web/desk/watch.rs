//! Pupils who are watched more closely for a while. To whoever it is not for, there is no such page.

use super::guard::{Form, Reader, sentence};
use super::views::{self, WatchPage};
use super::{NotKept, NotShown, WATCH};
use crate::web::form::asked;
use crate::web::hall::Answer;
use crate::web::portal::led;
use hyper::{StatusCode, Uri};

/// What somebody has typed.
#[derive(Debug, Clone, Default)]
pub struct Typed {
    pub person: String,
    pub until: String,
    pub reason: String,
}

pub async fn page(reader: Reader, uri: Uri) -> Answer {
    shown(&reader, StatusCode::OK, "", &Typed { person: asked(&uri, "person"), ..Typed::default() }).await
}

async fn shown(reader: &Reader, status: StatusCode, said: &str, typed: &Typed) -> Answer {
    let watched = reader.sees(WATCH, |desk, look| desk.watched(look)).await?;
    Ok(views::page(status, &WatchPage { frame: reader.frame("watch"), said, watched, typed }))
}

pub async fn act(form: Form<Reader>) -> Answer {
    let (reader, text) = (&form.by, |name| form.field(name).to_owned());
    let ends = match form.field("do") {
        "watch" => false,
        "end" => true,
        _ => return Err(reader.not_shown(NotShown::Nothing)),
    };
    let typed = Typed { person: text("person"), until: text("until"), reason: text("reason") };
    let said = typed.clone();
    let kept = reader.keeps(move |desk, account| {
        let until = (!ends).then_some(said.until.as_str());
        desk.watch(account, (&said.person, until, &said.reason))
    });
    match kept.await {
        Ok(()) => Ok(led(WATCH)),
        Err(NotKept::Refused(why)) => {
            // What they have typed stays in the form that it is of.
            let typed = if ends { Typed::default() } else { typed };
            shown(reader, StatusCode::UNPROCESSABLE_ENTITY, &sentence(&why), &typed).await
        }
        Err(why) => Err(reader.not_kept(&why, WATCH)),
    }
}
