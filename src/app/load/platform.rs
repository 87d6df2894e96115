//! A lean stand-in for the platform: a Bot API over HTTP/1.1 on 127.0.0.1 that hands out tips and notes the answers.
//!
//! Owns what people wrote, when each tip was handed out, and every message that came back to it. Strict about
//! offsets: what is not confirmed is handed out again. It reads requests by hand, so that on a small machine the
//! stand-in costs little beside what is measured. Called by `load` and by the kill test.

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// The number of the first update; the others follow it.
pub const FIRST_UPDATE: i64 = 700_000_001;
/// The numbers of the bot's own messages begin here, far above those of the tips.
const FIRST_MESSAGE: i64 = 1_000_000_000;
/// The platform gives no more updates than this at once.
const MOST_UPDATES: usize = 100;
/// No request of the bot is longer.
const MOST_BYTES: usize = 1 << 20;

/// A message that somebody is going to write.
#[derive(Debug, Clone)]
pub struct Tip {
    /// The group.
    pub chat: i64,
    /// Who writes.
    pub from: i64,
    /// The writer's first name.
    pub name: String,
    /// The words.
    pub text: String,
}

/// How fast people write and how slowly the platform answers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pace {
    /// Tips a second, evenly; 0: all at once, when the bot first asks.
    pub per_second: u32,
    /// Before each answer but that to `getUpdates`.
    pub delay: Duration,
    /// Before each answer to `getUpdates`.
    pub poll_delay: Duration,
    /// The date of all messages, seconds since the epoch.
    pub date: i64,
    /// How many tips were written in runs before on the same database: the numbers go on from there.
    pub first: usize,
}

/// What became of one tip. All instants are of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct Told {
    /// When it was written.
    pub written: Option<Instant>,
    /// When it was first given to the bot.
    pub handed: Option<Instant>,
    /// When its first receipt came.
    pub receipt: Option<Instant>,
    /// How many receipts came.
    pub receipts: u32,
}

/// How far it has come; each number only grows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Tips that people have written.
    pub written: usize,
    /// Tips given to the bot at least once.
    pub handed: usize,
    /// Tips that the bot has confirmed.
    pub confirmed: usize,
    /// Tips with a receipt.
    pub answered: usize,
}

#[derive(Debug, Default)]
struct Book {
    tips: Vec<Told>,
    calls: BTreeMap<String, u64>,
    messages: i64,
}

struct State {
    /// The chats of the tips and the updates as they are handed out.
    updates: Vec<(i64, String)>,
    pace: Pace,
    book: Mutex<Book>,
    progress: watch::Sender<Progress>,
    asked: watch::Sender<bool>,
}

/// The stand-in. It ends when this is dropped.
pub struct Platform {
    url: String,
    state: Arc<State>,
    tasks: [JoinHandle<()>; 2],
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Platform {
    /// Listens on a free port. Nothing is written before the bot first asks for updates.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(tips: &[Tip], pace: Pace) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let updates: Vec<_> =
            tips.iter().enumerate().map(|(n, tip)| (tip.chat, update(pace.first + n, tip, pace.date))).collect();
        let book = Book { tips: vec![Told::default(); updates.len()], ..Book::default() };
        let (progress, asked) = (watch::Sender::default(), watch::Sender::default());
        let state = Arc::new(State { updates, pace, book: Mutex::new(book), progress, asked });
        let tasks = [tokio::spawn(people_write(state.clone())), tokio::spawn(accept(listener, state.clone()))];
        Ok(Self { url, state, tasks })
    }

    /// Its address, without a path.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How far it has come.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.state.progress.subscribe()
    }

    /// What became of each tip, in the order in which they were written.
    pub fn tips(&self) -> Vec<Told> {
        self.state.book().tips.clone()
    }

    /// How often each method was called.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.state.book().calls.clone()
    }
}

/// The update by which the platform tells of a tip.
fn update(n: usize, tip: &Tip, date: i64) -> String {
    let message = n + 1;
    let update = json!({
        "update_id": FIRST_UPDATE + i64::try_from(n).expect("a count of tips is small"),
        "message": {
            "message_id": message,
            "from": {"id": tip.from, "is_bot": false, "first_name": tip.name, "language_code": "zh-hans"},
            "chat": {"id": tip.chat, "title": "Load", "type": "supergroup"},
            "date": date,
            "text": tip.text,
        }
    });
    update.to_string()
}

/// Lets people write at their pace, from when the bot first asks.
async fn people_write(state: Arc<State>) {
    let mut asked = state.asked.subscribe();
    if asked.wait_for(|asked| *asked).await.is_err() {
        return;
    }
    let (count, start) = (state.updates.len(), Instant::now());
    let mut written = 0;
    while written < count {
        let due = if state.pace.per_second == 0 {
            count
        } else {
            let next = Duration::from_secs_f64(written as f64 / f64::from(state.pace.per_second));
            tokio::time::sleep_until(start + next).await;
            let due = (start.elapsed().as_secs_f64() * f64::from(state.pace.per_second)) as usize + 1;
            due.clamp(written + 1, count)
        };
        let now = Instant::now();
        state.book().tips[written..due].iter_mut().for_each(|tip| tip.written = Some(now));
        written = due;
        state.progress.send_modify(|progress| progress.written = written);
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            // A line that breaks is the bot's to notice.
            tokio::spawn(converse(stream, state.clone()));
        }
    }
}

