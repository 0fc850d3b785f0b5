//! One-time codes in a message, the likeliest first.

/// How much of a text is searched, in bytes.
const SEARCHED: usize = 256 * 1024;
/// How far before a code the words may be that name it, in bytes.
const BEFORE: usize = 120;
/// How far after it.
const AFTER: usize = 60;
/// The words that are judged: a text of numbers only has many.
const CANDIDATES: usize = 500;
/// The codes that are returned.
const MOST: usize = 10;

/// Words that name a code, in lower case. They match inside longer words, as other languages write them.
const WORDS: [&str; 23] = [
    "one-time",
    "one time",
    "onetime",
    "passcode",
    "verif",
    "otp",
    "2fa",
    "mfa",
    "pin",
    "tan",
    "code",
    "kode",
    "kod",
    "código",
    "codigo",
    "codice",
    "confirm",
    "bestätig",
    "password",
    "token",
    "код",
    "验证码",
    "コード",
];

/// Words before a number that is something else.
const OTHERS: [&str; 22] = [
    "order",
    "invoice",
    "ticket",
    "tracking",
    "phone",
    "call",
    "tel",
    "fax",
    "account",
    "ref",
    "zip",
    "postal",
    "©",
    "copyright",
    "since",
    "bestellung",
    "rechnung",
    "street",
    "suite",
    "customer",
    "case",
    "#",
];

/// Returns the codes in a subject and a text.
pub(super) fn codes(subject: Option<&str>, text: &str) -> Vec<String> {
    let text = &text[..text.floor_char_boundary(SEARCHED)];
    let mut found: Vec<(i32, String)> = Vec::new();
    for text in [subject.unwrap_or_default(), text] {
        for candidate in candidates(text).take(CANDIDATES) {
            let score = score(text, &candidate);
            if score == 0 {
                continue;
            }
            match found.iter_mut().find(|(_, known)| known == candidate.text) {
                // A code that stands twice is likelier.
                Some((known, _)) => *known = score.max(*known) + 1,
                None => found.push((score, candidate.text.to_owned())),
            }
        }
    }
    found.sort_by_key(|(score, _)| -score);
    found.into_iter().map(|(_, code)| code).take(MOST).collect()
}

#[derive(Debug)]
struct Candidate<'t> {
    text: &'t str,
    begin: usize,
    end: usize,
}

/// Returns the words of a text that look like codes.
fn candidates(text: &str) -> impl Iterator<Item = Candidate<'_>> {
    let is_edge = |c: char| !c.is_alphanumeric() && c != '-';
    let mut at = 0;
    text.split(is_edge).filter_map(move |word| {
        let begin = at;
        // One character follows a word.
        at += word.len();
        at += text[at..].chars().next().map_or(0, char::len_utf8);
        // Some codes have the letter of their sender in front: `G-123456`.
        let is_lettered =
            word.as_bytes().first().is_some_and(u8::is_ascii_uppercase) && word[1..].starts_with('-');
        let left = if is_lettered { &word[1..] } else { word }.trim_start_matches('-');
        let begin = begin + word.len() - left.len();
        let trimmed = left.trim_end_matches('-');
        let end = begin + trimmed.len();
        (is_code(trimmed) && is_alone(text, begin, end)).then_some(Candidate { text: trimmed, begin, end })
    })
}

/// Returns whether a word has the form of a code: `123456`, `ABC-123`, `A1B2C3`.
fn is_code(word: &str) -> bool {
    let is_upper = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    match word.split_once('-') {
        Some((a, b)) => {
            a.len() == b.len()
                && (3..=5).contains(&a.len())
                && is_upper(a)
                && is_upper(b)
                && (digits > 0 || a.len() < 5)
        }
        None if digits == word.len() => (4..=8).contains(&digits),
        None => (5..=8).contains(&word.len()) && digits > 0 && is_upper(word),
    }
}

/// Returns whether a code is not a piece of an address, a price, a date, a time or a telephone number.
fn is_alone(text: &str, begin: usize, end: usize) -> bool {
    let (before, after) = (&text[..begin], &text[end..]);
    let mut back = before.chars().rev();
    let mut next = after.chars();
    let (last, first) = (back.next(), next.next());
    let is_joined = |c: Option<char>| {
        c.is_some_and(|c| matches!(c, '/' | '@' | '=' | '&' | '%' | '_' | '+' | '$' | '€' | '£' | '¥' | '\\'))
    };
    // A point, a comma or a colon with a digit on its other side is in a number or a time.
    let is_in_number = |c: Option<char>, other: Option<char>| {
        matches!(c, Some('.' | ',' | ':')) && other.is_some_and(|c| c.is_ascii_digit())
    };
    let is_currency = |rest: &str| {
        let rest = rest.trim_start();
        ["€", "$", "£", "¥", "%", "EUR", "USD", "GBP", "CHF"].iter().any(|unit| rest.starts_with(unit))
    };
    let paid = before.trim_end();
    let is_price = ["€", "$", "£", "¥", "EUR", "USD", "GBP", "CHF"].iter().any(|unit| paid.ends_with(unit));
    !is_joined(last)
        && !is_joined(first)
        && !is_in_number(last, back.next())
        && !is_in_number(first, next.next())
        && !is_currency(after)
        && !is_price
        && !is_in_phone(before, after)
        && !is_in_address(before)
}

