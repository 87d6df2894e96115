//! The Bot API over HTTP: `/bot<token>/<method>` and `/file/bot<token>/<path>`.
//!
//! Reads a call, plays the fault that is planned for it, carries it out under the town's lock, writes it down and
//! answers. The methods themselves are in `send`, `change`, `info` and `poll`.

use super::Shared;
use super::body::Params;
use super::failure::Refusal;
use super::fault::{Fault, FaultKind};
use super::town::{ChatKind, Standing, State};
use crate::domain::id::Millis;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The methods that are known, as the documentation spells them; the frequent ones first.
const METHODS: [&str; 44] = [
    "sendMessage",
    "getUpdates",
    "editMessageText",
    "answerCallbackQuery",
    "setMessageReaction",
    "deleteMessage",
    "editMessageReplyMarkup",
    "editMessageCaption",
    "sendLocation",
    "sendVenue",
    "sendPhoto",
    "sendVideo",
    "sendVoice",
    "sendAudio",
    "sendDocument",
    "copyMessage",
    "forwardMessage",
    "sendChatAction",
    "getMe",
    "getChat",
    "getChatMember",
    "getChatAdministrators",
    "getChatMemberCount",
    "getFile",
    "setWebhook",
    "deleteWebhook",
    "getWebhookInfo",
    "setMyCommands",
    "getMyCommands",
    "deleteMyCommands",
    "leaveChat",
    "pinChatMessage",
    "unpinChatMessage",
    "setMyDescription",
    "setMyShortDescription",
    "setMyName",
    "setChatMenuButton",
    "logOut",
    "close",
    "deleteMessages",
    "setMyDefaultAdministratorRights",
    "getMyName",
    "getMyDescription",
    "getMyShortDescription",
];

/// The methods that count against the platform's limits.
const LIMITED: [&str; 14] = [
    "sendMessage",
    "editMessageText",
    "editMessageReplyMarkup",
    "editMessageCaption",
    "sendLocation",
    "sendVenue",
    "sendPhoto",
    "sendVideo",
    "sendVoice",
    "sendAudio",
    "sendDocument",
    "copyMessage",
    "forwardMessage",
    "setMessageReaction",
];

/// What a method answers: a whole body, `{"ok":true,"result":…}`.
pub(super) type Answer = Result<Vec<u8>, Refusal>;

/// `{"ok":true,"result":true}`
pub(super) fn done() -> Answer {
    Ok(b"{\"ok\":true,\"result\":true}".to_vec())
}

/// Wraps a result.
pub(super) fn result(value: &impl serde::Serialize) -> Answer {
    let mut out = b"{\"ok\":true,\"result\":".to_vec();
    serde_json::to_writer(&mut out, value).expect("results serialize");
    out.push(b'}');
    Ok(out)
}

/// The JSON answer of `status`.
pub(super) fn respond(status: u16, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}

fn refuse(refusal: &Refusal) -> Response {
    respond(refusal.code, refusal.to_bytes())
}

