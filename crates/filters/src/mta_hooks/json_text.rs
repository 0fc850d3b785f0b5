//! Bytes as the text of a JSON string, piece by piece.

/// Writes bytes between the quotes of a JSON string. Bytes that are not UTF-8 become U+FFFD.
#[derive(Debug, Default)]
pub(super) struct JsonText {
    /// The beginning of a character that the next piece ends.
    begun: Vec<u8>,
    /// Whether all bytes so far were UTF-8.
    is_lossy: bool,
}

impl JsonText {
    /// Adds the text of the next bytes to `text`.
    pub(super) fn push(&mut self, bytes: &[u8], text: &mut Vec<u8>) {
        let joined;
        let mut bytes = bytes;
        if !self.begun.is_empty() {
            self.begun.extend_from_slice(bytes);
            joined = std::mem::take(&mut self.begun);
            bytes = &joined;
        }
        loop {
            let error = match str::from_utf8(bytes) {
                Ok(valid) => return escape(valid, text),
                Err(error) => error,
            };
            let (valid, rest) = bytes.split_at(error.valid_up_to());
            escape(str::from_utf8(valid).unwrap_or_default(), text);
            let Some(length) = error.error_len() else {
                // Up to three bytes of a character whose end is missing.
                self.begun = rest.to_vec();
                return;
            };
            self.replace(text);
            bytes = &rest[length..];
        }
    }

    /// Ends the text.
    pub(super) fn finish(&mut self, text: &mut Vec<u8>) {
        if !std::mem::take(&mut self.begun).is_empty() {
            self.replace(text);
        }
    }

    pub(super) fn is_lossy(&self) -> bool {
        self.is_lossy
    }

    fn replace(&mut self, text: &mut Vec<u8>) {
        self.is_lossy = true;
        text.extend_from_slice("\u{fffd}".as_bytes());
    }
}

fn escape(valid: &str, text: &mut Vec<u8>) {
    // A text is always JSON.
    if let Ok(quoted) = serde_json::to_string(valid) {
        text.extend_from_slice(&quoted.as_bytes()[1..quoted.len() - 1]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn in_pieces(bytes: &[u8], piece: usize) -> (String, bool) {
        let (mut writer, mut text) = (JsonText::default(), Vec::new());
        bytes.chunks(piece).for_each(|piece| writer.push(piece, &mut text));
        writer.finish(&mut text);
        let json = format!("\"{}\"", String::from_utf8(text).unwrap_or_default());
        (serde_json::from_str(&json).unwrap_or_default(), writer.is_lossy())
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_are_the_text_of_the_whole(
            bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(
                b"\xe2\x82\xac\xf0\x9f\x98\x80\"\\\r\n\0ab".to_vec())], 0..40),
            piece in 1..8_usize,
        ) {
            let (text, is_lossy) = in_pieces(&bytes, piece);
            prop_assert_eq!(text, String::from_utf8_lossy(&bytes).into_owned());
            prop_assert_eq!(is_lossy, str::from_utf8(&bytes).is_err());
        }
    }
}
