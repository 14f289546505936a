//! What is sealed, opened for one page: with a reader's passphrase, for a purpose that is written down. Nothing of it is kept: whoever
//! asks again types it again.

use super::guard::{Form, NO_PURPOSE, Reader};
use super::matter::found;
use super::views::{self, OpeningPage};
use super::week::sent;
use super::{Desk, Format, INCIDENTS, NotOpened, NotShown, Opens, incidents, matter};
use crate::casebook::{Incident, MatterId, may_open};
use crate::report::week::Matter;
use crate::web::hall::Answer;
use crate::web::portal::later;
use axum::extract::Path;
use axum::response::Response;
use hyper::StatusCode;

/// What is to be opened.
struct Sealed {
    /// Where its form is.
    here: String,
    back: String,
    /// What it is, for people.
    of: String,
    /// It is handed on as PDF or CSV, too.
    handed: bool,
}

impl Sealed {
    fn around(id: &MatterId, matter: &Matter) -> Self {
        let back = format!("/desk/matter/{id}/around");
        Self {
            here: format!("/desk/matter/{id}/open"),
            back,
            of: format!("thirty minutes either side, {}", matter.reference.title),
            handed: false,
        }
    }

    fn of(incident: &Incident) -> Self {
        let back = format!("{INCIDENTS}/{}", incident.number);
        Self { here: format!("{back}/open"), back, of: format!("incident {}", incident.number), handed: true }
    }

    /// Its form, for a role that opens.
    fn form(&self, by: &Reader, (reader, purpose): (&str, &str), status: StatusCode, said: &str) -> Answer {
        if !may_open(by.account.role) {
            return Err(by.not_shown(NotShown::NotTheirs));
        }
        let Self { here, back, of, handed } = self;
        Ok(views::page(status, &OpeningPage { frame: by.frame(""), said, here, back, of, handed: *handed, reader, purpose }))
    }

    /// What a form opens.
    ///
    /// # Errors
    /// What is answered else: the form again, and why.
    async fn opened<T: Send + 'static>(
        &self,
        form: &Form<Reader>,
        open: impl FnOnce(&dyn Desk, &Opens) -> Result<T, NotOpened> + Send + 'static,
    ) -> Result<T, Response> {
        let (by, reader) = (&form.by, form.field("reader").trim());
        let again = |status, said: &str| {
            let typed = form.field("purpose");
            self.form(by, (reader, typed), status, said).unwrap_or_else(|answer| answer)
        };
        let purpose = form.purpose();
        if purpose.is_empty() {
            return Err(again(StatusCode::UNPROCESSABLE_ENTITY, NO_PURPOSE));
        }
        let (account, name, passphrase) = (by.account.clone(), reader.to_owned(), form.field("passphrase").to_owned());
        let (client, now) = (by.caller.peer.client.ip(), by.caller.now);
        let work = move |desk: &dyn Desk| {
            let passphrase = zeroize::Zeroizing::new(passphrase);
            open(desk, &Opens { account: &account, reader: &name, passphrase: &passphrase, purpose: &purpose, client, now })
        };
        let opened = by.caller.asks(work).await.unwrap_or(Err(NotOpened::NotShown(NotShown::Fault)));
        opened.map_err(|why| match why {
            NotOpened::NotShown(why) => by.not_shown(why),
            NotOpened::Wrong => again(StatusCode::FORBIDDEN, "The reader or the passphrase is not right. That is written down."),
            NotOpened::Wait(seconds) => {
                let said = format!("Too many were wrong. Please wait {seconds} seconds, then try again.");
                later(again(StatusCode::TOO_MANY_REQUESTS, &said), seconds)
            }
            NotOpened::Until(until) => {
                let said = format!("Too many were wrong, here or elsewhere. Please wait until {until}.");
                again(StatusCode::TOO_MANY_REQUESTS, &said)
            }
            NotOpened::Busy => {
                let said = "Somebody else opens something at this moment. Please try again.";
                later(again(StatusCode::SERVICE_UNAVAILABLE, said), 3)
            }
            NotOpened::NoKeys => again(StatusCode::UNPROCESSABLE_ENTITY, "Nothing is sealed here: the school has made no keys."),
        })
    }
}

/// The form for what was typed around a matter.
pub async fn around_page(reader: Reader, Path(id): Path<String>) -> Answer {
    let (id, matter) = found(&reader, &id).await?;
    let purpose = reader.caller.hall.at_desk.purpose(&reader.token, &id.to_string()).unwrap_or_default();
    Sealed::around(&id, &matter).form(&reader, (&reader.account.name, &purpose), StatusCode::OK, "")
}

pub async fn around(Path(id): Path<String>, form: Form<Reader>) -> Answer {
    let (id, of) = found(&form.by, &id).await?;
    let sealed = Sealed::around(&id, &of);
    let which = id.clone();
    let around = sealed.opened(&form, move |desk, opens| desk.open_around(opens, &which)).await?;
    Ok(matter::around_shown(&form.by, &id, &of, around, form.purpose(), true))
}

/// The form for what was written of an incident.
pub async fn incident_page(reader: Reader, Path(number): Path<String>) -> Answer {
    let incident = incidents::found(&reader, &number).await?;
    Sealed::of(&incident).form(&reader, (&reader.account.name, ""), StatusCode::OK, "")
}

/// To be read, or to be handed on.
pub async fn incident(Path(number): Path<String>, form: Form<Reader>) -> Answer {
    let incident = incidents::found(&form.by, &number).await?;
    let (sealed, which) = (Sealed::of(&incident), incident.number);
    if let Some(format) = Format::from_word(form.field("do")).filter(|format| *format != Format::Html) {
        let bytes = sealed.opened(&form, move |desk, opens| desk.open_incident_file(opens, which, format)).await?;
        return Ok(sent(bytes, format, &format!("incident-{which}.{format}")));
    }
    let incident = sealed.opened(&form, move |desk, opens| desk.open_incident_words(opens, which)).await?;
    Ok(incidents::one_shown(&form.by, StatusCode::OK, incident, ""))
}
