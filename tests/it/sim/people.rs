//! What people do: tips, pictures, replies, presses, commands; and what befalls chats behind the product's back.

use super::platform::End;
use super::run::Run;
use crate::world::OLD_BRIDGE;
use baiying::port::chat::Button;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Who lives here and where they meet.
pub struct Town {
    /// Liaison groups.
    pub groups: Vec<i64>,
    /// The desk.
    pub desk: i64,
    /// The office chat.
    pub office: i64,
    /// Informants.
    pub reporters: Vec<i64>,
    /// Officers.
    pub officers: Vec<i64>,
    /// Guards.
    pub guards: Vec<i64>,
}

/// The clerk.
pub const CLERK: i64 = 41;
/// A second one with the payout right.
pub const CHIEF: i64 = 42;
/// The admin.
pub const ADMIN: i64 = 51;

/// What people did and what must come of it.
#[derive(Default)]
pub struct Deeds {
    /// Tips that must become leads: update → chat and message.
    pub tips: BTreeMap<i64, (i64, i64)>,
    /// Callbacks of one press each.
    pub presses: Vec<Vec<i64>>,
    /// What was written last, by whom, where, and whether as a tip.
    written: Vec<(i64, i64, i64, bool)>,
    /// Neighbours' chat that is nobody's tip.
    pub chatter: Vec<(i64, i64)>,
    /// Buttons that were seen once.
    remembered: Vec<(i64, i64, String)>,
    callbacks: usize,
    files: usize,
}

const TIPS: [&str; 9] = [
    "#theft at Old Bridge 7 pm, two men took a bicycle",
    "#fight at Hill School right now, men with knives",
    "#theft someone broke into the shop",
    "#盗窃 地点：Old Bridge 时间：昨晚8点 描述：电动车被偷",
    "#fire at Old Bridge now, smoke from the roof",
    "#drugs dealing behind Hill School every night",
    "/tip theft at Hill School 6 pm",
    "@baiying_bot fight at Old Bridge 5 pm",
    "Place: Hill School\nTime: 6 pm\nWhat: theft of a phone",
];
const PRIVATE_TIPS: [&str; 3] =
    ["#theft at Old Bridge 7 pm", "#drugs at Hill School, the back room", "#fight at Old Bridge 5 pm"];
const CHATTER: [&str; 3] = ["good evening neighbours", "is the market open?", "thank you all"];
const MORE: [&str; 3] = ["at Old Bridge", "it was 6 pm", "two men in a white van"];

/// What a button does, and how much people like to press it.
fn liking(data: &str) -> (&'static str, usize) {
    match data.get(..2).unwrap_or_default() {
        "lc" => ("press: claim", 3),
        "lv" => ("press: verify", 8),
        "lu" => ("press: unfounded", 4),
        "ld" => ("press: duplicate?", 5),
        "lD" => ("press: duplicate of", 60),
        "lx" => ("press: out of scope?", 3),
        "lX" => ("press: out of scope", 25),
        "lr" => ("press: resolve", 60),
        "lR" => ("press: resolve as", 300),
        "lo" => ("press: reopen", 10),
        "lz" => ("press: undo", 70),
        "lb" => ("press: back", 1),
        "lp" => ("press: pin", 1),
        "la" => ("press: alarm", 9),
        "lq" => ("press: open", 10),
        "ad" => ("press: stand down", 25),
        "aw" => ("press: widen", 16),
        "lm" => ("press: mend", 2),
        "mT" => ("press: shift time", 25),
        "mn" => ("press: now", 10),
        "mc" => ("press: categories", 1),
        "mC" => ("press: category", 12),
        "mp" => ("press: places", 1),
        "mP" => ("press: place", 10),
        "mw" => ("press: withdraw?", 6),
        "mW" => ("press: withdraw", 60),
        "mb" => ("press: back", 1),
        "aa" => ("press: acknowledge", 10),
        "au" => ("press: under way", 8),
        "as" => ("press: on scene", 10),
        "ax" => ("press: cannot", 8),
        "rl" => ("press: rewards", 2),
        "rs" => ("press: reward", 10),
        "rt" => ("press: take", 40),
        "rc" => ("press: cancel", 12),
        "ra" => ("press: approve", 20),
        "rn" => ("press: refuse", 5),
        "rh" => ("press: hand out", 40),
        "gz" | "ge" => ("press: language", 20),
        _ => ("press: other", 1),
    }
}

