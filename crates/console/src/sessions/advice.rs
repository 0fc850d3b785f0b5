//! Advice about a refusal.
//!
//! # Why
//!
//! The explanations of a reply speak to both sides. The reader of this page runs the server or tests a client, so here
//! stands what they can do. The enhanced status code decides, and then the reply code.

use super::record::Refused;

/// Returns what to do about a refusal.
pub(super) fn of(refused: &Refused<'_>) -> &'static str {
    let code = refused.reply.get(..3).unwrap_or_default();
    let enhanced = refused.reply.get(4..).unwrap_or_default();
    let enhanced = enhanced.split([' ', '\r']).next().unwrap_or_default();
    let subject = enhanced.split_once('.').filter(|(class, _)| matches!(*class, "4" | "5"));
    let subject = subject.map(|(_, subject)| subject).unwrap_or_default();
    if let Some(advice) = by_subject(subject) {
        return advice;
    }
    match code {
        "421" => {
            "Try again later: the server closed the connection. Its log says why, if it was not a limit."
        }
        "454" => "Check the certificate and key of the server: TLS was not available.",
        "500" | "502" => "Check the spelling of the command. HELP lists the commands that the server knows.",
        "501" => {
            "Check the arguments of the command. Addresses stand in angle brackets, right after the colon."
        }
        "503" => "Check the order of the commands: EHLO, then MAIL, then RCPT, then DATA.",
        "530" => "Log in first, or begin TLS first, as the text of the reply says.",
        "535" => "Check the user name and the password. The server does not say which of them is wrong.",
        "552" => "Make the message smaller, or raise the size limit of the server.",
        "554" if refused.stage == "connect" => {
            "Find the rule that refuses this client. \"Refused by\" above names the hook."
        }
        _ if !refused.cause.is_empty() => "Look at the cause above: the client does not get to see it.",
        _ if code.starts_with('4') => {
            "Wait: a mail server tries again by itself. If the error stays, look at the log."
        }
        _ => {
            "Do not send the same again: the answer will not change. First fix what the reply complains about."
        }
    }
}

fn by_subject(subject: &str) -> Option<&'static str> {
    Some(match subject {
        "1.1" | "1.6" => "Check the spelling of the address, or add the user to the server.",
        "1.2" => "Check the domain of the recipient, or add it to the domains of the server.",
        "1.3" | "1.7" => "Write the address as user@host.example, in angle brackets.",
        "1.8" => "Send from a domain that exists in the DNS.",
        "2.1" => "Enable the mailbox, or send to another one.",
        "2.2" => "Delete messages in the mailbox, or raise its quota.",
        "2.3" | "3.4" => "Make the message smaller, or raise the size limit of the server.",
        "3.1" => "Free space on the disk of the store, or raise its limit. Senders try again by themselves.",
        "3.0" | "3.2" => "Look at the log of the server: the store or the server itself has a problem.",
        "3.3" => "Send without this extension, or enable it in the server.",
        "4.1" | "4.3" | "4.4" => "Check that the server can reach the next host and the DNS.",
        "4.5" => "Wait, or raise the limit of the server: it is overloaded.",
        "4.6" => "Look for a loop: two servers forward the message to each other.",
        "5.1" => "Check the order of the commands: EHLO, then MAIL, then RCPT, then DATA.",
        "5.2" | "5.4" => "Check the spelling of the command, its arguments and its parameters.",
        "5.3" => "Send the message to fewer recipients at a time. Clients send it again to the rest.",
        "5.6" => "Use a login mechanism that EHLO announces.",
        "6.0" | "6.1" | "6.2" | "6.3" => {
            "Change the message: the text of the reply says what is wrong with it."
        }
        "6.7" => "Send to an address without characters outside ASCII, or offer SMTPUTF8.",
        "7.0" => "Look at the text of the reply: a rule of the server, a login or TLS is missing.",
        "7.1" => "Log in first, or find the rule that refuses. \"Refused by\" above names it.",
        "7.8" => "Check the user name and the password. The server does not say which of them is wrong.",
        "7.9" | "7.11" => "Begin TLS first (STARTTLS): the login would send the password in the clear.",
        "7.10" => "Begin TLS first (STARTTLS), or accept sessions in the clear.",
        "7.20" | "7.21" | "7.22" => "Sign the message with DKIM, in the name of the domain in From:.",
        "7.23" | "7.24" => "Add the address of the client to the SPF record of the sender's domain.",
        "7.26" | "7.27" => "Fix SPF and DKIM of the sender's domain: none of them passes.",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(reply: &str, stage: &str, cause: &str) -> &'static str {
        of(&Refused { reply, stage, cause, ..Refused::default() })
    }

    #[test]
    fn the_enhanced_code_decides_before_the_reply_code() {
        assert!(
            advice("550 5.1.1 No such user", "rcpt_to", "").starts_with("Check the spelling of the address")
        );
        assert!(advice("452 4.2.2 Full", "rcpt_to", "").starts_with("Delete messages"));
        assert!(advice("503 Bad sequence", "command", "").starts_with("Check the order"));
        assert!(advice("554 5.0.0 No", "connect", "").starts_with("Find the rule"));
        assert!(advice("451 4.0.0 Later", "message", "disk").starts_with("Look at the cause"));
        assert!(advice("451 4.0.0 Later", "message", "").starts_with("Wait"));
        assert!(advice("550", "message", "").starts_with("Do not send"));
        assert!(advice("", "message", "").starts_with("Do not send"));
    }
}
