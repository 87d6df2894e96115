//! Redemption: people choose a reward, others say yes where it is dear, a clerk hands it out against a code.
//!
//! One card a person carries it from the list to the ticket, and one at the office. Whoever collects is known to the
//! office by their code alone. The points are set aside at once, so that they cannot be spent twice. Called by the
//! engine.

use super::command::{answer, reply};
use super::decision::{Decision, Given, label, press, rows};
use super::points;
use super::tap::{RedeemTap, Tap};
use crate::domain::group::GroupKind;
use crate::domain::id::{ChatId, EventSeq, MessageId, RedemptionId, UserId};
use crate::domain::lead::MediaKind;
use crate::domain::member::Role;
use crate::domain::redemption::{Redemption, RedemptionRefusal, RedemptionState, Reward, approvals_needed};
use crate::domain::text::card::Speaker;
use crate::domain::text::{Arg, escape, when};
use crate::port::chat::{Button, Keyboard, Message, Press};
use crate::port::store::{Content, Lane, Post, Timer, TimerKind};

const DAY_MS: i64 = 24 * 3_600_000;
/// So many rewards are in the list: it is one message.
const OFFERED: usize = 30;

/// `/redeem`
pub fn list(given: &Given<'_>, message: &Message) -> Decision {
    if message.from.user.is_none() {
        return answer(given, message, "not-anonymous");
    }
    if !message.private {
        return points::in_private(given, message, "redeem");
    }
    let speaker = given.speaker_in(message.chat, Some(&message.from));
    let (html, keyboard) = offer(given, &speaker, message.id);
    let mut decision = Decision::nothing();
    put(&mut decision, message.chat, message.id, html, keyboard);
    decision
}

/// The rewards with what one has, and what one has asked for.
fn offer(given: &Given<'_>, speaker: &Speaker<'_>, card: MessageId) -> (String, Keyboard) {
    let statement = &given.facts.statement;
    let offered = || given.facts.rewards.iter().filter(|reward| reward.offered).take(OFFERED);
    let mut html = speaker.say("redeem", &[("balance", statement.balance.into())]);
    for one in &statement.open {
        let until = when::day(one.expires_at, given.now, speaker.zone);
        let name = one.name(speaker.language);
        let key = if one.state == RedemptionState::Ready { "redeem-open-ready" } else { "redeem-open-asked" };
        html.push('\n');
        html.push_str(&speaker.say(
            key,
            &[
                ("name", name.into()),
                ("price", one.price.into()),
                ("code", spaced(&one.code).into()),
                ("until", until.into()),
            ],
        ));
    }
    if offered().next().is_none() {
        html.push('\n');
        html.push_str(&speaker.say("redeem-none", &[]));
    }
    for reward in offered() {
        html.push('\n');
        html.push_str(&line(speaker, reward));
    }
    let can_have = |reward: &&Reward| reward.stock > 0 && reward.price <= statement.balance;
    let mut buttons: Vec<Button> = offered()
        .filter(can_have)
        .map(|reward| {
            let text = format!("{} · {}", reward.name(speaker.language), reward.price);
            press(text, &Tap::Redeem(RedeemTap::Show(card, reward.code.clone())))
        })
        .collect();
    buttons.extend(statement.open.iter().map(|one| {
        let name = one.name(speaker.language).to_owned();
        // A label is no HTML.
        let text = speaker.say("button-redeem-cancel", &[("name", Arg::Html(name))]);
        press(text, &Tap::Redeem(RedeemTap::Cancel(card, one.id)))
    }));
    (html, rows(buttons, 2))
}

fn line(speaker: &Speaker<'_>, reward: &Reward) -> String {
    let key = if reward.stock > 0 { "redeem-line" } else { "redeem-line-gone" };
    let name = reward.name(speaker.language);
    speaker.say(key, &[("name", name.into()), ("price", reward.price.into()), ("stock", reward.stock.into())])
}

