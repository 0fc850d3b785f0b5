//! The empty inbox: how to send the first message.

use maud::{Markup, html};

use crate::pages::layout::At;

/// Returns what to do next, with the real address.
pub(crate) fn page(at: &At) -> Markup {
    let (host, port) = at.state.place_for_mail();
    let endpoint = at.state.endpoint_for_mail();
    let pieces = [
        ("swaks", format!("swaks --server {endpoint} --to you@example.com")),
        (
            "curl",
            format!(
                "printf 'Subject: Hello\\n\\nIt works.\\n' | curl -T - smtp://{endpoint} \\\n  --mail-from me@example.com --mail-rcpt you@example.com"
            ),
        ),
        (
            "Python",
            format!(
                "import smtplib\nfrom email.message import EmailMessage\n\nmail = EmailMessage()\nmail[\"From\"], mail[\"To\"], mail[\"Subject\"] = \"me@example.com\", \"you@example.com\", \"Hello\"\nmail.set_content(\"It works.\")\nsmtplib.SMTP(\"{host}\", {port}).send_message(mail)"
            ),
        ),
        (
            "Nodemailer",
            format!(
                "nodemailer.createTransport({{ host: \"{host}\", port: {port} }})\n  .sendMail({{ from: \"me@example.com\", to: \"you@example.com\", subject: \"Hello\", text: \"It works.\" }});"
            ),
        ),
        (
            "Rails",
            format!(
                "config.action_mailer.delivery_method = :smtp\nconfig.action_mailer.smtp_settings = {{ address: \"{host}\", port: {port} }}"
            ),
        ),
        ("Django", format!("EMAIL_HOST = \"{host}\"\nEMAIL_PORT = {port}")),
        ("Laravel", format!("MAIL_MAILER=smtp\nMAIL_HOST={host}\nMAIL_PORT={port}")),
    ];
    html! {
        div.empty {
            h1 { "No messages yet" }
            p {
                "Send mail to " strong.mono { (endpoint) } ". It appears here at once. Tests read it by the "
                a href="/api/v1/openapi.json" { "API" } "."
            }
            @for (index, (name, text)) in pieces.iter().enumerate() {
                details.card.piece open[index == 0] {
                    summary { (name) }
                    pre tabindex="0" id=(format!("piece-{index}")) { (text) }
                    button.small type="button" data-script hidden data-copy-of=(format!("#piece-{index}")) { "Copy" }
                }
            }
        }
    }
}
