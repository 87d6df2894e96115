//! Inline keyboards: what the server takes and what it refuses. Called by sending and editing.

use super::failure::Refusal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A button as it is stored and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Button {
    /// What it says.
    pub text: String,
    /// What comes back when pressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_data: Option<String>,
    /// Where it leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Anything else (`web_app`, `copy_text`, …), kept as it came.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// Rows of buttons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub(super) struct Keyboard {
    /// The rows.
    pub inline_keyboard: Vec<Vec<Button>>,
}

impl Keyboard {
    /// Whether some button sends `data` back.
    pub fn has(&self, data: &str) -> bool {
        self.inline_keyboard.iter().flatten().any(|button| button.callback_data.as_deref() == Some(data))
    }
}

/// Reads `reply_markup`. Kinds other than inline keyboards are taken and not kept.
///
/// # Errors
/// 400 in the server's words.
pub(super) fn parse_keyboard(markup: Option<Value>) -> Result<Option<Keyboard>, Refusal> {
    let Some(mut markup) = markup else { return Ok(None) };
    if !markup.is_object() {
        return Err(Refusal::bad("object expected as reply markup"));
    }
    let Some(rows) = markup.get_mut("inline_keyboard").map(Value::take) else { return Ok(None) };
    let rows: Vec<Vec<Button>> = serde_json::from_value(rows)
        .map_err(|_| Refusal::bad("can't parse inline keyboard button: Can't find field \"text\""))?;
    let mut count = 0;
    for button in rows.iter().flatten() {
        count += 1;
        check_button(button)?;
    }
    if count > 100 {
        return Err(Refusal::bad("REPLY_MARKUP_TOO_LONG"));
    }
    let inline_keyboard: Vec<_> = rows.into_iter().filter(|row| !row.is_empty()).collect();
    Ok((!inline_keyboard.is_empty()).then_some(Keyboard { inline_keyboard }))
}

fn check_button(button: &Button) -> Result<(), Refusal> {
    if button.text.trim().is_empty() {
        return Err(Refusal::bad("can't parse inline keyboard button: Inline keyboard button text must be non-empty"));
    }
    if let Some(data) = &button.callback_data {
        if data.is_empty() || data.len() > 64 {
            return Err(Refusal::bad("BUTTON_DATA_INVALID"));
        }
        return Ok(());
    }
    if let Some(url) = &button.url {
        let good = ["http://", "https://", "tg://"].iter().any(|scheme| {
            url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace))
        });
        return if good { Ok(()) } else { Err(Refusal::bad("BUTTON_URL_INVALID")) };
    }
    if button.other.is_empty() {
        return Err(Refusal::bad(
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn buttons_are_checked() {
        let one = |button: Value| parse_keyboard(Some(json!({"inline_keyboard": [[button]]})));
        assert!(one(json!({"text": "核实", "callback_data": "a".repeat(64)})).unwrap().unwrap().has(&"a".repeat(64)));
        for (button, says) in [
            (json!({"text": "x", "callback_data": "a".repeat(65)}), "Bad Request: BUTTON_DATA_INVALID"),
            (json!({"text": "x", "url": "nonsense"}), "Bad Request: BUTTON_URL_INVALID"),
            (
                json!({"text": "x"}),
                "Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
            ),
        ] {
            assert_eq!(one(button).unwrap_err().description, says);
        }
        assert_eq!(parse_keyboard(Some(json!({"inline_keyboard": []}))).unwrap(), None);
        assert_eq!(parse_keyboard(Some(json!({"remove_keyboard": true}))).unwrap(), None);
    }
}