/// Puts the card of whoever redeems, which the message that asked for it names.
fn put(decision: &mut Decision, chat: ChatId, card: MessageId, html: String, keyboard: Keyboard) {
    let post = decision.post(chat, format!("redeem:{card}"), Lane::Reply, html);
    if let Content::Text { keyboard: buttons, .. } = &mut post.content {
        *buttons = keyboard;
    }
}

/// Decides a tap of whoever redeems, or of the office.
pub fn tap(given: &Given<'_>, press: &Press, tap: &RedeemTap) -> Decision {
    match tap {
        RedeemTap::List(card) => back_to_list(given, press, *card),
        RedeemTap::Show(card, code) => show(given, press, *card, code),
        RedeemTap::Take { card, offer, price, code } => take(given, press, *card, *offer, (*price, code)),
        RedeemTap::Cancel(card, _) => cancel(given, press, *card),
        RedeemTap::Approve(_) => approve(given, press),
        RedeemTap::Refuse(_) => refuse(given, press),
        RedeemTap::HandOut(_, card) => hand_out(given, press, *card),
    }
}

fn back_to_list(given: &Given<'_>, press: &Press, card: MessageId) -> Decision {
    let speaker = given.speaker_in(press.chat, Some(&press.from));
    let mut decision = Decision::answer(&press.id, String::new());
    let (html, keyboard) = offer(given, &speaker, card);
    put(&mut decision, press.chat, card, html, keyboard);
    decision
}

/// Asks whether it shall be this one; the picture comes with it.
fn show(given: &Given<'_>, pressed: &Press, card: MessageId, code: &str) -> Decision {
    let speaker = given.speaker_in(pressed.chat, Some(&pressed.from));
    let Some(reward) = wanted(given, code) else {
        return list_again(given, pressed, card, speaker.say("redeem-gone", &[]));
    };
    let mut decision = Decision::answer(&pressed.id, String::new());
    let balance = given.facts.statement.balance;
    let needed = approvals_needed(&given.town.rules.redeem.tier, reward.price);
    let mut html = line(&speaker, reward);
    html.push('\n');
    html.push_str(&speaker.say("redeem-left", &[("left", (balance - reward.price).into())]));
    if needed > 0 {
        html.push_str(&speaker.say("redeem-approvals", &[("approvals", needed.into())]));
    }
    html.push_str(&speaker.say("redeem-sure", &[]));
    let take = RedeemTap::Take { card, offer: given.event, price: reward.price, code: reward.code.clone() };
    let keyboard = vec![vec![
        press(label(&speaker, "button-redeem-take"), &Tap::Redeem(take)),
        press(label(&speaker, "button-back"), &Tap::Redeem(RedeemTap::List(card))),
    ]];
    put(&mut decision, pressed.chat, card, html, keyboard);
    if let Some(picture) = &reward.picture {
        decision.changes.posts.push(Post {
            chat: pressed.chat,
            thread: None,
            subject: format!("redeem:{card}:picture:{}", reward.code),
            lane: Lane::Reply,
            content: Content::Media {
                kind: MediaKind::Photo,
                file_id: picture.clone(),
                caption: escape(reward.name(speaker.language)).into_owned(),
                under: None,
            },
            lead: None,
            call: None,
        });
    }
    decision
}

/// A reward of the list that is on the shelf.
fn wanted<'a>(given: &'a Given<'_>, code: &str) -> Option<&'a Reward> {
    given.facts.rewards.iter().find(|reward| reward.code == code && reward.offered && reward.stock > 0)
}

fn list_again(given: &Given<'_>, press: &Press, card: MessageId, why: String) -> Decision {
    let mut decision = back_to_list(given, press, card);
    decision.answers.clear();
    decision.reply_to_press(&press.id, why);
    decision
}

