//! The users of a password file, as logins of the console.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::Ordering;

use mailchute::auth::saslprep;
use mailchute_console::{Login, Logins};

use crate::users::Users;

impl Logins for Users {
    fn check<'a>(
        &'a self,
        user: &'a str,
        password: &'a str,
        client: IpAddr,
    ) -> Pin<Box<dyn Future<Output = Login> + Send + 'a>> {
        Box::pin(async move {
            // As SMTP prepares the texts of a login.
            let [user, password] = [user, password].map(|text| saslprep(text).unwrap_or(text.into()));
            match self.check_password(&user, &password, client).await {
                Ok(Some(true)) => Login::Right,
                Ok(_) => Login::Wrong,
                Err(_) => Login::NotNow,
            }
        })
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }
}
