//! The cards that people read: receipt, desk card, queue, statement; those of an alarm are in [`super::alarm`].
//!
//! Each function gives escaped HTML for one message. Buttons are the flow's.

use super::{Arg, cut, escape, say, when};
use crate::domain::id::Millis;
use crate::domain::lead::{Lead, LeadOutcome, LeadState, Scene};
use crate::domain::member::Language;
use crate::domain::place::{PlaceSource, is_link};
use crate::domain::tip::{Category, Field};
use chrono_tz::Tz;

/// The longest description shown on a card, in characters; the whole stays on file.
const DESCRIPTION_SHOWN: usize = 1200;

/// In whose words a card is written, and when.
#[derive(Debug, Clone, Copy)]
pub struct Speaker<'a> {
    /// Language.
    pub language: Language,
    /// Zone of the clock times.
    pub zone: Tz,
    /// Now: times of today are shown without their date.
    pub now: Millis,
    /// The closed list, for names.
    pub categories: &'a [Category],
    /// What urgent receipts tell people to call.
    pub emergency_number: &'a str,
}

impl Speaker<'_> {
    /// Fills the text `key`.
    pub fn say(&self, key: &str, args: &[(&'static str, Arg<'_>)]) -> String {
        say(self.language, key, args)
    }

    /// The name of a category; the text for "not told" without one.
    pub fn category(&self, id: Option<&str>) -> String {
        let Some(id) = id else { return self.say("unknown-category", &[]) };
        match self.categories.iter().find(|c| c.id == id) {
            Some(c) if self.language == Language::Zh => c.zh.clone(),
            Some(c) => c.en.clone(),
            None => id.to_owned(),
        }
    }

    fn time(&self, lead: &Lead) -> String {
        match &lead.occurred {
            None => self.say("unknown-time", &[]),
            Some(occurred) => {
                let clock = when::occurred(occurred, self.now, self.zone);
                if occurred.text.is_empty() { clock } else { format!("{} ({clock})", escape(&occurred.text)) }
            }
        }
    }

    /// A place in words: its name, how sharply it is known, and from what.
    pub fn place(&self, scene: Option<&Scene>, unknown: Option<&str>) -> String {
        let unknown = unknown.map(|words| match is_link(words) {
            true => self.say("place-unknown-link", &[]),
            false => self.say("place-unknown-words", &[("words", cut(words, 80).into_owned().into())]),
        });
        let Some(scene) = scene else { return unknown.unwrap_or_else(|| self.say("unknown-place", &[])) };
        let name = if scene.text.is_empty() {
            format!("{:.5},{:.5}", scene.at.lat, scene.at.lon)
        } else {
            escape(&cut(&scene.text, 80)).into_owned()
        };
        let source = self.say(source_key(scene.source), &[]);
        let known = self.say(
            "place-known",
            &[
                ("name", Arg::Html(name)),
                ("accuracy", when::distance(scene.accuracy_m).into()),
                ("source", source.into()),
            ],
        );
        match unknown {
            // The group's own area stands in for words that could not be read.
            Some(unknown) if scene.source == PlaceSource::GroupArea => {
                self.say("place-unknown-in-area", &[("unknown", Arg::Html(unknown)), ("area", Arg::Html(known))])
            }
            _ => known,
        }
    }

    fn understood(&self, lead: &Lead) -> String {
        self.say(
            "understood",
            &[
                ("category", self.category(lead.category.as_deref()).into()),
                ("time", Arg::Html(self.time(lead))),
                ("place", Arg::Html(self.place(lead.scene.as_ref(), lead.unknown_place.as_deref()))),
            ],
        )
    }

    /// What was understood, in one line; what was not is asked.
    pub fn in_one_line(&self, lead: &Lead) -> String {
        let or = |told: bool, text: String, key: &str| if told { text } else { self.say(key, &[]) };
        let category = or(lead.category.is_some(), self.category(lead.category.as_deref()), "untold-category");
        let time = or(lead.occurred.is_some(), self.time(lead), "untold-time");
        let place = self.place(lead.scene.as_ref(), lead.unknown_place.as_deref());
        let place = or(lead.scene.is_some() || lead.unknown_place.is_some(), place, "untold-place");
        let args = [("category", category.into()), ("time", Arg::Html(time)), ("place", Arg::Html(place))];
        self.say("understood-line", &args)
    }

    /// What the reporter reads: number, what was understood, what is missing.
    pub fn receipt(&self, lead: &Lead, ask: Option<Field>, first_contact: bool) -> String {
        let head = match lead.state {
            LeadState::Withdrawn => "receipt-withdrawn",
            LeadState::New | LeadState::Claimed => "receipt",
            _ => "receipt-decided",
        };
        let mut out =
            self.say(head, &[("number", lead.id.0.into()), ("state", self.say(state_key(lead.state), &[]).into())]);
        out.push('\n');
        out.push_str(&self.in_one_line(lead));
        if lead.private {
            out.push('\n');
            out.push_str(&self.say("receipt-code", &[("code", lead.reporter_code.as_str().into())]));
        }
        if lead.urgent && !lead.state.is_closed() {
            out.push('\n');
            out.push_str(&self.say("receipt-urgent", &[("number", self.emergency_number.into())]));
        }
        if let Some(field) = ask {
            out.push_str("\n\n");
            let opaque = field == Field::Place && lead.unknown_place.as_deref().is_some_and(is_link);
            out.push_str(&self.say(if opaque { "ask-place-link" } else { ask_key(field) }, &[]));
        }
        if first_contact {
            out.push_str("\n\n");
            out.push_str(&self.say("first-contact", &[]));
        }
        out
    }

    /// One line for many tips: the receipt of a busy group.
    pub fn folded_receipts(&self, leads: &[Lead]) -> String {
        let mut out = self.say("folded", &[("count", (leads.len() as i64).into())]);
        // 4,096 characters a message: a line is about 60.
        for lead in leads.iter().rev().take(40).rev() {
            out.push('\n');
            let place = lead.scene.as_ref().map_or(String::new(), |s| cut(&s.text, 20).into_owned());
            out.push_str(&self.say(
                "folded-line",
                &[
                    ("number", lead.id.0.into()),
                    ("category", self.category(lead.category.as_deref()).into()),
                    ("place", place.into()),
                ],
            ));
        }
        out
    }

    /// What the desk reads.
    pub fn desk_card(&self, lead: &Lead, group: &str, officer: Option<&str>, evidence: usize) -> String {
        if lead.state == LeadState::OutOfScope {
            return self.say("desk-scrubbed", &[("number", lead.id.0.into())]);
        }
        let mut out = self.say(
            if lead.urgent { "desk-card-urgent" } else { "desk-card" },
            &[("number", lead.id.0.into()), ("category", self.category(lead.category.as_deref()).into())],
        );
        out.push('\n');
        out.push_str(&self.understood(lead));
        out.push('\n');
        let from = if lead.private { self.say("desk-private", &[]) } else { group.to_owned() };
        out.push_str(&self.say(
            "desk-from",
            &[
                ("group", from.into()),
                ("code", lead.reporter_code.as_str().into()),
                ("time", when::clock(lead.received_at, self.now, self.zone).into()),
            ],
        ));
        if !lead.description.is_empty() {
            out.push_str("\n\n");
            out.push_str(&escape(&cut(&lead.description, DESCRIPTION_SHOWN)));
        }
        if evidence > 0 {
            out.push('\n');
            out.push_str(&self.say("desk-evidence", &[("count", (evidence as i64).into())]));
        }
        out.push_str("\n\n");
        let officer = officer.unwrap_or("");
        let at = lead.decided_at.map_or(String::new(), |t| when::clock(t, self.now, self.zone));
        let state = self.lead_state(lead);
        out.push_str(&match lead.state {
            LeadState::New => self.say("desk-state-new", &[("state", state.into())]),
            LeadState::Duplicate => self.say(
                "desk-state-duplicate",
                &[
                    ("original", lead.duplicate_of.map_or(0, |l| l.0).into()),
                    ("officer", officer.into()),
                    ("time", at.into()),
                ],
            ),
            LeadState::Withdrawn => self.say("desk-state-withdrawn", &[("time", at.into())]),
            _ => self.say("desk-state", &[("state", state.into()), ("officer", officer.into()), ("time", at.into())]),
        });
        out
    }

    /// The name of its state, with the outcome where it is more than that it was dealt with.
    fn lead_state(&self, lead: &Lead) -> String {
        let outcome = lead.outcome.filter(|it| lead.state == LeadState::Resolved && *it != LeadOutcome::Handled);
        match outcome {
            Some(outcome) => self.say("state-resolved-as", &[("outcome", self.say(outcome_key(outcome), &[]).into())]),
            None => self.say(state_key(lead.state), &[]),
        }
    }

    /// The queue card of a busy desk.
    pub fn queue(&self, new: i64, claimed: i64, urgent: i64, next: &[Lead]) -> String {
        let number = |n: i64| if n >= 1000 { "1000+".to_owned() } else { n.to_string() };
        let mut out = self.say(
            "queue",
            &[("new", number(new).into()), ("claimed", number(claimed).into()), ("urgent", number(urgent).into())],
        );
        for lead in next {
            out.push('\n');
            let place = lead.scene.as_ref().map_or("", |s| s.text.as_str());
            out.push_str(&self.say(
                if lead.urgent { "queue-line-urgent" } else { "queue-line" },
                &[
                    ("number", lead.id.0.into()),
                    ("category", self.category(lead.category.as_deref()).into()),
                    ("time", when::clock(lead.received_at, self.now, self.zone).into()),
                    ("place", cut(place, 20).into_owned().into()),
                ],
            ));
        }
        out
    }
}

