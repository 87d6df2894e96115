//! Rewards and redemptions, as rows. Few and rare: written one by one. Called by `step`, `facts` and exports.

use super::code::Code as _;
use super::engine::{Db, Link, MAX_IDS, Row, Sql};
use super::step::Refused;
use crate::domain::id::{Millis, RedemptionId, UserId};
use crate::domain::redemption::{Approval, Redemption, RedemptionState, Reward};
use crate::port::store::Ranked;
use std::collections::HashMap;

/// What stays of a reward that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Picture {
    /// Its picture: files hold none.
    Stays,
    /// Nothing: the flow has read it and changed it.
    Replaced,
}

/// Stores rewards, new ones behind the others.
pub(super) async fn put_rewards(link: &mut Link, rewards: &[&Reward], picture: Picture) -> Db<()> {
    for reward in rewards {
        let mut sql = link.sql("INSERT INTO reward (code, zh, en, price, stock, offered, picture, position) VALUES (");
        sql.bind(reward.code.as_str()).bind(reward.zh.as_str()).bind(reward.en.as_str()).bind(reward.price);
        sql.bind(reward.stock).bind(i64::from(reward.offered)).bind(reward.picture.as_deref());
        sql.push(
            ", (SELECT COALESCE(MAX(position), 0) + 1 FROM reward)) ON CONFLICT (code) DO UPDATE SET zh = excluded.zh, \
             en = excluded.en, price = excluded.price, stock = excluded.stock, offered = excluded.offered",
        );
        if picture == Picture::Replaced {
            sql.push(", picture = excluded.picture");
        }
        link.run(sql).await?;
    }
    Ok(())
}

/// Puts onto shelves and takes off them; a shelf that has not so many refuses.
pub(super) async fn change_stock(link: &mut Link, changes: &[&(String, i64)]) -> Db<()> {
    for (code, by) in changes {
        let mut sql = link.sql("UPDATE reward SET stock = stock + ");
        sql.bind(*by).push(" WHERE code = ").bind(code.as_str());
        link.run(sql).await?;
    }
    Ok(())
}

/// All rewards, in the order of the list.
pub(super) async fn load_rewards(link: &mut Link) -> Db<Vec<Reward>> {
    let sql = link.sql("SELECT code, zh, en, price, stock, offered, picture FROM reward ORDER BY position, code");
    let read = |row: &Row| {
        let mut row = row.read();
        Ok(Reward {
            code: row.next()?,
            zh: row.next()?,
            en: row.next()?,
            price: row.next()?,
            stock: row.next()?,
            offered: row.next::<i64>()? != 0,
            picture: row.next()?,
        })
    };
    link.rows(sql).await?.iter().map(read).collect()
}

/// Stores redemptions: new ones, and changed ones each over the version that it was read at.
pub(super) async fn put_redemptions(link: &mut Link, redemptions: &[&Redemption]) -> Result<(), Refused> {
    for one in redemptions {
        let sql = if one.version == 1 {
            let mut sql = link.sql(
                "INSERT INTO redemption (id, version, user_id, reward, zh, en, price, code, approvals_needed, asked_at, \
                 expires_at, state, ended_at, ended_by) VALUES (",
            );
            sql.bind(one.id.0).bind(1i64).bind(one.user.0).bind(one.reward.as_str()).bind(one.zh.as_str());
            sql.bind(one.en.as_str()).bind(one.price).bind(one.code.as_str()).bind(one.approvals_needed);
            sql.bind(one.asked_at.0).bind(one.expires_at.0).bind(one.state.code());
            sql.bind(one.ended_at.map(|at| at.0)).bind(one.ended_by.map(|user| user.0));
            sql.push(") ON CONFLICT (id) DO NOTHING");
            sql
        } else {
            let mut sql = link.sql("UPDATE redemption SET version = ");
            sql.bind(one.version).push(", state = ").bind(one.state.code());
            sql.push(", ended_at = ").bind(one.ended_at.map(|at| at.0));
            sql.push(", ended_by = ").bind(one.ended_by.map(|user| user.0));
            sql.push(" WHERE id = ").bind(one.id.0).push(" AND version = ").bind(one.version - 1);
            sql
        };
        if link.run(sql).await? != 1 {
            return Err(Refused::Conflict);
        }
        for approval in &one.approvals {
            let mut sql = link.sql("INSERT INTO redemption_approval (redemption, by_user, at) VALUES (");
            sql.bind(one.id.0).bind(approval.by.0).bind(approval.at.0);
            sql.push(") ON CONFLICT (redemption, by_user) DO NOTHING");
            link.run(sql).await?;
        }
    }
    Ok(())
}

/// Who wants to be compared with others, and who does not any more.
pub(super) async fn put_ranked(link: &mut Link, ranked: &[&(UserId, bool)]) -> Db<()> {
    for (user, wants) in ranked {
        let mut sql = if *wants {
            link.sql("INSERT INTO ranked (user_id) SELECT ")
        } else {
            link.sql("DELETE FROM ranked WHERE user_id = ")
        };
        sql.bind(user.0);
        if *wants {
            sql.push(" ON CONFLICT (user_id) DO NOTHING");
        }
        link.run(sql).await?;
    }
    Ok(())
}

const COLUMNS: &str = "SELECT id, version, user_id, reward, zh, en, price, code, approvals_needed, asked_at, expires_at, \
    state, ended_at, ended_by FROM redemption WHERE ";

