//! Keys by which addresses are looked up: each is the same for all spellings of an address.

use unicode_normalization::UnicodeNormalization as _;

use super::Mailbox;

/// Returns a local part, or the user in it, in the form in which two spellings are equal: in lower case and in Unicode's
/// form NFC. The text has no quotes, as [`Mailbox::unquoted_local_part`] returns it.
///
/// ```
/// use mailchute_proto::fold_local_part;
///
/// assert_eq!(fold_local_part("John Doe"), "john doe");
/// assert_eq!(fold_local_part("JU\u{308}RGEN"), "jürgen");
/// ```
#[must_use]
pub fn fold_local_part(unquoted: &str) -> String {
    if unquoted.is_ascii() { unquoted.to_ascii_lowercase() } else { unquoted.to_lowercase().nfc().collect() }
}

impl Mailbox {
    /// Returns the key of the address in a database, which is the same for all its spellings: `bob@example.com`.
    ///
    /// Before the `@` stands the local part without quotes, [folded](fold_local_part). After it stands the
    /// [domain](Self::lookup_domain). A subaddress stays: see [`Recipient::subaddress`](crate::Recipient::subaddress).
    ///
    /// By RFC 5321 §2.4 only the host of a mailbox may ignore the case of its local part. So use the key for your own
    /// users, and [`as_str`](Self::as_str) for what you send to other hosts. Never use it as a path: it may hold a `/`.
    ///
    /// ```
    /// use mailchute_proto::Mailbox;
    ///
    /// for spelling in ["Bob@Bücher.example", r#""bob"@BÜCHER.example"#, r#""\bob"@xn--bcher-kva.example"#] {
    ///     assert_eq!(Mailbox::parse(spelling)?.lookup_key(), "bob@xn--bcher-kva.example");
    /// }
    /// # Ok::<(), mailchute_proto::AddressError>(())
    /// ```
    #[must_use]
    pub fn lookup_key(&self) -> String {
        let mut key = fold_local_part(&self.unquoted_local_part());
        key.push('@');
        key.push_str(&self.lookup_domain());
        key
    }

    /// Returns the domain in A-labels and lower case, or an address literal in lower case.
    ///
    /// ```
    /// use mailchute_proto::Mailbox;
    ///
    /// assert_eq!(Mailbox::parse("bob@BÜCHER.example")?.lookup_domain(), "xn--bcher-kva.example");
    /// # Ok::<(), mailchute_proto::AddressError>(())
    /// ```
    #[must_use]
    pub fn lookup_domain(&self) -> String {
        self.domain_to_ascii().to_ascii_lowercase()
    }
}
