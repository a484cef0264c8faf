//! A request in one spelling, to be hashed: what the caller sent, whatever type it is read into.
//!
//! Members are sorted, space between tokens is left out, and strings are escaped in one way. A number stays the text that
//! was sent: `1.0` and `1.00` are different requests, and no amount passes through a float. A member that is `null` and a
//! member that is absent are different too. The top level's `idempotencyKey` is left out, so that it does not matter
//! whether the key came in the body or in the header.

use std::collections::BTreeMap;

use serde_json::Result;
use serde_json::value::RawValue;

/// The member that carries the key and is not part of the request.
const KEY: &str = "idempotencyKey";

/// The canonical text of a JSON request that was read successfully, so that its depth is limited.
pub(crate) fn canonical(json: &str) -> Result<Vec<u8>> {
    let mut text = Vec::with_capacity(json.len());
    let request = json.trim();
    if request.starts_with('{') {
        let mut members: BTreeMap<String, &RawValue> = serde_json::from_str(request)?;
        members.remove(KEY);
        write_members(&members, &mut text)?;
    } else {
        write(request, &mut text)?;
    }
    Ok(text)
}

fn write(json: &str, text: &mut Vec<u8>) -> Result<()> {
    match json.as_bytes().first() {
        Some(b'{') => write_members(&serde_json::from_str(json)?, text),
        Some(b'[') => write_items(&serde_json::from_str::<Vec<&RawValue>>(json)?, text),
        Some(b'"') => serde_json::to_writer(text, &serde_json::from_str::<String>(json)?),
        _ => {
            text.extend_from_slice(json.as_bytes());
            Ok(())
        }
    }
}

/// A member that is there twice counts as its last, as where it is read into a map.
fn write_members(members: &BTreeMap<String, &RawValue>, text: &mut Vec<u8>) -> Result<()> {
    text.push(b'{');
    for (index, (name, value)) in members.iter().enumerate() {
        if index > 0 {
            text.push(b',');
        }
        serde_json::to_writer(&mut *text, name)?;
        text.push(b':');
        write(value.get(), text)?;
    }
    text.push(b'}');
    Ok(())
}

fn write_items(items: &[&RawValue], text: &mut Vec<u8>) -> Result<()> {
    text.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            text.push(b',');
        }
        write(item.get(), text)?;
    }
    text.push(b']');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> String {
        String::from_utf8(canonical(json).unwrap()).unwrap()
    }

    #[test]
    fn order_space_and_escapes_do_not_matter_at_any_depth() {
        let plain = r#"{"a":[1,{"x":"é","y":null}],"b":{"c":true}}"#;
        for other in [
            plain,
            "{ \"b\" : {\"c\":true},\n\t\"a\": [ 1 , {\"y\":null,\"x\":\"\\u00e9\"} ] } ",
            "{\"idempotencyKey\":\"k\",\"b\":{\"c\":true},\"a\":[1,{\"x\":\"\u{e9}\",\"y\":null}]}",
        ] {
            assert_eq!(text(other), plain);
        }
    }

    #[test]
    fn what_was_sent_stays_what_was_sent() {
        for json in [
            r#"{"amount":1.00}"#,
            r#"{"amount":1.0}"#,
            r#"{"amount":92233720368547758070.000001}"#,
            r#"{"amount":1e2}"#,
            r#"{"amount":"1.00"}"#,
            r#"{"amount":null}"#,
            r#"{"inner":{"idempotencyKey":"is a value here"}}"#,
            "[3,1,2]",
            "{}",
        ] {
            assert_eq!(text(json), json);
        }
    }
}