/// Sets the points aside. However often it is pressed, one offer is taken once: its number is the redemption's.
fn take(given: &Given<'_>, press: &Press, card: MessageId, offer: EventSeq, (price, code): (i64, &str)) -> Decision {
    let speaker = given.speaker_in(press.chat, Some(&press.from));
    if given.facts.redemption.is_some() {
        return Decision::answer(&press.id, speaker.say("redeem-already", &[]));
    }
    // What a button of ours says was offered before it was pressed; whoever makes their own cannot take a later number.
    let own = press.from.user.filter(|user| press.chat.0 == user.0 && offer < given.event);
    let Some(user) = own else { return Decision::answer(&press.id, speaker.say("not-yours", &[])) };
    let Some(reward) = wanted(given, code) else {
        return list_again(given, press, card, speaker.say("redeem-gone", &[]));
    };
    // What they said yes to is what they pay.
    if reward.price != price {
        return list_again(given, press, card, speaker.say("redeem-other-price", &[]));
    }
    if given.facts.statement.balance < reward.price {
        return list_again(given, press, card, speaker.say("redeem-too-dear", &[]));
    }
    let rules = &given.town.rules.redeem;
    let needed = approvals_needed(&rules.tier, reward.price);
    if needed > 0 && office(given).is_none() {
        return list_again(given, press, card, speaker.say("redeem-no-office", &[]));
    }
    let redemption = Redemption {
        id: RedemptionId(offer.0),
        version: 1,
        user,
        reward: reward.code.clone(),
        zh: reward.zh.clone(),
        en: reward.en.clone(),
        price: reward.price,
        state: if needed > 0 { RedemptionState::Asked } else { RedemptionState::Ready },
        code: given.fresh.lead_code.clone(),
        approvals_needed: needed,
        approvals: Vec::new(),
        asked_at: given.now,
        expires_at: given.now.plus_ms(rules.keep_days * DAY_MS),
        ended_at: None,
        ended_by: None,
    };
    let mut decision = Decision::answer(&press.id, speaker.say("redeem-done", &[]));
    take_away(&mut decision, press.chat, format!("redeem:{card}"));
    put_ticket(&mut decision, given, &speaker, &redemption);
    put_scannable(&mut decision, given, &speaker, &redemption);
    decision.changes.transfers.push(redemption.reserve());
    decision.changes.stock.push((reward.code.clone(), -1));
    decision.changes.timers.push(Timer {
        key: timer_key(redemption.id),
        due: redemption.expires_at,
        chat: ChatId(user.0),
        kind: TimerKind::RedemptionLapse { redemption: redemption.id },
    });
    let member = given.member_of(&press.from, "");
    put_at_office(&mut decision, given, &redemption, member.as_ref().map(|member| member.code.as_str()));
    decision.changes.members.extend(member.filter(|_| given.facts.member.is_none()));
    decision.changes.redemptions.push(redemption);
    decision
}

fn timer_key(id: RedemptionId) -> String {
    format!("redemption:{id}:")
}

/// A code in two halves, as one reads it to a clerk.
fn spaced(code: &str) -> String {
    let (head, tail) = code.split_at_checked(4).unwrap_or((code, ""));
    format!("{head} {tail}").trim_end().to_owned()
}

fn ticket_subject(one: &Redemption, state: RedemptionState) -> String {
    format!("redemption:{}:{}", one.id, state.name())
}

/// Puts what whoever redeems goes to the office with.
fn put_ticket(decision: &mut Decision, given: &Given<'_>, speaker: &Speaker<'_>, one: &Redemption) {
    let html = ticket(given, speaker, one);
    decision.post(ChatId(one.user.0), ticket_subject(one, one.state), Lane::Reply, html);
}

/// Takes a message of ours away.
fn take_away(decision: &mut Decision, chat: ChatId, subject: String) {
    let content = Content::Gone;
    decision.changes.posts.push(Post {
        chat,
        thread: None,
        subject,
        lane: Lane::Reply,
        content,
        lead: None,
        call: None,
    });
}

