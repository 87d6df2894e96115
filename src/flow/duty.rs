//! Duty in chat: `/duty` shows when one is on duty; a tap says "I am off", "I am on", or gives a turn to a colleague.
//!
//! Nothing of a swap is kept until the colleague takes it: the button carries whose turn is asked for, and what has
//! changed meanwhile is found out by the tap. Called by the engine and `command`.

use super::coverage;
use super::decision::{Decision, Given, label, press, rows};
use super::tap::{DutyTap, Tap, TurnRef};
use super::town::Town;
use crate::domain::duty::coverage::gaps;
use crate::domain::duty::{Duty, DutyChange, Swap, Turn, Word};
use crate::domain::id::{ChatId, MessageId, UserId};
use crate::domain::member::Role;
use crate::domain::text::card::Speaker;
use crate::domain::text::{Arg, when};
use crate::port::chat::{Button, Keyboard, Message, Press};
use crate::port::store::{Content, Lane, Post};

/// Who has duty to do: they are shown the command, and may use it.
pub const ROLES: &[Role] = &[Role::Responder, Role::Patrol, Role::Response, Role::DutyOfficer, Role::Police];
/// For how many days turns are shown.
const DAYS: u64 = 21;
/// How many turns are shown.
const TURNS: usize = 6;
/// How many colleagues stand on one page.
const PAGE: usize = 8;

/// Whether a person has duty to do.
fn serves(town: &Town, user: UserId) -> bool {
    ROLES.iter().any(|role| town.holds(user, *role))
        || town.duty().has_shifts(user)
        || town.points().any(|point| point.contacts.contains(&user))
}

/// `/duty`
pub fn show(given: &Given<'_>, message: &Message) -> Decision {
    let speaker = given.speaker_in(message.chat, Some(&message.from));
    let mut decision = Decision::nothing();
    let key = match message.from.user {
        None => "not-anonymous",
        Some(_) if !message.private => "duty-private",
        Some(user) if !serves(given.town, user) => "duty-nobody",
        Some(user) => {
            put_overview(&mut decision, given, &speaker, user, message.id, given.town.duty());
            return decision;
        }
    };
    let post = decision.post(message.chat, format!("reply:{}", message.id), Lane::Reply, speaker.say(key, &[]));
    post.thread = message.thread;
    if let (Content::Text { reply_to, keyboard, .. }, false) = (&mut post.content, message.private) {
        *reply_to = Some(message.id);
        if key == "duty-private" {
            let url = format!("https://t.me/{}?start=duty", given.town.bot);
            *keyboard = vec![vec![Button::Link { label: label(&speaker, "button-go-private"), url }]];
        }
    }
    decision
}

/// Decides a tap.
pub fn tap(given: &Given<'_>, pressed: &Press, tap: &DutyTap) -> Decision {
    let speaker = given.speaker_in(pressed.chat, Some(&pressed.from));
    let refuse = |key| Decision::answer(&pressed.id, speaker.say(key, &[]));
    let Some(user) = pressed.from.user.filter(|user| serves(given.town, *user)) else { return refuse("duty-nobody") };
    if pressed.chat.0 != user.0 {
        return refuse("duty-private");
    }
    match tap {
        DutyTap::Say(card, on) => say(given, pressed, &speaker, user, *card, *on),
        DutyTap::Show(card) => {
            let mut decision = Decision::answer(&pressed.id, String::new());
            put_overview(&mut decision, given, &speaker, user, *card, given.town.duty());
            decision
        }
        DutyTap::Turns(card) => turns(given, pressed, &speaker, user, *card),
        DutyTap::Turn(card, turn, page) => match own_turn(given, user, turn) {
            Ok(turn) => colleagues(given, pressed, &speaker, user, *card, &turn, *page),
            Err(key) => refuse(key),
        },
        DutyTap::Ask(card, turn, colleague) => match own_turn(given, user, turn) {
            Ok(turn) => ask(given, pressed, &speaker, user, *card, &turn, *colleague),
            Err(key) => refuse(key),
        },
        DutyTap::Take { colleague, .. } | DutyTap::Refuse { colleague, .. } if *colleague != user => {
            refuse("duty-not-asked")
        }
        DutyTap::Take { turn, asker, .. } => answered(given, pressed, &speaker, (*asker, user), turn, true),
        DutyTap::Refuse { turn, asker, .. } => answered(given, pressed, &speaker, (*asker, user), turn, false),
    }
}

