//! What survives a restart: an append-only file of lines `[tag, number, value]`, and a folder of files.
//!
//! A change is written into memory under the town's lock; a worker puts it on disk five times a second and at the end,
//! so that no call waits for a disk. On start the lines are replayed and rewritten in their shortest form.
//! A journal that was not closed may lack its last moments: numbers then jump, so that none is ever given twice.

use super::message::{Message, StoredFile};
use super::town::{Chat, Person, State, Webhook};
use anyhow::Context;
use axum::body::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

/// Changes that are not on disk yet; does nothing until it is switched on.
#[derive(Debug, Default)]
pub(super) struct Journal {
    on: bool,
    lines: Vec<u8>,
    files: Vec<(String, Bytes)>,
}

impl Journal {
    /// Writes one change down.
    pub fn write(&mut self, tag: &str, number: i64, value: &impl Serialize) {
        if self.on {
            serde_json::to_writer(&mut self.lines, &(tag, number, value)).expect("journal lines serialize");
            self.lines.push(b'\n');
        }
    }

    /// Writes a change whose value is JSON already.
    pub fn write_raw(&mut self, tag: &str, number: i64, json: &[u8]) {
        if self.on {
            self.lines.extend_from_slice(format!("[\"{tag}\",{number},").as_bytes());
            self.lines.extend_from_slice(json);
            self.lines.extend_from_slice(b"]\n");
        }
    }

    /// Keeps a file's content.
    pub fn keep_file(&mut self, file: &StoredFile) {
        if self.on {
            self.files.push((file.unique.clone(), file.bytes.clone()));
        }
    }

    /// What came in since the last time.
    pub fn take(&mut self) -> (Vec<u8>, Vec<(String, Bytes)>) {
        (std::mem::take(&mut self.lines), std::mem::take(&mut self.files))
    }
}

/// The journal's files on disk.
#[derive(Debug)]
pub(super) struct Disk {
    dir: PathBuf,
    file: File,
    _lock: File,
}

#[derive(Deserialize)]
struct Line<'a>(std::borrow::Cow<'a, str>, i64, #[serde(borrow)] &'a RawValue);

/// Numbers that are skipped when the last moments may be lost.
const SKIPPED_UPDATES: i64 = 100_000;
const SKIPPED_MESSAGES: i64 = 1_000;

impl Disk {
    /// Opens the folder, fills `state` with what it holds, and switches its journal on. Tells whether there was anything.
    ///
    /// # Errors
    /// A folder that cannot be used, is in use, or holds what is no journal.
    pub fn open(dir: &Path, state: &mut State) -> anyhow::Result<(Self, bool)> {
        std::fs::create_dir_all(dir.join("files")).with_context(|| format!("cannot make {}", dir.display()))?;
        let lock =
            File::create(dir.join("sandbox.lock")).with_context(|| format!("cannot write in {}", dir.display()))?;
        lock.try_lock().map_err(|_| anyhow::anyhow!("{} is in use by another sandbox", dir.display()))?;
        let path = dir.join("sandbox.jsonl");
        let found = path.exists() && Self::replay(&path, dir, state)?;
        state.journal.on = true;
        // Whoever looked on before the restart starts anew.
        for chat in state.chats.values_mut() {
            chat.forgotten = state.seq;
        }
        let fresh = dir.join("sandbox.jsonl.new");
        let mut file = File::create(&fresh)?;
        snapshot(state);
        let (lines, _) = state.journal.take();
        file.write_all(&lines)?;
        file.sync_data()?;
        std::fs::rename(&fresh, &path)?;
        Ok((Self { dir: dir.to_owned(), file, _lock: lock }, found))
    }

    /// Puts changes on disk.
    ///
    /// # Errors
    /// As the disk has them.
    pub fn append(&mut self, lines: &[u8], files: &[(String, Bytes)]) -> std::io::Result<()> {
        for (name, bytes) in files {
            std::fs::write(self.dir.join("files").join(name), bytes)?;
        }
        self.file.write_all(lines)
    }

