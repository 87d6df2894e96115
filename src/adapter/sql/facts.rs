//! Facts for events, looked up in bulk: each kind of question is one statement for all events that ask it.
//!
//! Questions that lead to leads give numbers first; then all leads, and all that hangs on them, are read
//! once. Called by the store.

use super::alarm::{load_alarms, load_posts, raised_by_tips, whereabouts};
use super::earned;
use super::engine::{Db, Link, MAX_IDS, Pools, Sql, from_json, padded};
use super::lead::{ATTACHMENT_COLUMNS, load_leads, read_attachment, within};
use super::ledger::{TRANSFER_COLUMNS, load_statements, read_transfer};
use super::member::{load_invites, load_member_by_code, load_members};
use super::redemption;
use crate::domain::id::{ChatId, MessageId, Millis, UserId};
use crate::domain::lead::{Lead, LeadEvent};
use crate::domain::rules::settle::Earned;
use crate::port::store::{Ask, Facts, LeadFile, OpenQuestion, Posted, TimerKind, question_key};
use std::collections::{BTreeSet, HashMap};

/// So many questions with a limit of their own in one statement.
const MAX_LIMITED: usize = 16;

/// The platform's clock and ours may differ by so much.
pub(super) const CLOCKS_MS: i64 = 600_000;

/// Questions of one kind, each distinct one once, with the events that ask it.
struct Questions<K> {
    asked: Vec<K>,
    by: Vec<Vec<usize>>,
}

impl<K: PartialEq + Clone> Questions<K> {
    /// Collects what `pick` finds in each ask. `same` gives a number that equal questions share.
    fn of(asks: &[Ask], pick: impl Fn(&Ask) -> Option<K>, same: impl Fn(&K) -> i64) -> Self {
        let mut places: HashMap<i64, Vec<usize>> = HashMap::new();
        let mut questions = Self { asked: Vec::new(), by: Vec::new() };
        for (index, ask) in asks.iter().enumerate() {
            let Some(question) = pick(ask) else { continue };
            let places = places.entry(same(&question)).or_default();
            match places.iter().find(|place| questions.asked[**place] == question) {
                Some(place) => questions.by[*place].push(index),
                None => {
                    places.push(questions.asked.len());
                    questions.asked.push(question);
                    questions.by.push(vec![index]);
                }
            }
        }
        questions
    }

    /// Writes `WITH ask (n, …) AS (VALUES …)` for each slice of the questions, goes on with `text`, and gives the
    /// pairs of question and number that come back. Lists are filled up by `None`.
    async fn pairs(
        &self,
        link: &mut Link,
        columns: &str,
        bind: impl Fn(&mut Sql, Option<&K>),
        text: &str,
    ) -> Db<Vec<(usize, i64)>> {
        let mut pairs = Vec::new();
        for (slice, asked) in self.asked.chunks(MAX_IDS).enumerate() {
            let mut sql = link.sql("WITH ask (n, ");
            sql.push(columns).push(") AS (VALUES ");
            sql.tuples(0..padded(asked.len()), |sql, index| {
                sql.bind(i64::try_from(slice * MAX_IDS + index).expect("a slice fits"));
                bind(sql, asked.get(index));
            });
            sql.push(") ").push(text);
            for row in link.rows(sql).await? {
                let mut row = row.read();
                let n: i64 = row.next()?;
                if let Some(number) = row.next::<Option<i64>>()? {
                    pairs.push((usize::try_from(n).expect("as bound"), number));
                }
            }
        }
        Ok(pairs)
    }
}

/// Binds a message's address, or nothing.
fn bind_message(sql: &mut Sql, message: Option<&(ChatId, MessageId)>) {
    sql.bind(message.map(|message| message.0.0)).bind(message.map(|message| message.1.0));
}

/// Binds a person in a chat since an instant, or nothing.
fn bind_person(sql: &mut Sql, person: Option<&(ChatId, UserId, Millis)>) {
    sql.bind(person.map(|person| person.0.0))
        .bind(person.map(|person| person.1.0))
        .bind(person.map(|person| person.2.0));
}

