//! Carousels: two to ten cards that are built alike.

use serde_json::Value;

use super::{buttons, check_header_format, words};
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
                check_header_format(component)?;
            }
            "BODY" => words::check_body(component, named, CARD_BODY_CHARS_MAX)?,
            "BUTTONS" => {
                let given = list(component, "buttons");
                if given.len() > CARD_BUTTONS_MAX {
                    return Err(GraphError::parameter("A card has 2 buttons at most."));
                }
                buttons::check(given, "MARKETING")?;
            }
            kind => {
                let words = format!("A card takes no component \"{kind}\" of this kind.");
                return Err(GraphError::parameter(&words));
            }
        }
    }
    if components.iter().any(|one| text(one, "type") == "HEADER") {
        return Ok(());
    }
    Err(GraphError::parameter("A card needs a header."))
}

/// What must be the same in every card.
fn shape(components: &[Value]) -> Vec<(String, String, Vec<String>)> {
    let kinds = |component: &Value| {
        list(component, "buttons").iter().map(|button| text(button, "type").to_owned()).collect()
    };
    let one = |component: &Value| {
        (text(component, "type").to_owned(), text(component, "format").to_owned(), kinds(component))
    };
    components.iter().map(one).collect()
}
