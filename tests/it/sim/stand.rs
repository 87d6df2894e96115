//! What must stand on the platform when the storm is over: messages, calls, limits.

use super::faulty::call_of;
use super::platform::State;
use super::run::Run;
use crate::world::plain;
use baiying::domain::id::{AlarmId, Millis, OutboxId};
use baiying::port::store::Content;
use sqlx::SqliteConnection;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, sqlx::FromRow)]
struct Row {
    id: i64,
    chat: i64,
    subject: String,
    content: String,
    nature: String,
    state: String,
    message: Option<i64>,
    error: Option<String>,
}

/// Alarm, point, delivered, failure, answered.
type CallRow = (i64, String, Option<i64>, Option<String>, Option<i64>);

/// Everything of this module.
pub async fn check(run: &Run, db: &mut SqliteConnection) -> Vec<String> {
    let mut wrongs = Vec::new();
    let rows: Vec<Row> =
        sqlx::query_as("SELECT id, chat, subject, content, nature, state, message, error FROM outbox ORDER BY id")
            .fetch_all(&mut *db)
            .await
            .unwrap();
    messages(&run.platform.lock(), &rows, &mut wrongs);
    calls(run, db, &rows, &mut wrongs).await;
    limits(run, &mut wrongs);
    let state = run.platform.lock();
    for at in state.taken_down.iter().filter(|at| run.deeds.chatter.contains(at)) {
        wrongs.push(format!("neighbours' chat was taken down: {at:?}"));
    }
    wrongs
}

/// What stands in a chat is what the outbox says; every message is one that the outbox knows.
fn messages(state: &State, rows: &[Row], wrongs: &mut Vec<String>) {
    let by_id: BTreeMap<i64, &Row> = rows.iter().map(|row| (row.id, row)).collect();
    let reachable = |chat: i64| !state.closed.contains_key(&chat) && !state.moved.contains_key(&chat);
    let mut deleted: BTreeSet<OutboxId> = BTreeSet::new();
    for (chat, id, row, shown) in state.of_bot() {
        if shown.end.is_some() {
            deleted.insert(row);
            continue;
        }
        let known = by_id.get(&row.0);
        let on_record = known.is_some_and(|row| row.message == Some(id) && row.chat == chat);
        if reachable(chat) && !on_record && !state.excused.contains(&(chat, id)) {
            let subject = known.map_or("nothing", |row| &row.subject);
            wrongs.push(format!(
                "message {id} in {chat} stands for {subject} and the outbox does not know it: {}",
                shown.text
            ));
        }
    }
    for row in rows.iter().filter(|row| reachable(row.chat)) {
        let name = format!("{} in {}", row.subject, row.chat);
        match row.state.as_str() {
            "settled" => {}
            "failed" if state.was_closed.contains(&row.chat) => continue,
            other => {
                wrongs.push(format!("{name} is {other}: {:?}", row.error));
                continue;
            }
        }
        if row.nature == "gone" || row.content.is_empty() {
            if let Some(message) = row.message
                && state.messages.get(&(row.chat, message)).is_some_and(|shown| shown.end.is_none())
            {
                wrongs.push(format!("{name} should be gone and stands as message {message}"));
            }
            continue;
        }
        let Ok(Content::Text { html, keyboard, .. }) = serde_json::from_str(&row.content) else { continue };
        let Some(message) = row.message else {
            // Somebody took it away, and the product learnt that.
            if !deleted.contains(&OutboxId(row.id)) {
                wrongs.push(format!("{name} is settled and stands nowhere"));
            }
            continue;
        };
        match state.messages.get(&(row.chat, message)) {
            None => wrongs.push(format!("{name} is on record as message {message}, which never was")),
            Some(shown) if shown.end.is_some() => {}
            Some(shown) if shown.text != plain(&html) || shown.keyboard != keyboard => wrongs.push(format!(
                "{name} should say {:?} {keyboard:?} and says {:?} {:?}",
                plain(&html),
                shown.text,
                shown.keyboard
            )),
            Some(_) => {}
        }
    }
}

