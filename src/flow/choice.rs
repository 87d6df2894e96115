//! What can be tapped to mend a lead: the buttons under a receipt, and the same at the desk.
//!
//! Each button carries what the field shall be, not a step, so that one press that arrives twice mends once. Called
//! by `desk`, `mend` and `triage`.

use super::decision::{Given, label, press, rows};
use super::tap::{DeskTap, ReceiptTap, Tap};
use crate::domain::id::Millis;
use crate::domain::lead::{Lead, LeadState, Occurred, Scene};
use crate::domain::place::{Place, PlaceSource, Wgs84};
use crate::domain::text::card::Speaker;
use crate::domain::text::cut;
use crate::domain::tip::category::read_words;
use crate::domain::tip::fold::fold;
use crate::domain::tip::{Field, Grain};
use crate::port::chat::{Button, Keyboard};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// So many places, and so many categories, are offered at once.
const OFFERED: usize = 3;
/// So many places around are looked at for one that is spelt like what was written.
const AROUND: usize = 60;

/// The buttons under a receipt: the question's answers first, then what mends each field by one tap.
pub fn receipt(speaker: &Speaker<'_>, lead: &Lead, ask: Option<Field>, given: &Given<'_>) -> Keyboard {
    if !matches!(lead.state, LeadState::New | LeadState::Claimed) {
        return Vec::new();
    }
    let mut out = match ask {
        Some(Field::Category) => all_categories(speaker, lead),
        Some(Field::Place) => rows(places(speaker, lead, given), 1),
        Some(Field::Time) => vec![time_answers(speaker, lead)],
        None => Vec::new(),
    };
    if ask != Some(Field::Time) && lead.occurred.is_some() {
        out.push(times(speaker, lead));
    }
    if ask != Some(Field::Place) {
        out.push(places(speaker, lead, given));
    }
    if ask != Some(Field::Category) {
        out.push(categories(speaker, lead, given));
    }
    let tap = |key, tap| press(label(speaker, key), &Tap::Receipt(lead.id, tap));
    out.push(vec![tap("button-other-place", ReceiptTap::Places), tap("button-withdraw", ReceiptTap::AskWithdraw)]);
    out.retain(|row| !row.is_empty());
    out
}

/// The same for police, on the lead's card.
pub fn at_desk(speaker: &Speaker<'_>, lead: &Lead, given: &Given<'_>) -> Keyboard {
    let back = press(label(speaker, "button-back"), &Tap::Desk(lead.id, DeskTap::Back));
    let mut out =
        vec![times(speaker, lead), places(speaker, lead, given), categories(speaker, lead, given), vec![back]];
    out.retain(|row| !row.is_empty());
    out
}

/// One button for each category.
pub fn all_categories(speaker: &Speaker<'_>, lead: &Lead) -> Keyboard {
    let all = speaker.categories.iter().enumerate().map(|(n, _)| category(speaker, lead, n)).collect();
    rows(all, 3)
}

fn category(speaker: &Speaker<'_>, lead: &Lead, n: usize) -> Button {
    let name = speaker.category(Some(&speaker.categories[n].id));
    press(name, &Tap::Receipt(lead.id, ReceiptTap::Category(n)))
}

/// The likeliest other categories, and the way to the whole list.
fn categories(speaker: &Speaker<'_>, lead: &Lead, given: &Given<'_>) -> Vec<Button> {
    let mut out: Vec<Button> = likely(lead, given).into_iter().map(|n| category(speaker, lead, n)).collect();
    out.push(press(label(speaker, "button-more-categories"), &Tap::Receipt(lead.id, ReceiptTap::Categories)));
    out
}

/// Categories, by their places in the list, that the lead's words speak for beside the one that it has; then others of
/// its family.
fn likely(lead: &Lead, given: &Given<'_>) -> Vec<usize> {
    let (lexicon, words) = (given.town.reader().lexicon(), fold(&lead.description));
    // What a place is called says nothing of what happened there.
    let name = lead.scene.as_ref().map(|scene| fold(&scene.text)).filter(|name| !name.is_empty());
    let name: Vec<_> = name.and_then(|name| words.find(&name).map(|at| at..at + name.len())).into_iter().collect();
    let read = read_words(lexicon, &words, &lexicon.find(&words, &name));
    let list = &given.town.rules.category;
    let of_words = read.likely.iter().filter_map(|id| list.iter().position(|c| c.id == *id));
    let own = lead.category.as_deref().and_then(|id| list.iter().find(|c| c.id == id));
    let family = (0..list.len()).filter(|n| own.is_some_and(|own| own.family() == list[*n].family()));
    let mut out: Vec<usize> = Vec::with_capacity(OFFERED);
    for n in of_words.chain(family) {
        if out.len() < OFFERED && !out.contains(&n) && Some(list[n].id.as_str()) != lead.category.as_deref() {
            out.push(n);
        }
    }
    out
}

