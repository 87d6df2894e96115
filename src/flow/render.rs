//! A claimed message → one request to the platform. Most contents are ready; queue card, folded receipts and
//! exports and drills' reports are made here, from what stands when they are sent.

use super::decision::{press, rows};
use super::export::{self, Request, drill};
use super::tap::{DeskTap, Tap};
use crate::config::Config;
use crate::domain::alarm::Callee;
use crate::domain::id::Millis;
use crate::domain::lead::{LeadState, Scene};
use crate::domain::member::{Language, Member};
use crate::domain::text::card::Speaker;
use crate::domain::text::drill::Drilled;
use crate::domain::tip::redact::{Relayed, redact_text};
use crate::port::chat::Delivery;
use crate::port::store::{AlarmRecord, Ask, Claimed, Content, Store};
use crate::port::table::Printer;
use anyhow::Context as _;
use std::collections::HashMap;

/// What is to be done for a claimed message.
#[derive(Debug, PartialEq)]
pub enum Rendered {
    /// Ask the platform.
    Deliver(Delivery),
    /// Nothing: it stands as it should.
    Nothing,
}

/// Makes the request.
///
/// # Errors
/// The store's; for exports also those of making the table.
pub async fn render<S: Store, P: Printer>(
    claimed: &Claimed,
    store: &S,
    rules: &Config,
    printer: &P,
    now: Millis,
) -> anyhow::Result<Rendered> {
    let text = |html: String, keyboard, reply_to, silent| match claimed.message {
        Some(message) => Delivery::Edit { message, html, keyboard },
        None => Delivery::Text { html, keyboard, reply_to, thread: claimed.post.thread, silent },
    };
    let delivery = match claimed.post.content.clone() {
        Content::Text { html, keyboard, reply_to, silent } => text(html, keyboard, reply_to, silent),
        Content::Gone => match claimed.message {
            Some(message) => Delivery::Delete { message },
            None => return Ok(Rendered::Nothing),
        },
        // These are sent once; put again, they stand already.
        Content::Pin { .. }
        | Content::Media { .. }
        | Content::Scannable { .. }
        | Content::Export { .. }
        | Content::DrillReport { .. }
            if claimed.message.is_some() =>
        {
            return Ok(Rendered::Nothing);
        }
        Content::Delete { message } => Delivery::Delete { message },
        Content::React { message, emoji } => Delivery::React { message, emoji },
        Content::Pin { at, title } => Delivery::Pin { at, title, reply_to: None, thread: claimed.post.thread },
        Content::Media { kind, file_id, caption, .. } => {
            Delivery::Media { kind, file_id, caption, reply_to: claimed.under, thread: claimed.post.thread }
        }
        Content::Scannable { text, caption } => {
            let bytes = printer.scannable(&text).context("making the picture of a code")?;
            Delivery::Document { name: "code.png".into(), bytes, caption, picture: true }
        }
        Content::Queue { language } => {
            let view = store.queue_view().await?;
            let speaker = speaker(rules, language, now);
            let html = speaker.queue(view.new, view.claimed, view.urgent, &view.next);
            let buttons = view
                .next
                .iter()
                .map(|lead| press(format!("{}", lead.id), &Tap::Desk(lead.id, DeskTap::Open)))
                .collect();
            text(html, rows(buttons, 4), None, true)
        }
        Content::Receipts { from, to, language } => {
            let ask = Ask { chat_leads: Some((claimed.post.chat, from, to)), ..Ask::default() };
            let facts = store.load(&[ask]).await?;
            let mut leads = facts.into_iter().next().map(|f| f.chat_leads).unwrap_or_default();
            // What goes on in private, and what was wiped, is nobody's business in the group.
            leads.retain(|lead| !lead.private && lead.state != LeadState::OutOfScope);
            if leads.is_empty() {
                return Ok(claimed
                    .message
                    .map_or(Rendered::Nothing, |message| Rendered::Deliver(Delivery::Delete { message })));
            }
            text(speaker(rules, language, now).folded_receipts(&leads), Vec::new(), None, true)
        }
        Content::DrillReport { alarm, format, language } => {
            let mut drills = store.last_drills(alarm, 1 + drill::BESIDE).await?;
            if drills.first().is_none_or(|drill| drill.alarm.id != alarm) {
                return Ok(Rendered::Nothing);
            }
            let before = drills.split_off(1);
            let town = store.town().await?;
            let points = town.points.iter().map(|point| (point.code.clone(), point.name.clone())).collect();
            let speaker = speaker(rules, language, now);
            if format == "xlsx" {
                let names = drill::Names { points, staff: export::staff_codes(&town) };
                let sheets = drill::workbook(&drills[0], &before, &names, rules, now);
                let mut file = printer.open("xlsx").context("no such format")?;
                sheets.iter().try_for_each(|sheet| sheet.pour(&mut file)).context("making the drill's report")?;
                let printed = printer.finish(file, &sheets[0].head).context("finishing the drill's report")?;
                let caption = speaker.say("drill-report-caption", &[("number", alarm.0.into())]);
                let name = format!("drill-{alarm}.xlsx");
                return Ok(Rendered::Deliver(Delivery::Document {
                    name,
                    bytes: printed.bytes,
                    caption,
                    picture: false,
                }));
            }
            text(drill_text(&speaker, &drills[0], &before, &points, &town.staff, rules), Vec::new(), None, true)
        }
        Content::Export { period, what, format, names } => {
            let kind = what.parse().map_err(anyhow::Error::msg)?;
            let request = Request { kind, period, names };
            let of_csv = format == "digest";
            let mut file = printer.open(if of_csv { "csv" } else { &format }).context("no such format")?;
            export::export(store, rules, request, &mut file).await.context("making the export")?;
            let printed = printer.finish(file, &request.head(rules)).context("finishing the export")?;
            let (name, bytes) =
                if of_csv { printed.digest.context("a CSV has a digest")? } else { (printed.file_name, printed.bytes) };
            Delivery::Document { name, bytes, caption: String::new(), picture: false }
        }
    };
    Ok(Rendered::Deliver(delivery))
}

fn drill_text(
    speaker: &Speaker<'_>,
    drill: &AlarmRecord,
    before: &[AlarmRecord],
    points: &HashMap<String, String>,
    staff: &[Member],
    rules: &Config,
) -> String {
    let relayed = Relayed { plates: rules.tip.relay_plates };
    let drilled = |it: &'_ AlarmRecord| {
        it.alarm.scene.as_ref().map(|scene| Scene { text: redact_text(&scene.text, relayed), ..scene.clone() })
    };
    let told: Vec<Drilled<'_>> = std::iter::once(drill)
        .chain(before)
        .map(|it| Drilled { alarm: &it.alarm, calls: &it.calls, scene: drilled(it) })
        .collect();
    let name = |callee: &Callee| match callee {
        Callee::Point(code) => points.get(code).map_or_else(|| code.clone(), |name| format!("{code} {name}")),
        Callee::Person(user) => staff
            .iter()
            .find(|member| member.user == *user)
            .map_or_else(|| "–".to_owned(), |member| member.name.clone()),
    };
    speaker.drill_report(&told[0], &told[1..], &name)
}

fn speaker(rules: &Config, language: Language, now: Millis) -> Speaker<'_> {
    Speaker {
        language,
        zone: rules.time_zone,
        now,
        categories: &rules.category,
        emergency_number: &rules.emergency_number,
    }
}
