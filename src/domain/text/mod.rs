//! Every outgoing text, in Chinese and English.
//!
//! The words stand in `zh.ftl` and `en.ftl` (Fluent); this module fills them in and escapes what people
//! wrote. Cards are composed in [`card`]. Knows nothing of chats or storage.

pub mod alarm;
pub mod card;
pub mod drill;
pub mod when;

use super::member::Language;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use std::borrow::Cow;
use std::sync::LazyLock;

type Bundle = FluentBundle<FluentResource>;

fn bundle(tag: &str, source: &str) -> Bundle {
    let resource = FluentResource::try_new(source.to_owned()).expect("a test parses the shipped texts");
    let mut bundle = FluentBundle::new_concurrent(vec![tag.parse().expect("a constant language tag")]);
    bundle.set_use_isolating(false);
    bundle.add_resource(resource).expect("a test looks for messages written twice");
    bundle
}

static ZH: LazyLock<Bundle> = LazyLock::new(|| bundle("zh-Hans", include_str!("zh.ftl")));
static EN: LazyLock<Bundle> = LazyLock::new(|| bundle("en", include_str!("en.ftl")));

/// A value to be filled into a text.
#[derive(Debug, Clone)]
pub enum Arg<'a> {
    /// Words from outside: escaped for HTML.
    Words(Cow<'a, str>),
    /// HTML that this module or [`card`] made.
    Html(String),
    /// A whole number.
    Number(i64),
}

impl<'a> From<&'a str> for Arg<'a> {
    fn from(words: &'a str) -> Self {
        Self::Words(Cow::Borrowed(words))
    }
}

impl From<String> for Arg<'_> {
    fn from(words: String) -> Self {
        Self::Words(Cow::Owned(words))
    }
}

impl From<i64> for Arg<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

/// `words` with the characters that mean something in the Bot API's HTML escaped.
pub fn escape(words: &str) -> Cow<'_, str> {
    if !words.contains(['&', '<', '>', '"']) {
        return Cow::Borrowed(words);
    }
    let mut out = String::with_capacity(words.len() + 16);
    for c in words.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// `words` cut to at most `most` characters, with an ellipsis where something was cut.
pub fn cut(words: &str, most: usize) -> Cow<'_, str> {
    match words.char_indices().nth(most) {
        None => Cow::Borrowed(words),
        Some((end, _)) => Cow::Owned(format!("{}…", &words[..end])),
    }
}

/// The text `key` in `language`, filled with `args`.
pub fn say(language: Language, key: &str, args: &[(&'static str, Arg<'_>)]) -> String {
    let bundle = match language {
        Language::Zh => &*ZH,
        Language::En => &*EN,
    };
    let Some(pattern) = bundle.get_message(key).and_then(|m| m.value()) else {
        debug_assert!(false, "no text for {key}");
        return key.to_owned();
    };
    let mut filled = FluentArgs::with_capacity(args.len());
    for (name, arg) in args {
        filled.set(
            *name,
            match arg {
                Arg::Words(words) => FluentValue::String(escape(words).into_owned().into()),
                Arg::Html(html) => FluentValue::String(html.clone().into()),
                // As text: Chinese and English both write these numbers without separators.
                Arg::Number(n) => FluentValue::String(n.to_string().into()),
            },
        );
    }
    let mut faults = Vec::new();
    let text = bundle.format_pattern(pattern, Some(&filled), &mut faults).into_owned();
    debug_assert!(faults.is_empty(), "{key}: {faults:?}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Key → the variables that it uses.
    fn keys(source: &str) -> BTreeMap<String, Vec<String>> {
        let mut out = BTreeMap::new();
        let mut current: Option<String> = None;
        for line in source.lines() {
            if let Some((key, _)) = line.split_once(" =")
                && !line.starts_with([' ', '#'])
            {
                assert!(out.insert(key.to_owned(), Vec::new()).is_none(), "{key} stands twice");
                current = Some(key.to_owned());
            }
            for part in line.split("{ $").skip(1) {
                let name: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let list: &mut Vec<String> = out.get_mut(current.as_ref().unwrap()).unwrap();
                if !list.contains(&name) {
                    list.push(name);
                    list.sort();
                }
            }
        }
        out
    }

    #[test]
    fn both_languages_say_the_same_things() {
        LazyLock::force(&ZH);
        LazyLock::force(&EN);
        assert_eq!(keys(include_str!("zh.ftl")), keys(include_str!("en.ftl")));
    }

    #[test]
    fn words_from_outside_are_escaped() {
        assert_eq!(escape("<b>&\"x\""), "&lt;b&gt;&amp;&quot;x&quot;");
        assert_eq!(cut("一二三四", 3), "一二三…");
        assert_eq!(cut("一二三", 3), "一二三");
    }
}
