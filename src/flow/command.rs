//! Commands: help, language, points, export, setting up groups and people.

use super::decision::{Decision, Given, press};
use super::export::Request;
use super::plan::Key;
use super::tap::Tap;
use super::{close, coverage, desk, duty, points, redeem, shelf};
use crate::domain::group::{Group, GroupKind};
use crate::domain::id::{ChatId, LeadId, UserId};
use crate::domain::lead::Lead;
use crate::domain::member::{Language, Role};
use crate::domain::period::Period;
use crate::domain::place::Datum;
use crate::domain::text::escape;
use crate::domain::tip::ChatKind;
use crate::port::chat::{Message, Sender};
use crate::port::store::{Ask, Content, Invite, Lane, LeadFile, Post};
use crate::port::table::TableKind;

/// For how long an invitation is good.
const INVITE_MS: i64 = 7 * 24 * 3_600_000;

/// A command that the bot knows. The help text is made from [`Command::LIST`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `/start`, with what stood in the deep link.
    Start(String),
    /// `/help`
    Help,
    /// `/language [zh|en]`
    Language(String),
    /// `/points`
    Points,
    /// `/redeem`
    Redeem,
    /// `/rank`
    Rank,
    /// `/pickup CODE`
    Pickup(String),
    /// `/reward …`
    Reward(String),
    /// `/correct CODE ±N reason`
    Correct(String),
    /// `/export YYYY-MM [leads|points|alarms|timeline|responses|appraisal]`
    Export(String),
    /// `/close YYYY-MM`
    Close(String),
    /// `/drill [place]`
    Drill(String),
    /// `/duty`
    Duty,
    /// `/coverage [days]`
    Coverage(String),
    /// `/setup liaison|desk|office [lat,lon]`
    Setup(String),
    /// `/invite ROLE …`: [`Role::NAMES`]
    Invite(String),
}

impl Command {
    /// Name and text key of each command, in the order of the help text, with the roles to which it is shown; none: all.
    pub const LIST: &'static [(&'static str, &'static str, &'static [Role])] = &[
        ("tip", "command-tip", &[]),
        ("points", "command-points", &[]),
        ("redeem", "command-redeem", &[]),
        ("rank", "command-rank", &[]),
        ("language", "command-language", &[]),
        ("help", "command-help", &[]),
        ("drill", "command-drill", &[Role::Police, Role::Admin]),
        ("duty", "command-duty", duty::ROLES),
        ("coverage", "command-coverage", &[Role::Police, Role::Office, Role::Admin]),
        ("export", "command-export", &[Role::Office, Role::Payout]),
        ("close", "command-close", &[Role::Payout]),
        ("pickup", "command-pickup", &[Role::Office, Role::Payout]),
        ("reward", "command-reward", &[Role::Payout]),
        ("correct", "command-correct", &[Role::Payout]),
        ("setup", "command-setup", &[Role::Admin]),
        ("invite", "command-invite", &[Role::Admin]),
    ];

    /// The command that a message is; `None` for `/tip`, which is a tip, and for what nobody knows.
    pub fn parse(message: &Message) -> Option<Self> {
        let rest = message.text.trim_start().strip_prefix('/')?;
        let (name, args) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let (name, addressee) = name.split_once('@').map_or((name, None), |(n, a)| (n, Some(a)));
        if addressee.is_some() && !message.mentions_bot {
            return None;
        }
        let args = args.trim().to_owned();
        match name.to_ascii_lowercase().as_str() {
            "start" => Some(Self::Start(args)),
            "help" => Some(Self::Help),
            "language" => Some(Self::Language(args)),
            "points" => Some(Self::Points),
            "redeem" => Some(Self::Redeem),
            "rank" => Some(Self::Rank),
            "pickup" => Some(Self::Pickup(args)),
            "reward" => Some(Self::Reward(args)),
            "correct" => Some(Self::Correct(args)),
            "export" => Some(Self::Export(args)),
            "close" => Some(Self::Close(args)),
            "drill" => Some(Self::Drill(args)),
            "duty" => Some(Self::Duty),
            "coverage" => Some(Self::Coverage(args)),
            "setup" => Some(Self::Setup(args)),
            "invite" => Some(Self::Invite(args)),
            "tip" => None,
            // In private, whoever guesses at a command is told which there are.
            _ => message.private.then_some(Self::Help),
        }
    }

    /// Adds what must be known to decide it.
    pub fn ask(&self, message: &Message, ask: &mut Ask, keys: &mut Vec<Key>) {
        match self {
            Self::Points => ask.statement = message.from.user,
            Self::Rank => (ask.statement, ask.leaderboard) = (message.from.user, true),
            Self::Redeem => (ask.statement, ask.rewards) = (message.from.user, true),
            Self::Pickup(code) => ask.pickup = Some(redeem::pickup_code(code)),
            Self::Reward(_) => {
                ask.rewards = true;
                keys.push(Key::Alone);
            }
            Self::Correct(words) => {
                ask.member_code = points::parse_correction(words).map(|(code, ..)| code.to_ascii_uppercase());
            }
            Self::Start(payload) if ["points", "rank", "redeem"].contains(&payload.as_str()) => {
                ask.statement = message.from.user;
                (ask.rewards, ask.leaderboard) = (payload == "redeem", payload == "rank");
            }
            Self::Start(payload) => match payload.split_once('_') {
                Some(("p", code)) => ask.pickup = Some(redeem::pickup_code(code)),
                Some(("i", code)) => {
                    ask.invite = Some(code.to_owned());
                    keys.push(Key::Alone);
                }
                Some(("t", rest)) => {
                    ask.lead = rest.split_once('_').and_then(|(number, _)| number.parse().ok()).map(LeadId);
                    keys.push(Key::Alone);
                }
                _ => {}
            },
            Self::Setup(_) | Self::Invite(_) => keys.push(Key::Alone),
            Self::Drill(_) => {
                ask.running = true;
                keys.push(Key::Alone);
            }
            Self::Help | Self::Language(_) | Self::Export(_) | Self::Close(_) | Self::Duty | Self::Coverage(_) => {}
        }
    }
}