fn subject(card: MessageId) -> String {
    format!("duty:{card}")
}

fn put(decision: &mut Decision, user: UserId, subject: String, html: String, keyboard: Keyboard) {
    decision.changes.posts.push(Post {
        chat: ChatId(user.0),
        thread: None,
        subject,
        lane: Lane::Reply,
        content: Content::Text { html, keyboard, reply_to: None, silent: false },
        lead: None,
        call: None,
    });
}

/// A turn in words: `11-22 22:00–06:00 P014 东门`.
fn turn_words(town: &Town, speaker: &Speaker<'_>, turn: &Turn) -> String {
    let span = when::span(turn.from, turn.until, speaker.now, speaker.zone);
    let name = town.point(&turn.key.post).map_or("", |point| point.name.as_str());
    [span.as_str(), turn.key.post.as_str(), name].join(" ").trim_end().to_owned()
}

/// What holds now, until when, and what comes next.
fn put_overview(
    decision: &mut Decision,
    given: &Given<'_>,
    speaker: &Speaker<'_>,
    user: UserId,
    card: MessageId,
    duty: &Duty,
) {
    let now = given.now;
    let on = duty.on_duty(user, None, now);
    let until = duty.next_change(user, None, now).map(|at| when::clock(at, now, speaker.zone));
    let state = match (on, &until) {
        (true, Some(_)) => "duty-on-until",
        (true, None) => "duty-on",
        (false, Some(_)) => "duty-off-until",
        (false, None) => "duty-off",
    };
    let mut html = speaker.say(state, &[("until", until.clone().unwrap_or_default().into())]);
    if let Some(word) = duty.word(user, now) {
        html.push('\n');
        let key = if word.on { "duty-said-on" } else { "duty-said-off" };
        let until = word.until.map(|at| when::clock(at, now, speaker.zone));
        let until = until.unwrap_or_else(|| speaker.say("duty-until-said", &[]));
        html.push_str(&speaker.say(key, &[("until", until.into())]));
    }
    let turns = duty.turns(user, now, DAYS);
    html.push('\n');
    if turns.is_empty() {
        html.push_str(&speaker.say(if duty.has_shifts(user) { "duty-no-turns" } else { "duty-no-rota" }, &[]));
    } else {
        html.push_str(&speaker.say("duty-next", &[]));
        for turn in turns.iter().take(TURNS) {
            html.push('\n');
            let words = turn_words(given.town, speaker, turn);
            let key = if turn.key.owner == user { "duty-turn" } else { "duty-turn-taken" };
            html.push_str(&speaker.say(key, &[("turn", words.into())]));
        }
    }
    let key = if on { "button-duty-off" } else { "button-duty-on" };
    let mut keyboard = vec![vec![press(label(speaker, key), &Tap::Duty(DutyTap::Say(card, !on)))]];
    if !turns.is_empty() {
        keyboard.push(vec![press(label(speaker, "button-duty-swap"), &Tap::Duty(DutyTap::Turns(card)))]);
    }
    put(decision, user, subject(card), html, keyboard);
}

/// A person says that they are on, or off: until their next turn begins or ends.
fn say(given: &Given<'_>, pressed: &Press, speaker: &Speaker<'_>, user: UserId, card: MessageId, on: bool) -> Decision {
    let duty = given.town.duty();
    let word = Word { user, on, since: given.now, until: duty.next_bound(user, given.now) };
    let mut rota = duty.rota().clone();
    rota.words.retain(|said| said.user != user);
    rota.words.push(word.clone());
    let after = Duty::new(rota, duty.zone());
    let key = match (on, word.until) {
        (true, Some(_)) => "duty-now-on-until",
        (true, None) => "duty-now-on",
        (false, Some(_)) => "duty-now-off-until",
        (false, None) => "duty-now-off",
    };
    let until = word.until.map_or(String::new(), |at| when::clock(at, given.now, speaker.zone));
    let mut decision = Decision::answer(&pressed.id, speaker.say(key, &[("until", until.into())]));
    put_overview(&mut decision, given, speaker, user, card, &after);
    if !on {
        tell_desk(&mut decision, given, user, duty, &after);
    }
    decision.changes.duty.push(DutyChange::Say(word));
    decision
}

