//! The methods that ask: who am I, what is this chat, who is in it, where is the file.

use super::body::Params;
use super::bot_api::{Answer, done, find_chat, result};
use super::failure::Refusal;
use super::message::{FileKind, THUMBNAIL};
use super::town::{Chat, ChatKind, Standing, State};
use serde_json::{Value, json};

/// `getMe`
pub(super) fn me(town: &State) -> Answer {
    result(&json!({
        "id": town.bot.id, "is_bot": true, "first_name": town.bot.name, "username": town.bot.username,
        "can_join_groups": true, "can_read_all_group_messages": false, "supports_inline_queries": false,
        "can_connect_to_business": false, "has_main_web_app": false,
    }))
}

/// `getChat`
pub(super) fn chat(town: &State, params: &Params) -> Answer {
    let chat = &town.chats[&find_chat(town, params)?];
    let mut value = serde_json::to_value(town.chat_view(chat)).expect("views serialize");
    let more = json!({
        "accent_color_id": 1, "max_reaction_count": 11,
        "accepted_gift_types": {
            "unlimited_gifts": false, "limited_gifts": false, "unique_gifts": false, "premium_subscription": false,
        },
        "permissions": {"can_send_messages": true, "can_invite_users": true},
    });
    if let (Some(value), Value::Object(more)) = (value.as_object_mut(), more) {
        value.extend(more);
        if chat.no_reactions {
            value.insert("available_reactions".into(), json!([]));
        }
    }
    result(&value)
}

/// A member as the Bot API shows one.
pub(super) fn member_json(town: &State, chat: &Chat, user: i64) -> Value {
    let who = town.user_view(user);
    let status = if user == town.bot.id {
        chat.standing.word()
    } else if chat.admins.contains(&user) {
        "creator"
    } else if chat.members.contains(&user) {
        "member"
    } else {
        "left"
    };
    member_with(&json!(who), status)
}

/// A member of a given status.
pub(super) fn member_with(who: &Value, status: &str) -> Value {
    match status {
        "creator" => json!({"status": status, "user": who, "is_anonymous": false}),
        "administrator" => json!({
            "status": status, "user": who, "can_be_edited": false, "is_anonymous": false, "can_manage_chat": true,
            "can_delete_messages": true, "can_manage_video_chats": true, "can_restrict_members": true,
            "can_promote_members": false, "can_change_info": true, "can_invite_users": true, "can_pin_messages": true,
            "can_post_stories": false, "can_edit_stories": false, "can_delete_stories": false,
        }),
        "restricted" => json!({
            "status": status, "user": who, "is_member": true, "until_date": 0, "can_send_messages": false,
            "can_send_audios": false, "can_send_documents": false, "can_send_photos": false, "can_send_videos": false,
            "can_send_video_notes": false, "can_send_voice_notes": false, "can_send_polls": false,
            "can_send_other_messages": false, "can_add_web_page_previews": false, "can_change_info": false,
            "can_invite_users": false, "can_pin_messages": false, "can_manage_topics": false,
        }),
        "kicked" => json!({"status": status, "user": who, "until_date": 0}),
        _ => json!({"status": status, "user": who}),
    }
}

/// `getChatMember`
pub(super) fn member(town: &State, params: &Params) -> Answer {
    let chat = &town.chats[&find_chat(town, params)?];
    let user = params.int("user_id").filter(|id| *id == town.bot.id || town.people.contains_key(id));
    let user = user.ok_or_else(|| Refusal::bad("user not found"))?;
    result(&member_json(town, chat, user))
}

/// `getChatAdministrators`
pub(super) fn admins(town: &State, params: &Params) -> Answer {
    let chat = &town.chats[&find_chat(town, params)?];
    if chat.kind == ChatKind::Private {
        return Err(Refusal::bad("there are no administrators in the private chat"));
    }
    let mut all: Vec<Value> = chat.admins.iter().map(|user| member_json(town, chat, *user)).collect();
    if chat.standing == Standing::Administrator {
        all.push(member_json(town, chat, town.bot.id));
    }
    result(&all)
}

/// `getChatMemberCount`
pub(super) fn member_count(town: &State, params: &Params) -> Answer {
    let chat = &town.chats[&find_chat(town, params)?];
    result(&(chat.members.len() + 1))
}

/// `getFile`
pub(super) fn file(town: &State, params: &Params) -> Answer {
    let id = params.text("file_id").unwrap_or_default();
    let file = town.find_file(id).ok_or_else(|| Refusal::bad("invalid file_id"))?;
    if file.bytes.len() > 20 << 20 {
        return Err(Refusal::bad("file is too big"));
    }
    let folder = if file.kind == FileKind::Voice { "voice".to_owned() } else { format!("{}s", file.kind.word()) };
    let ending = match file.kind {
        FileKind::Photo => "jpg",
        FileKind::Voice => "oga",
        _ => file.name.rsplit_once('.').map_or("bin", |(_, ending)| ending),
    };
    result(&json!({
        "file_id": id, "file_unique_id": file.unique.trim_end_matches(THUMBNAIL), "file_size": file.bytes.len(),
        "file_path": format!("{folder}/{}.{ending}", file.unique),
    }))
}

/// `setMyCommands`
pub(super) fn set_commands(town: &mut State, params: &Params) -> Answer {
    let commands = params.nested("commands")?.unwrap_or(Value::Null);
    let list = commands.as_array().ok_or_else(|| Refusal::bad("expected an Array of BotCommand"))?;
    for command in list {
        let field = |name: &str| command.get(name).and_then(Value::as_str).unwrap_or_default();
        let name = field("command").trim_start_matches('/');
        let good = (1..=32).contains(&name.len())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !good {
            return Err(Refusal::bad("BOT_COMMAND_INVALID"));
        }
        if field("description").is_empty() || field("description").chars().count() > 256 {
            return Err(Refusal::bad("BOT_COMMAND_DESCRIPTION_INVALID"));
        }
    }
    // The page shows one list: the default, else whatever was set first.
    let default = params.nested("scope")?.is_none_or(|scope| scope["type"] == "default");
    let plain = default && params.text("language_code").unwrap_or_default().is_empty();
    if plain || town.commands.as_array().is_none_or(Vec::is_empty) {
        town.journal.write("commands", 0, &commands);
        town.commands = commands;
        town.note_roster();
    }
    done()
}

/// `deleteMyCommands`
pub(super) fn clear_commands(town: &mut State) -> Answer {
    town.commands = json!([]);
    town.note_roster();
    done()
}