/// Decides a command.
pub fn decide(given: &Given<'_>, message: &Message, command: &Command) -> Decision {
    match command {
        Command::Start(payload) => start(given, message, payload),
        Command::Help => help(given, message),
        Command::Language(words) => language(given, message, words),
        Command::Points => points::show(given, message),
        Command::Redeem => redeem::list(given, message),
        Command::Rank => points::leaderboard(given, message),
        Command::Pickup(_) => redeem::pickup(given, message),
        Command::Reward(words) => shelf::reward(given, message, words),
        Command::Correct(words) => points::correct(given, message, words),
        Command::Export(words) => export(given, message, words),
        Command::Close(words) => close::order(given, message, words),
        Command::Drill(words) => super::alarm::drill::order(given, message, words),
        Command::Duty => duty::show(given, message),
        Command::Coverage(words) => coverage::show(given, message, words),
        Command::Setup(words) => setup(given, message, words),
        Command::Invite(words) => invite(given, message, words),
    }
}

/// Puts a reply to a command.
pub fn reply(decision: &mut Decision, message: &Message, html: String) {
    let post = decision.post(message.chat, format!("reply:{}", message.id), Lane::Reply, html);
    post.thread = message.thread;
    if let (Content::Text { reply_to, .. }, false) = (&mut post.content, message.private) {
        *reply_to = Some(message.id);
    }
}

/// Replies with a text that takes no arguments.
pub fn answer(given: &Given<'_>, message: &Message, key: &str) -> Decision {
    let speaker = given.speaker_in(message.chat, Some(&message.from));
    let mut decision = Decision::nothing();
    reply(&mut decision, message, speaker.say(key, &[]));
    decision
}

/// The bot came into a group that is not set up: it says what is to be done.
pub fn greet(given: &Given<'_>, chat: ChatId) -> Decision {
    let speaker = given.town.speaker(given.town.rules.language, given.now);
    let mut decision = Decision::nothing();
    decision.post(chat, "greeting".into(), Lane::Reply, speaker.say("group-unknown", &[]));
    decision
}

fn start(given: &Given<'_>, message: &Message, payload: &str) -> Decision {
    if let Some(invite) = given.facts.invite.clone().filter(|_| message.private) {
        return accept(given, message, invite);
    }
    // The link of a tip that was taken out of a group: good for its reporter alone.
    let own = |f: &&LeadFile| {
        payload == tip_payload(&f.lead) && f.lead.reporter.is_some() && f.lead.reporter == message.from.user
    };
    if let Some(file) = given.facts.file.as_ref().filter(own).filter(|_| message.private) {
        let mut decision = Decision::nothing();
        let speaker = given.speaker_in(message.chat, Some(&message.from));
        let first = meet(&mut decision, given, &message.from);
        desk::put_receipt(&mut decision, given, &file.lead, &speaker, first, None);
        return decision;
    }
    if payload.starts_with("i_") {
        return answer(given, message, "invite-bad");
    }
    if payload == "duty" && message.private {
        return duty::show(given, message);
    }
    match payload {
        "points" if message.private => points::show(given, message),
        "rank" if message.private => points::leaderboard(given, message),
        "redeem" if message.private => redeem::list(given, message),
        // A clerk has scanned what somebody showed.
        _ if payload.starts_with("p_") => redeem::pickup(given, message),
        _ => help(given, message),
    }
}