impl Run {
    /// Somebody does something.
    pub fn act(&mut self) {
        if self.fair && self.roll(5) > 0 {
            return self.shop();
        }
        match self.roll(100) {
            0..14 => self.tip(),
            14..18 => self.private_tip(),
            18..21 => self.picture(),
            21..25 => self.edit(),
            25..29 => self.reply(),
            29..32 => self.chatter(),
            32..36 => self.command(),
            36..40 => self.stale_press(),
            40..41 => self.garbage(),
            _ => self.press(|_| true),
        }
    }

    fn roll(&self, n: usize) -> usize {
        self.storm.lock().dice.below(n)
    }

    fn one_of(&self, items: &[i64]) -> i64 {
        *self.storm.lock().dice.pick(items)
    }

    /// When an update may be delivered: at once, or late.
    fn delivery(&self) -> baiying::domain::id::Millis {
        let at = self.storm.true_time();
        let mut storm = self.storm.lock();
        let rate = storm.rates.disorder / 2;
        if self.polling || !storm.dice.permille(rate) {
            return at;
        }
        *storm.counts.entry("fault: update late").or_default() += 1;
        at.plus_ms(storm.dice.between(1, 90) * 1000)
    }

    fn write(&mut self, user: i64, chat: i64, what: &'static str, fields: Value) -> (i64, i64) {
        let chat = self.platform.now_at(chat);
        let id = self.platform.lock().next_message(chat);
        if chat > 0 {
            // Whoever writes to the bot can be written to.
            self.platform.lock().closed.remove(&chat);
        }
        let mut message = self.message(user, chat, id);
        message.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let shown = super::platform::Shown { row: None, text: fields.to_string(), keyboard: Vec::new(), end: None };
        self.platform.lock().messages.insert((chat, id), shown);
        let update = self.announce("message", message);
        self.storm.count(what);
        self.storm.tell(|| format!("{what}: {user} in {chat}, message {id}, update {update}: {fields}"));
        (update, id)
    }

    fn announce(&mut self, kind: &str, body: Value) -> i64 {
        let at = self.delivery();
        self.platform.lock().announce(kind, body, at, false)
    }

    fn message(&self, user: i64, chat: i64, id: i64) -> Value {
        let kind = if chat > 0 { "private" } else { "supergroup" };
        json!({
            "message_id": id,
            "date": self.storm.true_time().0 / 1000,
            "from": { "id": user, "is_bot": false, "first_name": format!("User {user}"), "language_code": "en" },
            "chat": { "id": chat, "type": kind, "title": "A group", "first_name": "A person" },
        })
    }

    fn tip(&mut self) {
        let (user, chat) = (self.one_of(&self.town.reporters), self.one_of(&self.town.groups));
        if self.roll(6) == 0 {
            self.photo(user, chat, "action: picture before a tip");
        }
        let text = TIPS[self.roll(TIPS.len())];
        let what = if text.starts_with(['#', '/', '@']) { "action: tip" } else { "action: labelled tip" };
        let (update, id) = self.write(user, chat, what, json!({ "text": text }));
        let chat_now = self.platform.now_at(chat);
        self.deeds.tips.insert(update, (chat_now, id));
        self.deeds.written.push((user, chat_now, id, true));
        if self.roll(6) == 0 {
            self.photo(user, chat, "action: picture after a tip");
        }
    }

    fn private_tip(&mut self) {
        let user = self.one_of(&self.town.reporters);
        let text = PRIVATE_TIPS[self.roll(PRIVATE_TIPS.len())];
        let (update, id) = self.write(user, user, "action: private tip", json!({ "text": text }));
        self.deeds.tips.insert(update, (user, id));
        self.deeds.written.push((user, user, id, true));
    }

