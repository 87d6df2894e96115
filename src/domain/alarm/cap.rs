//! An alarm as messages of the Common Alerting Protocol (OASIS CAP 1.2): one for raising it, one for each change that those
//! outside should know (widened, moved, under control), one that cancels it.
//!
//! Values only; an adapter writes the XML. Nobody is named, and no words of a tip but its redacted place stand here: of a lead
//! that was wiped, not even that. Only the last place is on record, so messages from before a mend tell none.

use super::event::{AlarmEvent, Happening};
use super::{Alarm, Origin};
use crate::domain::id::Millis;
use crate::domain::member::Language;
use crate::domain::period::rfc3339;
use crate::domain::text::{cut, say};
use crate::domain::tip::Category;
use crate::domain::tip::redact::{Relayed, redact_text};
use chrono_tz::Tz;

/// What messages are made with.
#[derive(Debug, Clone)]
pub struct Maker<'a> {
    /// Who sends, as CAP knows it: no space, comma, `<` or `&`.
    pub sender: String,
    /// Who sends, in words; empty: untold.
    pub unit: &'a str,
    /// The zone whose offset stands on instants.
    pub zone: Tz,
    /// The kinds of things.
    pub categories: &'a [Category],
    /// The distance of each ring, metres.
    pub rings_m: Vec<f64>,
    /// What may be relayed of a place's words.
    pub relayed: Relayed,
}

/// CAP's `msgType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    /// It was raised.
    Alert,
    /// It changed.
    Update,
    /// It is over.
    Cancel,
}

impl MessageKind {
    /// CAP's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "Alert",
            Self::Update => "Update",
            Self::Cancel => "Cancel",
        }
    }
}

/// One message. Texts are as the XML's reader sees them.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its name among the sender's, and its file's.
    pub identifier: String,
    /// Who sends.
    pub sender: String,
    /// When, with the zone's offset, never `Z`.
    pub sent: String,
    /// `Exercise` for a drill, else `Actual`.
    pub status: &'static str,
    /// What it does.
    pub kind: MessageKind,
    /// Whom it is for: the scope is `Restricted`.
    pub restriction: String,
    /// Of a drill: that it is one.
    pub note: Option<String>,
    /// The earlier ones: `sender,identifier,sent`.
    pub references: Vec<String>,
    /// In Chinese and in English.
    pub info: Vec<Info>,
}

/// What it is about, in one language.
#[derive(Debug, Clone, PartialEq)]
pub struct Info {
    /// `zh-CN` or `en-US`.
    pub language: &'static str,
    /// Of CAP's list.
    pub category: &'static str,
    /// Our kind in words.
    pub event: String,
    /// `Execute`, or `AllClear` at the end.
    pub response: &'static str,
    /// Of CAP's list.
    pub urgency: &'static str,
    /// Of CAP's list.
    pub severity: &'static str,
    /// Of CAP's list.
    pub certainty: &'static str,
    /// Who sends, in words.
    pub sender_name: Option<String>,
    /// A line.
    pub headline: String,
    /// What is to be done.
    pub instruction: String,
    /// Where.
    pub area: Option<Area>,
}

/// Where.
#[derive(Debug, Clone, PartialEq)]
pub struct Area {
    /// In words.
    pub words: String,
    /// `lat,lon radius`: degrees of WGS-84 and kilometres, the distance of the ring that is called.
    pub circle: String,
}

/// What a message tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Raised,
    Widened,
    Moved,
    Controlled,
    Over,
}

