//! How a writer marks a tip: `#盗窃`, `/tip`, a mention of the bot.

use std::ops::Range;

/// The marks of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    /// Tags with their `#`, in folded text.
    pub tags: Vec<Range<usize>>,
    /// `/tip` or `/tip@bot`.
    pub command: Option<Range<usize>>,
    /// Mentions of the bot.
    pub mentions: Vec<Range<usize>>,
}

impl Marks {
    /// Finds the marks in folded text; `bot` is the bot's own name, folded, without `@`.
    pub fn find(text: &str, bot: Option<&str>) -> Self {
        let mut marks = Self { command: command(text, bot), ..Self::default() };
        for (at, mark) in text.char_indices().filter(|(_, c)| matches!(c, '#' | '@')) {
            let free = !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '&' | '/' | '_' | '='));
            let body = &text[at + 1..];
            if !free {
                continue;
            }
            if mark == '@' {
                let len = body.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
                let command = marks.command.as_ref().is_some_and(|command| command.contains(&at));
                if !command && len > 0 && bot.is_some_and(|bot| bot == &body[..len]) {
                    marks.mentions.push(at..at + 1 + len);
                }
                continue;
            }
            let len: usize = body
                .chars()
                .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
                .take(24)
                .map(char::len_utf8)
                .sum();
            if body[..len].chars().any(char::is_alphabetic) {
                marks.tags.push(at..at + 1 + len);
            }
        }
        marks
    }

    /// Whether the message is marked as a tip.
    pub fn any(&self) -> bool {
        !self.tags.is_empty() || self.command.is_some() || !self.mentions.is_empty()
    }

    /// All marks, in no order.
    pub fn spans(&self) -> impl Iterator<Item = &Range<usize>> {
        self.tags.iter().chain(&self.command).chain(&self.mentions)
    }
}

fn command(text: &str, bot: Option<&str>) -> Option<Range<usize>> {
    let start = text.len() - text.trim_start().len();
    let rest = text[start..].strip_prefix("/tip")?;
    let mut len = "/tip".len();
    if let Some(name) = rest.strip_prefix('@') {
        let width = name.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        if bot.is_some_and(|bot| bot != &name[..width]) {
            return None;
        }
        len += 1 + width;
    } else if rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
        return None;
    }
    Some(start..start + len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks() {
        for (text, tags, marked) in [
            ("#盗窃 阳光小区", vec!["#盗窃"], true),
            ("阳光小区 #theft", vec!["#theft"], true),
            ("/tip 9点", vec![], true),
            ("/tip@lucheng_bot 9点", vec![], true),
            ("/tip@other_bot 9点", vec![], false),
            ("@lucheng_bot 有人打架", vec![], true),
            ("3#楼502 有人", vec![], false),
            ("#1 的", vec![], false),
            ("/tips", vec![], false),
        ] {
            let marks = Marks::find(text, Some("lucheng_bot"));
            let found: Vec<&str> = marks.tags.iter().map(|tag| &text[tag.clone()]).collect();
            assert_eq!((found, marks.any()), (tags, marked), "{text}");
        }
    }
}
