//! What an officer taps at the desk. Each decision is taken once, whoever taps twice or at the same time.

use super::decision::{Decision, Given, label, press, rows};
use super::desk;
use super::tap::{DeskTap, Tap};
use super::town::Town;
use crate::domain::duplicate::{Likely, Nearness, find_likely};
use crate::domain::id::{LeadId, Millis, UserId};
use crate::domain::lead::{Lead, LeadAction, LeadState, Refusal};
use crate::domain::member::Role;
use crate::domain::points::{Account, BASE_BOOK, Cause, Target, Transfer, capped, position, settle};
use crate::domain::text::card::{Speaker, state_key};
use crate::domain::text::{Arg, cut, when};
use crate::domain::tip::Category;
use crate::port::chat::{Keyboard, Press};
use crate::port::store::{Ask, Content, Facts, Lane, LeadFile, Post, Similar};

/// So many likely duplicates are offered.
const OFFERED: usize = 6;

/// What else a press needs to know, once the lead is there.
pub fn follow_up(tap: DeskTap, facts: &Facts, town: &Town) -> Option<Ask> {
    let lead = &facts.file.as_ref()?.lead;
    match tap {
        DeskTap::Candidates => {
            let span = town.rules.tip.duplicate_minutes * 60_000;
            Some(Ask {
                similar: Some(Similar {
                    except: lead.id,
                    since: lead.received_at.plus_ms(-span),
                    until: lead.received_at.plus_ms(span),
                    near: lead.scene.as_ref().map(|s| (s.at, s.accuracy_m.max(town.rules.tip.duplicate_radius_m))),
                }),
                ..Ask::default()
            })
        }
        DeskTap::DuplicateOf(original) => Some(Ask { original: Some(original), ..Ask::default() }),
        // A merge that ends, or stands again, is told in the other lead's history, too.
        _ => {
            let file = facts.file.as_ref()?;
            let restored = || as_before(file).filter(|_| matches!(tap, DeskTap::Undo(_)))?.duplicate_of;
            let original = lead.duplicate_of.or_else(restored)?;
            Some(Ask { original: Some(original), ..Ask::default() })
        }
    }
}

/// The lead as it was before its last step.
fn as_before(file: &LeadFile) -> Option<Lead> {
    serde_json::from_str(desk::last_step(file)?.before.as_ref()?).ok()
}

/// Tells in the original's own history that a lead was merged into it, or is not any more. It is no step of that lead:
/// its version stays.
fn tell_original(decision: &mut Decision, given: &Given<'_>, before: &Lead, lead: &Lead, by: UserId) {
    if before.duplicate_of == lead.duplicate_of {
        return;
    }
    let Some(original) = &given.facts.original else { return };
    for (of, action) in [(before.duplicate_of, "unmerged"), (lead.duplicate_of, "merged")] {
        if of == Some(original.lead.id) {
            decision.history(&original.lead, &format!("{action} {}", lead.id), Some(by), given.now, None);
        }
    }
}

/// Decides a tap on a lead at the desk. Where a queue card stands, it follows what was decided.
pub fn tap(given: &Given<'_>, press: &Press, tap: DeskTap) -> Decision {
    let mut decision = tapped(given, press, tap);
    if given.facts.has_queue && !decision.changes.leads.is_empty() {
        super::intake::put_queue(&mut decision, given, press.chat);
    }
    decision
}

