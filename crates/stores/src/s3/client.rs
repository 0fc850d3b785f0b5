//! The HTTP client, and what the server of S3 answers.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use reqwest::redirect::Policy;

use super::endpoint::Endpoint;
use crate::forward::tls::{self, Files};

/// How long a server has to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// The longest text of the server that the log repeats, in bytes.
const LONGEST: usize = 300;

/// Sends requests. It takes no proxy from the environment and follows no redirection, as a sandbox allows the endpoint only.
#[derive(Debug, Clone)]
pub(super) struct Client(reqwest::Client);

impl Client {
    /// Reads the certificates of authorities: those in `ca`, or else those of the system.
    pub(super) fn new(endpoint: &Endpoint, ca: Option<&Path>, request_timeout: Duration) -> io::Result<Self> {
        let builder = reqwest::Client::builder()
            .user_agent(concat!("mailchute/", env!("CARGO_PKG_VERSION")))
            .no_proxy()
            .redirect(Policy::none())
            .http1_only()
            .connect_timeout(CONNECT)
            .timeout(request_timeout);
        // A system without certificates is good enough for a server without TLS.
        let builder = match endpoint.is_tls() {
            true => builder.tls_backend_preconfigured(tls::config(true, Files { ca, own: None })?),
            false => builder.tls_certs_only([]),
        };
        builder.build().map(Self).map_err(io::Error::other)
    }
}

impl HttpConnector for Client {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

impl HttpService for Client {
    fn call<'s, 'f>(
        &'s self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        Box::pin(async move {
            let response = HttpService::call(&self.0, request).await?;
            if response.status().is_success() {
                return Ok(response);
            }
            let status = response.status().as_u16();
            let body = response.into_body().bytes().await.unwrap_or_default();
            // This kind is never retried: the sender of the message tries again.
            Err(HttpError::new(
                HttpErrorKind::Unknown,
                ServerError::new(status, &String::from_utf8_lossy(&body)),
            ))
        })
    }
}

/// An answer of the server that is not a success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ServerError {
    pub(super) status: u16,
    /// Its name in the protocol of S3, such as `NoSuchBucket`; empty if it has none.
    pub(super) code: String,
    text: String,
}

impl ServerError {
    fn new(status: u16, body: &str) -> Self {
        Self { status, code: element(body, "Code"), text: element(body, "Message") }
    }

    /// Finds the answer within an error of the client.
    pub(super) fn within<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref() {
                return Some(found);
            }
            next = error.source();
        }
        None
    }
}

/// Returns the text of the first XML element with this name.
fn element(body: &str, name: &str) -> String {
    let text =
        body.split_once(&format!("<{name}>")).and_then(|(_, rest)| rest.split_once(&format!("</{name}>")));
    let text = text.map_or("", |(text, _)| text);
    text[..text.floor_char_boundary(LONGEST)].to_owned()
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        for (sign, text) in [(" ", &self.code), (": ", &self.text)] {
            if !text.is_empty() {
                write!(f, "{sign}{text}")?;
            }
        }
        Ok(())
    }
}

impl Error for ServerError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_its_code_and_message() {
        let body =
            "<?xml version=\"1.0\"?><Error><Code>NoSuchBucket</Code><Message>There is none</Message></Error>";
        for (body, text) in [
            (body, "404 NoSuchBucket: There is none"),
            ("<Code>SlowDown</Code>", "404 SlowDown"),
            ("<Code>Cut", "404"),
            ("", "404"),
        ] {
            assert_eq!(ServerError::new(404, body).to_string(), text);
        }
        let long = format!("<Code>{}</Code>", "ü".repeat(1000));
        assert_eq!(ServerError::new(500, &long).code.len(), LONGEST);
    }
}
