//! The control API under `/sandbox/`: what tests and the page ask and do. JSON in, JSON out.
//!
//! Errors have the shape of the Bot API's. The page is served from here too.

use super::Shared;
use super::failure::Refusal;
use super::message::{Content, FileKind};
use super::person::Draft;
use super::send::new_file;
use super::town::{ChatKind, Person, Standing, State};
use super::{lab, page, view};
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State as Shares};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// What a control request answers.
pub(super) type Answer = Result<Json<Value>, Refusal>;
/// What handlers are given.
pub(super) type Town = Shares<Arc<Shared>>;

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        super::bot_api::respond(self.code, self.to_bytes())
    }
}

/// A JSON body; what cannot be read is a 400 that says why.
pub(super) struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let bytes = axum::body::Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|why| Refusal::new(400, why.to_string()))?;
        serde_json::from_slice(&bytes).map(Self).map_err(|why| Refusal::new(400, format!("the request: {why}")))
    }
}

/// All routes of the control API and the page.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/sandbox/state", get(view::state))
        .route("/sandbox/messages", get(view::messages))
        .route("/sandbox/say", post(say))
        .route("/sandbox/edit", post(edit))
        .route("/sandbox/delete", post(delete))
        .route("/sandbox/location", post(location))
        .route("/sandbox/photo", post(photo))
        .route("/sandbox/voice", post(voice))
        .route("/sandbox/press", post(press))
        .route("/sandbox/react", post(react))
        .route("/sandbox/join", post(join))
        .route("/sandbox/leave", post(leave))
        .route("/sandbox/person", post(person))
        .route("/sandbox/chat", post(chat))
        .route("/sandbox/bot", post(bot))
        .route("/sandbox/migrate", post(migrate))
        .route("/sandbox/block", post(block))
        .route("/sandbox/flood", post(lab::start_flood))
        .route("/sandbox/raw", post(lab::raw))
        .route("/sandbox/renumber", post(lab::renumber))
        .route("/sandbox/faults", get(lab::faults).post(lab::plan_faults).delete(lab::clear_faults))
        .route("/sandbox/calls", get(lab::calls).delete(lab::clear_calls))
        .route("/sandbox/confirmed", get(lab::confirmed))
        .route("/sandbox/latency", get(lab::latency).delete(lab::clear_latency))
        .route("/sandbox/file/{id}", get(file))
        .route("/sandbox/town", get(page::town))
        .route("/", get(page::index))
        .route("/page/{name}", get(page::asset))
        .layer(DefaultBodyLimit::max(32 << 20))
}

/// Runs `work` on the town and tells those who wait what is new.
pub(super) fn with<T>(shared: &Shared, work: impl FnOnce(&mut State) -> T) -> T {
    let (value, seq) = {
        let mut town = shared.town();
        let value = work(&mut town);
        (value, town.seq)
    };
    shared.announce(seq);
    shared.wake();
    value
}

