//! The users and cookies that may see the console.

use std::fmt;
use std::net::IpAddr;
use std::pin::Pin;

/// The verdict of [`Logins`] on a user and a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a check does nothing until it is returned"]
pub enum Login {
    /// The password is right.
    Right,
    /// The user is unknown, or the password is wrong.
    Wrong,
    /// The credentials cannot be judged now. This does not count as a wrong guess.
    NotNow,
}

/// Judges the users and passwords of the console.
///
/// # Examples
/// ```
/// use std::net::IpAddr;
/// use std::pin::Pin;
///
/// use mailchute_console::{Login, Logins};
///
/// #[derive(Debug)]
/// struct OnlyAlice;
///
/// impl Logins for OnlyAlice {
///     fn check<'a>(
///         &'a self,
///         user: &'a str,
///         password: &'a str,
///         _client: IpAddr,
///     ) -> Pin<Box<dyn Future<Output = Login> + Send + 'a>> {
///         let is_right = user == "alice" && password == "wonderland";
///         Box::pin(async move { if is_right { Login::Right } else { Login::Wrong } })
///     }
/// }
/// ```
pub trait Logins: fmt::Debug + Send + Sync + 'static {
    /// Returns whether the password is that of the user. `client` is the address of the browser, or of the proxy in
    /// front.
    fn check<'a>(
        &'a self,
        user: &'a str,
        password: &'a str,
        client: IpAddr,
    ) -> Pin<Box<dyn Future<Output = Login> + Send + 'a>>;

    /// Returns a number that changes whenever a user is removed or a password changes. Logins that are open end then.
    ///
    /// The default is for users that never change.
    fn generation(&self) -> u64 {
        0
    }
}
