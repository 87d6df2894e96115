//! A claimed message → one request to the platform. Most contents are ready; queue card, folded receipts and
//! exports are made here, from what stands when they are sent.

use super::decision::{press, rows};
use super::export::{self, Request};
use super::tap::{DeskTap, Tap};
use crate::config::Config;
use crate::domain::id::Millis;
use crate::domain::lead::LeadState;
use crate::domain::member::Language;
use crate::domain::text::card::Speaker;
use crate::port::chat::Delivery;
use crate::port::store::{Ask, Claimed, Content, Store};
use crate::port::table::Printer;
use anyhow::Context as _;

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
        Content::Pin { .. } | Content::Media { .. } | Content::Export { .. } | Content::DrillReport { .. }
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
        Content::DrillReport { .. } => return Ok(Rendered::Nothing),
        Content::Export { period, what, format, names } => {
            let kind = what.parse().map_err(anyhow::Error::msg)?;
            let request = Request { kind, period, names };
            let of_csv = format == "digest";
            let mut file = printer.open(if of_csv { "csv" } else { &format }).context("no such format")?;
            export::export(store, rules, request, &mut file).await.context("making the export")?;
            let printed = printer.finish(file, &request.head(rules)).context("finishing the export")?;
            let (name, bytes) =
                if of_csv { printed.digest.context("a CSV has a digest")? } else { (printed.file_name, printed.bytes) };
            Delivery::Document { name, bytes, caption: String::new() }
        }
    };
    Ok(Rendered::Deliver(delivery))
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
