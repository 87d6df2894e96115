//! What people see of an alarm: a private card and a map pin for each who is called, a card in each group near the scene, the
//! desk's board, and what tells them that it is over. Each is one message, edited in place.

use super::super::decision::{Given, label, press, rows};
use super::super::tap::{AlarmTap, Tap};
use super::course::{Course, Show};
use crate::domain::alarm::{Answer, Call, CallState, Callee, Outcome, Summons};
use crate::domain::group::GroupKind;
use crate::domain::id::{ChatId, UserId};
use crate::domain::lead::Scene;
use crate::domain::text::alarm::Shown;
use crate::domain::text::card::Speaker;
use crate::domain::tip::redact::{Relayed, redact_text};
use crate::port::chat::{Keyboard, Press};
use crate::port::store::{Content, Lane, Post, Posted, TimerKind};

/// With more people than this, their cards are brought up to date now and then, not at each answer.
const MANY: usize = 30;
/// How many ways from here the buttons tell, in minutes.
const MINUTES: [i32; 4] = [1, 3, 5, 10];

impl Course<'_> {
    /// What may be shown of it: its place's words come from the tip as well, and are redacted.
    pub(super) fn shown<'s>(&'s self, names: &'s dyn Fn(&Callee) -> String) -> Shown<'s> {
        let relayed = Relayed { plates: self.given.town.rules.tip.relay_plates };
        let redacted = |scene: &Scene| Scene { text: redact_text(&scene.text, relayed), ..scene.clone() };
        Shown {
            alarm: &self.alarm,
            calls: &self.calls,
            scene: self.alarm.scene.as_ref().map(redacted),
            words: self.lead.as_ref().map_or("", |lead| lead.relay_text.as_str()),
            stages: &self.given.town.rules.alarm.stage,
            names,
        }
    }

    /// How a callee is called on cards: a point by code and name, a person by name.
    pub(super) fn name(&self, callee: &Callee) -> String {
        let town = self.given.town;
        match callee {
            Callee::Point(code) => town.point(code).map_or_else(|| code.clone(), |p| format!("{code} {}", p.name)),
            Callee::Person(user) => town.staff(*user).map_or_else(|| "–".to_owned(), |member| member.name.clone()),
        }
    }

    pub(super) fn responder_speaker(&self, user: UserId) -> Speaker<'_> {
        responder_speaker(self.given, user)
    }

    fn post(&mut self, chat: ChatId, subject: String, lane: Lane, content: Content) -> &mut Post {
        let lead = self.alarm.lead;
        let post = Post { chat, thread: None, subject, lane, content, lead, call: None };
        self.decision.changes.posts.push(post);
        self.decision.changes.posts.last_mut().expect("just pushed")
    }

    fn say(&mut self, chat: ChatId, subject: String, lane: Lane, html: String, keyboard: Keyboard) -> &mut Post {
        self.post(chat, subject, lane, Content::Text { html, keyboard, reply_to: None, silent: false })
    }

    /// Puts every message that this event has changed.
    pub(super) fn put_messages(&mut self) {
        // The board first: from there it is ended.
        if self.show > Show::Nothing {
            self.put_board();
        }
        for (callee, user) in std::mem::take(&mut self.summoned) {
            self.put_card(&callee, user, Lane::Alarm);
            self.put_pin(user);
        }
        if let Some((callee, user)) = self.answered.take() {
            self.put_card(&callee, user, Lane::AlarmFollow);
        }
        match self.show {
            Show::Nothing => return,
            Show::Board => {}
            Show::All => {
                let people = self.calls.iter().map(|call| call.people.len()).sum::<usize>();
                if people > MANY {
                    // At the same instants whoever asks, so that one who asks again puts nothing off.
                    let every_ms = 100 * i64::try_from(people).unwrap_or(i64::MAX);
                    let due = self.given.now.plus_ms(every_ms - self.given.now.0.rem_euclid(every_ms));
                    self.set_timer("show", due, TimerKind::Show { alarm: self.alarm.id });
                } else {
                    self.put_cards();
                }
            }
        }
        self.put_groups();
    }

    /// Puts the cards of all who have one and may still come.
    pub(super) fn put_cards(&mut self) {
        let everybody: Vec<(Callee, UserId)> = self
            .calls
            .iter()
            .flat_map(|call| call.people.iter().map(|person| (call.callee.clone(), person.user)))
            .collect();
        let mut put: Vec<(ChatId, String)> = Vec::new();
        for post in &self.decision.changes.posts {
            put.push((post.chat, post.subject.clone()));
        }
        for (callee, user) in everybody {
            // What was put a moment ago stands as it should.
            if !put.contains(&(ChatId(user.0), self.card_subject(&callee))) {
                self.put_card(&callee, user, Lane::AlarmFollow);
            }
        }
    }

    fn card_subject(&self, callee: &Callee) -> String {
        self.subject(&format!("call:{callee}"))
    }

    fn put_card(&mut self, callee: &Callee, user: UserId, lane: Lane) {
        let Some(call) = self.calls.iter().find(|call| call.callee == *callee) else { return };
        let Some(person) = call.person(user) else { return };
        let speaker = self.responder_speaker(user);
        let names = |callee: &Callee| self.name(callee);
        let gear = match callee {
            Callee::Point(code) => self.given.town.point(code).map_or("", |point| point.gear.as_str()),
            Callee::Person(_) => "",
        };
        let html = speaker.alarm_card(&self.shown(&names), call, person, gear);
        let keyboard = if self.alarm.runs() { self.answer_buttons(&speaker, call, person) } else { Vec::new() };
        let (subject, alarm) = (self.card_subject(callee), self.alarm.id);
        let post = self.say(ChatId(user.0), subject, lane, html, keyboard);
        post.call = Some((alarm, callee.clone()));
    }

    /// One pin a person, however many points they answer for. It goes after all cards.
    fn put_pin(&mut self, user: UserId) {
        let Some(at) = self.alarm.scene.as_ref().map(|scene| scene.at) else { return };
        let title = self.responder_speaker(user).pin_title(&self.alarm);
        let subject = self.subject("pin");
        self.post(ChatId(user.0), subject, Lane::AlarmFollow, Content::Pin { at, title: Some(title) });
    }

    fn answer_buttons(&self, speaker: &Speaker<'_>, call: &Call, person: &Summons) -> Keyboard {
        let alarm = self.alarm.id;
        let tap = |key, answer| press(label(speaker, key), &Tap::Answer(alarm, call.callee.clone(), answer));
        let way = |minutes: i32| {
            let text = speaker.say("button-minutes", &[("minutes", i64::from(minutes).into())]);
            press(text, &Tap::Answer(alarm, call.callee.clone(), Answer::UnderWay(Some(minutes))))
        };
        let acknowledge = || tap("button-acknowledge", Answer::Acknowledge);
        let under_way = || tap("button-under-way", Answer::UnderWay(None));
        let on_scene = || tap("button-on-scene", Answer::OnScene);
        let decline = || tap("button-decline", Answer::Decline);
        match person.state() {
            CallState::Called | CallState::Unreached | CallState::Lapsed => {
                rows(vec![acknowledge(), under_way(), on_scene(), decline()], 2)
            }
            CallState::Acknowledged => rows(vec![under_way(), on_scene(), decline()], 2),
            CallState::UnderWay => {
                let told = MINUTES.into_iter().filter(|minutes| person.minutes != Some(*minutes)).map(way).collect();
                vec![told, vec![on_scene(), decline()]]
            }
            CallState::Declined => vec![vec![under_way(), on_scene()]],
            CallState::OnScene if self.alarm.controlled.is_none() && call.kind.is_police() => {
                vec![vec![press(label(speaker, "button-controlled"), &Tap::Alarm(alarm, AlarmTap::Controlled))]]
            }
            CallState::OnScene => Vec::new(),
        }
    }

    /// Groups near the scene and that of the tip. What endangers its teller is shown in no group; of a private tip no words.
    fn groups(&self) -> Vec<ChatId> {
        let (town, rules) = (self.given.town, &self.given.town.rules);
        let sensitive = |id: &str| rules.category.iter().any(|c| c.id == id && c.sensitive);
        if !rules.alarm.group_cards || self.alarm.category.as_deref().is_some_and(sensitive) {
            return Vec::new();
        }
        let Some(scene) = &self.alarm.scene else { return Vec::new() };
        let first_ring_m = rules.alarm.ring.first().map_or(0.0, |ring| ring.radius_m);
        let reach_m = rules.tip.area_accuracy_m + first_ring_m.max(scene.accuracy_m);
        let own = self.alarm.chat.and_then(|chat| town.group(chat)).map(|group| group.chat);
        let near = |area| scene.at.distance_m(area) <= reach_m;
        town.liaison_groups()
            .filter(|group| Some(group.chat) == own || group.area.is_some_and(near))
            .map(|group| group.chat)
            .collect()
    }

    fn put_groups(&mut self) {
        let words = self.lead.as_ref().is_none_or(|lead| !lead.private);
        let runs = self.alarm.runs();
        let groups = self.groups();
        // What is of a sensitive kind now, or elsewhere, has no business there any more.
        let subject = self.subject("group");
        let stale = |post: &&Posted| post.subject == subject && !groups.contains(&post.chat);
        for chat in self.posts.iter().filter(stale).map(|post| post.chat).collect::<Vec<_>>() {
            self.post(chat, subject.clone(), Lane::AlarmFollow, Content::Gone);
        }
        for chat in groups {
            let subject = self.subject("group");
            let first = !self.has_post(chat, &subject);
            // Where it was never shown there is nothing to end.
            if first && !runs {
                continue;
            }
            let speaker = self.given.town.speaker(self.given.town.group_language(chat), self.given.now);
            // Officers are not named to a group: their kind says enough.
            let names = |callee: &Callee| match callee {
                Callee::Point(_) => self.name(callee),
                Callee::Person(_) => String::new(),
            };
            let mut shown = self.shown(&names);
            if let Some(scene) = shown.scene.as_mut().filter(|_| !words) {
                // The words for the place are the teller's own.
                scene.text =
                    self.given.town.nearest_places(scene.at, 1).first().map_or("", |p| p.name.as_str()).to_owned();
            }
            let html = speaker.alarm_group_card(&shown, words);
            let lane = if first { Lane::Alarm } else { Lane::AlarmFollow };
            self.say(chat, subject, lane, html, Vec::new());
        }
    }

    /// Puts the live board at the desk.
    pub(super) fn put_board(&mut self) {
        let Some(desk) = self.given.town.desk() else { return };
        let speaker = self.given.town.speaker(self.given.town.group_language(desk), self.given.now);
        let names = |callee: &Callee| self.name(callee);
        let staff = |user: UserId| self.given.town.staff(user).map_or_else(|| "–".into(), |member| member.name.clone());
        let html = speaker.alarm_board(&self.shown(&names), &staff);
        let keyboard = if self.alarm.runs() { self.board_buttons(&speaker) } else { Vec::new() };
        let subject = self.subject("board");
        // From the first one the alarm is ended: it does not wait behind a thousand cards. Its edits do not hold up warnings.
        let lane = if self.has_post(desk, &subject) { Lane::AlarmFollow } else { Lane::Alarm };
        self.say(desk, subject, lane, html, keyboard);
    }

    fn board_buttons(&self, speaker: &Speaker<'_>) -> Keyboard {
        let alarm = self.alarm.id;
        let tap = |key, tap| press(label(speaker, key), &Tap::Alarm(alarm, tap));
        let mut first = Vec::new();
        if self.alarm.taken.is_none() {
            first.push(tap("button-take", AlarmTap::Take));
        }
        if self.alarm.controlled.is_none() {
            first.push(tap("button-controlled", AlarmTap::Controlled));
        }
        if usize::try_from(self.alarm.ring).is_ok_and(|ring| ring < self.given.town.rules.alarm.ring.len()) {
            first.push(press(label(speaker, "button-widen"), &Tap::Widen(alarm, self.alarm.ring)));
        }
        let end = |key, outcome| tap(key, AlarmTap::StandDown(outcome));
        let mut keyboard = vec![first];
        if self.alarm.drill {
            keyboard.push(vec![end("button-end-drill", Outcome::DrillOver)]);
        } else {
            keyboard.push(vec![end("button-stand-down", Outcome::Handled)]);
            keyboard.push(vec![
                end("button-false-mistaken", Outcome::Mistaken),
                end("button-false-accidental", Outcome::Accidental),
                end("button-false-prank", Outcome::Prank),
            ]);
        }
        keyboard.retain(|row| !row.is_empty());
        keyboard
    }

    /// Tells the desk something that it must hear: a message of its own, which rings.
    pub(super) fn tell_desk(&mut self, name: &str, html: String, keyboard: Keyboard) {
        let Some(desk) = self.given.town.desk() else { return };
        let subject = self.subject(name);
        // Of no lead: no word of a tip stands in it, and it must arrive even if the lead is wiped.
        self.say(desk, subject, Lane::Alarm, html, keyboard).lead = None;
    }

    /// The speaker of the desk.
    pub(super) fn desk_speaker(&self) -> Speaker<'_> {
        let town = self.given.town;
        town.speaker(town.desk().map_or(town.rules.language, |desk| town.group_language(desk)), self.given.now)
    }

    /// A short answer to a press; in a drill it says so.
    pub(super) fn toast(&mut self, press: &Press, text: String) {
        let speaker = self.given.speaker_in(press.chat, Some(&press.from));
        let text = if self.alarm.drill { speaker.say("drill-toast", &[]) + &text } else { text };
        self.decision.reply_to_press(&press.id, text);
    }

    /// A message of its own, without words of the tip, to one of those who were called.
    pub(super) fn tell(&mut self, user: UserId, name: &str, html: String, keyboard: Keyboard) {
        let subject = self.subject(name);
        self.say(ChatId(user.0), subject, Lane::AlarmFollow, html, keyboard).lead = None;
    }

    /// Everybody who was called hears that it is over, and with what outcome; what was not sent yet is not sent any more.
    pub(super) fn put_stand_down(&mut self) {
        let mut everybody: Vec<(Callee, UserId, bool)> = self
            .calls
            .iter()
            .flat_map(|call| call.people.iter().map(|p| (call.callee.clone(), p.user, !p.is_expected())))
            .collect();
        // Those who are on their way first.
        everybody.sort_by_key(|(_, _, not_coming)| *not_coming);
        for (callee, user, _) in everybody {
            let (chat, card) = (ChatId(user.0), self.card_subject(&callee));
            if self.stands(chat, &card) {
                self.put_card(&callee, user, Lane::AlarmFollow);
            }
            // Not sent yet, or on its way: it is not sent, or taken away as soon as it has arrived.
            let unsent = self.posts.iter().filter(|post| post.chat == chat && post.message.is_none());
            for subject in unsent.map(|post| post.subject.clone()).collect::<Vec<_>>() {
                self.post(chat, subject, Lane::AlarmFollow, Content::Gone);
            }
            // Who never heard of it hears nothing of its end either.
            if self.has_heard(chat) {
                let html = self.responder_speaker(user).alarm_stand_down(&self.alarm);
                self.tell(user, "stand-down", html, Vec::new());
            }
        }
        self.put_groups();
        self.put_board();
    }

    /// The scene has moved: those who have a pin get a new one, with a word that rings.
    pub(super) fn put_moved(&mut self) {
        let everybody: Vec<UserId> =
            self.calls.iter().flat_map(|call| &call.people).map(|person| person.user).collect();
        let subject = format!("moved:{}", self.alarm.version);
        for user in everybody {
            let speaker = self.responder_speaker(user);
            let names = |callee: &Callee| self.name(callee);
            let html = speaker.alarm_moved(&self.shown(&names));
            let word = self.subject(&subject);
            self.say(ChatId(user.0), word, Lane::AlarmFollow, html, Vec::new());
            let pins = self.subject("pin");
            let old = self.posts.iter().filter(|post| post.chat == ChatId(user.0) && post.subject.starts_with(&pins));
            for old in old.map(|post| post.subject.clone()).collect::<Vec<_>>() {
                self.post(ChatId(user.0), old, Lane::AlarmFollow, Content::Gone);
            }
            if let Some(at) = self.alarm.scene.as_ref().map(|scene| scene.at) {
                let title = self.responder_speaker(user).pin_title(&self.alarm);
                let new = self.subject(&format!("pin:{}", self.alarm.version));
                self.post(ChatId(user.0), new, Lane::AlarmFollow, Content::Pin { at, title: Some(title) });
            }
        }
    }
}

/// The speaker in which somebody who is called is spoken to.
pub(super) fn responder_speaker<'a>(given: &Given<'a>, user: UserId) -> Speaker<'a> {
    given.town.speaker(given.town.person_language(given.town.staff(user), None), given.now)
}

/// Whether a chat is a liaison group.
pub(super) fn is_liaison(given: &Given<'_>, chat: ChatId) -> bool {
    given.town.kind(chat) == Some(GroupKind::Liaison)
}
