//! The rota: shifts, holidays, swaps, and what people say of themselves. Each change counts the version of the
//! townspeople up. Called by the store, `town` and `step`.

use super::code::Code;
use super::engine::{Db, Link, Pools, pieces, unreadable};
use super::step::Refused;
use super::town::{Part, count_up};
use crate::domain::duty::{Days, DutyChange, Holiday, OnHolidays, Rota, Shift, Swap, TurnKey, Word};
use crate::domain::id::{Millis, UserId};
use chrono::{NaiveDate, NaiveTime, Timelike};

/// How long swaps are kept, days: whoever pays for duty counts a year.
const SWAP_DAYS: i64 = 400;

fn minute(time: NaiveTime) -> i64 {
    i64::from(time.num_seconds_from_midnight() / 60)
}

fn time(minute: i64) -> Db<NaiveTime> {
    let seconds = u32::try_from(minute).ok().and_then(|minute| minute.checked_mul(60));
    let time = seconds.and_then(|seconds| NaiveTime::from_num_seconds_from_midnight_opt(seconds, 0));
    time.ok_or_else(|| unreadable(format_args!("minute {minute} of a day")))
}

fn date(text: &str) -> Db<NaiveDate> {
    text.parse().map_err(|_| unreadable(format_args!("date {text:?}")))
}

/// The rota as it stands.
pub(super) async fn load(link: &mut Link) -> Db<Rota> {
    let mut rota = Rota::default();
    let sql = link.sql(
        "SELECT user_id, post, days, from_minute, to_minute, first_date, last_date, holidays FROM duty_shift ORDER BY id",
    );
    for row in link.rows(sql).await? {
        let mut row = row.read();
        rota.shifts.push(Shift {
            user: UserId(row.next()?),
            post: row.next()?,
            days: Days(u8::try_from(row.next::<i64>()?).unwrap_or_default()),
            from: time(row.next()?)?,
            to: time(row.next()?)?,
            first: row.next::<Option<&str>>()?.map(date).transpose()?,
            last: row.next::<Option<&str>>()?.map(date).transpose()?,
            holidays: OnHolidays::parse_code(row.next()?)?,
        });
    }
    let sql = link.sql("SELECT date, name FROM duty_holiday ORDER BY date");
    for row in link.rows(sql).await? {
        let mut row = row.read();
        rota.holidays.push(Holiday { date: date(row.next()?)?, name: row.next()? });
    }
    let sql = link
        .sql("SELECT owner, date, post, from_minute, taken_by FROM duty_swap ORDER BY date, owner, post, from_minute");
    for row in link.rows(sql).await? {
        let mut row = row.read();
        let (owner, day, post) = (UserId(row.next()?), date(row.next()?)?, row.next()?);
        rota.swaps.push(Swap {
            turn: TurnKey { owner, date: day, post, from: time(row.next()?)? },
            taken_by: row.next::<Option<i64>>()?.map(UserId),
        });
    }
    let sql = link.sql("SELECT user_id, turned_on, since, until FROM duty_word ORDER BY user_id");
    for row in link.rows(sql).await? {
        let mut row = row.read();
        rota.words.push(Word {
            user: UserId(row.next()?),
            on: row.next::<i64>()? != 0,
            since: Millis(row.next()?),
            until: row.next::<Option<i64>>()?.map(Millis),
        });
    }
    Ok(rota)
}