/// Serves whatever starts with `/bot` or `/file/bot`.
pub(super) async fn serve(shared: Arc<Shared>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let path = super::body::unescape(parts.uri.path().replace('+', "%2B").as_bytes());
    if let Some(rest) = path.strip_prefix("/file/bot") {
        return serve_file(&shared, rest);
    }
    let Some((token, method)) = path.strip_prefix("/bot").and_then(|rest| rest.split_once('/')) else {
        return refuse(&Refusal::new(404, "Not Found"));
    };
    if token != shared.token {
        return refuse(&Refusal::new(401, "Unauthorized"));
    }
    let Some(method) = METHODS.into_iter().find(|known| known.eq_ignore_ascii_case(method)) else {
        shared.log("unknown", None, 404, method);
        return refuse(&Refusal::new(404, "Not Found: method not found"));
    };
    let delay = shared.delay_ms.load(Ordering::Relaxed);
    if delay > 0 {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    let params = match Params::read(parts.uri.query(), &parts.headers, body).await {
        Ok(params) => params,
        Err(refusal) => return refuse(&refusal),
    };
    let chat = params.int("chat_id");
    let fault = shared.town().faults.take(method, chat);
    match fault {
        Some(fault) => play(&shared, method, chat, &params, &fault).await,
        None => {
            let answer = carry_out(&shared, method, &params).await;
            finish(&shared, method, chat, answer)
        }
    }
}

fn finish(shared: &Shared, method: &'static str, chat: Option<i64>, answer: Answer) -> Response {
    match answer {
        Ok(body) => {
            shared.log(method, chat, 200, "");
            respond(200, body)
        }
        Err(refusal) => {
            shared.log(method, chat, refusal.code, &refusal.description);
            refuse(&refusal)
        }
    }
}

async fn play(
    shared: &Arc<Shared>,
    method: &'static str,
    chat: Option<i64>,
    params: &Params,
    fault: &Fault,
) -> Response {
    if fault.executed {
        // Whether it worked does not matter: nobody is told.
        let _ = carry_out(shared, method, params).await;
    }
    let note = format!("fault: {:?}{}", fault.kind, if fault.executed { ", executed" } else { "" });
    if let Some(refusal) = fault.refusal() {
        shared.log(method, chat, refusal.code, &note);
        return refuse(&refusal);
    }
    if fault.kind == FaultKind::Garbage {
        shared.log(method, chat, 200, &note);
        return respond(200, b"<html>502 Bad Gateway</html>".to_vec());
    }
    shared.log(method, chat, 0, &note);
    if fault.kind == FaultKind::Hang {
        shared.stopped().await;
    }
    cut()
}

/// An answer whose body breaks at once: the connection is closed under the client.
fn cut() -> Response {
    let broken =
        futures_util::stream::once(async { Err::<axum::body::Bytes, _>(std::io::Error::other("cut on purpose")) });
    Response::new(Body::from_stream(broken))
}

async fn carry_out(shared: &Arc<Shared>, method: &'static str, params: &Params) -> Answer {
    if method == "getUpdates" {
        return super::poll::get_updates(shared, params).await;
    }
    let now = shared.clock.now();
    let mut guard = shared.town();
    let town = &mut *guard;
    if LIMITED.contains(&method) {
        town.faults.count_message(params.int("chat_id").unwrap_or(0), now)?;
    }
    let before = town.seq;
    let answer = dispatch(town, method, params, now);
    let after = town.seq;
    drop(guard);
    if after != before {
        shared.announce(after);
    }
    if method == "setWebhook" || method == "deleteWebhook" {
        shared.wake();
    }
    answer
}

fn dispatch(town: &mut State, method: &'static str, params: &Params, now: Millis) -> Answer {
    use super::{change, info, poll, send};
    match method {
        "sendMessage" => send::message(town, params, now),
        "sendLocation" => send::location(town, params, now),
        "sendVenue" => send::venue(town, params, now),
        "sendPhoto" | "sendVideo" | "sendVoice" | "sendAudio" | "sendDocument" => send::file(town, method, params, now),
        "copyMessage" | "forwardMessage" => send::copy(town, method, params, now),
        "editMessageText" => change::text(town, params, now),
        "editMessageCaption" => change::caption(town, params, now),
        "editMessageReplyMarkup" => change::keyboard(town, params, now),
        "deleteMessage" => change::delete(town, params, now),
        "deleteMessages" => change::delete_many(town, params, now),
        "setMessageReaction" => change::react(town, params),
        "answerCallbackQuery" => change::answer_press(town, params, now),
        "pinChatMessage" | "unpinChatMessage" => change::pin(town, method, params, now),
        "leaveChat" => change::leave(town, params),
        "sendChatAction" => {
            find_chat(town, params)?;
            done()
        }
        "getMe" => info::me(town),
        "getChat" => info::chat(town, params),
        "getChatMember" => info::member(town, params),
        "getChatAdministrators" => info::admins(town, params),
        "getChatMemberCount" => info::member_count(town, params),
        "getFile" => info::file(town, params),
        "setMyCommands" => info::set_commands(town, params),
        "getMyCommands" => result(&town.commands),
        "deleteMyCommands" => info::clear_commands(town),
        "getMyName" => result(&serde_json::json!({"name": town.bot.name})),
        "getMyDescription" => result(&serde_json::json!({"description": ""})),
        "getMyShortDescription" => result(&serde_json::json!({"short_description": ""})),
        "setWebhook" => poll::set_webhook(town, params),
        "deleteWebhook" => poll::delete_webhook(town, params),
        "getWebhookInfo" => poll::webhook_info(town),
        _ => done(),
    }
}

/// The chat that a call is for, if the bot can reach it.
///
/// # Errors
/// 400 or 403 in the server's words.
pub(super) fn find_chat(town: &State, params: &Params) -> Result<i64, Refusal> {
    let Some(id) = params.int("chat_id") else {
        let named = params.text("chat_id").is_some_and(|name| !name.is_empty());
        return Err(Refusal::bad(if named { "chat not found" } else { "chat_id is empty" }));
    };
    if let Some(person) = town.people.get(&id) {
        if person.deactivated {
            return Err(Refusal::forbidden("user is deactivated"));
        }
        if person.blocked {
            return Err(Refusal::forbidden("bot was blocked by the user"));
        }
        if !person.started || !town.chats.contains_key(&id) {
            return Err(Refusal::forbidden("bot can't initiate conversation with a user"));
        }
        return Ok(id);
    }
    let chat = town.chats.get(&id).ok_or_else(|| Refusal::bad("chat not found"))?;
    if let Some(to) = chat.migrated_to {
        return Err(Refusal::migrated(to));
    }
    let word = if chat.kind == ChatKind::Group { "group" } else { "supergroup" };
    match chat.standing {
        Standing::Kicked => Err(Refusal::forbidden(&format!("bot was kicked from the {word} chat"))),
        Standing::Left => Err(Refusal::forbidden(&format!("bot is not a member of the {word} chat"))),
        Standing::Administrator | Standing::Member | Standing::Restricted => Ok(id),
    }
}

fn serve_file(shared: &Shared, rest: &str) -> Response {
    let Some((token, path)) = rest.split_once('/') else { return refuse(&Refusal::new(404, "Not Found")) };
    if token != shared.token {
        return refuse(&Refusal::new(401, "Unauthorized"));
    }
    let unique = path.rsplit('/').next().unwrap_or_default();
    let unique = unique.split('.').next().unwrap_or_default();
    let bytes = shared.town().files.values().find(|file| file.unique == unique).map(|file| file.bytes.clone());
    match bytes {
        Some(bytes) => {
            let mut response = Response::new(Body::from(bytes));
            let kind = header::HeaderValue::from_static("application/octet-stream");
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response
        }
        None => refuse(&Refusal::new(404, "Not Found")),
    }
}