    /// Marks the journal as complete.
    ///
    /// # Errors
    /// As the disk has them.
    pub fn close(mut self) -> std::io::Result<()> {
        self.file.write_all(b"[\"closed\",0,null]\n")?;
        self.file.sync_data()
    }

    fn replay(path: &Path, dir: &Path, state: &mut State) -> anyhow::Result<bool> {
        let mut closed = true;
        let mut any = false;
        for (n, line) in BufReader::new(File::open(path)?).split(b'\n').enumerate() {
            let line = line?;
            // A torn last line is what a kill leaves behind.
            let Ok(line) = serde_json::from_slice::<Line<'_>>(&line) else {
                closed = false;
                continue;
            };
            closed = line.0 == "closed";
            any = true;
            apply(&line, dir, state).with_context(|| format!("{} line {}", path.display(), n + 1))?;
        }
        if any && !closed {
            state.queue.renumber(state.queue.next() + SKIPPED_UPDATES);
            for chat in state.chats.values_mut() {
                chat.last_id += SKIPPED_MESSAGES;
            }
        }
        Ok(any)
    }
}

fn apply(Line(tag, number, value): &Line<'_>, dir: &Path, state: &mut State) -> anyhow::Result<()> {
    let (number, json) = (*number, value.get());
    match tag.as_ref() {
        "person" => state.put_person(serde_json::from_str::<Person>(json)?, number == 1),
        "chat" => state.put_chat(serde_json::from_str::<Chat>(json)?),
        "message" => {
            let message: Message = serde_json::from_str(json)?;
            if let Some(chat) = state.chats.get_mut(&number) {
                chat.restore_message(message);
            }
        }
        "file" => {
            let mut file: StoredFile = serde_json::from_str(json)?;
            file.bytes = std::fs::read(dir.join("files").join(&file.unique)).unwrap_or_default().into();
            state.put_file(file);
        }
        "update" => state.queue.push_whole(number, Bytes::copy_from_slice(json.as_bytes())),
        "confirmed" => {
            let count: i64 = serde_json::from_str(json)?;
            // Negative: keep only the last of those that wait, which is all but `count`.
            let keep = i64::try_from(state.queue.len())? - count;
            match state.queue.back().map(|last| last.id + 1) {
                Some(end) if keep == 0 => state.queue.confirm(end),
                _ => state.queue.confirm(-keep),
            };
        }
        "range" => state.queue.mark(number, serde_json::from_str(json)?),
        "next" => state.queue.renumber(number),
        "dropped" => state.queue.drop_pending(),
        "allowed" => state.queue.allow(serde_json::from_str(json)?),
        "webhook" => state.webhook = serde_json::from_str::<Webhook>(json)?,
        "commands" => state.commands = serde_json::from_str(json)?,
        _ => {}
    }
    Ok(())
}

/// Writes all that there is as lines.
fn snapshot(state: &mut State) {
    let mut journal = std::mem::take(&mut state.journal);
    journal.take();
    for id in &state.cast {
        journal.write("person", 0, &state.people[id]);
    }
    let cast: std::collections::HashSet<_> = state.cast.iter().collect();
    for person in state.people.values().filter(|person| !cast.contains(&person.id)) {
        journal.write("person", 1, person);
    }
    for chat in state.chats.values() {
        journal.write("chat", chat.id, chat);
        for message in chat.messages.values() {
            journal.write("message", chat.id, message);
        }
    }
    for file in state.files.values() {
        journal.write("file", 0, &**file);
    }
    for (from, to) in state.queue.confirmed() {
        journal.write("range", *from, to);
    }
    journal.write("allowed", 0, &state.queue.allowed());
    for update in state.queue.waiting() {
        journal.write_raw("update", update.id, &update.body);
    }
    journal.write("next", state.queue.next(), &());
    journal.write("webhook", 0, &state.webhook);
    journal.write("commands", 0, &state.commands);
    state.journal = journal;
}