fn ticket(given: &Given<'_>, speaker: &Speaker<'_>, one: &Redemption) -> String {
    let name = one.name(speaker.language);
    let until = when::day(one.expires_at, given.now, speaker.zone);
    let key = match one.state {
        RedemptionState::Asked => "ticket-asked",
        RedemptionState::Ready => "ticket-ready",
        RedemptionState::HandedOut => "ticket-handed-out",
        RedemptionState::Refused => "ticket-refused",
        RedemptionState::Cancelled => "ticket-cancelled",
        RedemptionState::Lapsed => "ticket-lapsed",
    };
    let mut html = speaker.say(
        key,
        &[
            ("name", name.into()),
            ("price", one.price.into()),
            ("code", spaced(&one.code).into()),
            ("until", until.into()),
        ],
    );
    let place = &given.town.rules.redeem.place;
    if one.state.is_open() && !place.is_empty() {
        html.push('\n');
        html.push_str(&speaker.say("ticket-place", &[("place", place.as_str().into())]));
    }
    html
}

/// The code as a picture, for a clerk who scans it; taken away when it is of no more use.
fn put_scannable(decision: &mut Decision, given: &Given<'_>, speaker: &Speaker<'_>, one: &Redemption) {
    let content = match one.state {
        RedemptionState::Asked => return,
        RedemptionState::Ready => Content::Scannable {
            text: format!("https://t.me/{}?start=p_{}", given.town.bot, one.code),
            caption: escape(&format!("{} · {}", one.name(speaker.language), spaced(&one.code))).into_owned(),
        },
        _ => Content::Gone,
    };
    decision.changes.posts.push(Post {
        chat: ChatId(one.user.0),
        thread: None,
        subject: format!("redemption:{}:code", one.id),
        lane: Lane::Reply,
        content,
        lead: None,
        call: None,
    });
}

/// The office's chat, if one is set up.
fn office(given: &Given<'_>) -> Option<ChatId> {
    given.town.office()
}

/// Puts the office's card: what is asked for and how far it has come, by the code of whoever asked.
fn put_at_office(decision: &mut Decision, given: &Given<'_>, one: &Redemption, member_code: Option<&str>) {
    let Some(chat) = office(given) else { return };
    let speaker = given.speaker_in(chat, None);
    let staff = |user: UserId| given.town.staff(user).map_or("–", |member| member.code.as_str()).to_owned();
    let name = one.name(speaker.language);
    let mut html = speaker.say(
        "office-redemption",
        &[
            ("number", one.id.0.into()),
            ("name", name.into()),
            ("price", one.price.into()),
            ("who", member_code.unwrap_or("–").into()),
            ("time", when::clock(one.asked_at, given.now, speaker.zone).into()),
        ],
    );
    for approval in &one.approvals {
        html.push('\n');
        let at = when::clock(approval.at, given.now, speaker.zone);
        html.push_str(&speaker.say("office-approved", &[("who", staff(approval.by).into()), ("time", at.into())]));
    }
    html.push('\n');
    let by = one.ended_by.map(staff).unwrap_or_default();
    html.push_str(&match one.state {
        RedemptionState::Asked => {
            let lacking = one.approvals_needed - one.approvals.len() as i64;
            speaker.say("office-asked", &[("lacking", lacking.into())])
        }
        RedemptionState::Ready => speaker.say("office-ready", &[]),
        RedemptionState::HandedOut => speaker.say("office-handed-out", &[("who", by.into())]),
        RedemptionState::Refused => speaker.say("office-refused", &[("who", by.into())]),
        RedemptionState::Cancelled => speaker.say("office-cancelled", &[]),
        RedemptionState::Lapsed => speaker.say("office-lapsed", &[]),
    });
    let post = decision.post(chat, format!("redemption:{}", one.id), Lane::Routine, html);
    if one.state == RedemptionState::Asked
        && let Content::Text { keyboard, .. } = &mut post.content
    {
        *keyboard = vec![vec![
            press(label(&speaker, "button-approve"), &Tap::Redeem(RedeemTap::Approve(one.id))),
            press(label(&speaker, "button-refuse"), &Tap::Redeem(RedeemTap::Refuse(one.id))),
        ]];
    }
}