impl Maker<'_> {
    /// The messages of an alarm, in order.
    pub fn messages(&self, alarm: &Alarm, timeline: &[AlarmEvent]) -> Vec<Message> {
        let mut out: Vec<Message> = Vec::new();
        for (index, (at, turn, ring, placed)) in turns(alarm, timeline).into_iter().enumerate() {
            let (kind, name) = match turn {
                Turn::Raised => (MessageKind::Alert, "alert".to_owned()),
                Turn::Over => (MessageKind::Cancel, "cancel".to_owned()),
                _ => (MessageKind::Update, format!("update-{index}")),
            };
            let languages = [Language::Zh, Language::En];
            out.push(Message {
                identifier: format!("alarm-{}-{name}", alarm.id),
                sender: self.sender.clone(),
                sent: instant(at, self.zone),
                status: if alarm.drill { "Exercise" } else { "Actual" },
                kind,
                restriction: languages.map(|language| say(language, "cap-restriction", &[])).join(" / "),
                note: alarm.drill.then(|| languages.map(|language| say(language, "cap-note", &[])).join(" / ")),
                references: out.iter().map(|it| format!("{},{},{}", it.sender, it.identifier, it.sent)).collect(),
                info: languages.map(|language| self.info(alarm, turn, ring, placed, language)).into(),
            });
        }
        out
    }

    fn info(&self, alarm: &Alarm, turn: Turn, ring: i32, placed: bool, language: Language) -> Info {
        let kind = alarm.category.as_deref().and_then(|id| self.categories.iter().find(|known| known.id == id));
        let event = match (kind, language) {
            (Some(kind), Language::Zh) => kind.zh.clone(),
            (Some(kind), Language::En) => kind.en.clone(),
            (None, _) if alarm.drill => say(language, "drill-kind", &[]),
            (None, _) => say(language, "cap-event", &[]),
        };
        let key = match turn {
            Turn::Raised => "cap-raised",
            Turn::Widened => "cap-widened",
            Turn::Moved => "cap-moved",
            Turn::Controlled => "cap-controlled",
            Turn::Over if alarm.stood_down.is_some_and(|end| end.outcome.is_false()) => "cap-false",
            Turn::Over => "cap-over",
        };
        let headline = say(language, key, &[("number", alarm.id.0.into())]);
        let headline = if alarm.drill { format!("演练 DRILL · {headline}") } else { headline };
        let over = turn == Turn::Over;
        let was_false = over && alarm.stood_down.is_some_and(|end| end.outcome.is_false());
        Info {
            language: match language {
                Language::Zh => "zh-CN",
                Language::En => "en-US",
            },
            category: kind.map_or("Other", category),
            event,
            response: if over { "AllClear" } else { "Execute" },
            urgency: if over { "Past" } else { "Immediate" },
            severity: match kind {
                Some(kind) if kind.critical => "Severe",
                Some(_) => "Moderate",
                None => "Unknown",
            },
            certainty: match (alarm.origin, turn) {
                _ if was_false => "Unlikely",
                (_, Turn::Controlled) => "Observed",
                (Origin::Tip, _) => "Possible",
                _ => "Likely",
            },
            sender_name: Some(self.unit.to_owned()).filter(|unit| !unit.is_empty()),
            headline,
            instruction: say(language, if over { "cap-do-nothing" } else { "cap-do" }, &[]),
            area: alarm.scene.as_ref().filter(|_| placed).map(|scene| {
                let words = redact_text(&scene.text, self.relayed);
                let words = cut(words.trim(), 200).into_owned();
                let last = self.rings_m.last().copied().unwrap_or(0.0);
                let ring_m = usize::try_from(ring - 1).ok().and_then(|ring| self.rings_m.get(ring).copied());
                Area {
                    words: if words.is_empty() { say(language, "cap-area", &[]) } else { words },
                    circle: format!("{:.5},{:.5} {:.3}", scene.at.lat, scene.at.lon, ring_m.unwrap_or(last) / 1000.0),
                }
            }),
        }
    }
}

/// When what was told, with the ring called by then, and whether the place on record was already that of the time.
fn turns(alarm: &Alarm, timeline: &[AlarmEvent]) -> Vec<(Millis, Turn, i32, bool)> {
    let over = alarm.stood_down.map(|end| end.at);
    let last_mend = timeline.iter().rposition(|event| event.what == Happening::Mended);
    let mut ring = None;
    let mut turns = vec![(alarm.raised_at, Turn::Raised, 1, last_mend.is_none())];
    for (index, event) in timeline.iter().enumerate().filter(|(_, event)| over.is_none_or(|over| event.at <= over)) {
        let placed = last_mend.is_none_or(|last| index >= last);
        match &event.what {
            // The first ring is called by the raising itself.
            Happening::Called { ring: called, .. } if *called > 0 => {
                if ring.is_some_and(|known| *called > known) && event.at > alarm.raised_at {
                    turns.push((event.at, Turn::Widened, *called, placed));
                } else if turns.len() == 1 {
                    turns[0].2 = turns[0].2.max(*called);
                }
                ring = ring.max(Some(*called));
            }
            Happening::Mended => turns.push((event.at, Turn::Moved, ring.unwrap_or(1), placed)),
            Happening::UnderControl => turns.push((event.at, Turn::Controlled, ring.unwrap_or(1), placed)),
            _ => {}
        }
    }
    turns.extend(over.map(|over| (over, Turn::Over, ring.unwrap_or(1), true)));
    turns
}

/// CAP's `dateTime`: whole seconds, an offset in digits.
fn instant(at: Millis, zone: Tz) -> String {
    let text = rfc3339(Millis(at.0.div_euclid(1000) * 1000), zone);
    // Of universal time the standard wants −00:00.
    text.strip_suffix("+00:00").map_or(text.clone(), |local| format!("{local}-00:00"))
}

/// CAP's category for one of ours; one that a town made by its family.
fn category(kind: &Category) -> &'static str {
    match kind.id.as_str() {
        "violent_attack" | "robbery" | "fight" | "theft" | "fraud" | "drugs" | "gambling" | "disturbance"
        | "suspicious" | "dispute" => "Security",
        "fire" | "fire_hazard" => "Fire",
        "dangerous_goods" | "help" | "crowd_crush" => "Safety",
        "traffic_accident" | "traffic_hazard" => "Transport",
        "missing_person" | "drowning" => "Rescue",
        "medical" | "public_health" => "Health",
        "facility" => "Infra",
        _ => match kind.family() {
            "violence" | "theft" => "Security",
            "fire" => "Fire",
            "traffic" => "Transport",
            "rescue" => "Rescue",
            _ => "Other",
        },
    }
}
