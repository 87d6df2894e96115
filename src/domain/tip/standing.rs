//! Whether a message is a tip at all, or a greeting, thanks, a question, an advert, a notice or chat.

use super::ChatKind;
use super::lexicon::{Cue, Hit, Sense, is_masked};
use std::ops::Range;

/// Thanks within so many characters open a message.
const HEAD: usize = 12;

/// What else is known of the message.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// Where it was written.
    pub chat: ChatKind,
    /// Marked by the writer.
    pub marked: bool,
    /// A tag, label or command that names a category or fields: the writer surely means a tip.
    pub surely: bool,
    /// How specific the words of its category are; 0 without one.
    pub weight: u32,
    /// Words say that something is not so (没有打架).
    pub denied: bool,
    /// Words name a place, known or not.
    pub place: bool,
    /// Words tell a time.
    pub time: bool,
    /// It is still to come.
    pub future: bool,
    /// It presses.
    pub urgent: bool,
}

/// What the words of a message come to.
#[derive(Debug)]
pub struct Told<'t> {
    /// The folded text.
    pub text: &'t str,
    /// Its words.
    pub hits: &'t [Hit],
    /// Marks (tags, commands, mentions) and links, in order: no part of what is told.
    pub marks: &'t [Range<usize>],
}

impl Told<'_> {
    fn cues(&self, cue: Cue) -> impl Iterator<Item = &Range<usize>> {
        let is_free = |hit: &&Hit| !is_masked(self.marks, &hit.span);
        self.hits.iter().filter(move |hit| hit.sense == Sense::Cue(cue)).filter(is_free).map(|hit| &hit.span)
    }

    fn says(&self, cue: Cue) -> bool {
        self.cues(cue).next().is_some()
    }

    /// How many letters are left when greetings, thanks, signs and marks are taken away.
    fn substance(&self) -> usize {
        let mut small: Vec<&Range<usize>> = self.cues(Cue::SmallTalk).chain(self.marks).collect();
        small.sort_unstable_by_key(|span| span.start);
        let mut small = small.into_iter().peekable();
        let mut end = 0;
        let letters = self.text.char_indices().filter(|(_, c)| c.is_alphanumeric());
        letters
            .filter(|(at, _)| {
                while let Some(span) = small.next_if(|span| span.start <= *at) {
                    end = end.max(span.end);
                }
                *at >= end
            })
            .count()
    }

    /// What is said last.
    fn close(&self) -> &str {
        let end =
            self.marks.last().filter(|mark| mark.end == self.text.len()).map_or(self.text.len(), |mark| mark.start);
        self.text[..end].trim_end()
    }

    fn is_question(&self) -> bool {
        let asks = |(at, sign): (usize, &str)| !is_masked(self.marks, &(at..at + sign.len()));
        self.says(Cue::Question) || self.text.match_indices('?').any(asks) || self.close().ends_with(['么', '呢'])
    }

    fn is_thanks(&self) -> bool {
        let head = self.text.find([',', '。', '!', '?', '\n']).unwrap_or(self.text.len());
        let head = self.text[..head].char_indices().nth(HEAD).map_or(head, |(at, _)| at);
        self.says(Cue::Thanks) || self.cues(Cue::OpeningThanks).any(|span| span.start <= head)
    }
}

/// Whether the message is a tip.
pub fn is_tip(told: &Told<'_>, facts: &Facts) -> bool {
    let substance = told.substance();
    if facts.surely {
        return substance > 0 || facts.weight > 0;
    }
    let incident = facts.weight >= 4;
    let invited = facts.future && told.says(Cue::Invitation);
    let small = substance <= 2 && facts.weight < 4 && !(facts.place && facts.urgent);
    if small {
        return false;
    }
    let adverts = told.cues(Cue::Advert).take(3).count();
    let question = told.is_question();
    // A kind of thing that presses by itself must be told clearly to outweigh thanks and chat.
    let pressing = facts.urgent && (facts.weight >= 6 || told.says(Cue::Danger));
    let other = invited
        || facts.denied && facts.weight < 4
        || adverts >= 3 && facts.weight < 12
        || adverts >= 2 && facts.weight < 8
        || adverts >= 1 && facts.weight < 4
        || told.is_thanks() && !pressing && !(incident && told.close().ends_with("谢谢"))
        || told.says(Cue::Procedure) && question && !pressing
        || told.says(Cue::Aftermath) && question && !pressing
        || told.says(Cue::Notice) && !(incident && facts.place && facts.time)
        || told.says(Cue::Chat) && !(pressing && facts.place) && facts.weight < 10
        || told.says(Cue::Everyday) && !incident && !pressing
        || question && facts.weight < 4 && !pressing;
    if facts.marked {
        // A mention or a tag of its own: everything but what is plainly something else.
        return !other || incident && !question;
    }
    if other {
        return false;
    }
    match facts.chat {
        ChatKind::Private => incident || facts.place || facts.time || facts.urgent || substance >= 6,
        ChatKind::Group => {
            let clear = facts.weight >= 6 || incident && (facts.urgent || facts.place && facts.time);
            let where_or_when = facts.place || facts.time || facts.urgent;
            clear && where_or_when && !facts.future && !(question && !facts.urgent && !facts.place)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_tip() {
        let lexicon = crate::config::Config::default().lexicon();
        let is_tip = |text: &str, facts: &Facts| {
            let text = crate::domain::tip::fold::fold(text);
            is_tip(&Told { text: &text, hits: &lexicon.find(&text, &[]), marks: &[] }, facts)
        };
        let facts = Facts {
            chat: ChatKind::Private,
            marked: false,
            surely: false,
            weight: 0,
            denied: false,
            place: true,
            time: true,
            future: false,
            urgent: false,
        };
        for text in [
            "各位早 群主辛苦了 👍",
            "居住证在哪里办 便民服务中心周六开门吗",
            "圣诞大促!惠民超市今晚6点到9点全场满100减30,鸡蛋3块8一斤",
            "thanks for the quick help yesterday at jinxiu garden, much appreciated!",
            "你好 在吗",
            "",
            "👍👍",
        ] {
            assert!(!is_tip(text, &facts), "{text}");
        }
        assert!(is_tip("有人一直敲我家门 不敢开", &Facts { place: false, time: false, ..facts }));
    }
}