/// Answers one request after the other until the bot hangs up.
async fn converse(mut stream: TcpStream, state: Arc<State>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut bytes = Vec::with_capacity(8192);
    loop {
        let Some((head, length)) = read_request(&mut stream, &mut bytes).await? else { return Ok(()) };
        let method = method(&bytes[..head]).to_owned();
        let (status, body) = state.answer(&method, &bytes[head..head + length]).await;
        bytes.drain(..head + length);
        let mut answer =
            format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        answer.push_str(&body);
        stream.write_all(answer.as_bytes()).await?;
    }
}

/// Reads on until a request is whole; tells how long its head and its body are. `None`: the bot hung up.
async fn read_request(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> std::io::Result<Option<(usize, usize)>> {
    loop {
        if let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") {
            let length = content_length(&bytes[..end]);
            if bytes.len() >= end + 4 + length {
                return Ok(Some((end + 4, length)));
            }
        }
        if bytes.len() > MOST_BYTES || stream.read_buf(bytes).await? == 0 {
            return Ok(None);
        }
    }
}

fn content_length(head: &[u8]) -> usize {
    let lines = head.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    let mut lengths =
        lines.filter_map(|line| line.split_once(':').filter(|it| it.0.eq_ignore_ascii_case("content-length")));
    lengths.next().and_then(|it| it.1.trim().parse().ok()).unwrap_or(0)
}

/// `sendMessage` of `POST /bot<token>/sendMessage HTTP/1.1`.
fn method(head: &[u8]) -> &str {
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let path = std::str::from_utf8(line).ok().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    path.split('?').next().and_then(|path| path.rsplit('/').next()).unwrap_or_default()
}

#[derive(Deserialize)]
#[serde(default)]
struct Question {
    offset: i64,
    limit: usize,
    timeout: u64,
}

impl Default for Question {
    fn default() -> Self {
        Self { offset: 0, limit: MOST_UPDATES, timeout: 0 }
    }
}

#[derive(Deserialize, Default)]
struct Words<'a> {
    #[serde(default)]
    chat_id: i64,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    message_id: Option<i64>,
    reply_parameters: Option<Reply>,
}

#[derive(Deserialize)]
struct Reply {
    message_id: i64,
}