/// Which leads answer which events.
#[derive(Default)]
struct Found {
    tip_at: Vec<(usize, i64)>,
    belongs: Vec<(usize, i64)>,
    newest_tip: Vec<(usize, i64)>,
    file: Vec<(usize, i64)>,
    original: Vec<(usize, i64)>,
    similar: Vec<(usize, i64)>,
    chat_leads: Vec<(usize, i64)>,
}

impl Found {
    fn numbers(&self) -> Vec<i64> {
        let all = [
            &self.tip_at,
            &self.belongs,
            &self.newest_tip,
            &self.file,
            &self.original,
            &self.similar,
            &self.chat_leads,
        ];
        all.into_iter().flatten().map(|(_, lead)| *lead).collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// Answers all asks.
pub(super) async fn load(pools: &Pools, asks: &[Ask]) -> Db<Vec<Facts>> {
    let mut facts = vec![Facts::default(); asks.len()];
    if asks.iter().all(|ask| *ask == Ask::default()) {
        return Ok(facts);
    }
    let mut link = pools.reading().await?;
    let found = find_leads(&mut link, asks).await?;
    let leads = load_leads(&mut link, &found.numbers()).await?;
    let one = |number: &i64| leads.get(number).cloned();
    for (index, number) in &found.tip_at {
        facts[*index].tip_at = one(number);
    }
    for (index, number) in &found.belongs {
        facts[*index].belongs = one(number);
    }
    for (index, number) in &found.newest_tip {
        facts[*index].newest_tip = one(number);
    }
    for (index, number) in &found.similar {
        facts[*index].similar.extend(one(number));
    }
    for (index, number) in &found.chat_leads {
        facts[*index].chat_leads.extend(one(number));
    }
    for facts in &mut facts {
        facts.similar.sort_by_key(|lead| std::cmp::Reverse((lead.received_at, lead.id)));
        facts.similar.truncate(20);
        facts.chat_leads.sort_by_key(|lead| (lead.received_at, lead.id));
    }
    load_asked_alarms(&mut link, asks, &mut facts).await?;

    let filed: BTreeSet<i64> = found.file.iter().chain(&found.original).map(|(_, number)| *number).collect();
    let mut users: BTreeSet<i64> = asks.iter().filter_map(|ask| ask.user).map(|user| user.0).collect();
    for lead in filed.iter().filter_map(|number| leads.get(number)) {
        users.extend(lead.reporter.iter().chain(&lead.officer).map(|user| user.0));
    }
    let members = load_members(&mut link, &users.into_iter().collect::<Vec<_>>()).await?;
    for (facts, ask) in facts.iter_mut().zip(asks) {
        facts.member = ask.user.and_then(|user| members.get(&user.0)).cloned();
    }
    let files: Vec<&Lead> = filed.iter().filter_map(|number| leads.get(number)).collect();
    let files = load_files(&mut link, &files, |user| members.get(&user.0).cloned()).await?;
    for (index, number) in &found.file {
        let mut file = files.get(number).cloned();
        earned::complete(&mut link, file.as_mut(), asks[*index].earned_since).await?;
        facts[*index].file = file;
    }
    for (index, number) in &found.original {
        let mut file = files.get(number).cloned();
        earned::complete(&mut link, file.as_mut(), asks[*index].earned_since).await?;
        facts[*index].original = file;
    }
    load_loose(&mut link, asks, &mut facts).await?;
    for (facts, ask) in facts.iter_mut().zip(asks) {
        let Some(chat) = ask.queue else { continue };
        let mut sql = link.sql(
            "SELECT id FROM outbox WHERE subject = 'queue' AND (message IS NOT NULL OR state IN ('queued', 'sending')) \
             AND chat = ",
        );
        sql.bind(chat.0);
        facts.has_queue = link.number(sql).await?.is_some();
    }

    load_questions(&mut link, asks, &mut facts).await?;

    let users: BTreeSet<i64> = asks.iter().filter_map(|ask| ask.statement).map(|user| user.0).collect();
    let statements = load_statements(&mut link, &users.into_iter().collect::<Vec<_>>()).await?;
    let codes: BTreeSet<&str> = asks.iter().filter_map(|ask| ask.invite.as_deref()).collect();
    let invites = load_invites(&mut link, &codes.into_iter().collect::<Vec<_>>()).await?;
    for (facts, ask) in facts.iter_mut().zip(asks) {
        facts.statement = ask.statement.and_then(|user| statements.get(&user.0)).cloned().unwrap_or_default();
        if let Some(period) = ask.closing {
            facts.closing = Some(super::month::closing(&mut link, period).await?);
        }
        facts.invite = ask.invite.as_deref().and_then(|code| invites.get(code)).cloned();
    }
    load_spending(&mut link, asks, &mut facts).await?;
    Ok(facts)
}

/// What people may take for their points, what they asked for, and how they stand. Few messages ask for any of it.
async fn load_spending(link: &mut Link, asks: &[Ask], facts: &mut [Facts]) -> Db<()> {
    for (facts, ask) in facts.iter_mut().zip(asks) {
        if ask.rewards {
            facts.rewards = redemption::load_rewards(link).await?;
        }
        if let Some(since) = ask.ranking {
            let (mut compared, user) = (ask.leaderboard, ask.statement);
            if let Some(user) = user {
                facts.statement.month = redemption::load_month(link, user, since).await?;
                compared |= redemption::is_ranked(link, user).await?;
            }
            if compared {
                facts.ranking = redemption::load_ranking(link, since).await?;
            }
        }
        if let Some(id) = ask.redemption {
            facts.redemption = redemption::load_redemption(link, id).await?;
        }
        if let Some(code) = &ask.pickup {
            facts.redemption = redemption::load_by_code(link, code).await?;
        }
        if let Some(user) = facts.redemption.as_ref().map(|redemption| redemption.user) {
            facts.redeemer = load_members(link, &[user.0]).await?.remove(&user.0);
        }
        if let Some(code) = &ask.member_code {
            facts.member_by_code = load_member_by_code(link, code).await?;
        }
    }
    Ok(())
}

/// Open questions: a timer each, which names the event that the message came with. Few messages ask for one.
async fn load_questions(link: &mut Link, asks: &[Ask], facts: &mut [Facts]) -> Db<()> {
    for (facts, ask) in facts.iter_mut().zip(asks) {
        let Some((chat, user)) = ask.question else { continue };
        let mut sql = link.sql("SELECT kind FROM timer WHERE key = ");
        sql.bind(question_key(chat, user));
        let rows = link.rows(sql).await?;
        let Some(row) = rows.first() else { continue };
        let TimerKind::Question { event, message, .. } = from_json(row.read().next()?)? else { continue };
        let mut sql = link.sql("SELECT update_id, received_at, payload FROM inbox WHERE seq = ");
        sql.bind(event.0);
        if let Some(row) = link.rows(sql).await?.first() {
            let mut row = row.read();
            facts.question = Some(OpenQuestion {
                event,
                message,
                update_id: row.next()?,
                received_at: Millis(row.next()?),
                payload: row.next()?,
            });
        }
    }
    Ok(())
}

async fn find_leads(link: &mut Link, asks: &[Ask]) -> Db<Found> {
    let mut found = Found::default();

    let tips = Questions::of(asks, |ask| ask.tip_at, |(chat, message)| chat.0 ^ message.0);
    let text = "SELECT ask.n, (SELECT max(lead.id) FROM lead WHERE lead.tip_chat = ask.chat \
                AND lead.message = ask.message) FROM ask";
    spread(&mut found.tip_at, &tips, tips.pairs(link, "chat, message", bind_message, text).await?);

    let messages = Questions::of(asks, |ask| ask.belongs, |(chat, message)| chat.0 ^ message.0);
    let text = "SELECT ask.n, COALESCE((SELECT max(lead.id) FROM lead WHERE lead.tip_chat = ask.chat \
                AND lead.message = ask.message), (SELECT attachment.lead FROM attachment \
                WHERE attachment.chat = ask.chat AND attachment.message = ask.message), \
                (SELECT max(outbox.lead) FROM outbox WHERE outbox.message IS NOT NULL \
                AND outbox.chat = ask.chat AND outbox.message = ask.message)) FROM ask";
    spread(&mut found.belongs, &messages, messages.pairs(link, "chat, message", bind_message, text).await?);

    let writers = Questions::of(asks, |ask| ask.newest_tip, |(chat, user, _)| chat.0 ^ user.0);
    // Found by when it was received, which is later than when it was written but for the clocks' difference.
    let text = format!(
        "SELECT ask.n, (SELECT lead.id FROM lead WHERE lead.chat = ask.chat AND lead.reporter = ask.writer \
         AND lead.received_at >= ask.since - {CLOCKS_MS} AND lead.written_at >= ask.since \
         ORDER BY lead.received_at DESC, lead.id DESC LIMIT 1) FROM ask"
    );
    spread(&mut found.newest_tip, &writers, writers.pairs(link, "chat, writer, since", bind_person, &text).await?);

    for (index, ask) in asks.iter().enumerate() {
        found.file.extend(ask.lead.map(|lead| (index, lead.0)));
        found.original.extend(ask.original.map(|lead| (index, lead.0)));
    }
    let alarms = Questions::of(asks, |ask| ask.alarm.filter(|_| ask.lead.is_none()), |alarm| alarm.0);
    let text = "SELECT ask.n, (SELECT alarm.lead FROM alarm WHERE alarm.id = ask.alarm) FROM ask";
    let bind = |sql: &mut Sql, alarm: Option<&crate::domain::id::AlarmId>| {
        sql.bind(alarm.map(|alarm| alarm.0));
    };
    spread(&mut found.file, &alarms, alarms.pairs(link, "alarm", bind, text).await?);

    find_similar(link, asks, &mut found.similar).await?;
    let chats = Questions::of(asks, |ask| ask.chat_leads, |(chat, ..)| chat.0);
    let mut limited = Vec::new();
    for (n, (chat, from, to)) in chats.asked.iter().enumerate() {
        limited.push((n, move |sql: &mut Sql| {
            sql.push("chat = ").bind(chat.0).push(" AND received_at >= ").bind(from.0);
            sql.push(" AND received_at < ").bind(to.0).push(" ORDER BY received_at, id LIMIT 100");
        }));
    }
    let pairs = find_limited(link, &limited).await?;
    spread(&mut found.chat_leads, &chats, pairs);
    Ok(found)
}

/// Gives each event that asks what its question found.
fn spread<K>(found: &mut Vec<(usize, i64)>, questions: &Questions<K>, pairs: Vec<(usize, i64)>) {
    for (n, number) in pairs {
        found.extend(questions.by.get(n).into_iter().flatten().map(|index| (*index, number)));
    }
}

async fn find_similar(link: &mut Link, asks: &[Ask], found: &mut Vec<(usize, i64)>) -> Db<()> {
    let mut limited = Vec::new();
    for (index, ask) in asks.iter().enumerate() {
        let Some(similar) = &ask.similar else { continue };
        limited.push((index, move |sql: &mut Sql| {
            sql.push("received_at >= ").bind(similar.since.0).push(" AND received_at <= ").bind(similar.until.0);
            sql.push(" AND id <> ").bind(similar.except.0);
            if let Some((at, radius_m)) = similar.near {
                within(sql, at, radius_m);
            }
            sql.push(" ORDER BY received_at DESC, id DESC LIMIT 20");
        }));
    }
    found.extend(find_limited(link, &limited).await?);
    Ok(())
}

/// Leads by questions that each have a limit of their own: one `SELECT … LIMIT` for each, joined.
async fn find_limited(link: &mut Link, questions: &[(usize, impl Fn(&mut Sql))]) -> Db<Vec<(usize, i64)>> {
    let mut pairs = Vec::new();
    let mut rest = questions;
    while !rest.is_empty() {
        // Powers of two again, so that few distinct statements are prepared.
        let size = 1 << rest.len().min(MAX_LIMITED).ilog2();
        let (slice, after) = rest.split_at(size);
        let mut sql = link.sql("");
        for (index, (n, condition)) in slice.iter().enumerate() {
            sql.push(if index == 0 { "SELECT * FROM (SELECT CAST(" } else { " UNION ALL SELECT * FROM (SELECT CAST(" });
            sql.bind(i64::try_from(*n).expect("a slice fits")).push(" AS BIGINT) AS n, id FROM lead WHERE ");
            condition(&mut sql);
            sql.push(") AS part");
        }
        for row in link.rows(sql).await? {
            let mut row = row.read();
            let n: i64 = row.next()?;
            pairs.push((usize::try_from(n).expect("as bound"), row.next()?));
        }
        rest = after;
    }
    Ok(pairs)
}

async fn load_loose(link: &mut Link, asks: &[Ask], facts: &mut [Facts]) -> Db<()> {
    let questions = Questions::of(asks, |ask| ask.loose, |(chat, user, _)| chat.0 ^ user.0);
    for (slice, asked) in questions.asked.chunks(MAX_IDS).enumerate() {
        let mut sql = link.sql("WITH ask (n, chat, sender, since) AS (VALUES ");
        sql.tuples(0..padded(asked.len()), |sql, index| {
            sql.bind(i64::try_from(slice * MAX_IDS + index).expect("a slice fits"));
            bind_person(sql, asked.get(index));
        });
        sql.push(") SELECT ask.n, ").push(ATTACHMENT_COLUMNS).push(
            " FROM ask CROSS JOIN attachment WHERE attachment.lead IS NULL AND attachment.chat = ask.chat \
             AND attachment.sender = ask.sender AND attachment.sent_at >= ask.since \
             ORDER BY attachment.sent_at, attachment.message",
        );
        for row in link.rows(sql).await? {
            let mut row = row.read();
            let n: i64 = row.next()?;
            let attachment = read_attachment(&mut row)?;
            for index in &questions.by[usize::try_from(n).expect("as bound")] {
                facts[*index].loose.push(attachment.clone());
            }
        }
    }
    Ok(())
}

/// Leads with all that hangs on them.
async fn load_files(
    link: &mut Link,
    leads: &[&Lead],
    member: impl Fn(&UserId) -> Option<crate::domain::member::Member>,
) -> Db<HashMap<i64, LeadFile>> {
    let mut files: HashMap<i64, LeadFile> = HashMap::with_capacity(leads.len());
    for lead in leads {
        let file = LeadFile {
            lead: (*lead).clone(),
            attachments: Vec::new(),
            history: Vec::new(),
            transfers: Vec::new(),
            reporter: lead.reporter.as_ref().and_then(&member),
            officer: lead.officer.as_ref().and_then(&member),
            alarm: None,
            posts: Vec::new(),
            earned: Earned::default(),
            private_open: false,
            duplicates: Vec::new(),
        };
        files.insert(lead.id.0, file);
    }
    let numbers: Vec<i64> = leads.iter().map(|lead| lead.id.0).collect();
    for numbers in numbers.chunks(MAX_IDS) {
        load_evidence(link, numbers, &mut files).await?;
        load_lead_alarms(link, numbers, &mut files).await?;
        earned::load_merged(link, numbers, &mut files).await?;
    }
    Ok(files)
}

/// Reads rows whose first column is a lead's number and hands each to `put`.
async fn each_row(
    link: &mut Link,
    sql: Sql,
    files: &mut HashMap<i64, LeadFile>,
    put: impl Fn(&mut LeadFile, &mut super::engine::Reader<'_>) -> Db<()>,
) -> Db<()> {
    for row in link.rows(sql).await? {
        let mut row = row.read();
        if let Some(file) = files.get_mut(&row.next::<i64>()?) {
            put(file, &mut row)?;
        }
    }
    Ok(())
}

async fn load_evidence(link: &mut Link, numbers: &[i64], files: &mut HashMap<i64, LeadFile>) -> Db<()> {
    let mut sql = link.sql("SELECT attachment.lead, ");
    sql.push(ATTACHMENT_COLUMNS).push(" FROM attachment WHERE attachment.lead IN ").list(numbers);
    sql.push(" ORDER BY attachment.sent_at, attachment.message");
    each_row(link, sql, files, |file, row| {
        file.attachments.push(read_attachment(row)?);
        Ok(())
    })
    .await?;

    let mut sql = link.sql("SELECT lead, version, at, by_user, action, before FROM lead_event WHERE lead IN ");
    sql.list(numbers).push(" ORDER BY id");
    each_row(link, sql, files, |file, row| {
        file.history.push(LeadEvent {
            lead: file.lead.id,
            version: row.next()?,
            at: Millis(row.next()?),
            by: row.next::<Option<i64>>()?.map(UserId),
            action: row.next()?,
            before: row.next()?,
        });
        Ok(())
    })
    .await?;

    let mut sql = link.sql("SELECT transfer.lead, ");
    sql.push(TRANSFER_COLUMNS).push(" FROM transfer WHERE transfer.lead IN ").list(numbers).push(" ORDER BY id");
    each_row(link, sql, files, |file, row| {
        file.transfers.push(read_transfer(row)?);
        Ok(())
    })
    .await?;

    let mut sql = link.sql(
        "SELECT lead, chat, subject, message, CAST(CASE WHEN state = 'sending' OR attempts > 0 THEN 1 ELSE 0 END AS BIGINT) FROM outbox WHERE (message IS NOT NULL \
         OR state IN ('queued', 'sending')) AND nature <> 'gone' AND lead IN ",
    );
    sql.list(numbers).push(" ORDER BY id");
    each_row(link, sql, files, |file, row| {
        file.posts.push(Posted {
            chat: ChatId(row.next()?),
            subject: row.next()?,
            message: row.next::<Option<i64>>()?.map(MessageId),
            leaving: row.next::<i64>()? != 0,
        });
        Ok(())
    })
    .await
}

/// The newest alarm of each lead.
async fn load_lead_alarms(link: &mut Link, numbers: &[i64], files: &mut HashMap<i64, LeadFile>) -> Db<()> {
    let newest = load_alarms(link, |sql| {
        sql.push("id IN (SELECT max(id) FROM alarm WHERE lead IN ").list(numbers).push(" GROUP BY lead)");
    });
    for mut file in newest.await? {
        if file.alarm.runs() {
            load_posts(link, &mut file).await?;
        }
        if let Some(of) = file.alarm.lead.and_then(|lead| files.get_mut(&lead.0)) {
            of.alarm = Some(file);
        }
    }
    Ok(())
}

/// Alarms that are asked for by number, all that run, and who was where.
async fn load_asked_alarms(link: &mut Link, asks: &[Ask], facts: &mut [Facts]) -> Db<()> {
    let asked: BTreeSet<i64> = asks.iter().filter_map(|ask| ask.alarm).map(|alarm| alarm.0).collect();
    if !asked.is_empty() {
        let numbers: Vec<i64> = asked.into_iter().collect();
        let mut found = HashMap::new();
        for mut file in load_alarms(link, |sql| {
            sql.push("id IN ").list(&numbers);
        })
        .await?
        {
            load_posts(link, &mut file).await?;
            found.insert(file.alarm.id, file);
        }
        for (facts, ask) in facts.iter_mut().zip(asks) {
            facts.alarm = ask.alarm.and_then(|alarm| found.get(&alarm)).cloned();
        }
    }
    if asks.iter().any(|ask| ask.running) {
        let mut running = load_alarms(link, |sql| {
            sql.push("stood_down_at IS NULL");
        })
        .await?;
        for file in &mut running {
            load_posts(link, file).await?;
        }
        let whereabouts = whereabouts(link).await?;
        for (facts, _) in facts.iter_mut().zip(asks).filter(|(_, ask)| ask.running) {
            (facts.running, facts.whereabouts) = (running.clone(), whereabouts.clone());
        }
    }
    for (facts, ask) in facts.iter_mut().zip(asks) {
        if let Some(since) = ask.raised_by_tips {
            facts.raised_by_tips = Some(raised_by_tips(link, since).await?);
        }
    }
    Ok(())
}
