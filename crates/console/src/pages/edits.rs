//! The actions on lists and messages: delete, restore, mark.

use std::sync::Arc;

use axum::Router;
use axum::extract::Form;
use axum::response::Redirect;
use axum::routing::get;

use crate::mailbox::Search;
use crate::pages::failure::Failure;
use crate::pages::layout::At;
use crate::pages::links::{address, deleted_address, message_address, next_address};
use crate::state::State;

pub(crate) fn routes() -> Router<Arc<State>> {
    // The login page leads back to the address of a form by GET.
    let back = || get(async || Redirect::to("/"));
    Router::new().route("/messages", back().post(edit)).route("/undo", back().post(undo))
}

type Fields = Vec<(String, String)>;

fn value<'f>(fields: &'f Fields, name: &str) -> &'f str {
    fields.iter().find(|(one, _)| one == name).map_or("", |(_, value)| value)
}

async fn edit(at: At, Form(fields): Form<Fields>) -> Result<Redirect, Failure> {
    let mailbox = at.state.mailbox()?;
    let (action, query) = (value(&fields, "action"), value(&fields, "q"));
    let back = address(query);
    let search = if action.ends_with("-all") {
        let search = Search::parse(query).map_err(|mistake| Failure::Mistake(mistake.to_string()))?;
        match value(&fields, "until").parse() {
            Ok(id) => search.until(id),
            Err(_) => search,
        }
    } else {
        let ids = fields.iter().filter(|(name, _)| name == "id").filter_map(|(_, id)| id.parse().ok());
        Search::ids(ids)
    };
    match action {
        "delete" | "delete-all" => {
            // The page of a message goes on with the next older one.
            let message = value(&fields, "message").parse().ok();
            let older = match message {
                Some(message) => {
                    mailbox.neighbours(&Search::parse(query).unwrap_or_default(), message).await?[1]
                }
                None => None,
            };
            let deletion = mailbox.delete(&search).await?;
            if deletion.messages == 0 {
                return Ok(Redirect::to(&back));
            }
            return Ok(Redirect::to(&match (older, message) {
                (Some(older), Some(message)) => next_address(older, query, &deletion, message),
                _ => deleted_address(query, &deletion),
            }));
        }
        "read" | "read-all" => mailbox.mark(&search, false).await?,
        "unread" => mailbox.mark(&search, true).await?,
        _ => return Err(Failure::Mistake("There is no such action.".to_owned())),
    };
    Ok(Redirect::to(&back))
}

async fn undo(at: At, Form(fields): Form<Fields>) -> Result<Redirect, Failure> {
    let mailbox = at.state.mailbox()?;
    let deletion = value(&fields, "deletion").parse();
    let deletion = deletion.map_err(|_| Failure::Mistake("A deletion is a number.".to_owned()))?;
    if mailbox.undo(deletion).await? == 0 {
        return Err(Failure::Mistake("It is too late: the messages are gone.".to_owned()));
    }
    let query = value(&fields, "q");
    let message = value(&fields, "message").parse().ok();
    Ok(Redirect::to(&message.map_or_else(|| address(query), |message| message_address(message, query))))
}