/// What the deep link to a tip carries: its number and its reporter's code.
pub fn tip_payload(lead: &Lead) -> String {
    format!("t_{}_{}", lead.id, lead.reporter_code)
}

/// Puts a person on file who was told what is kept; tells whether that is new.
fn meet(decision: &mut Decision, given: &Given<'_>, from: &Sender) -> bool {
    let Some(mut member) = given.member_of(from, "").filter(|m| m.told_at.is_none()) else { return false };
    member.told_at = Some(given.now);
    decision.changes.members.push(member);
    true
}

/// The help text: what to write, the commands, what is kept.
pub fn help(given: &Given<'_>, message: &Message) -> Decision {
    let mut decision = Decision::nothing();
    let speaker = given.speaker_in(message.chat, Some(&message.from));
    let mut html = speaker.say("help", &[("number", given.town.rules.emergency_number.as_str().into())]);
    let holds = |role: &Role| message.from.user.is_some_and(|u| given.town.holds(u, *role));
    for (name, key, roles) in Command::LIST {
        if roles.is_empty() || roles.iter().any(holds) {
            html.push_str(&format!("\n/{name} {}", speaker.say(key, &[])));
        }
    }
    html.push_str("\n\n");
    html.push_str(&speaker.say("kept", &[]));
    if message.private {
        meet(&mut decision, given, &message.from);
    }
    reply(&mut decision, message, html);
    decision
}

fn language(given: &Given<'_>, message: &Message, words: &str) -> Decision {
    let chosen = match words {
        "zh" | "中文" => Some(Language::Zh),
        "en" | "English" | "english" => Some(Language::En),
        _ => None,
    };
    if let Some(language) = chosen {
        return set_language(given, message.chat, message.private, &message.from, language, message);
    }
    let mut decision = answer(given, message, "language-which");
    if let Some(Content::Text { keyboard, .. }) = decision.changes.posts.last_mut().map(|p| &mut p.content) {
        let button = |name: &str, language| press(name.to_owned(), &Tap::Language(language));
        *keyboard = vec![vec![button("中文", Language::Zh), button("English", Language::En)]];
    }
    decision
}

fn set_language(
    given: &Given<'_>,
    chat: ChatId,
    private: bool,
    from: &Sender,
    language: Language,
    message: &Message,
) -> Decision {
    let mut decision = Decision::nothing();
    match change_language(&mut decision, given, chat, private, from, language) {
        Ok(()) => reply(&mut decision, message, given.town.speaker(language, given.now).say("language-set", &[])),
        Err(key) => return answer(given, message, key),
    }
    decision
}

/// A person's own language in private; a group's by an admin or an officer.
fn change_language(
    decision: &mut Decision,
    given: &Given<'_>,
    chat: ChatId,
    private: bool,
    from: &Sender,
    language: Language,
) -> Result<(), &'static str> {
    if private {
        let Some(mut member) = given.member_of(from, "") else { return Err("not-anonymous") };
        member.language = Some(language);
        decision.changes.members.push(member);
        return Ok(());
    }
    let Some(group) = given.town.group(chat) else { return Err("group-unknown") };
    if !from.user.is_some_and(|u| given.town.holds(u, Role::Admin) || given.town.holds(u, Role::Police)) {
        return Err("only-admin");
    }
    decision.changes.groups.push(Group { language, ..group.clone() });
    Ok(())
}

/// A tap on one of the language buttons.
pub fn language_tap(given: &Given<'_>, press: &crate::port::chat::Press, language: Language) -> Decision {
    let mut decision = Decision::nothing();
    let key = match change_language(&mut decision, given, press.chat, press.chat.0 > 0, &press.from, language) {
        Ok(()) => "language-set",
        Err(key) => key,
    };
    decision.reply_to_press(&press.id, given.town.speaker(language, given.now).say(key, &[]));
    decision
}

