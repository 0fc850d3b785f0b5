//! The messages that a request of Mailpit's API names: some, those of a search, or all.

use std::str::FromStr as _;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::mailbox::{Id, Search};
use crate::problem::{Document, Problem};
use crate::state::State;

/// The messages, and the mark that they get.
///
/// # Why
/// Nothing at all means all messages. So a field that is not known is an error: it may have named some of them. Names are
/// read in any case, as Go reads them. One of Mailpit's clients sends forms.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ids {
    ids: Vec<String>,
    pub(super) is_read: bool,
    search: Option<String>,
}

impl Ids {
    /// Returns what is named.
    pub(super) fn search(&self) -> Result<Search, Problem> {
        if let Some(search) = &self.search {
            return State::wanted(Some(search));
        }
        if self.ids.is_empty() {
            return Ok(Search::all());
        }
        let ids: Result<Vec<_>, _> = self.ids.iter().map(|id| Id::from_str(id)).collect();
        ids.map(Search::ids).map_err(|error| Problem::bad(format!("{error}.")))
    }

    fn set(&mut self, name: &str, value: Value) -> Result<(), Problem> {
        let name = name.to_ascii_lowercase();
        match (&*name, value) {
            ("ids" | "read" | "search" | "q", Value::Null) => {}
            ("ids", Value::String(id)) => self.ids.push(id),
            ("ids", Value::Array(ids)) => {
                let ids = ids.into_iter().map(|id| match id {
                    Value::String(id) => Ok(id),
                    _ => Err(Problem::bad("IDs: each id is a text.")),
                });
                self.ids.extend(ids.collect::<Result<Vec<_>, _>>()?);
            }
            ("read", Value::Bool(is_read)) => self.is_read = is_read,
            ("read", Value::String(text)) => {
                self.is_read =
                    text.to_ascii_lowercase().parse().map_err(|_| Problem::bad("Read: true or false."))?;
            }
            ("search" | "q", Value::String(search)) => self.search = Some(search),
            ("ids" | "read" | "search" | "q", _) => {
                return Err(Problem::bad(format!("{name}: this value has the wrong type.")));
            }
            _ => {
                return Err(Problem::bad(format!(
                    "{name:?} is not known. The fields are IDs, Read and Search."
                )));
            }
        }
        Ok(())
    }

    fn of_document(document: Map<String, Value>) -> Result<Self, Problem> {
        let mut ids = Self::default();
        document.into_iter().try_for_each(|(name, value)| ids.set(&name, value))?;
        Ok(ids)
    }

    fn of_form(form: &str) -> Result<Self, Problem> {
        let mut ids = Self::default();
        for field in form.split('&').filter(|field| !field.is_empty()) {
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            let decoded = |text: &str| {
                let text = text.replace('+', " ");
                percent_decode_str(&text)
                    .decode_utf8()
                    .map(String::from)
                    .map_err(|_| Problem::bad("The form is not UTF-8."))
            };
            ids.set(&decoded(name)?, Value::String(decoded(value)?))?;
        }
        Ok(ids)
    }
}

impl<S: Send + Sync> FromRequest<S> for Ids {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
            let body = Bytes::from_request(request, state).await;
            let body = body.map_err(|error| Problem::new(error.status(), error.body_text()))?;
            return Self::of_form(
                std::str::from_utf8(&body).map_err(|_| Problem::bad("The form is not UTF-8."))?,
            );
        }
        let Document(document) = Document::<Map<String, Value>>::from_request(request, state).await?;
        Self::of_document(document)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_document(text: &str) -> Result<Ids, String> {
        Ids::of_document(serde_json::from_str(text).unwrap()).map_err(|problem| problem.detail().to_owned())
    }

    fn of_form(text: &str) -> Result<Ids, String> {
        Ids::of_form(text).map_err(|problem| problem.detail().to_owned())
    }

    fn named(ids: &[&str], is_read: bool) -> Result<Ids, String> {
        Ok(Ids { ids: ids.iter().map(ToString::to_string).collect(), is_read, search: None })
    }

    #[test]
    fn names_are_read_in_any_case() {
        for name in ["IDs", "ids", "Ids", "iDS"] {
            assert_eq!(
                of_document(&format!(r#"{{"{name}": ["a", "b"], "read": true}}"#)),
                named(&["a", "b"], true)
            );
            assert_eq!(of_form(&format!("{name}=a&{name}=b&Read=true")), named(&["a", "b"], true));
        }
        assert_eq!(of_document(r#"{"IDs": null, "Read": false}"#), named(&[], false));
        assert_eq!(of_form(""), named(&[], false));
        let search = Ids { search: Some("is:read x".to_owned()), ..Ids::default() };
        assert_eq!(of_form("Search=is%3Aread+x").as_ref(), Ok(&search));
        assert_eq!(of_document(r#"{"q": "is:read x"}"#), Ok(search));
    }

    #[test]
    fn whatever_may_have_named_messages_never_means_all() {
        for text in [
            r#"{"id": "a"}"#,
            r#"{"messages": ["a"]}"#,
            r#"{"IDs": 1}"#,
            r#"{"IDs": [1]}"#,
            r#"{"IDs": {}}"#,
            r#"{"Search": 1}"#,
            r#"{"Read": "yes"}"#,
        ] {
            assert!(of_document(text).is_err(), "{text}");
        }
        for text in ["id=a", "a", "=", "Read=yes", "ids[]=a", "%ff=a"] {
            assert!(of_form(text).is_err(), "{text}");
        }
        let empty = of_document(r#"{"Search": ""}"#).unwrap();
        assert!(empty.search().is_err());
    }
}
