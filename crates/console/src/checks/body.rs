//! The parts: text, HTML, images and attachments.

use super::{Finding, Severity, found};
use crate::mail::{Kind, Mail, Outline};

/// Gmail shows this much of an HTML page.
const CLIPPED: usize = 102 * 1024;

pub(super) fn check(mail: &Mail, findings: &mut Vec<Finding>) {
    if let Some(reason) = mail.unreadable() {
        found(
            findings,
            Severity::Error,
            "unreadable",
            format!("The parts of the message were not read: {reason}."),
            "Send fewer parts, and attach messages as they are.",
            None,
        );
    }
    if mail.parts().iter().any(|part| part.has_encoding_problem && part.size > 0) {
        found(
            findings,
            Severity::Warning,
            "broken-encoding",
            "A part does not follow its Content-Transfer-Encoding.",
            "Encode the whole part, and declare the encoding that it has.",
            Some("RFC 2045 §6"),
        );
    }
    if let Some(outline) = mail.outline() {
        html(mail, outline, findings);
    }
    attachments(mail, findings);
}

fn html(mail: &Mail, outline: &Outline, findings: &mut Vec<Finding>) {
    if mail.plain().is_none() {
        found(
            findings,
            Severity::Warning,
            "html-without-text",
            "The message has HTML, but no text.",
            "Add a text part in multipart/alternative. Spam filters count a missing one, and some readers need it.",
            Some("RFC 2046 §5.1.4"),
        );
    }
    if outline.size > CLIPPED {
        found(
            findings,
            Severity::Warning,
            "html-clipped",
            format!("The HTML has {} kB; Gmail shows 102 kB.", outline.size / 1024),
            "Shorten the page, and put the link to unsubscribe where it is seen.",
            None,
        );
    }
    let remote = outline.images.iter().filter(|image| image.is_remote()).count();
    let tracking = outline.images.iter().filter(|image| image.is_remote() && image.is_invisible).count();
    if tracking > 0 {
        found(
            findings,
            Severity::Note,
            "tracking-pixel",
            format!("Images that cannot be seen: {tracking}. They tell the sender when the message is read."),
            "Many mail programs load them for the reader, so that they tell little. Some laws want consent.",
            None,
        );
    }
    if remote > tracking {
        found(
            findings,
            Severity::Note,
            "remote-images",
            format!("Images from elsewhere: {}. Many readers do not see them at first.", remote - tracking),
            "See that the message can be read without images, or attach them and refer to them by cid:.",
            None,
        );
    }
    let without_alt =
        outline.images.iter().filter(|image| image.alt.is_none() && !image.is_invisible).count();
    if without_alt > 0 {
        found(
            findings,
            Severity::Warning,
            "missing-alt",
            format!("Images without alt: {without_alt}."),
            "Add alt to each image, an empty one for decoration. Readers see it while images are blocked.",
            Some("WCAG 1.1.1"),
        );
    }
    if outline.relative_links > 0 {
        found(
            findings,
            Severity::Error,
            "relative-link",
            format!("Links without a host: {}. They lead nowhere in a message.", outline.relative_links),
            "Write the whole address, with https: and your host.",
            None,
        );
    }
    if outline.has_script || outline.has_form {
        found(
            findings,
            Severity::Warning,
            "active-html",
            "The HTML has scripts or forms.",
            "Remove them. Mail programs do not run scripts, and filters count both.",
            None,
        );
    }
    if outline.remote_styles > 0 {
        found(
            findings,
            Severity::Note,
            "remote-styles",
            "The HTML loads style sheets, fonts or backgrounds from elsewhere.",
            "Write styles into the elements. Most mail programs load no others.",
            None,
        );
    }
}

fn attachments(mail: &Mail, findings: &mut Vec<Finding>) {
    /// Types of files that Gmail and Outlook block.
    const BLOCKED: [&str; 34] = [
        "ade", "adp", "apk", "appx", "bat", "cab", "chm", "cmd", "com", "cpl", "dll", "dmg", "exe", "hta",
        "img", "ins", "iso", "isp", "jar", "js", "jse", "lib", "lnk", "msc", "msi", "msp", "mst", "pif",
        "ps1", "scr", "sys", "vbe", "vbs", "wsf",
    ];
    for part in mail.parts().iter().filter(|part| part.kind != Kind::Multipart) {
        let Some(name) = &part.file_name else { continue };
        let extension = name.trim_end_matches(['.', ' ']).rsplit_once('.').map(|(_, extension)| extension);
        let Some(extension) = extension.map(str::to_ascii_lowercase) else { continue };
        if BLOCKED.binary_search(&&*extension).is_ok() {
            found(
                findings,
                Severity::Error,
                "executable-attachment",
                format!("The attachment \"{name}\" is a program."),
                "Offer it by a link. Gmail and Outlook block it, in archives as well.",
                None,
            );
        }
    }
}