/// Replaces shifts, holidays and swaps. What people said of themselves stays.
pub(super) async fn replace(pools: &Pools, rota: &Rota) -> Db<()> {
    let mut link = pools.writing().await?;
    for text in ["DELETE FROM duty_shift", "DELETE FROM duty_holiday", "DELETE FROM duty_swap"] {
        let sql = link.sql(text);
        link.run(sql).await?;
    }
    for piece in pieces(rota.shifts.len(), 8) {
        let mut sql = link.sql(
            "INSERT INTO duty_shift (user_id, post, days, from_minute, to_minute, first_date, last_date, holidays) VALUES ",
        );
        sql.tuples(&rota.shifts[piece], |sql, shift| {
            sql.bind(shift.user.0).bind(shift.post.as_str()).bind(i64::from(shift.days.0));
            sql.bind(minute(shift.from)).bind(minute(shift.to));
            sql.bind(shift.first.map(|date| date.to_string())).bind(shift.last.map(|date| date.to_string()));
            sql.bind(shift.holidays.code());
        });
        link.run(sql).await?;
    }
    for piece in pieces(rota.holidays.len(), 2) {
        let mut sql = link.sql("INSERT INTO duty_holiday (date, name) VALUES ");
        sql.tuples(&rota.holidays[piece], |sql, holiday| {
            sql.bind(holiday.date.to_string()).bind(holiday.name.as_str());
        });
        link.run(sql).await?;
    }
    for piece in pieces(rota.swaps.len(), 5) {
        let mut sql = link.sql("INSERT INTO duty_swap (owner, date, post, from_minute, taken_by) VALUES ");
        sql.tuples(&rota.swaps[piece], |sql, swap| {
            sql.bind(swap.turn.owner.0).bind(swap.turn.date.to_string()).bind(swap.turn.post.as_str());
            sql.bind(minute(swap.turn.from)).bind(swap.taken_by.map(|user| user.0));
        });
        link.run(sql).await?;
    }
    count_up(&mut link, Part::People).await?;
    link.commit().await
}

/// Writes what people said and agreed on. A swap of a shift that is not there any more is refused.
pub(super) async fn apply(link: &mut Link, changes: &[&DutyChange]) -> Result<(), Refused> {
    for change in changes {
        match change {
            DutyChange::Say(word) => {
                let mut sql = link.sql("INSERT INTO duty_word (user_id, turned_on, since, until) VALUES (");
                sql.bind(word.user.0).bind(i64::from(word.on)).bind(word.since.0).bind(word.until.map(|at| at.0));
                sql.push(
                    ") ON CONFLICT (user_id) DO UPDATE SET turned_on = excluded.turned_on, since = excluded.since, \
                     until = excluded.until",
                );
                link.run(sql).await?;
            }
            DutyChange::Swap(Swap { turn, taken_by }) => {
                let mut sql = link.sql("SELECT count(*) FROM duty_shift WHERE user_id = ");
                sql.bind(turn.owner.0).push(" AND post = ").bind(turn.post.as_str());
                sql.push(" AND from_minute = ").bind(minute(turn.from));
                if link.number(sql).await? == Some(0) {
                    return Err(Refused::Conflict);
                }
                if *taken_by == Some(turn.owner) {
                    // Its own person takes it again: as the rota says.
                    let mut sql = link.sql("DELETE FROM duty_swap WHERE owner = ");
                    sql.bind(turn.owner.0).push(" AND date = ").bind(turn.date.to_string());
                    sql.push(" AND post = ").bind(turn.post.as_str());
                    sql.push(" AND from_minute = ").bind(minute(turn.from));
                    link.run(sql).await?;
                    continue;
                }
                let mut sql = link.sql("INSERT INTO duty_swap (owner, date, post, from_minute, taken_by) VALUES (");
                sql.bind(turn.owner.0).bind(turn.date.to_string()).bind(turn.post.as_str()).bind(minute(turn.from));
                sql.bind(taken_by.map(|user| user.0));
                sql.push(") ON CONFLICT (owner, date, post, from_minute) DO UPDATE SET taken_by = excluded.taken_by");
                link.run(sql).await?;
            }
        }
    }
    Ok(())
}

/// Takes away what people said of themselves that ended before an instant, and swaps of more than a year ago.
pub(super) async fn forget(pools: &Pools, before: i64, now: Millis) -> Db<()> {
    let mut link = pools.writing().await?;
    let mut sql = link.sql("DELETE FROM duty_word WHERE until IS NOT NULL AND until < ");
    sql.bind(before);
    link.run(sql).await?;
    let mut sql = link.sql("DELETE FROM duty_swap WHERE date < ");
    sql.bind(now.plus_ms(-SWAP_DAYS * 86_400_000).utc().date_naive().to_string());
    link.run(sql).await?;
    link.commit().await
}
