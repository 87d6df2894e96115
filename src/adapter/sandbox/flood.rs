//! Load: many made-up people in many made-up groups write tips, at once or at a steady rate.

use super::Shared;
use super::failure::Refusal;
use super::person::Draft;
use super::town::{Chat, Person, State};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// The first made-up group; the next ones count down from it.
const FIRST_GROUP: i64 = -1_002_000_000_001;
/// The first made-up person.
const FIRST_USER: i64 = 9_000_001;

/// What is asked for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Flood {
    /// How many messages.
    n: usize,
    /// Over how many groups.
    #[serde(default = "fifty")]
    groups: usize,
    /// By how many people.
    #[serde(default = "two_hundred")]
    users: usize,
    /// These groups in place of made-up ones.
    #[serde(default)]
    chats: Vec<i64>,
    /// A second; 0: all at once.
    #[serde(default)]
    rate: f64,
    /// What is written, in turn; `{n}` is the message's number. Empty: tips of every kind.
    #[serde(default)]
    texts: Vec<String>,
}

fn fifty() -> usize {
    50
}
fn two_hundred() -> usize {
    200
}

const TIPS: [&str; 8] = [
    "#盗窃 刚才 菱湾大道52号门口有人撬电动车 第{n}条",
    "#打架 10分钟前 渔市街口两伙人打起来了 编号{n}",
    "#交通事故 地点:菱东市场对面 时间:刚刚 描述:货车碰倒三轮车 {n}",
    "/tip 菱湾公园有个老人走失 现在 {n}",
    "#消防隐患 创业路18号楼道堆满纸箱 {n}",
    "#可疑情况 昨晚 东堤路有人挨个拉车门 {n}",
    "#theft just now at Lingwan Square, a phone was snatched {n}",
    "#设施损坏 文华路井盖不见了 {n}",
];

/// Makes groups and people as far as they are not there.
fn prepare(town: &mut State, flood: &Flood) -> (Vec<i64>, Vec<i64>) {
    let users: Vec<i64> = (0..i64::try_from(flood.users.max(1)).unwrap_or(1)).map(|k| FIRST_USER + k).collect();
    for &id in &users {
        if !town.people.contains_key(&id) {
            let first_name = format!("居民{}", id - FIRST_USER + 1);
            let language = "zh-hans".to_owned();
            town.put_person(Person { id, first_name, language, started: true, ..Person::default() }, true);
        }
    }
    if !flood.chats.is_empty() {
        for id in &flood.chats {
            if let Some(mut chat) = town.chats.get(id).cloned() {
                chat.members.extend(&users);
                town.put_chat(chat);
            }
        }
        return (flood.chats.clone(), users);
    }
    let groups: Vec<i64> = (0..i64::try_from(flood.groups.max(1)).unwrap_or(1)).map(|k| FIRST_GROUP - k).collect();
    for &id in &groups {
        let missing = town.chats.get(&id).is_none_or(|chat| !users.iter().all(|user| chat.members.contains(user)));
        if missing {
            let title = format!("压测群{}", FIRST_GROUP - id + 1);
            town.put_chat(Chat { id, title, members: users.iter().copied().collect(), ..Chat::default() });
        }
    }
    (groups, users)
}

fn say(town: &mut State, flood: &Flood, groups: &[i64], users: &[i64], n: usize, shared: &Shared) -> Option<i64> {
    let text = match flood.texts.get(n % flood.texts.len().max(1)) {
        Some(text) => text.as_str(),
        None => TIPS[n % TIPS.len()],
    };
    let draft = Draft {
        who: users[n % users.len()],
        chat: groups[n % groups.len()],
        text: text.replace("{n}", &n.to_string()),
        ..Draft::default()
    };
    town.say(draft, shared.clock.now()).ok()?.update_id
}

/// Starts the flood; gives the groups, and the first and last update if all were sent at once.
///
/// # Errors
/// A group that is not there.
pub(super) async fn start(shared: Arc<Shared>, flood: Flood) -> Result<Value, Refusal> {
    let (groups, users) = {
        let mut town = shared.town();
        if let Some(id) = flood.chats.iter().find(|id| !town.chats.contains_key(id)) {
            return Err(Refusal::new(404, format!("no chat {id}")));
        }
        prepare(&mut town, &flood)
    };
    let answer = json!({"groups": groups, "users": users.len(), "n": flood.n});
    if flood.rate > 0.0 {
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(Duration::from_secs_f64(1.0 / flood.rate));
            for n in 0..flood.n {
                tokio::select! {
                    _ = ticks.tick() => {}
                    () = shared.stopped() => return,
                }
                let seq = {
                    let mut town = shared.town();
                    say(&mut town, &flood, &groups, &users, n, &shared);
                    town.seq
                };
                shared.announce(seq);
                shared.wake();
            }
        });
        return Ok(answer);
    }
    let mut ids = Vec::new();
    for start in (0..flood.n).step_by(500) {
        // The lock is let go now and then, so that the bot is served meanwhile.
        let seq = {
            let mut town = shared.town();
            for n in start..(start + 500).min(flood.n) {
                ids.extend(say(&mut town, &flood, &groups, &users, n, &shared));
            }
            town.seq
        };
        shared.announce(seq);
        shared.wake();
        tokio::task::yield_now().await;
    }
    let mut answer = answer;
    answer["first_update"] = json!(ids.first());
    answer["last_update"] = json!(ids.last());
    Ok(answer)
}