fn read_redemption(row: &Row) -> Db<Redemption> {
    let mut row = row.read();
    Ok(Redemption {
        id: RedemptionId(row.next()?),
        version: row.next()?,
        user: UserId(row.next()?),
        reward: row.next()?,
        zh: row.next()?,
        en: row.next()?,
        price: row.next()?,
        code: row.next()?,
        approvals_needed: row.next()?,
        asked_at: Millis(row.next()?),
        expires_at: Millis(row.next()?),
        state: RedemptionState::parse_code(row.next()?)?,
        ended_at: row.next::<Option<i64>>()?.map(Millis),
        ended_by: row.next::<Option<i64>>()?.map(UserId),
        approvals: Vec::new(),
    })
}

/// The redemptions that `which` chooses, by number, with who said yes.
async fn load(link: &mut Link, which: impl FnOnce(&mut Sql)) -> Db<Vec<Redemption>> {
    let mut sql = link.sql(COLUMNS);
    which(&mut sql);
    sql.push(" ORDER BY id");
    let mut found: Vec<Redemption> = link.rows(sql).await?.iter().map(read_redemption).collect::<Db<_>>()?;
    let numbers: Vec<i64> = found.iter().map(|one| one.id.0).collect();
    let mut approvals: HashMap<i64, Vec<Approval>> = HashMap::new();
    for numbers in numbers.chunks(MAX_IDS) {
        let mut sql = link.sql("SELECT redemption, by_user, at FROM redemption_approval WHERE redemption IN ");
        sql.list(numbers).push(" ORDER BY redemption, at, by_user");
        for row in link.rows(sql).await? {
            let mut row = row.read();
            let of = approvals.entry(row.next()?).or_default();
            of.push(Approval { by: UserId(row.next()?), at: Millis(row.next()?) });
        }
    }
    for one in &mut found {
        one.approvals = approvals.remove(&one.id.0).unwrap_or_default();
    }
    Ok(found)
}

/// This one.
pub(super) async fn load_redemption(link: &mut Link, id: RedemptionId) -> Db<Option<Redemption>> {
    Ok(load(link, |sql| _ = sql.push("id = ").bind(id.0)).await?.pop())
}

/// The one that is collected by this code.
pub(super) async fn load_by_code(link: &mut Link, code: &str) -> Db<Option<Redemption>> {
    Ok(load(link, |sql| _ = sql.push("code = ").bind(code.to_owned())).await?.pop())
}

/// What a person asked for that is not over.
pub(super) async fn load_open(link: &mut Link, user: i64) -> Db<Vec<Redemption>> {
    load(link, |sql| {
        sql.push("state IN ('asked', 'ready') AND user_id = ").bind(user);
    })
    .await
}

/// Those asked for within a half-open period, or ended in it.
pub(super) async fn load_between(link: &mut Link, from: Millis, to: Millis) -> Db<Vec<Redemption>> {
    load(link, |sql| {
        sql.push("(asked_at >= ").bind(from.0).push(" AND asked_at < ").bind(to.0);
        sql.push(" OR ended_at >= ").bind(from.0).push(" AND ended_at < ").bind(to.0).push(")");
    })
    .await
}

/// Whether somebody wants to be compared with others.
pub(super) async fn is_ranked(link: &mut Link, user: UserId) -> Db<bool> {
    let mut sql = link.sql("SELECT user_id FROM ranked WHERE user_id = ");
    sql.bind(user.0);
    Ok(link.number(sql).await?.is_some())
}

/// What everybody who wants to be compared has earned since an instant, whoever has most first.
pub(super) async fn load_ranking(link: &mut Link, since: Millis) -> Db<Vec<Ranked>> {
    let mut sql = link.sql("SELECT ranked.user_id, COALESCE(member.code, '?'), ");
    push_earned(&mut sql, "ranked.user_id", since);
    sql.push(
        " AS earned FROM ranked LEFT JOIN member ON member.user_id = ranked.user_id ORDER BY earned DESC, ranked.user_id",
    );
    let read = |row: &Row| {
        let mut row = row.read();
        Ok(Ranked { user: UserId(row.next()?), code: row.next()?, earned: row.next()? })
    };
    link.rows(sql).await?.iter().map(read).collect()
}

/// What a person has earned since an instant.
pub(super) async fn load_month(link: &mut Link, user: UserId, since: Millis) -> Db<i64> {
    let mut sql = link.sql("SELECT ");
    push_earned(&mut sql, "balance.user_id", since);
    sql.push(" FROM balance WHERE user_id = ").bind(user.0);
    Ok(link.number(sql).await?.unwrap_or(0))
}

/// Writes what `whose` has earned since an instant, less what was taken back.
fn push_earned(sql: &mut Sql, whose: &str, since: Millis) {
    sql.push(&format!(
        "CAST(COALESCE((SELECT SUM(amount) FROM transfer WHERE credit = 'person' AND credit_user = {whose} \
         AND kind IN ('post', 'award') AND at >= "
    ));
    sql.bind(since.0).push(&format!(
        "), 0) - COALESCE((SELECT SUM(amount) FROM transfer WHERE debit = 'person' AND debit_user = {whose} \
         AND kind = 'reversal' AND at >= "
    ));
    sql.bind(since.0).push("), 0) AS BIGINT)");
}