fn tapped(given: &Given<'_>, press: &Press, tap: DeskTap) -> Decision {
    let speaker = given.speaker_in(press.chat, Some(&press.from));
    let Some(officer) = press.from.user.filter(|u| given.town.holds(*u, Role::Police)) else {
        return Decision::answer(&press.id, speaker.say("only-police", &[]));
    };
    let Some(file) = &given.facts.file else {
        return Decision::answer(&press.id, speaker.say("no-such-lead", &[]));
    };
    let file = file.clone();
    let action = match tap {
        DeskTap::Claim => LeadAction::Claim,
        DeskTap::Verify => LeadAction::Verify,
        DeskTap::Unfounded => LeadAction::Unfounded,
        DeskTap::DuplicateOf(original) => LeadAction::DuplicateOf { original },
        DeskTap::OutOfScope => LeadAction::OutOfScope,
        DeskTap::Resolve => LeadAction::Resolve,
        DeskTap::Reopen => LeadAction::Reopen,
        DeskTap::Undo(version) => return undo(given, press, file, officer, version, &speaker),
        DeskTap::Alarm => return super::alarm::raise(given, press, file, officer),
        DeskTap::Candidates => return card_with(given, press, &file, candidates(given, &file, &speaker)),
        DeskTap::AskOutOfScope => return card_with(given, press, &file, sure(&file, &speaker)),
        DeskTap::Back => return card_with(given, press, &file, None),
        DeskTap::Mend => {
            return card_with(given, press, &file, Some(super::choice::at_desk(&speaker, &file.lead, given)));
        }
        DeskTap::Open => return open(given, press, &file),
        DeskTap::Pin => return pin(given, press, &file),
    };
    decide(given, press, file, officer, action, &speaker)
}

fn decide(
    given: &Given<'_>,
    press: &Press,
    mut file: LeadFile,
    officer: UserId,
    action: LeadAction,
    speaker: &Speaker<'_>,
) -> Decision {
    let before = file.lead.clone();
    // Merging closes a lead, and what closes stands the alarm down: not while people are on their way to it.
    if matches!(action, LeadAction::DuplicateOf { .. }) && file.alarm.as_ref().is_some_and(|file| file.alarm.runs()) {
        return Decision::answer(&press.id, speaker.say("alarm-runs", &[]));
    }
    // A lead that others were merged into cannot be merged itself, nor into one that is merged or gone.
    let merge_stands = !matches!(action, LeadAction::DuplicateOf { .. })
        || file.duplicates.is_empty()
            && given.facts.original.as_ref().is_some_and(|o| is_original(file.lead.id, &o.lead));
    let acted = if merge_stands { file.lead.act(action, Some(officer), given.now) } else { Err(Refusal::BadOriginal) };
    if let Err(refusal) = acted {
        let text = match refusal {
            Refusal::AlreadyDone => speaker.say("already-done", &[]),
            Refusal::NotFrom(state) => speaker.say("not-from", &[("state", speaker.say(state_key(state), &[]).into())]),
            Refusal::BadOriginal => speaker.say("bad-original", &[]),
        };
        return Decision::answer(&press.id, text);
    }
    let mut decision = Decision::answer(
        &press.id,
        speaker.say("done", &[("state", speaker.say(state_key(file.lead.state), &[]).into())]),
    );
    decision.changes.transfers = rewards(given, &file, officer);
    decision.history(&file.lead, verb(action), Some(officer), given.now, Some(&before));
    tell_original(&mut decision, given, &before, &file.lead, officer);
    file.officer = given.town.staff(officer).cloned();
    push_history(&mut file, &decision);
    if action == LeadAction::OutOfScope {
        scrub(&mut decision, given, &mut file);
    } else {
        if !matches!(action, LeadAction::Claim | LeadAction::Reopen) {
            tell_reporter(&mut decision, given, &file);
        }
        desk::refresh(&mut decision, given, &file);
        if file.lead.state.is_closed() {
            super::alarm::stand_down_with(&mut decision, given, &mut file, Some(officer));
        }
    }
    decision.changes.leads.push(file.lead);
    decision
}

/// The card's own history, so that the undo button of this very decision is on it.
fn push_history(file: &mut LeadFile, decision: &Decision) {
    let own = decision.changes.lead_events.iter().filter(|e| e.lead == file.lead.id);
    file.history.extend(own.cloned());
}

fn verb(action: LeadAction) -> &'static str {
    match action {
        LeadAction::Claim => "claim",
        LeadAction::Verify => "verify",
        LeadAction::Unfounded => "unfounded",
        LeadAction::DuplicateOf { .. } => "duplicate",
        LeadAction::OutOfScope => "out_of_scope",
        LeadAction::Resolve => "resolve",
        LeadAction::Reopen => "reopen",
        LeadAction::Withdraw => "withdraw",
    }
}