/// Writes a redemption that was `before`: the office's card, and a new ticket to whoever it is for, so that they are told.
fn follow(decision: &mut Decision, given: &Given<'_>, one: Redemption, before: RedemptionState) {
    let redeemer = given.facts.redeemer.as_ref();
    put_at_office(decision, given, &one, redeemer.map(|member| member.code.as_str()));
    let speaker = given.town.speaker(given.town.person_language(redeemer, None), given.now);
    take_away(decision, ChatId(one.user.0), ticket_subject(&one, before));
    put_ticket(decision, given, &speaker, &one);
    put_scannable(decision, given, &speaker, &one);
    if !one.state.is_open() {
        decision.changes.cancel_timers.push(timer_key(one.id));
    }
    decision.changes.redemptions.push(one);
}

/// Ends one that came to nothing: the points go back, and the thing onto the shelf.
fn release(
    decision: &mut Decision,
    given: &Given<'_>,
    mut one: Redemption,
    how: RedemptionState,
    by: Option<UserId>,
) -> bool {
    let before = one.state;
    let Ok(back) = one.release(how, by, given.now) else { return false };
    decision.changes.transfers.push(back);
    decision.changes.stock.push((one.reward.clone(), 1));
    follow(decision, given, one, before);
    true
}

fn cancel(given: &Given<'_>, press: &Press, card: MessageId) -> Decision {
    let speaker = given.speaker_in(press.chat, Some(&press.from));
    let own = given.facts.redemption.clone().filter(|one| Some(one.user) == press.from.user);
    let Some(one) = own else { return Decision::answer(&press.id, speaker.say("not-yours", &[])) };
    let mut decision = Decision::nothing();
    let by = press.from.user;
    if !release(&mut decision, given, one, RedemptionState::Cancelled, by) {
        return list_again(given, press, card, speaker.say("redeem-over", &[]));
    }
    decision.reply_to_press(&press.id, speaker.say("redeem-cancelled", &[]));
    take_away(&mut decision, press.chat, format!("redeem:{card}"));
    decision
}

/// Nobody collected it in time.
pub fn lapse(given: &Given<'_>) -> Decision {
    let mut decision = Decision::nothing();
    if let Some(one) = given.facts.redemption.clone() {
        release(&mut decision, given, one, RedemptionState::Lapsed, None);
    }
    decision
}

/// The redemption that a press of the office is about, if whoever pressed holds one of the roles; else the words that
/// they read.
fn for_office(given: &Given<'_>, press: &Press, roles: &[Role]) -> Result<(Redemption, UserId), String> {
    let speaker = given.speaker_in(press.chat, Some(&press.from));
    let user = press.from.user.filter(|user| roles.iter().any(|role| given.town.holds(*user, *role)));
    let Some(user) = user else { return Err(speaker.say("only-payout", &[])) };
    let Some(one) = given.facts.redemption.clone() else {
        return Err(speaker.say("no-such-code", &[]));
    };
    Ok((one, user))
}

fn refusal(speaker: &Speaker<'_>, refusal: RedemptionRefusal) -> String {
    let key = match refusal {
        RedemptionRefusal::Over => "redeem-over",
        RedemptionRefusal::NotApproved => "redeem-not-approved",
        RedemptionRefusal::Own => "redeem-own",
        RedemptionRefusal::SamePerson => "redeem-same-person",
    };
    speaker.say(key, &[])
}

fn approve(given: &Given<'_>, press: &Press) -> Decision {
    let speaker = given.speaker_in(press.chat, Some(&press.from));
    let (mut one, by) = match for_office(given, press, &[Role::Payout]) {
        Ok(found) => found,
        Err(why) => return Decision::answer(&press.id, why),
    };
    if let Err(why) = one.approve(by, given.now) {
        return Decision::answer(&press.id, refusal(&speaker, why));
    }
    let mut decision = Decision::answer(&press.id, speaker.say("redeem-approved", &[]));
    if one.state == RedemptionState::Ready {
        follow(&mut decision, given, one, RedemptionState::Asked);
    } else {
        let code = given.facts.redeemer.as_ref().map(|member| member.code.as_str());
        put_at_office(&mut decision, given, &one, code);
        decision.changes.redemptions.push(one);
    }
    decision
}

