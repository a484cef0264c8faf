//! How much of a Lambda event a text takes.

/// The most bytes that one byte takes.
pub const BYTES_PER_BYTE_MAX: usize = 6;

/// Bytes of a text within a JSON string: what `serde_json` writes for it, without the quotes around it. API Gateway's event
/// is UTF-8 as well, so that a character beyond ASCII takes what it takes in the text.
pub fn bytes_in_event(text: &[u8]) -> usize {
    let in_event = |byte: &u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        ..0x20 => BYTES_PER_BYTE_MAX,
        _ => 1,
    };
    text.iter().map(in_event).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_counted_as_it_is_written() {
        let ascii: String = (0..=0x7f).map(char::from).collect();
        let texts = [&ascii, "", "\\u0000", "{\"name\":\"é\u{20ac}\u{1f600}\u{2028}\"}\r\n", "\u{85}\u{ff}"];
        for text in texts {
            let written = serde_json::to_string(text).unwrap();
            assert_eq!(bytes_in_event(text.as_bytes()), written.len() - 2, "{text:?}");
        }
    }
}