/// The desk hears of each post, and each role, that has nobody left by what a person said.
fn tell_desk(decision: &mut Decision, given: &Given<'_>, user: UserId, before: &Duty, after: &Duty) {
    let Some(desk) = given.town.desk() else { return };
    let speaker = given.town.speaker(given.town.group_language(desk), given.now);
    let within = (given.now, given.now.plus_ms(7 * 86_400_000));
    for (slot, people) in coverage::slots(given.town).into_iter().filter(|(_, people)| people.contains(&user)) {
        let point = slot.point();
        let left = before.of(&people, point, given.now).len() == 1 && before.on_duty(user, point, given.now);
        if !left {
            continue;
        }
        let gaps = gaps(after, &people, point, within);
        let Some(gap) = gaps.first().filter(|gap| gap.0 == given.now) else { continue };
        let until = if gap.1 < within.1 {
            when::clock(gap.1, given.now, speaker.zone)
        } else {
            speaker.say("duty-until-said", &[])
        };
        let name = given.town.staff(user).map_or_else(|| user.to_string(), |member| member.name.clone());
        let post = coverage::slot_words(&speaker, &slot);
        let html =
            speaker.say("duty-left-empty", &[("post", post.into()), ("name", name.into()), ("until", until.into())]);
        let subject = format!("duty:{}:empty:{}", given.event.0, coverage::slot_code(&slot));
        decision.post(desk, subject, Lane::Desk, html);
    }
}

/// Which of the next turns is to be given away.
fn turns(given: &Given<'_>, pressed: &Press, speaker: &Speaker<'_>, user: UserId, card: MessageId) -> Decision {
    let turns = given.town.duty().turns(user, given.now, DAYS);
    if turns.is_empty() {
        return Decision::answer(&pressed.id, speaker.say("duty-no-turns", &[]));
    }
    let mut decision = Decision::answer(&pressed.id, String::new());
    let button = |turn: &Turn| {
        let tap = DutyTap::Turn(card, TurnRef::of(&turn.key), 0);
        vec![press(turn_words(given.town, speaker, turn), &Tap::Duty(tap))]
    };
    let mut keyboard: Keyboard = turns.iter().take(TURNS).map(button).collect();
    keyboard.push(vec![press(label(speaker, "button-back"), &Tap::Duty(DutyTap::Show(card)))]);
    put(&mut decision, user, subject(card), speaker.say("duty-which-turn", &[]), keyboard);
    decision
}

/// The turn that a button means, if it is still this person's and not over.
fn own_turn(given: &Given<'_>, user: UserId, turn: &TurnRef) -> Result<Turn, &'static str> {
    let turn = turn.find(given.town.duty()).filter(|turn| turn.until > given.now).ok_or("duty-turn-gone")?;
    if turn.taken_by == Some(user) { Ok(turn) } else { Err("duty-turn-not-yours") }
}

/// Who may take a person's turn: who else answers for its post, or has one of the same roles.
fn may_take(town: &Town, user: UserId, turn: &Turn) -> Vec<UserId> {
    let mut people: Vec<UserId> = match town.point(&turn.key.post) {
        Some(point) => point.contacts.clone(),
        None => {
            let roles = ROLES.iter().filter(|role| town.holds(user, **role));
            roles.flat_map(|role| town.holders(*role)).collect()
        }
    };
    people.retain(|other| *other != user);
    people.sort_unstable();
    people.dedup();
    people
}

fn name(town: &Town, user: UserId) -> String {
    town.staff(user).map(|member| member.name.clone()).filter(|n| !n.is_empty()).unwrap_or_else(|| user.to_string())
}

/// Who is to be asked.
fn colleagues(
    given: &Given<'_>,
    pressed: &Press,
    speaker: &Speaker<'_>,
    user: UserId,
    card: MessageId,
    turn: &Turn,
    page: usize,
) -> Decision {
    let town = given.town;
    let people = may_take(town, user, turn);
    if people.is_empty() {
        return Decision::answer(&pressed.id, speaker.say("duty-no-colleague", &[]));
    }
    let key = TurnRef::of(&turn.key);
    let button = |other: &UserId| {
        // Who serves then anyway would be one fewer, not one more.
        let busy =
            town.duty().turns(*other, given.now, DAYS).iter().any(|t| t.from < turn.until && turn.from < t.until);
        let text = if busy { "duty-colleague-busy" } else { "duty-colleague" };
        // A label is no HTML.
        let text = speaker.say(text, &[("name", Arg::Html(name(town, *other)))]);
        press(text, &Tap::Duty(DutyTap::Ask(card, key, *other)))
    };
    let shown: Vec<Button> = people.iter().skip(page * PAGE).take(PAGE).map(button).collect();
    let mut keyboard = rows(shown, 2);
    let mut last = vec![press(label(speaker, "button-back"), &Tap::Duty(DutyTap::Turns(card)))];
    if people.len() > (page + 1) * PAGE {
        last.push(press(label(speaker, "button-more"), &Tap::Duty(DutyTap::Turn(card, key, page + 1))));
    }
    keyboard.push(last);
    let mut decision = Decision::answer(&pressed.id, String::new());
    let html = speaker.say("duty-who", &[("turn", turn_words(town, speaker, turn).into())]);
    put(&mut decision, user, subject(card), html, keyboard);
    decision
}

/// The language in which a person is spoken to who did not press.
fn speaker_for<'a>(given: &Given<'a>, user: UserId) -> Speaker<'a> {
    given.town.speaker(given.town.person_language(given.town.staff(user), None), given.now)
}