/// Returns whether digits come right before or after, next to a space, a hyphen or a parenthesis.
fn is_in_phone(before: &str, after: &str) -> bool {
    let is_between = |c: char| matches!(c, ' ' | '(' | ')' | '-' | '.');
    let (left, right) = (before.trim_end_matches(is_between), after.trim_start_matches(is_between));
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit() || c == '+');
    before.len() - left.len() <= 3 && left.len() < before.len() && is_digit(left.chars().next_back())
        || after.len() - right.len() <= 3 && right.len() < after.len() && is_digit(right.chars().next())
}

/// Returns whether the word that ends here is the beginning of an address of a page.
fn is_in_address(before: &str) -> bool {
    let tail = &before[before.floor_char_boundary(before.len().saturating_sub(500))..];
    let word = tail.rsplit(char::is_whitespace).next().unwrap_or_default();
    word.contains("://") || word.contains('@')
}

fn score(text: &str, candidate: &Candidate<'_>) -> i32 {
    let code = candidate.text;
    let from = text.floor_char_boundary(candidate.begin.saturating_sub(BEFORE));
    let to = text.floor_char_boundary((candidate.end + AFTER).min(text.len()));
    let before = text[from..candidate.begin].to_lowercase();
    let after = text[candidate.end..to].to_lowercase();
    // The nearer the word, the better.
    let nearest =
        |words: &[&str]| words.iter().filter_map(|word| before.rfind(word)).max().map(|at| before.len() - at);
    let mut score = match nearest(&WORDS) {
        Some(distance) => 100 - i32::try_from(distance).unwrap_or(i32::MAX).min(90) / 2,
        None if WORDS.iter().any(|word| after.contains(word)) => 30,
        None => return 0,
    };
    if let Some(distance) = nearest(&OTHERS)
        && distance < 24
        && nearest(&WORDS).is_none_or(|word| distance < word)
    {
        return 0;
    }
    let is_number = code.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && code.len() == 6 {
        score += 20;
    }
    if is_number && code.len() == 4 && (1900..2100).contains(&code.parse().unwrap_or(0)) {
        score -= 60;
    }
    // Codes often stand alone in their line.
    let is_end = |c: Option<char>| c.is_none_or(|c| c == '\n');
    let is_space = |c: char| matches!(c, ' ' | '\t' | '\r' | '*');
    if is_end(text[from..candidate.begin].trim_end_matches(is_space).chars().next_back())
        && is_end(text[candidate.end..to].trim_start_matches(is_space).chars().next())
    {
        score += 30;
    }
    score
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_codes_near_their_words() {
        for (text, expected) in [
            ("Your verification code is 123456.", &["123456"][..]),
            ("Code: 4821", &["4821"]),
            (
                "Hello Ann,\nuse this one-time password to sign in:\n\n  908172\n\nIt expires in 10 minutes.",
                &["908172"],
            ),
            ("G-482913 is your Google verification code.", &["482913"]),
            ("Your login code is ABC-D3F. © 2026 Example, 1600 Street", &["ABC-D3F"]),
            ("Enter XK4-92B to confirm.", &["XK4-92B"]),
            ("Ihr Bestätigungscode lautet 77881", &["77881"]),
            ("Votre code de vérification : 9021", &["9021"]),
            ("Your PIN is 2024", &["2024"]),
            ("您的验证码是 583920", &["583920"]),
            ("Use code A1B2C3 now", &["A1B2C3"]),
            ("OTP 11223344 for account 99887766", &["11223344"]),
        ] {
            assert_eq!(codes(None, text), expected, "{text}");
        }
    }

    #[test]
    fn other_numbers_are_no_codes() {
        for text in [
            "Order 123456 was sent.",
            "Copyright 2026 Example Inc., 12345 Main Street",
            "Verify your address: https://example.com/verify/123456?code=998877",
            "The price is $1234 or 5678 EUR, 12,345.67 in all; confirm until 12:3045",
            "To confirm call +49 1234 567890 or (555) 123-4567.",
            "Your code was used by a1234@example.com",
            "No words here: 123456",
            "Your confirmation of order #123456",
            "Code of conduct",
        ] {
            assert_eq!(codes(None, text), &[] as &[&str], "{text}");
        }
    }

    #[test]
    fn the_code_in_subject_and_text_is_best() {
        let text = "Your code: 111222\nYour code: 333444\n";
        assert_eq!(codes(Some("333444 is your code"), text), ["333444", "111222"]);
    }

    #[test]
    fn many_numbers_take_linear_time() {
        let text = "code 123456 ".repeat(1_000_000);
        assert_eq!(codes(None, &text), ["123456"]);
    }
}