/// The ledger entries that bring the rewards of a lead and of its duplicates to where its state says.
fn rewards(given: &Given<'_>, file: &LeadFile, officer: UserId) -> Vec<Transfer> {
    let rules = &given.town.rules.points;
    let lead = &file.lead;
    let mut out = Vec::new();
    if let Some(person) = lead.reporter {
        let (_, paid) = position(&file.transfers, person);
        let target = match lead.state {
            LeadState::New | LeadState::Claimed => Target::Held(rules.tip_verified),
            LeadState::Verified | LeadState::Resolved if paid > 0 => Target::Posted(paid),
            LeadState::Verified | LeadState::Resolved => {
                Target::Posted(within_caps(given, rules.tip_verified, file.earned))
            }
            LeadState::Duplicate => merged_target(given, lead, person, share(given, paid, file.earned)),
            _ => Target::Nothing,
        };
        let rule = if lead.state == LeadState::Duplicate { "tip_duplicate" } else { "tip_verified" };
        out.extend(settle(&file.transfers, person, target, &cause(lead, rule, given.now, officer)));
    }
    let mut paid: Vec<UserId> = lead.reporter.into_iter().collect();
    for ((duplicate, transfers), earned) in file.duplicates.iter().zip(&file.duplicates_earned) {
        let Some(person) = duplicate.reporter else { continue };
        let (_, has) = position(transfers, person);
        let target = share_target(lead.state, share(given, has, *earned), &mut paid, person);
        let mut entries = settle(transfers, person, target, &cause(lead, "tip_duplicate", given.now, officer));
        for entry in &mut entries {
            entry.key = format!("lead:{}:of:{}", duplicate.id, entry.key);
            entry.lead = Some(duplicate.id);
        }
        out.extend(entries);
    }
    out
}

/// What the caps leave of an amount for somebody who earned so much today and this month.
fn within_caps(given: &Given<'_>, amount: i64, (day, month): (i64, i64)) -> i64 {
    let rules = &given.town.rules.points;
    capped(capped(amount, day, rules.daily_cap), month, rules.monthly_cap)
}

/// A later reporter's share: what was paid of it already stands, whatever was earned since.
fn share(given: &Given<'_>, paid: i64, earned: (i64, i64)) -> i64 {
    if paid > 0 { paid } else { within_caps(given, given.town.rules.points.tip_duplicate, earned) }
}

/// Merging into a lead that is verified already pays the later reporter's share at once; else it is paid with it.
fn merged_target(given: &Given<'_>, lead: &Lead, person: UserId, share: i64) -> Target {
    let Some(original) = &given.facts.original else { return Target::Nothing };
    let mut paid: Vec<UserId> = original.lead.reporter.into_iter().collect();
    paid.extend(original.duplicates.iter().filter(|(d, _)| d.id != lead.id).filter_map(|(d, _)| d.reporter));
    share_target(original.lead.state, share, &mut paid, person)
}

/// A later reporter is paid once for an event, and not beside being paid in full for it.
fn share_target(original: LeadState, share: i64, paid: &mut Vec<UserId>, person: UserId) -> Target {
    let due = matches!(original, LeadState::Verified | LeadState::Resolved) && !paid.contains(&person);
    if due {
        paid.push(person);
        Target::Posted(share)
    } else {
        Target::Nothing
    }
}

fn cause(lead: &Lead, rule: &'static str, at: Millis, by: UserId) -> Cause {
    Cause {
        key: format!("lead:{}:v{}", lead.id, lead.version),
        rule,
        book: BASE_BOOK.into(),
        lead: lead.id,
        at,
        by: Some(by),
    }
}

fn tell_reporter(decision: &mut Decision, given: &Given<'_>, file: &LeadFile) {
    let lead = &file.lead;
    let Some(chat) = desk::receipt_chat(lead) else { return };
    // Who was never written to in private (they did not start the bot) cannot be now.
    if lead.private && !file.posts.iter().any(|p| p.subject == desk::receipt_subject(lead)) {
        return;
    }
    let key = match lead.state {
        LeadState::Verified => "outcome-verified",
        LeadState::Unfounded => "outcome-unfounded",
        LeadState::Duplicate => "outcome-duplicate",
        LeadState::Resolved => "outcome-resolved",
        _ => return,
    };
    let speaker = desk::reporter_speaker(given, file, chat);
    let paid: i64 = decision
        .changes
        .transfers
        .iter()
        .filter(|t| t.lead == Some(lead.id) && lead.reporter.is_some_and(|r| t.credit == Account::Person(r)))
        .map(|t| t.amount)
        .sum();
    let mut html = speaker.say(key, &[("number", lead.id.0.into())]);
    // In a group the others need not read what somebody earned.
    if paid > 0 && chat.0 > 0 {
        html.push('\n');
        html.push_str(&speaker.say("outcome-points", &[("points", paid.into())]));
    }
    let post = decision.post(chat, format!("lead:{}:outcome:{}", lead.id, lead.version), Lane::Reply, html);
    post.lead = Some(lead.id);
    post.thread = lead.thread.filter(|_| chat == lead.chat);
    if let Content::Text { reply_to, .. } = &mut post.content {
        *reply_to = lead.message_in(chat);
    }
}

