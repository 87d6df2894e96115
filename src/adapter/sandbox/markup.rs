//! Texts as the platform reads them: the HTML subset of the Bot API, and entities found in plain words.
//!
//! Offsets and lengths count UTF-16 units, as the platform does.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A stretch of a text that means something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entity {
    /// `bold`, `bot_command`, `mention` …
    #[serde(rename = "type")]
    pub kind: std::borrow::Cow<'static, str>,
    /// Where it starts.
    pub offset: usize,
    /// How long it is.
    pub length: usize,
    /// Where a `text_link` leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The language of a `pre`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The person of a `text_mention`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Value>,
}

impl Entity {
    fn plain(kind: &'static str, offset: usize, length: usize) -> Self {
        Self { kind: kind.into(), offset, length, url: None, language: None, user: None }
    }
}

/// Length in UTF-16 units.
pub(super) fn utf16_len(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

struct Open {
    tag: String,
    from: usize,
    url: Option<String>,
    language: Option<String>,
}

fn kind_of(open: &Open) -> &'static str {
    match open.tag.as_str() {
        "b" | "strong" => "bold",
        "i" | "em" => "italic",
        "u" | "ins" => "underline",
        "s" | "strike" | "del" => "strikethrough",
        "span" | "tg-spoiler" => "spoiler",
        "code" => "code",
        "pre" => "pre",
        "blockquote" => "blockquote",
        "tg-emoji" => "custom_emoji",
        _ => "text_link",
    }
}

/// Reads the Bot API's HTML: the bare text and its entities.
///
/// # Errors
/// What the server appends to `can't parse entities: `.
pub(super) fn parse_html(html: &str) -> Result<(String, Vec<Entity>), String> {
    let mut text = String::with_capacity(html.len());
    let mut entities = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut units = 0;
    let mut at = 0;
    while let Some(next) = html[at..].chars().next() {
        match next {
            '<' => {
                let start = at;
                let close =
                    html[at..].find('>').map(|i| at + i).ok_or(format!("Unclosed start tag at byte offset {start}"))?;
                let inside = &html[at + 1..close];
                at = close + 1;
                if let Some(name) = inside.strip_prefix('/') {
                    let name = name.trim().to_ascii_lowercase();
                    let Some(top) = open.pop() else {
                        return Err(format!("Unexpected end tag at byte offset {start}"));
                    };
                    if top.tag != name && !name.is_empty() {
                        return Err(format!(
                            "Unmatched end tag at byte offset {start}, expected \"</{}>\", found \"</{name}>\"",
                            top.tag
                        ));
                    }
                    close_tag(&mut entities, top, &text, units);
                } else {
                    open.push(parse_start_tag(inside, units, start)?);
                }
            }
            '&' => {
                let (decoded, used) = decode_reference(&html[at..]);
                text.push(decoded);
                units += decoded.len_utf16();
                at += used;
            }
            other => {
                text.push(other);
                units += other.len_utf16();
                at += other.len_utf8();
            }
        }
    }
    if let Some(left) = open.last() {
        return Err(format!("Can't find end tag corresponding to start tag \"{}\"", left.tag));
    }
    entities.sort_by_key(|entity: &Entity| (entity.offset, std::cmp::Reverse(entity.length)));
    Ok((text, entities))
}

fn close_tag(entities: &mut Vec<Entity>, open: Open, text: &str, units: usize) {
    if units == open.from {
        return;
    }
    let kind = kind_of(&open);
    let mut entity = Entity::plain(kind, open.from, units - open.from);
    entity.language = open.language;
    if kind == "text_link" {
        let words = String::from_utf16_lossy(&text.encode_utf16().skip(open.from).collect::<Vec<_>>());
        let url = open.url.filter(|url| !url.is_empty()).unwrap_or(words);
        if !url.contains("://") && !url.starts_with("tg:") {
            return;
        }
        entity.url = Some(url);
    }
    if kind != "custom_emoji" {
        entities.push(entity);
    }
}