fn asked_subject(turn: &TurnRef, asker: UserId) -> String {
    format!("duty:ask:{}:{asker}", turn.encode())
}

/// A colleague is asked.
fn ask(
    given: &Given<'_>,
    pressed: &Press,
    speaker: &Speaker<'_>,
    user: UserId,
    card: MessageId,
    turn: &Turn,
    colleague: UserId,
) -> Decision {
    if !may_take(given.town, user, turn).contains(&colleague) {
        return Decision::answer(&pressed.id, speaker.say("duty-not-colleague", &[]));
    }
    let mut decision = Decision::answer(&pressed.id, speaker.say("duty-asked-short", &[]));
    let theirs = speaker_for(given, colleague);
    let key = TurnRef::of(&turn.key);
    let html = theirs.say(
        "duty-will-you",
        &[("name", name(given.town, user).into()), ("turn", turn_words(given.town, &theirs, turn).into())],
    );
    let take = DutyTap::Take { turn: key, asker: user, colleague };
    let refuse = DutyTap::Refuse { turn: key, asker: user, colleague };
    let keyboard = vec![vec![
        press(label(&theirs, "button-duty-take"), &Tap::Duty(take)),
        press(label(&theirs, "button-duty-refuse"), &Tap::Duty(refuse)),
    ]];
    put(&mut decision, colleague, asked_subject(&key, user), html, keyboard);
    let html = speaker.say(
        "duty-asked",
        &[("name", name(given.town, colleague).into()), ("turn", turn_words(given.town, speaker, turn).into())],
    );
    let back = vec![vec![press(label(speaker, "button-back"), &Tap::Duty(DutyTap::Show(card)))]];
    put(&mut decision, user, subject(card), html, back);
    decision
}

/// The colleague takes it, or does not: both are told.
fn answered(
    given: &Given<'_>,
    pressed: &Press,
    speaker: &Speaker<'_>,
    (asker, user): (UserId, UserId),
    turn: &TurnRef,
    takes: bool,
) -> Decision {
    let town = given.town;
    let found = match own_turn(given, asker, turn) {
        Ok(found) if !takes || may_take(town, asker, &found).contains(&user) => found,
        refused => {
            let key = match refused {
                Ok(_) => "duty-not-colleague",
                Err("duty-turn-not-yours") => "duty-turn-settled",
                Err(key) => key,
            };
            let mut decision = Decision::answer(&pressed.id, speaker.say(key, &[]));
            put(&mut decision, user, asked_subject(turn, asker), speaker.say(key, &[]), Vec::new());
            return decision;
        }
    };
    let theirs = speaker_for(given, asker);
    let words = turn_words(town, speaker, &found);
    let (own, other) = if takes { ("duty-taken", "duty-taken-by") } else { ("duty-refused", "duty-refused-by") };
    let html = speaker.say(own, &[("turn", words.into()), ("name", name(town, asker).into())]);
    let short = if takes { "duty-taken-short" } else { "duty-refused-short" };
    let mut decision = Decision::answer(&pressed.id, speaker.say(short, &[]));
    put(&mut decision, user, asked_subject(turn, asker), html, Vec::new());
    let args = [("turn", turn_words(town, &theirs, &found).into()), ("name", name(town, user).into())];
    let told = format!("duty:told:{}", given.event.0);
    put(&mut decision, asker, told, theirs.say(other, &args), Vec::new());
    if takes {
        decision.changes.duty.push(DutyChange::Swap(Swap { turn: found.key, taken_by: Some(user) }));
    }
    decision
}