    fn picture(&mut self) {
        let (user, chat) = (self.one_of(&self.town.reporters), self.one_of(&self.town.groups));
        if self.roll(3) == 0 {
            let at = json!({ "latitude": OLD_BRIDGE.lat + 0.001, "longitude": OLD_BRIDGE.lon });
            self.write(user, chat, "action: pin", json!({ "location": at }));
        } else {
            self.photo(user, chat, "action: picture alone");
        }
    }

    fn photo(&mut self, user: i64, chat: i64, what: &'static str) {
        self.deeds.files += 1;
        let photo = json!([{ "file_id": format!("photo-{}", self.deeds.files), "width": 9, "height": 9 }]);
        self.write(user, chat, what, json!({ "photo": photo }));
    }

    fn edit(&mut self) {
        let Some((user, chat, id, tip)) = self.written() else { return };
        if self.platform.lock().moved.contains_key(&chat) {
            return;
        }
        let mut message = self.message(user, chat, id);
        let text = if tip || self.roll(2) == 0 { TIPS[self.roll(TIPS.len())] } else { CHATTER[0] };
        message["text"] = text.into();
        message["edit_date"] = message["date"].clone();
        self.deeds.chatter.retain(|at| *at != (chat, id));
        let update = self.announce("edited_message", message);
        self.storm.count("action: edit");
        self.storm.tell(|| format!("edit: {user} in {chat}, message {id}, update {update}: {text}"));
    }

    fn written(&self) -> Option<(i64, i64, i64, bool)> {
        let count = self.deeds.written.len();
        (count > 0).then(|| self.deeds.written[count - 1 - self.roll(count.min(4))])
    }

    fn reply(&mut self) {
        let Some((user, chat, id, _)) = self.written() else { return };
        if self.platform.lock().moved.contains_key(&chat) {
            return;
        }
        let to = json!({ "message_id": id, "date": 0, "chat": { "id": chat, "type": "supergroup" } });
        if self.roll(3) == 0 && chat < 0 {
            let neighbour = self.one_of(&self.town.reporters);
            let photo = json!([{ "file_id": "reply-photo", "width": 9, "height": 9 }]);
            self.write(
                neighbour,
                chat,
                "action: reply with a picture",
                json!({ "photo": photo, "reply_to_message": to }),
            );
        } else {
            let text = MORE[self.roll(MORE.len())];
            self.write(user, chat, "action: reply", json!({ "text": text, "reply_to_message": to }));
        }
    }

    fn chatter(&mut self) {
        let (user, chat) = (self.one_of(&self.town.reporters), self.one_of(&self.town.groups));
        let text = CHATTER[self.roll(CHATTER.len())];
        let (_, id) = self.write(user, chat, "action: chatter", json!({ "text": text }));
        let chat = self.platform.now_at(chat);
        self.deeds.written.push((user, chat, id, false));
        self.deeds.chatter.push((chat, id));
    }

    fn garbage(&mut self) {
        let at = self.delivery();
        self.platform.lock().announce("telepathy", json!({ "thought": "#theft" }), at, false);
        self.storm.count("action: update of an unknown kind");
    }

    fn command(&mut self) {
        let user = self.one_of(&self.town.reporters);
        let (user, chat, what, text): (i64, i64, &'static str, String) = match self.roll(10) {
            0..3 => (user, user, "action: /points", "/points".into()),
            3 => (user, self.one_of(&self.town.groups), "action: /points in a group", "/points".into()),
            4 => (user, user, "action: /help", "/help".into()),
            5 => (user, user, "action: /language", ["/language zh", "/language en", "/language"][self.roll(3)].into()),
            6 if self.roll(4) == 0 => {
                let table = ["points", "leads", "alarms"][self.roll(3)];
                (CLERK, self.town.office, "action: /export", format!("/export {table}"))
            }
            6 | 7 => (ADMIN, self.one_of(&self.town.groups), "action: /setup", "/setup liaison 23.0,113.9".into()),
            8 => (ADMIN, ADMIN, "action: /invite", "/invite police".into()),
            _ => {
                let Some((user, payload)) = self.deep_link() else { return };
                (user, user, "action: /start by a link", format!("/start {payload}"))
            }
        };
        self.write(user, chat, what, json!({ "text": text }));
    }