fn parse_start_tag(inside: &str, units: usize, start: usize) -> Result<Open, String> {
    let end = inside.find(|c: char| c.is_whitespace()).unwrap_or(inside.len());
    let tag = inside[..end].to_ascii_lowercase();
    let attributes = &inside[end..];
    const KNOWN: [&str; 16] = [
        "b",
        "strong",
        "i",
        "em",
        "u",
        "ins",
        "s",
        "strike",
        "del",
        "a",
        "code",
        "pre",
        "span",
        "tg-spoiler",
        "blockquote",
        "tg-emoji",
    ];
    if !KNOWN.contains(&tag.as_str()) {
        return Err(format!("Unsupported start tag \"{tag}\" at byte offset {start}"));
    }
    if tag == "span" && attribute(attributes, "class").as_deref() != Some("tg-spoiler") {
        return Err(format!("Tag \"span\" must have class \"tg-spoiler\" at byte offset {start}"));
    }
    let url = if tag == "a" { attribute(attributes, "href") } else { None };
    let language = if tag == "code" || tag == "pre" {
        attribute(attributes, "class").and_then(|class| class.strip_prefix("language-").map(str::to_owned))
    } else {
        None
    };
    Ok(Open { tag, from: units, url, language })
}

fn attribute(attributes: &str, name: &str) -> Option<String> {
    let at = attributes.find(&format!("{name}="))? + name.len() + 1;
    let rest = &attributes[at..];
    let raw = match rest.chars().next()? {
        quote @ ('"' | '\'') => rest[1..].split(quote).next()?,
        _ => rest.split_whitespace().next()?,
    };
    let mut out = String::new();
    let mut at = 0;
    while let Some(next) = raw[at..].chars().next() {
        let (decoded, used) = if next == '&' { decode_reference(&raw[at..]) } else { (next, next.len_utf8()) };
        out.push(decoded);
        at += used;
    }
    Some(out)
}

/// One character reference at the start of `text`, and how many bytes it takes; an unknown one is a bare `&`.
fn decode_reference(text: &str) -> (char, usize) {
    for (name, decoded) in [("&lt;", '<'), ("&gt;", '>'), ("&amp;", '&'), ("&quot;", '"')] {
        if text.starts_with(name) {
            return (decoded, name.len());
        }
    }
    let number = text.strip_prefix("&#").and_then(|rest| rest.find(';').map(|end| (&rest[..end], end + 3)));
    number
        .and_then(|(digits, used)| {
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            Some((char::from_u32(code).filter(|&c| c != '\0')?, used))
        })
        .unwrap_or(('&', 1))
}

/// Cuts white space at both ends, as the server does, and moves the entities along.
pub(super) fn trim(text: String, mut entities: Vec<Entity>) -> (String, Vec<Entity>) {
    let cut = text.len() - text.trim_start().len();
    if cut == 0 && text.trim_end().len() == text.len() {
        return (text, entities);
    }
    let shift = utf16_len(&text[..cut]);
    let text = text.trim().to_owned();
    let total = utf16_len(&text);
    for entity in &mut entities {
        let end = (entity.offset + entity.length).saturating_sub(shift).min(total);
        entity.offset = entity.offset.saturating_sub(shift).min(total);
        entity.length = end.saturating_sub(entity.offset);
    }
    entities.retain(|entity| entity.length > 0);
    (text, entities)
}