/// The key of a state's name.
pub fn state_key(state: LeadState) -> &'static str {
    match state {
        LeadState::New => "state-new",
        LeadState::Claimed => "state-claimed",
        LeadState::Verified => "state-verified",
        LeadState::Unfounded => "state-unfounded",
        LeadState::Duplicate => "state-duplicate",
        LeadState::OutOfScope => "state-out-of-scope",
        LeadState::Resolved => "state-resolved",
        LeadState::Withdrawn => "state-withdrawn",
    }
}

/// The key of an outcome's name.
pub fn outcome_key(outcome: LeadOutcome) -> &'static str {
    match outcome {
        LeadOutcome::Handled => "lead-outcome-handled",
        LeadOutcome::Stopped => "lead-outcome-stopped",
        LeadOutcome::Solved => "lead-outcome-solved",
    }
}

fn source_key(source: PlaceSource) -> &'static str {
    match source {
        PlaceSource::Location => "source-location",
        PlaceSource::Venue => "source-venue",
        PlaceSource::Coordinates => "source-coordinates",
        PlaceSource::Link => "source-link",
        PlaceSource::PlusCode => "source-plus-code",
        PlaceSource::PointCode => "source-point-code",
        PlaceSource::Gazetteer => "source-gazetteer",
        PlaceSource::Crossing => "source-crossing",
        PlaceSource::Address => "source-address",
        PlaceSource::GroupArea => "source-group-area",
    }
}

fn ask_key(field: Field) -> &'static str {
    match field {
        Field::Category => "ask-category",
        Field::Time => "ask-time",
        Field::Place => "ask-place",
    }
}