/// When it was, if nothing was told of it.
fn time_answers(speaker: &Speaker<'_>, lead: &Lead) -> Vec<Button> {
    let tap = |key, tap| press(label(speaker, key), &Tap::Receipt(lead.id, tap));
    vec![
        tap("button-now", ReceiptTap::Now),
        tap("button-hour-ago", moved(lead, -HOUR_MS)),
        tap("button-yesterday", moved(lead, -DAY_MS)),
    ]
}

/// Steps from the time that stands; a whole day is moved by days.
fn times(speaker: &Speaker<'_>, lead: &Lead) -> Vec<Button> {
    let tap = |key, ms| press(label(speaker, key), &Tap::Receipt(lead.id, moved(lead, ms)));
    match &lead.occurred {
        Some(occurred) if occurred.grain == Grain::Day => {
            vec![tap("button-earlier-day", -DAY_MS), tap("button-later-day", DAY_MS)]
        }
        _ => vec![
            tap("button-hour-earlier", -HOUR_MS),
            tap("button-hour-later", HOUR_MS),
            tap("button-earlier-day", -DAY_MS),
        ],
    }
}

/// The tap that moves a lead's time by so much; from when it was written if none was told.
fn moved(lead: &Lead, ms: i64) -> ReceiptTap {
    let from = lead.occurred.as_ref().map_or(lead.written_at, |o| o.start);
    ReceiptTap::Time(from.plus_ms(ms).0.div_euclid(1000))
}

/// What a lead's time is when it shall begin then: an interval keeps its length.
pub fn at_time(lead: &Lead, start: Millis) -> Occurred {
    let ms = start.since(lead.occurred.as_ref().map_or(lead.written_at, |o| o.start));
    let (end, grain) = match &lead.occurred {
        Some(o) => (o.end, o.grain),
        None => (None, if ms.abs() < DAY_MS { Grain::Hour } else { Grain::Day }),
    };
    Occurred { start, end: end.map(|end| end.plus_ms(ms)), grain, text: String::new() }
}

/// The known places nearest to what was understood; where nothing was, those of the group's area, such as are spelt
/// like what was written first.
fn places(speaker: &Speaker<'_>, lead: &Lead, given: &Given<'_>) -> Vec<Button> {
    let scene = lead.scene.as_ref().filter(|scene| scene.source != PlaceSource::GroupArea);
    let Some(near) = scene.map(|scene| scene.at).or_else(|| given.town.area(lead.chat)) else { return Vec::new() };
    let is_own = |place: &Place| scene.is_some_and(|scene| is_at(scene, place));
    let mut around: Vec<&Place> =
        given.town.nearest_places(near, AROUND).into_iter().filter(|place| !is_own(place)).collect();
    if let (None, Some(words)) = (scene, lead.unknown_place.as_deref()) {
        let alike = |place: &Place| (crate::domain::alike::likeness(&place.name, words) * 100.0) as i64;
        around.sort_by_cached_key(|place| std::cmp::Reverse(alike(place)));
    }
    let offered = around.into_iter().take(OFFERED);
    offered
        .map(|place| {
            let name = format!("{} {}", label(speaker, "button-at"), cut(&place.name, 16));
            press(name, &Tap::Receipt(lead.id, ReceiptTap::Place(place.at)))
        })
        .collect()
}

/// Whether a scene is this very place.
fn is_at(scene: &Scene, place: &Place) -> bool {
    matches!(scene.source, PlaceSource::Gazetteer | PlaceSource::PointCode) && scene.at.distance_m(place.at) < 1.0
}

/// The place that a button's point names, as a scene.
pub fn at_place(given: &Given<'_>, at: Wgs84) -> Option<Scene> {
    let place = given.town.place_at(at)?;
    Some(Scene {
        at: place.at,
        accuracy_m: crate::domain::place::kind::accuracy_m(&place.kind),
        source: PlaceSource::Gazetteer,
        datum: place.datum,
        text: place.name.clone(),
    })
}