fn refuse(given: &Given<'_>, press: &Press) -> Decision {
    let speaker = given.speaker_in(press.chat, Some(&press.from));
    let (one, by) = match for_office(given, press, &[Role::Payout]) {
        Ok(found) => found,
        Err(why) => return Decision::answer(&press.id, why),
    };
    if one.user == by {
        return Decision::answer(&press.id, refusal(&speaker, RedemptionRefusal::Own));
    }
    let mut decision = Decision::answer(&press.id, speaker.say("redeem-refused", &[]));
    if !release(&mut decision, given, one, RedemptionState::Refused, Some(by)) {
        return Decision::answer(&press.id, speaker.say("redeem-over", &[]));
    }
    decision
}

fn hand_out(given: &Given<'_>, press: &Press, card: MessageId) -> Decision {
    let speaker = given.speaker_in(press.chat, Some(&press.from));
    let (mut one, by) = match for_office(given, press, &[Role::Office, Role::Payout]) {
        Ok(found) => found,
        Err(why) => return Decision::answer(&press.id, why),
    };
    let taken = match one.hand_out(by, given.now) {
        Ok(taken) => taken,
        Err(why) => return Decision::answer(&press.id, refusal(&speaker, why)),
    };
    let mut decision = Decision::answer(&press.id, speaker.say("redeem-handed-out", &[]));
    decision.changes.transfers.push(taken);
    decision.post(press.chat, pickup_subject(one.id, card), Lane::Reply, clerk_card(given, &speaker, &one));
    follow(&mut decision, given, one, RedemptionState::Ready);
    decision
}

/// The clerk's card, named by the message that asked for it: asked again, it stands under the new question.
fn pickup_subject(id: RedemptionId, card: MessageId) -> String {
    format!("pickup:{id}:{card}")
}

/// What a clerk is shown of a code.
fn clerk_card(given: &Given<'_>, speaker: &Speaker<'_>, one: &Redemption) -> String {
    let name = one.name(speaker.language);
    let key = match one.state {
        RedemptionState::Asked => "pickup-asked",
        RedemptionState::Ready => "pickup-ready",
        RedemptionState::HandedOut => "pickup-handed-out",
        _ => "pickup-over",
    };
    let at = one.ended_at.map_or(String::new(), |at| when::clock(at, given.now, speaker.zone));
    let args = [("number", one.id.0.into()), ("name", name.into()), ("price", one.price.into()), ("time", at.into())];
    speaker.say(key, &args)
}

/// `/pickup CODE`: a clerk types, or scans, what somebody shows.
pub fn pickup(given: &Given<'_>, message: &Message) -> Decision {
    let clerk = |user: &UserId| given.town.holds(*user, Role::Office) || given.town.holds(*user, Role::Payout);
    let at_office = message.private || given.town.kind(message.chat) == Some(GroupKind::Office);
    if !at_office || !message.from.user.as_ref().is_some_and(clerk) {
        return answer(given, message, "pickup-not-here");
    }
    let speaker = given.speaker_in(message.chat, Some(&message.from));
    let Some(one) = &given.facts.redemption else { return answer(given, message, "no-such-code") };
    let mut decision = Decision::nothing();
    reply(&mut decision, message, clerk_card(given, &speaker, one));
    let post = decision.changes.posts.last_mut().expect("just replied");
    post.subject = pickup_subject(one.id, message.id);
    if one.state == RedemptionState::Ready
        && let Content::Text { keyboard, .. } = &mut post.content
    {
        *keyboard =
            vec![vec![press(label(&speaker, "button-hand-out"), &Tap::Redeem(RedeemTap::HandOut(one.id, message.id)))]];
    }
    decision
}

/// A pick-up code as it is stored, from how a clerk types it.
pub fn pickup_code(words: &str) -> String {
    let kept = words.chars().filter(char::is_ascii_alphanumeric).map(|char| char.to_ascii_uppercase());
    // Crockford's letters: what looks like a digit is one.
    kept.map(|char| match char {
        'O' => '0',
        'I' | 'L' => '1',
        char => char,
    })
    .collect()
}