    /// The code on somebody's ticket.
    fn ticket(&self) -> Option<String> {
        let codes: Vec<String> = {
            let state = self.platform.lock();
            let standing = state.of_bot().filter(|(.., shown)| shown.end.is_none());
            let after = |text: &str| Some(text.split_once("\nCode ")?.1.chars().take(9).collect());
            standing.filter_map(|(chat, .., shown)| after(&shown.text).filter(|_| chat > 0)).collect()
        };
        codes.get(self.roll(codes.len())).cloned()
    }

    /// A link to the bot that somebody sees, and somebody who follows it.
    fn deep_link(&self) -> Option<(i64, String)> {
        let links: Vec<String> = {
            let state = self.platform.lock();
            let standing = state.of_bot().filter(|(.., shown)| shown.end.is_none());
            let buttons = standing.flat_map(|(.., shown)| shown.keyboard.iter().flatten());
            let urls = buttons.filter_map(|button| match button {
                Button::Link { url, .. } => url.split_once("?start=").map(|(_, payload)| payload.to_owned()),
                Button::Press { .. } => None,
            });
            urls.collect()
        };
        let payload = links.get(self.roll(links.len()))?.clone();
        Some((self.one_of(&self.town.reporters), payload))
    }

    /// On the day of the fair people take things for their points.
    fn shop(&mut self) {
        let guard = self.one_of(&self.town.guards);
        let code = self.ticket();
        match (self.roll(8), code) {
            (0, _) => {
                self.write(guard, guard, "action: /redeem", json!({ "text": "/redeem" }));
            }
            (1 | 2, Some(code)) => {
                let text = format!("/pickup {code}");
                self.write(CLERK, self.town.office, "action: /pickup", json!({ "text": text }));
            }
            (3, _) => {
                let amount = [30, 9, 4, -9][self.roll(4)];
                let text = format!("/correct M{guard} {amount:+} counted anew");
                self.write(CLERK, self.town.office, "action: /correct", json!({ "text": text }));
            }
            _ => self.press(|data| data.starts_with('r')),
        }
    }

    /// Presses one of the buttons that `which` likes.
    fn press(&mut self, which: fn(&str) -> bool) {
        let mut buttons: Vec<(i64, i64, String)> = Vec::new();
        {
            let state = self.platform.lock();
            let reachable = |chat: &i64| !state.moved.contains_key(chat) && !state.closed.contains_key(chat);
            for (chat, id, _, shown) in
                state.of_bot().filter(|(chat, .., shown)| reachable(chat) && shown.end.is_none())
            {
                for button in shown.keyboard.iter().flatten() {
                    if let Button::Press { data, .. } = button
                        && which(data)
                    {
                        buttons.extend(vec![(chat, id, data.clone()); liking(data).1]);
                    }
                }
            }
        }
        // Nobody presses before there is something to press.
        let Some((chat, id, data)) = buttons.get(self.roll(buttons.len())).cloned() else { return self.tip() };
        let user = self.presser(chat);
        self.deeds.remembered.push((chat, id, data.clone()));
        self.push(user, chat, id, &data);
    }

    fn presser(&self, chat: i64) -> i64 {
        let stranger = self.roll(20) == 0;
        if chat > 0 && !stranger {
            chat
        } else if chat == self.platform.now_at(self.town.desk) && !stranger {
            self.one_of(&self.town.officers)
        } else if chat == self.platform.now_at(self.town.office) && !stranger {
            self.one_of(&[CLERK, CHIEF])
        } else {
            self.one_of(&self.town.reporters)
        }
    }

    fn stale_press(&mut self) {
        let count = self.deeds.remembered.len();
        if count == 0 {
            return;
        }
        let (chat, id, data) = self.deeds.remembered[self.roll(count)].clone();
        if self.platform.now_at(chat) != chat {
            return;
        }
        self.storm.count("action: stale press");
        let user = self.presser(chat);
        self.push(user, chat, id, &data);
    }