/// Takes back the decision that made `version`, if it is this officer's, the newest, and young enough.
fn undo(
    given: &Given<'_>,
    press: &Press,
    mut file: LeadFile,
    officer: UserId,
    version: i64,
    speaker: &Speaker<'_>,
) -> Decision {
    let own = desk::last_step(&file).is_some_and(|e| e.version == version && e.by == Some(officer));
    let before = as_before(&file).filter(|_| own);
    let Some(before) = before.filter(|_| desk::undoable(&file, given) == Some(version)) else {
        return Decision::answer(&press.id, speaker.say("undo-too-late", &[]));
    };
    // A merge stands again only into a lead that can still have it.
    if before.duplicate_of.is_some()
        && !given.facts.original.as_ref().is_some_and(|o| is_original(file.lead.id, &o.lead))
    {
        return Decision::answer(&press.id, speaker.say("bad-original", &[]));
    }
    let now = file.lead.clone();
    file.lead = Lead { version: now.version + 1, ..before };
    let mut decision = Decision::answer(&press.id, speaker.say("undone", &[]));
    decision.changes.transfers = rewards(given, &file, officer);
    decision.history(&file.lead, "undo", Some(officer), given.now, Some(&now));
    tell_original(&mut decision, given, &now, &file.lead, officer);
    file.officer = file.lead.officer.and_then(|o| given.town.staff(o)).cloned();
    push_history(&mut file, &decision);
    // The reporter may have read the outcome that no longer holds.
    if let Some(chat) = desk::receipt_chat(&file.lead)
        && file.posts.iter().any(|p| p.subject == format!("lead:{}:outcome:{version}", file.lead.id))
    {
        decision.changes.posts.push(Post {
            chat,
            thread: None,
            subject: format!("lead:{}:outcome:{version}", file.lead.id),
            lane: Lane::Reply,
            content: Content::Gone,
            lead: Some(file.lead.id),
            call: None,
        });
    }
    desk::refresh(&mut decision, given, &file);
    decision.changes.leads.push(file.lead);
    decision
}

/// Out of scope is final: nothing of the lead is kept but its number, and every message about it is taken away.
fn scrub(decision: &mut Decision, given: &Given<'_>, file: &mut LeadFile) {
    super::alarm::stand_down_with(decision, given, file, file.lead.officer);
    let folded = !file.lead.private && !desk::has_post(file, file.lead.chat, &desk::receipt_subject(&file.lead));
    let lead = &mut file.lead;
    let card = desk::card_subject(lead);
    lead.scrub();
    decision.changes.scrub.push(lead.id);
    for event in &mut decision.changes.lead_events {
        event.before = None;
    }
    // The stand-down stays queued: those called must hear it, and its words name no place. Cards and boards go.
    let id = lead.id;
    decision.changes.posts.retain(|p| p.lead != Some(id));
    for posted in file.posts.iter().filter(|p| p.subject != card) {
        decision.changes.posts.push(Post {
            chat: posted.chat,
            thread: None,
            subject: posted.subject.clone(),
            lane: Lane::Reply,
            content: Content::Gone,
            lead: None,
            call: None,
        });
    }
    super::intake::take_down(decision, lead, &file.attachments);
    if folded {
        super::intake::put_folded_receipt(decision, given, lead);
    }
    file.attachments.clear();
    if let Some(desk) = given.town.desk() {
        desk::put_card(decision, given, file, desk, None);
    }
}