fn export(given: &Given<'_>, message: &Message, words: &str) -> Decision {
    let speaker = given.speaker_in(message.chat, Some(&message.from));
    let holds = |role| message.from.user.filter(|u| given.town.holds(*u, role));
    // Names are for those with the payout right, not for everybody in the chat: they go to a private chat only.
    let names = message.private;
    let clerk = if names {
        holds(Role::Payout)
    } else {
        holds(Role::Office)
            .or_else(|| holds(Role::Payout))
            .filter(|_| given.town.kind(message.chat) == Some(GroupKind::Office))
    };
    let Some(clerk) = clerk else { return answer(given, message, "export-not-here") };
    // Month and table in either order, either left out.
    let (mut month, mut kind) = (None, None);
    for word in words.split_whitespace() {
        match word.parse::<TableKind>() {
            Ok(table) if kind.is_none() => kind = Some(table),
            Err(_) if month.is_none() => month = Some(word),
            _ => return answer(given, message, "export-usage"),
        }
    }
    let kind = kind.unwrap_or(TableKind::Points);
    let zone = given.town.rules.time_zone;
    let this_month = given.now.utc().with_timezone(&zone).format("%Y-%m").to_string();
    let month = month.unwrap_or(&this_month);
    let Ok(period) = Period::month(month, zone) else { return answer(given, message, "export-usage") };
    let mut decision = Decision::nothing();
    reply(&mut decision, message, speaker.say("export-coming", &[("period", month.into())]));
    for format in ["xlsx", "csv", "digest"] {
        decision.changes.posts.push(Post {
            chat: message.chat,
            thread: message.thread,
            subject: format!("export:{}:{format}", message.id),
            lane: Lane::Routine,
            content: Content::Export { period, what: kind.as_str().to_owned(), format: format.to_owned(), names },
            lead: None,
            call: None,
        });
    }
    let request = Request { kind, period, names };
    decision.changes.access.push(request.access(clerk.to_string(), &given.town.rules, given.now));
    decision
}

fn setup(given: &Given<'_>, message: &Message, words: &str) -> Decision {
    if message.private {
        return answer(given, message, "setup-in-group");
    }
    if !message.from.user.is_some_and(|u| given.town.holds(u, Role::Admin)) {
        return answer(given, message, "only-admin");
    }
    let (kind, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    let kind = match kind {
        "liaison" | "联络" | "联络群" => GroupKind::Liaison,
        "desk" | "研判" | "研判群" => GroupKind::Desk,
        "office" | "办公" | "办公室" => GroupKind::Office,
        _ => return answer(given, message, "setup-usage"),
    };
    let known = given.town.group(message.chat);
    let place = given.town.reader().understand(rest, message.date, ChatKind::Private, None).place;
    let group = Group {
        chat: known.map_or(message.chat, |g| g.chat),
        kind,
        name: if message.title.is_empty() { message.chat.to_string() } else { message.title.clone() },
        area: place.map(|p| p.at).or(known.and_then(|g| g.area)),
        pin_datum: known.map_or(Datum::Wgs84, |g| g.pin_datum),
        language: given.town.group_language(message.chat),
    };
    let speaker = given.speaker_in(message.chat, Some(&message.from));
    let mut decision = Decision::nothing();
    let key = match kind {
        GroupKind::Liaison => "setup-liaison",
        GroupKind::Desk => "setup-desk",
        GroupKind::Office => "setup-office",
    };
    let area = group.area.map_or("–".to_owned(), |a| format!("{:.5},{:.5}", a.lat, a.lon));
    reply(&mut decision, message, speaker.say(key, &[("area", area.into())]));
    decision.changes.groups.push(group);
    decision
}

fn invite(given: &Given<'_>, message: &Message, words: &str) -> Decision {
    let Some(admin) = message.from.user.filter(|u| given.town.holds(*u, Role::Admin)) else {
        return answer(given, message, "only-admin");
    };
    if !message.private {
        return answer(given, message, "invite-in-private");
    }
    let roles: Option<Vec<Role>> = words.split_whitespace().map(Role::named).collect();
    let Some(roles) = roles.filter(|r| !r.is_empty()) else { return answer(given, message, "invite-usage") };
    let code = given.fresh.member_code.clone();
    let url = format!("https://t.me/{}?start=i_{code}", given.town.bot);
    let speaker = given.speaker_in(message.chat, Some(&message.from));
    let mut decision = Decision::nothing();
    reply(&mut decision, message, speaker.say("invite", &[("url", escape(&url).into_owned().into())]));
    decision.changes.invites.push(Invite {
        code,
        roles,
        by: admin,
        expires: given.now.plus_ms(INVITE_MS),
        used_by: None,
    });
    decision
}

fn accept(given: &Given<'_>, message: &Message, mut invite: Invite) -> Decision {
    let good = invite.used_by.is_none() && invite.expires > given.now && invite.code.len() >= 8;
    let Some(mut member) = given.member_of(&message.from, "").filter(|_| good) else {
        return answer(given, message, "invite-bad");
    };
    for role in &invite.roles {
        if !member.is(*role) {
            member.roles.push(*role);
        }
    }
    member.told_at = member.told_at.or(Some(given.now));
    invite.used_by = Some(UserId(member.user.0));
    let mut decision = answer(given, message, "invite-accepted");
    decision.changes.members.push(member);
    decision.changes.invites.push(invite);
    decision
}
