//! The results of checks, as `Authentication-Results` of this server has them (RFC 8601).

/// The words of one result: `spf=pass`, `smtp.mailfrom=example.org`. Comments are left out, and text in quotes is within a word.
type Words = Vec<String>;

/// Returns the results in the value of a field, without the name of the server.
pub(super) fn results(value: &str) -> Vec<Words> {
    let (mut results, mut word) = (vec![Words::new()], String::new());
    let (mut comments, mut is_quoted) = (0_usize, false);
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' if is_quoted || comments > 0 => {
                word.extend(chars.next().filter(|_| comments == 0));
            }
            '"' if comments == 0 => is_quoted = !is_quoted,
            c if is_quoted => word.push(c),
            '(' => comments += 1,
            ')' => comments = comments.saturating_sub(1),
            _ if comments > 0 => {}
            ';' => {
                end(&mut word, &mut results);
                results.push(Words::new());
            }
            ' ' => end(&mut word, &mut results),
            c => word.push(c),
        }
    }
    end(&mut word, &mut results);
    results.drain(1..).collect()
}

fn end(word: &mut String, results: &mut [Words]) {
    if let (Some(last), false) = (results.last_mut(), word.is_empty()) {
        last.push(std::mem::take(word));
    }
}

/// Returns the name of the user, if this is the result of a login (RFC 8601 §2.7.4).
pub(super) fn login(words: &Words) -> Option<&str> {
    let (first, rest) = words.split_first()?;
    let name = rest.iter().find_map(|word| word.strip_prefix("smtp.auth="));
    name.filter(|name| first.eq_ignore_ascii_case("auth=pass") && !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_ends_at_a_semicolon_outside_quotes_and_comments() {
        let value = r#"mx.example.com (x;y) 1; spf=pass (a; dkim=pass \) ;) smtp.mailfrom=example.org; auth=pass smtp.auth="a; dmarc=pass \"b\\""#;
        let spf = vec!["spf=pass".to_owned(), "smtp.mailfrom=example.org".to_owned()];
        let auth = vec!["auth=pass".to_owned(), r#"smtp.auth=a; dmarc=pass "b\"#.to_owned()];
        assert_eq!(results(value), [spf, auth]);
        assert_eq!(results("mx.example.com; none"), [["none"]]);
        assert_eq!(results(""), Vec::<Words>::new());
    }

    #[test]
    fn only_a_login_that_passed_has_a_name() {
        let name = |value: &str| {
            let results = results(&format!("mx; {value}"));
            results.first().and_then(login).map(str::to_owned)
        };
        assert_eq!(name("auth=pass smtp.auth=alice").as_deref(), Some("alice"));
        assert_eq!(name("auth=pass (LOGIN) smtp.auth=\"bob b\"").as_deref(), Some("bob b"));
        for none in
            ["auth=fail smtp.auth=alice", "auth=pass", "spf=pass smtp.auth=x", "auth=pass smtp.auth=\"\"", ""]
        {
            assert_eq!(name(none), None, "{none}");
        }
    }
}