fn card_with(given: &Given<'_>, press: &Press, file: &LeadFile, keyboard: Option<Keyboard>) -> Decision {
    let mut decision = Decision::answer(&press.id, String::new());
    if file.lead.state != LeadState::OutOfScope {
        desk::put_card(&mut decision, given, file, press.chat, keyboard);
    }
    decision
}

fn open(given: &Given<'_>, press: &Press, file: &LeadFile) -> Decision {
    let mut decision = card_with(given, press, file, None);
    let speaker = given.speaker_in(press.chat, Some(&press.from));
    desk::put_media(&mut decision, &file.lead, &file.attachments, press.chat, &speaker);
    decision
}

fn sure(file: &LeadFile, speaker: &Speaker<'_>) -> Option<Keyboard> {
    let tap = |key, tap| press(label(speaker, key), &Tap::Desk(file.lead.id, tap));
    Some(rows(vec![tap("button-out-of-scope-sure", DeskTap::OutOfScope), tap("button-back", DeskTap::Back)], 1))
}

/// Leads that are likely to tell of the same event, likeliest first, each with why.
fn candidates(given: &Given<'_>, file: &LeadFile, speaker: &Speaker<'_>) -> Option<Keyboard> {
    let lead = &file.lead;
    let rules = &given.town.rules;
    let near = Nearness { radius_m: rules.tip.duplicate_radius_m, minutes: rules.tip.duplicate_minutes };
    let family = |id: &str| rules.category.iter().find(|c| c.id == id).map(Category::family);
    let likely = find_likely(lead, &given.facts.similar, near, family);
    let mut buttons: Vec<_> = likely
        .iter()
        .take(OFFERED)
        .map(|likely| {
            let other = given.facts.similar.iter().find(|other| other.id == likely.lead);
            let text = speaker.say(
                "button-duplicate-of",
                &[("number", likely.lead.0.into()), ("why", Arg::Html(why(likely, lead, other, speaker)))],
            );
            press(text, &Tap::Desk(lead.id, DeskTap::DuplicateOf(likely.lead)))
        })
        .collect();
    buttons.push(press(
        label(speaker, if buttons.is_empty() { "button-no-candidates" } else { "button-back" }),
        &Tap::Desk(lead.id, DeskTap::Back),
    ));
    Some(rows(buttons, 1))
}

/// "180 m, 12 min, both 电动车": what speaks for one event, as plain words. Without shared words the other's kind.
fn why(likely: &Likely, lead: &Lead, other: Option<&Lead>, speaker: &Speaker<'_>) -> String {
    let mut out: Vec<String> = likely.metres.map(when::distance).into_iter().collect();
    out.push(speaker.say("minutes", &[("minutes", likely.minutes.into())]));
    let kind = other.and_then(|other| other.category.as_deref()).filter(|kind| Some(*kind) != lead.category.as_deref());
    out.extend(kind.map(|kind| speaker.category(Some(kind))));
    if !likely.words.is_empty() {
        let words: Vec<_> = likely.words.iter().map(|words| cut(words, 10)).collect();
        out.push(speaker.say("both", &[("words", Arg::Html(words.join(&speaker.say("and", &[]))))]));
    }
    out.join(&speaker.say("comma", &[]))
}

fn pin(given: &Given<'_>, press: &Press, file: &LeadFile) -> Decision {
    let mut decision = Decision::answer(&press.id, String::new());
    if let Some(scene) = &file.lead.scene {
        let speaker = given.speaker_in(press.chat, Some(&press.from));
        decision.changes.posts.push(Post {
            chat: press.chat,
            thread: None,
            // Each tap shows it anew, where the officer is reading.
            subject: format!("lead:{}:pin:{}", file.lead.id, given.event),
            lane: Lane::Desk,
            content: Content::Pin {
                at: scene.at,
                title: Some(speaker.say("pin-title", &[("number", file.lead.id.0.into())])),
            },
            lead: Some(file.lead.id),
            call: None,
        });
    }
    decision
}

/// Whether a lead can be merged into another.
fn is_original(lead: LeadId, original: &Lead) -> bool {
    original.id != lead
        && !matches!(original.state, LeadState::OutOfScope | LeadState::Duplicate | LeadState::Withdrawn)
}
