//! Common mistakes in closures. None of them compiles; the comment `//~` gives the text that the compiler must show for
//! each within its first lines. `compile_errors.rs` compares.

use std::error::Error;
use std::sync::Mutex;

use mailchute::{Message, Receipt, Refusal, Reply, Server, Verdict};

async fn look_up(_address: &str) -> Result<bool, Box<dyn Error + Send + Sync>> {
    Ok(true)
}

/// Like `anyhow::Error`: it does not implement `Error`.
struct Anyhow;

async fn ask_somebody() -> Result<bool, Anyhow> {
    Ok(true)
}

async fn parse(_text: &str) -> Result<u32, String> {
    Ok(1)
}

fn returns_bool() {
    //~ a hook cannot answer with `bool`
    //~ for a `bool` write `Verdict::accept_if(condition)`
    Server::builder().on_rcpt_to(|to, _session| async move { to.is_local_to(["example.com"]) });
}

fn returns_bool_from_on_auth() {
    //~ an `on_auth` closure cannot answer with `bool`
    //~ for a `bool` write `Check::right_if(condition)`
    Server::builder().on_auth(|credentials, _session| async move { credentials.is("alice", "wonderland") });
}

fn returns_a_string_as_error() {
    //~ `Result<(), String>`
    //~ write `Ok(result.map_err(Refusal::internal)?)`
    Server::builder().on_mail_from(|_from, _session| async move { Err::<(), String>("no".to_owned()) });
}

fn propagates_a_string() {
    //~ write `.map_err(Refusal::internal)?` here, as `String` does not
    Server::builder().on_mail_from(|from, _session| async move {
        parse(from.as_str()).await?;
        Ok(())
    });
}

fn propagates_a_box() {
    //~ write `.map_err(Refusal::internal)?` here, as `Box<dyn std::error::Error + Send + Sync>` does not
    Server::builder().on_rcpt_to(|to, _session| async move {
        Verdict::accept_if(look_up(to.as_str()).await?)
    });
}

fn propagates_an_error_like_that_of_anyhow() {
    //~ write `.map_err(Refusal::internal)?` here, as `Anyhow` does not
    Server::builder().on_rcpt_to(|_to, _session| async move { Verdict::accept_if(ask_somebody().await?) });
}

fn forgets_async_move() {
    //~ async block may outlive the current function, but it borrows `session`
    //~ `session` is borrowed here
    Server::builder().on_mail_from(|_from, session| async { println!("{}", session.id()) });
}

fn borrows_the_session() {
    //~ cannot return value referencing function parameter `session`
    //~ `session` is borrowed here
    Server::builder().on_mail_from(|_from, session| {
        let session = &session;
        async move { println!("{}", session.id()) }
    });
}

fn does_not_return_the_message() {
    //~ an `on_message` closure must return the message that it got, not `Result<(), Refusal>`
    //~ end it with `Ok(message)`
    Server::builder().on_message(|mut message: Message, _session| async move {
        message.bytes().await?;
        Ok::<(), Refusal>(())
    });
}

fn returns_no_receipt() {
    //~ an `on_store` closure must return a `Receipt`, not `()`
    //~ end it with `Ok(Receipt::new("text for the client"))`
    Server::builder().on_store(|_message, _session| async move {});
}

fn returns_a_reply() {
    //~ a hook cannot answer with `mailchute::Reply`
    //~ `Err(Refusal::new(550, (5, 7, 1), "text"))`
    Server::builder().on_rcpt_to(|_to, _session| async move { Reply::new(550, (5, 1, 1), "No such user") });
}

fn returns_a_reply_as_error() {
    //~ a hook cannot answer with `Result<(), mailchute::Reply>`
    //~ `Err(Refusal::new(550, (5, 7, 1), "text"))`
    Server::builder().on_rcpt_to(|_to, _session| async move {
        Err::<(), _>(Reply::new(550, (5, 1, 1), "No such user"))
    });
}

fn holds_a_guard_over_an_await() {
    //~ future cannot be sent between threads safely
    //~ await occurs here
    static COUNT: Mutex<u32> = Mutex::new(0);
    Server::builder().on_rcpt_to(|to, _session| async move {
        let mut count = COUNT.lock().unwrap();
        let _ = look_up(to.as_str()).await;
        *count += 1;
    });
}

fn takes_too_few_arguments() {
    //~ closure is expected to take 2 arguments, but it takes 1 argument
    //~ expected closure that takes 2 arguments
    Server::builder().on_rcpt_to(|to| async move { Verdict::accept_if(to.is_local_to(["example.com"])) });
}

fn a_receipt() -> Receipt {
    Receipt::new("none of this runs")
}
