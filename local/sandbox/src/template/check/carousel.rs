//! Carousels: two to ten cards with the same components.

use serde_json::Value;

use super::{buttons, lines, texts};
use crate::graph_error::GraphError;
use crate::json::{list, text};

/// Cards of one carousel (Meta: carousel templates).
const CARDS: std::ops::RangeInclusive<usize> = 2..=10;
/// Buttons of one card.
const CARD_BUTTONS_MAX: usize = 2;
/// Characters of a card's body.
const CARD_BODY_CHARS_MAX: usize = 160;

pub(super) fn check(component: &Value, named: bool) -> Result<(), GraphError> {
    let cards = list(component, "cards");
    if !CARDS.contains(&cards.len()) {
        return Err(GraphError::parameter("Param cards must hold 2 to 10 cards."));
    }
    for card in cards {
        check_card(list(card, "components"), named)?;
    }
    let mut shapes = cards.iter().map(|card| shape(list(card, "components")));
    let first = shapes.next();
    if shapes.all(|shape| Some(shape) == first) {
        return Ok(());
    }
    Err(GraphError::parameter("All cards of a carousel must have the same components."))
}

fn check_card(components: &[Value], named: bool) -> Result<(), GraphError> {
    for component in components {
        match text(component, "type") {
            "HEADER" if matches!(text(component, "format"), "IMAGE" | "VIDEO" | "PRODUCT") => {
                lines::check_header_format(component)?;
            }
            "BODY" => texts::check_body(component, named, CARD_BODY_CHARS_MAX)?,
            "BUTTONS" => {
                let given = list(component, "buttons");
                if given.len() > CARD_BUTTONS_MAX {
                    return Err(GraphError::parameter("A card has 2 buttons at most."));
                }
                buttons::check(given, "MARKETING")?;
            }
            kind => {
                let message = format!("A card cannot have this component of type \"{kind}\".");
                return Err(GraphError::parameter(&message));
            }
        }
    }
    if components.iter().any(|component| text(component, "type") == "HEADER") {
        return Ok(());
    }
    Err(GraphError::parameter("A card needs a header."))
}

/// What must be the same in all cards: type, format and button types of each component.
fn shape(components: &[Value]) -> Vec<(String, String, Vec<String>)> {
    let kinds = |component: &Value| {
        list(component, "buttons").iter().map(|button| text(button, "type").to_owned()).collect()
    };
    let part = |component: &Value| {
        (text(component, "type").to_owned(), text(component, "format").to_owned(), kinds(component))
    };
    components.iter().map(part).collect()
}