/// Each call is delivered or visibly failed; nothing of a call that is over looks as if it were not.
async fn calls(run: &Run, db: &mut SqliteConnection, rows: &[Row], wrongs: &mut Vec<String>) {
    let over: BTreeSet<i64> = sqlx::query_scalar("SELECT id FROM alarm WHERE stood_down_at IS NOT NULL")
        .fetch_all(&mut *db)
        .await
        .unwrap()
        .into_iter()
        .collect();
    let calls: Vec<CallRow> =
        sqlx::query_as(
            "SELECT call.alarm, call.callee, min(delivered_at), COALESCE(call.failure, CASE WHEN count(user_id) = \
             count(summons.failure) THEN min(summons.failure) END), min(COALESCE(acknowledged_at, under_way_at, \
             on_scene_at, declined_at)) FROM call LEFT JOIN summons USING (alarm, callee) GROUP BY call.alarm, call.callee",
        )
            .fetch_all(&mut *db)
            .await
            .unwrap();
    let desks = [run.town.desk, run.platform.now_at(run.town.desk)];
    let state = run.platform.lock();
    for (alarm, point, delivered, failure, answered) in &calls {
        if delivered.is_some() {
            continue;
        }
        let Some(failure) = failure else {
            if !over.contains(alarm) {
                wrongs.push(format!("alarm {alarm}: the call to {point} is neither delivered nor failed"));
            }
            continue;
        };
        let board = format!("alarm:{alarm}:board");
        let boards: Vec<&Row> = rows.iter().filter(|r| r.subject == board && desks.contains(&r.chat)).collect();
        // A scrubbed lead's board is gone, as it should be.
        let scrubbed = boards.iter().all(|board| board.nature == "gone" || board.content.is_empty());
        let says = |line: &str| ["⚠️", "at another scene", "在其他现场"].iter().any(|words| line.contains(words));
        let line = |text: &str| text.lines().any(|line| line.contains(point.as_str()) && says(line));
        let shown = boards.iter().any(|board| line(&board.content.replace("\\n", "\n")));
        if !shown && !scrubbed && answered.is_none() {
            wrongs.push(format!("alarm {alarm}: the call to {point} failed ({failure}) and no board says so"));
        }
    }
    for row in rows {
        let Some(AlarmId(alarm)) = call_of(&row.subject) else { continue };
        let open = !state.closed.contains_key(&row.chat) && row.state == "settled";
        let stands = |m: &i64| state.messages.get(&(row.chat, *m)).filter(|shown| shown.end.is_none());
        let Some(shown) = row.message.as_ref().and_then(stands).filter(|_| open && over.contains(&alarm)) else {
            continue;
        };
        let says_so = ["is over", "已解除"].iter().any(|words| shown.text.contains(words)) && shown.keyboard.is_empty();
        if !says_so && !row.subject.ends_with(":pin") {
            wrongs.push(format!("{} in {} does not say that it is over: {}", row.subject, row.chat, shown.text));
        }
    }
}

/// The platform never saw more than its limits allow.
fn limits(run: &Run, wrongs: &mut Vec<String>) {
    let limits = run.rules.telegram.limits;
    if limits.per_second == 0 {
        return;
    }
    let state = run.platform.lock();
    let sends = &state.sends;
    let mut most = |name: String, times: &[Millis], span: i64, allowed: u32| {
        for (n, from) in times.iter().enumerate() {
            let count = times[n..].iter().take_while(|at| at.since(*from) < span).count();
            let restarted = run.restarts.iter().any(|at| (0..=span).contains(&at.since(*from)));
            if count > allowed as usize && !restarted {
                wrongs.push(format!("{count} sends {name} within {span} ms from {} on", from.since(super::START)));
                return;
            }
        }
    };
    let all: Vec<Millis> = sends.iter().map(|(at, _)| *at).collect();
    most("in all".into(), &all, 1000, limits.per_second);
    let chats: BTreeSet<i64> = sends.iter().map(|(_, chat)| *chat).collect();
    for chat in chats {
        let own: Vec<Millis> = sends.iter().filter(|(_, c)| *c == chat).map(|(at, _)| *at).collect();
        most(format!("to {chat}"), &own, 1000, limits.per_chat_second);
        if chat < 0 {
            most(format!("to {chat}"), &own, 60_000, limits.per_group_minute);
        }
    }
}