/// Done.
pub(super) fn ok() -> Answer {
    Ok(Json(json!({"ok": true})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Say {
    #[serde(rename = "as")]
    who: i64,
    /// Missing: the private chat with the bot.
    chat: Option<i64>,
    #[serde(default)]
    text: String,
    reply_to: Option<i64>,
    thread: Option<i64>,
    date: Option<i64>,
    #[serde(default)]
    anonymous: bool,
    album: Option<String>,
    /// Of a location.
    lat: Option<f64>,
    lon: Option<f64>,
    accuracy: Option<f64>,
    /// Makes the location a venue of this name.
    venue: Option<String>,
    address: Option<String>,
    /// Shares it live: the first time as a new message, then the same one moves.
    #[serde(default)]
    live: bool,
    /// Of a voice message, seconds.
    duration: Option<u32>,
}

impl Say {
    fn draft(self, content: Content) -> Draft {
        Draft {
            who: self.who,
            chat: self.chat.unwrap_or(self.who),
            text: self.text,
            content,
            reply_to: self.reply_to,
            thread: self.thread,
            album: self.album,
            anonymous: self.anonymous,
            date: self.date,
        }
    }
}

fn send(shared: &Shared, draft: Draft) -> Answer {
    let now = shared.clock.now();
    let sent = with(shared, |town| town.say(draft, now))?;
    Ok(Json(json!(sent)))
}

async fn say(Shares(shared): Town, Body(say): Body<Say>) -> Answer {
    send(&shared, say.draft(Content::Text))
}

/// For how long the page shares a place live: the shortest that the platform offers.
const LIVE_SECONDS: u32 = 900;

async fn location(Shares(shared): Town, Body(mut say): Body<Say>) -> Answer {
    let (Some(lat), Some(lon)) = (say.lat, say.lon) else { return Err(Refusal::new(400, "lat and lon are needed")) };
    let content = match say.venue.take() {
        Some(title) => Content::Venue { lat, lon, title, address: say.address.take().unwrap_or_default() },
        None => Content::Pin { lat, lon, accuracy: say.accuracy, live: say.live.then_some(LIVE_SECONDS) },
    };
    if say.live {
        let (who, chat, now) = (say.who, say.chat.unwrap_or(say.who), shared.clock.now());
        let moved = with(&shared, |town| town.move_live(who, chat, &content, now))?;
        if let Some(sent) = moved {
            return Ok(Json(json!(sent)));
        }
    }
    send(&shared, say.draft(content))
}

async fn voice(Shares(shared): Town, Body(say): Body<Say>) -> Answer {
    let duration = say.duration.unwrap_or(3).clamp(1, 600);
    let id = with(&shared, |town| {
        let mut file = new_file(town, FileKind::Voice, "voice.wav", "audio/ogg", page::beep().into());
        file.duration = duration;
        town.put_file(file)
    });
    send(&shared, say.draft(Content::File(id)))
}

/// A picture: multipart with `as`, `chat`, `text`, `reply_to` and `file`, or JSON with the number of a sample.
async fn photo(Shares(shared): Town, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let params = super::body::Params::read(parts.uri.query(), &parts.headers, body).await?;
    let who = params.int("as").ok_or_else(|| Refusal::new(400, "as is needed"))?;
    let (name, mime, bytes) = match params.files.get("file") {
        Some(file) => (file.name.clone(), file.mime.clone(), file.bytes.clone()),
        None => {
            let sample = usize::try_from(params.int("sample").unwrap_or(0)).unwrap_or(0);
            ("sample.png".to_owned(), "image/png".to_owned(), axum::body::Bytes::from_static(page::sample(sample)))
        }
    };
    let kind = if mime.starts_with("image/") { FileKind::Photo } else { FileKind::Document };
    let id = with(&shared, |town| {
        let file = new_file(town, kind, &name, &mime, bytes);
        town.put_file(file)
    });
    let draft = Draft {
        who,
        chat: params.int("chat").unwrap_or(who),
        text: params.text("text").unwrap_or_default().to_owned(),
        content: Content::File(id),
        reply_to: params.int("reply_to"),
        thread: params.int("thread"),
        album: params.text("album").map(str::to_owned),
        ..Draft::default()
    };
    send(&shared, draft)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct At {
    #[serde(rename = "as")]
    who: i64,
    chat: Option<i64>,
    message_id: Option<i64>,
    #[serde(default)]
    text: String,
    #[serde(default)]
    data: String,
    emoji: Option<String>,
    blocked: Option<bool>,
    /// How many callbacks one press makes.
    times: Option<usize>,
    /// Milliseconds to wait for the answer to a press.
    wait: Option<u64>,
}

impl At {
    fn place(&self) -> i64 {
        self.chat.unwrap_or(self.who)
    }

    fn message(&self) -> Result<i64, Refusal> {
        self.message_id.ok_or_else(|| Refusal::new(400, "message_id is needed"))
    }
}

async fn edit(Shares(shared): Town, Body(at): Body<At>) -> Answer {
    let (now, id) = (shared.clock.now(), at.message()?);
    Ok(Json(json!(with(&shared, |town| town.edit(at.who, at.place(), id, &at.text, now))?)))
}

async fn delete(Shares(shared): Town, Body(at): Body<At>) -> Answer {
    let id = at.message()?;
    with(&shared, |town| town.unsay(at.who, at.place(), id))?;
    ok()
}

/// Presses a button and gives the answer that the presser sees; `answer` is null if none came in time.
async fn press(Shares(shared): Town, Body(at): Body<At>) -> Answer {
    let (now, id) = (shared.clock.now(), at.message()?);
    let (press, waiting) = with(&shared, |town| {
        let mut pressed = town.press(at.who, at.place(), id, &at.data, now);
        for _ in 1..at.times.unwrap_or(1).clamp(1, 20) {
            pressed = town.press(at.who, at.place(), id, &at.data, now);
        }
        pressed
    })?;
    let answer = tokio::time::timeout(Duration::from_millis(at.wait.unwrap_or(10_000)), waiting).await;
    Ok(Json(json!({"id": press, "answer": answer.ok().and_then(Result::ok)})))
}

async fn react(Shares(shared): Town, Body(at): Body<At>) -> Answer {
    let (now, id) = (shared.clock.now(), at.message()?);
    with(&shared, |town| town.react(at.who, at.place(), id, at.emoji.clone(), now))?;
    ok()
}

async fn join(Shares(shared): Town, Body(at): Body<At>) -> Answer {
    let now = shared.clock.now();
    Ok(Json(json!(with(&shared, |town| town.move_person(at.who, at.place(), true, now))?)))
}

async fn leave(Shares(shared): Town, Body(at): Body<At>) -> Answer {
    let now = shared.clock.now();
    Ok(Json(json!(with(&shared, |town| town.move_person(at.who, at.place(), false, now))?)))
}

async fn block(Shares(shared): Town, Body(at): Body<At>) -> Answer {
    let now = shared.clock.now();
    with(&shared, |town| town.block(at.who, at.blocked.unwrap_or(true), now))?;
    ok()
}

/// Makes or changes a person. One without an id gets a free one.
async fn person(Shares(shared): Town, Body(mut person): Body<Value>) -> Answer {
    with(&shared, |town| {
        if person.get("id").is_none_or(Value::is_null) {
            let free = (7_000_001..).find(|id| !town.people.contains_key(id)).expect("ids do not run out");
            person["id"] = json!(free);
        }
        let mut person: Person =
            serde_json::from_value(person).map_err(|why| Refusal::new(400, format!("the request: {why}")))?;
        if let Some(old) = town.people.get(&person.id) {
            person.chats.extend(&old.chats);
        }
        let id = person.id;
        let started = person.started;
        town.put_person(person, false);
        if started {
            town.private_chat(id);
        }
        Ok(Json(json!({"id": id})))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChatRequest {
    id: Option<i64>,
    title: Option<String>,
    kind: Option<ChatKind>,
    purpose: Option<String>,
    members: Option<Vec<i64>>,
    admins: Option<Vec<i64>>,
    forum: Option<bool>,
    no_reactions: Option<bool>,
    standing: Option<Standing>,
}

/// Makes a group (the bot is told that it was added) or changes one.
async fn chat(Shares(shared): Town, Body(asked): Body<ChatRequest>) -> Answer {
    let now = shared.clock.now();
    with(&shared, |town| {
        let known = asked.id.and_then(|id| town.chats.get(&id)).cloned();
        let new = known.is_none();
        let mut chat = known.unwrap_or_default();
        chat.kind = asked.kind.unwrap_or(chat.kind);
        if new {
            let base = if chat.kind == ChatKind::Group { -5_000_001 } else { -1_003_000_000_001 };
            let free = (0..).map(|k| base - k).find(|id| !town.chats.contains_key(id));
            chat.id = asked.id.or(free).expect("ids do not run out");
            chat.standing = Standing::Left;
        }
        chat.title = asked.title.unwrap_or(chat.title);
        chat.purpose = asked.purpose.unwrap_or(chat.purpose);
        chat.members.extend(asked.members.unwrap_or_default());
        chat.admins.extend(asked.admins.unwrap_or_default());
        chat.forum = asked.forum.unwrap_or(chat.forum);
        chat.no_reactions = asked.no_reactions.unwrap_or(chat.no_reactions);
        let id = chat.id;
        let by = chat.admins.first().or(chat.members.first()).copied().unwrap_or(town.bot.id);
        town.put_chat(chat);
        if new || asked.standing.is_some() {
            town.set_standing(by, id, asked.standing.unwrap_or_default(), now)?;
        }
        Ok(Json(json!({"id": id})))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BotRequest {
    chat: i64,
    standing: Standing,
}

/// Promotes, demotes or throws out the bot.
async fn bot(Shares(shared): Town, Body(asked): Body<BotRequest>) -> Answer {
    let now = shared.clock.now();
    with(&shared, |town| {
        let by = town.chats.get(&asked.chat).and_then(|c| c.admins.first().or(c.members.first()).copied());
        town.set_standing(by.unwrap_or(0), asked.chat, asked.standing, now)
    })?;
    ok()
}

async fn migrate(Shares(shared): Town, Body(asked): Body<Value>) -> Answer {
    let now = shared.clock.now();
    let chat = asked.get("chat").and_then(Value::as_i64).ok_or_else(|| Refusal::new(400, "chat is needed"))?;
    let to = with(&shared, |town| town.migrate(chat, now))?;
    Ok(Json(json!({"chat": to})))
}

/// A file's content, for the page. Only pictures and sound are shown; everything else is downloaded.
async fn file(Shares(shared): Town, Path(id): Path<String>) -> Result<Response, Refusal> {
    let found = shared.town().find_file(&id).cloned();
    let found = found.ok_or_else(|| Refusal::new(404, "no such file"))?;
    let kind = match found.kind {
        FileKind::Photo if ["image/png", "image/jpeg", "image/webp", "image/gif"].contains(&found.mime.as_str()) => {
            found.mime.clone()
        }
        FileKind::Voice => "audio/wav".to_owned(),
        _ => "application/octet-stream".to_owned(),
    };
    let shown = matches!(found.kind, FileKind::Photo | FileKind::Voice);
    let name: String = found.name.bytes().map(percent).collect();
    let disposition = if shown { "inline".to_owned() } else { format!("attachment; filename*=UTF-8''{name}") };
    let head = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, disposition),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((head, found.bytes.clone()).into_response())
}

fn percent(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}