impl State {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    async fn answer(&self, method: &str, body: &[u8]) -> (&'static str, String) {
        let arrived = Instant::now();
        if method == "getUpdates" {
            let question = serde_json::from_slice(body).unwrap_or_default();
            tokio::time::sleep(self.pace.poll_delay).await;
            return ("200 OK", self.updates(&question).await);
        }
        let result = self.result(method, body, arrived);
        if !self.pace.delay.is_zero() {
            tokio::time::sleep(self.pace.delay).await;
        }
        match result {
            Some(result) => ("200 OK", format!("{{\"ok\":true,\"result\":{result}}}")),
            None => ("404 Not Found", r#"{"ok":false,"error_code":404,"description":"Not Found"}"#.into()),
        }
    }

    fn result(&self, method: &str, body: &[u8], arrived: Instant) -> Option<String> {
        let mut book = self.book();
        *book.calls.entry(method.to_owned()).or_default() += 1;
        let bot = r#"{"id":8000000001,"is_bot":true,"first_name":"百应","username":"baiying_bot""#;
        Some(match method {
            "getMe" => format!("{bot},\"can_join_groups\":true,\"can_read_all_group_messages\":true}}"),
            "getWebhookInfo" => r#"{"url":"","has_custom_certificate":false,"pending_update_count":0}"#.into(),
            "answerCallbackQuery"
            | "deleteMessage"
            | "setMessageReaction"
            | "setWebhook"
            | "deleteWebhook"
            | "setMyCommands" => "true".into(),
            "sendMessage" | "editMessageText" | "sendLocation" | "sendVenue" | "sendPhoto" | "sendDocument" => {
                let words: Words = serde_json::from_slice(body).unwrap_or_default();
                if method == "sendMessage" {
                    self.note_receipt(&mut book, &words, arrived);
                }
                let message = words.message_id.unwrap_or_else(|| {
                    book.messages += 1;
                    FIRST_MESSAGE + book.messages
                });
                let text = words.text.map_or("\"\"", RawValue::get);
                format!(
                    "{{\"message_id\":{message},\"from\":{bot}}},\"chat\":{{\"id\":{},\"title\":\"Load\",\
                     \"type\":\"supergroup\"}},\"date\":{},\"text\":{text}}}",
                    words.chat_id, self.pace.date
                )
            }
            _ => return None,
        })
    }

    /// A receipt is a message that replies to a tip in the tip's chat.
    fn note_receipt(&self, book: &mut Book, words: &Words<'_>, arrived: Instant) {
        let before = self.pace.first as i64;
        let place = words.reply_parameters.as_ref().and_then(|it| usize::try_from(it.message_id - 1 - before).ok());
        let Some(n) = place.filter(|n| self.updates.get(*n).is_some_and(|it| it.0 == words.chat_id)) else { return };
        let told = &mut book.tips[n];
        told.receipts += 1;
        if told.receipt.is_none() {
            told.receipt = Some(arrived);
            self.progress.send_modify(|progress| progress.answered += 1);
        }
    }

    /// Confirms what stands below the offset, waits until there is something, and gives the oldest unconfirmed.
    async fn updates(&self, question: &Question) -> String {
        let below = usize::try_from(question.offset - FIRST_UPDATE - self.pace.first as i64)
            .unwrap_or(0)
            .min(self.updates.len());
        self.asked.send_replace(true);
        let mut progress = self.progress.subscribe();
        if below > progress.borrow().confirmed {
            self.progress.send_modify(|progress| progress.confirmed = progress.confirmed.max(below));
        }
        let news = progress.wait_for(|progress| progress.written > progress.confirmed);
        // Nothing by then: an empty answer.
        let _ = tokio::time::timeout(Duration::from_secs(question.timeout), news).await;
        let Progress { written, confirmed, .. } = *self.progress.borrow();
        let most = question.limit.clamp(1, MOST_UPDATES);
        let given = confirmed..written.min(confirmed + most);
        let mut answer = String::from(r#"{"ok":true,"result":["#);
        for (n, (_, update)) in self.updates[given.clone()].iter().enumerate() {
            let comma = if n > 0 { "," } else { "" };
            write!(answer, "{comma}{update}").expect("a String takes all text");
        }
        answer.push_str("]}");
        let now = Instant::now();
        self.book().tips[given.clone()].iter_mut().for_each(|tip| tip.handed = tip.handed.or(Some(now)));
        self.progress.send_modify(|progress| progress.handed = progress.handed.max(given.end));
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    async fn platform(count: usize, pace: Pace) -> Platform {
        let tip = |n| Tip { chat: -100 - n, from: 5, name: "周".into(), text: format!("#盗窃 {n}") };
        Platform::start(&(0..count as i64).map(tip).collect::<Vec<_>>(), pace).await.unwrap()
    }

    async fn ask(platform: &Platform, method: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/bot1:x/{method}", platform.url());
        let answer = reqwest::Client::new().post(url).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    fn numbers(answer: &Value) -> Vec<i64> {
        answer["result"].as_array().unwrap().iter().map(|it| it["update_id"].as_i64().unwrap() - FIRST_UPDATE).collect()
    }

    #[tokio::test]
    async fn what_is_not_confirmed_comes_again() {
        let platform = platform(3, Pace::default()).await;
        let question = json!({"limit": 2, "timeout": 5});
        assert_eq!(numbers(&ask(&platform, "getUpdates", question.clone()).await.1), [0, 1]);
        assert_eq!(numbers(&ask(&platform, "getUpdates", question).await.1), [0, 1]);
        let confirm = json!({"offset": FIRST_UPDATE + 2, "timeout": 5});
        assert_eq!(numbers(&ask(&platform, "getUpdates", confirm).await.1), [2]);
        let all = json!({"offset": FIRST_UPDATE + 3, "timeout": 0});
        assert!(numbers(&ask(&platform, "getUpdates", all).await.1).is_empty());
        let progress = *platform.progress().borrow();
        assert_eq!(progress, Progress { written: 3, handed: 3, confirmed: 3, answered: 0 });
    }

    #[tokio::test]
    async fn a_reply_in_the_tips_own_chat_is_its_receipt() {
        let platform = platform(2, Pace::default()).await;
        let reply = |chat, to| json!({"chat_id": chat, "text": "收到", "reply_parameters": {"message_id": to}});
        let (status, sent) = ask(&platform, "sendMessage", reply(-101, 2)).await;
        assert_eq!((status, &sent["result"]["text"]), (200, &json!("收到")));
        ask(&platform, "sendMessage", reply(-101, 2)).await;
        ask(&platform, "sendMessage", reply(-999, 1)).await;
        ask(&platform, "sendMessage", json!({"chat_id": -100, "text": "x"})).await;
        let receipts: Vec<u32> = platform.tips().iter().map(|tip| tip.receipts).collect();
        assert_eq!((receipts, platform.progress().borrow().answered), (vec![0, 2], 1));
        assert_eq!(ask(&platform, "sendPigeon", json!({})).await.0, 404);
    }

    #[tokio::test]
    async fn people_write_at_their_pace() {
        let platform = platform(3, Pace { per_second: 100, ..Pace::default() }).await;
        let mut seen = Vec::new();
        while seen.len() < 3 {
            let offset = FIRST_UPDATE + seen.len() as i64;
            let question = json!({"offset": offset, "timeout": 5});
            seen.extend(numbers(&ask(&platform, "getUpdates", question).await.1));
        }
        assert_eq!(seen, [0, 1, 2]);
        assert!(platform.tips().iter().all(|tip| tip.written.is_some()), "each has been written by then");
    }
}