    fn push(&mut self, user: i64, chat: i64, message: i64, data: &str) {
        let (what, _) = liking(data);
        self.storm.count(what);
        let kind = if chat > 0 { "private" } else { "supergroup" };
        let more = {
            let mut storm = self.storm.lock();
            let rate = storm.rates.double_press;
            if storm.dice.permille(rate) { storm.dice.below(2) + 1 } else { 0 }
        };
        if more > 0 {
            self.storm.count("fault: one press as several callbacks");
        }
        let mut updates = Vec::new();
        for _ in 0..=more {
            self.deeds.callbacks += 1;
            let press = json!({
                "id": format!("press-{}", self.deeds.callbacks),
                "chat_instance": "1",
                "from": { "id": user, "is_bot": false, "first_name": format!("User {user}"), "language_code": "en" },
                "message": { "message_id": message, "date": 1, "chat": { "id": chat, "type": kind }, "text": "x" },
                "data": data,
            });
            updates.push(self.announce("callback_query", press));
        }
        self.storm.tell(|| format!("{what}: {user} in {chat}, message {message}, {data}, updates {updates:?}"));
        self.deeds.presses.push(updates);
    }

    /// Something changes behind the product's back.
    pub fn upset(&mut self) {
        match self.roll(8) {
            0 | 1 => {
                let chat = self.one_of(&[self.town.guards.clone(), self.town.reporters.clone()].concat());
                self.close(chat, "fault: blocked", "Forbidden: bot was blocked by the user");
            }
            2 => {
                let chat = self.platform.now_at(self.one_of(&self.town.groups));
                self.close(chat, "fault: kicked", "Forbidden: bot was kicked from the supergroup chat");
            }
            3 | 4 => {
                let closed: Vec<i64> = self.platform.lock().closed.keys().copied().collect();
                if !closed.is_empty() {
                    let chat = self.one_of(&closed);
                    self.platform.lock().closed.remove(&chat);
                    self.storm.count("action: reachable again");
                    self.storm.tell(|| format!("{chat} can be written to again"));
                    let body = json!({
                        "chat": { "id": chat, "type": if chat > 0 { "private" } else { "supergroup" } }, "date": 1,
                        "from": { "id": 9, "first_name": "x" }, "new_chat_member": { "status": "member" },
                    });
                    self.announce("my_chat_member", body);
                }
            }
            5 => self.migrate(),
            _ => self.vanish(),
        }
    }

    fn close(&mut self, chat: i64, what: &'static str, why: &'static str) {
        self.storm.count(what);
        self.storm.tell(|| format!("{what}: {chat}"));
        let mut state = self.platform.lock();
        state.closed.insert(chat, why);
        state.was_closed.insert(chat);
    }

    fn migrate(&mut self) {
        let chat = match self.roll(4) {
            0 => self.town.desk,
            1 => self.town.office,
            _ => self.one_of(&self.town.groups),
        };
        let new = chat - 1_000_000;
        let stays = {
            let state = self.platform.lock();
            state.moved.contains_key(&chat) || state.closed.contains_key(&chat)
        };
        if stays {
            return;
        }
        self.storm.count("fault: group has a new id");
        self.storm.tell(|| format!("group {chat} is now {new}"));
        let (there, here) = (self.message(ADMIN, chat, 1), self.message(ADMIN, new, 1));
        let at = self.storm.true_time();
        let mut state = self.platform.lock();
        state.moved.insert(chat, new);
        for (mut message, key, id) in [(there, "migrate_to_chat_id", new), (here, "migrate_from_chat_id", chat)] {
            message[key] = id.into();
            state.announce("message", message, at, true);
        }
    }

    /// Somebody deletes a message of the bot's.
    fn vanish(&mut self) {
        let standing: Vec<(i64, i64)> = {
            let state = self.platform.lock();
            state.of_bot().filter(|(.., shown)| shown.end.is_none()).map(|(chat, id, ..)| (chat, id)).collect()
        };
        if standing.is_empty() {
            return;
        }
        let (chat, id) = standing[self.roll(standing.len())];
        self.storm.count("fault: message deleted by somebody");
        self.storm.tell(|| format!("somebody deletes message {id} in {chat}"));
        if let Some(shown) = self.platform.lock().messages.get_mut(&(chat, id)) {
            shown.end = Some(End::Other);
        }
    }
}