/// Finds commands, mentions, hashtags and addresses in plain words, where no entity lies yet.
pub(super) fn find_entities(text: &str, given: &[Entity]) -> Vec<Entity> {
    let mut found: Vec<Entity> = Vec::new();
    if !text.contains(['/', '@', '#', ':']) {
        return found;
    }
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let mut units = 0;
    let mut before: Option<char> = None;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let free = before.is_none_or(|c| !word(c));
        let tail = &rest[first.len_utf8()..];
        let run = |accept: &dyn Fn(char) -> bool| tail.find(|c: char| !accept(c)).map_or(tail, |end| &tail[..end]);
        let latin = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let hit: Option<(&'static str, &str)> = match first {
            '/' if free && before != Some('/') && before != Some('<') => {
                let name = run(&latin);
                let after = &tail[name.len()..];
                let whole = match after.strip_prefix('@') {
                    Some(bot) if !name.is_empty() => {
                        let bot_end = bot.find(|c: char| !latin(c)).unwrap_or(bot.len());
                        &tail[..name.len() + 1 + bot_end]
                    }
                    _ => name,
                };
                let ends_well = !tail[whole.len()..].starts_with('/');
                (!name.is_empty() && name.len() <= 64 && ends_well).then_some(("bot_command", whole))
            }
            '@' if free => {
                let name = run(&latin);
                (4..=32).contains(&name.len()).then_some(("mention", name))
            }
            '#' if free => {
                let name = run(&word);
                (name.chars().any(|c| !c.is_numeric())).then_some(("hashtag", name))
            }
            'h' if free && (rest.starts_with("http://") || rest.starts_with("https://")) => {
                let name = run(&|c: char| !c.is_whitespace() && c.is_ascii() && !matches!(c, '<' | '>' | '"'));
                Some(("url", name.trim_end_matches(['.', ',', ')', '!', '?'])))
            }
            _ => None,
        };
        let length = match hit {
            Some((kind, body)) => {
                let length = first.len_utf16() + utf16_len(body);
                let clash = given.iter().any(|e| {
                    units < e.offset + e.length
                        && e.offset < units + length
                        && matches!(&*e.kind, "code" | "pre" | "text_link" | "text_mention")
                });
                if !clash {
                    found.push(Entity::plain(kind, units, length));
                }
                before = body.chars().next_back().or(Some(first));
                rest = &tail[body.len()..];
                length
            }
            None => {
                before = Some(first);
                rest = tail;
                first.len_utf16()
            }
        };
        units += length;
    }
    found
}

/// The part of `text` that an entity covers.
pub(super) fn covered(text: &str, entity: &Entity) -> String {
    let units: Vec<u16> = text.encode_utf16().skip(entity.offset).take(entity.length).collect();
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_read() {
        let (text, entities) =
            parse_html("😀 <b>a &lt;b&gt; <i>c</i></b> <a href=\"https://e.org/?a=1&amp;b=2\">x</a>").unwrap();
        assert_eq!(text, "😀 a <b> c x");
        let seen: Vec<_> = entities.iter().map(|e| (&*e.kind, e.offset, e.length)).collect();
        assert_eq!(seen, [("bold", 3, 7), ("italic", 9, 1), ("text_link", 11, 1)]);
        assert_eq!(entities[2].url.as_deref(), Some("https://e.org/?a=1&b=2"));
    }

    #[test]
    fn broken_html_is_refused_in_the_servers_words() {
        for (html, says) in [
            ("a <x>b</x>", "Unsupported start tag \"x\" at byte offset 2"),
            ("<b>a", "Can't find end tag corresponding to start tag \"b\""),
            ("a</b>", "Unexpected end tag at byte offset 1"),
            ("<b>a</i>", "Unmatched end tag at byte offset 4, expected \"</b>\", found \"</i>\""),
            ("1 < 2", "Unclosed start tag at byte offset 2"),
            ("<span>a</span>", "Tag \"span\" must have class \"tg-spoiler\" at byte offset 0"),
        ] {
            assert_eq!(parse_html(html).unwrap_err(), says, "{html}");
        }
    }

    #[test]
    fn entities_are_found_in_words() {
        for (text, expected) in [
            ("/tip@baiying_bot 打架", vec![("bot_command", "/tip@baiying_bot")]),
            ("#盗窃 东门", vec![("hashtag", "#盗窃")]),
            ("#12 a/b c@d.com", vec![]),
            ("问 @baiying_bot 好", vec![("mention", "@baiying_bot")]),
            ("看https://a.org/x 吗", vec![]),
            ("看 https://a.org/x。", vec![("url", "https://a.org/x")]),
            ("💥 #着火", vec![("hashtag", "#着火")]),
        ] {
            let found = find_entities(text, &[]);
            let seen: Vec<_> = found.iter().map(|e| (&*e.kind, covered(text, e))).collect();
            let expected: Vec<_> = expected.into_iter().map(|(k, t)| (k, t.to_owned())).collect();
            assert_eq!(seen, expected, "{text}");
        }
    }

    #[test]
    fn trimming_moves_entities() {
        let (text, entities) = parse_html("  \n<b> x</b> ").unwrap();
        let (text, entities) = trim(text, entities);
        assert_eq!(text, "x");
        assert_eq!((entities[0].offset, entities[0].length), (0, 1));
    }
}
