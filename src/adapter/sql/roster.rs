//! The rosters: units, people of teams, suggested head-counts; read whole and replaced whole. Called by the store.

use super::engine::{Db, Link, Pools, pieces, unreadable};
use crate::domain::id::UserId;
use crate::domain::roster::{Form, Headcount, Roster, Team, Unit, UnitKind, Volunteer};

fn count(number: i64) -> Db<u32> {
    u32::try_from(number).map_err(|_| unreadable(format_args!("{number} people")))
}

/// The rosters as they stand.
pub(super) async fn load(link: &mut Link) -> Db<Roster> {
    let mut roster = Roster::default();
    let sql = link.sql("SELECT code, name, kind, population, larger FROM roster_unit ORDER BY id");
    for row in link.rows(sql).await? {
        let mut row = row.read();
        let (code, name, kind) = (row.next()?, row.next()?, row.next::<&str>()?);
        roster.units.push(Unit {
            code,
            name,
            kind: UnitKind::named(kind).ok_or_else(|| unreadable(format_args!("kind {kind:?} of a unit")))?,
            population: row.next::<Option<i64>>()?.map(count).transpose()?,
            larger: row.next::<i64>()? != 0,
        });
    }
    let sql = link.sql(
        "SELECT unit, form, squad, name, phone, user_id, class, leader, area, gear, people FROM roster_person ORDER BY id",
    );
    for row in link.rows(sql).await? {
        let mut row = row.read();
        let (unit, form) = (row.next()?, row.next::<&str>()?);
        roster.people.push(Volunteer {
            unit,
            form: Form::named(form).ok_or_else(|| unreadable(format_args!("form {form:?} of a team")))?,
            squad: row.next()?,
            name: row.next()?,
            phone: row.next()?,
            user: row.next::<Option<i64>>()?.map(UserId),
            class: row.next()?,
            leader: row.next::<i64>()? != 0,
            area: row.next()?,
            gear: row.next()?,
            people: count(row.next()?)?,
        });
    }
    let sql = link.sql("SELECT unit, team, suggested FROM roster_headcount ORDER BY id");
    for row in link.rows(sql).await? {
        let mut row = row.read();
        let (unit, team) = (row.next()?, row.next::<&str>()?);
        roster.headcounts.push(Headcount {
            unit,
            team: Team::named(team).ok_or_else(|| unreadable(format_args!("team {team:?}")))?,
            suggested: count(row.next()?)?,
        });
    }
    Ok(roster)
}

fn at(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}

/// Replaces all of it if it still is `old`; tells whether it was.
pub(super) async fn replace(pools: &Pools, old: &Roster, new: &Roster) -> Db<bool> {
    let mut link = pools.writing().await?;
    // The row is this transaction's from here on: whoever else replaces waits.
    let sql = link.sql("UPDATE counter SET value = value + 1 WHERE name = 'roster'");
    link.run(sql).await?;
    if load(&mut link).await? != *old {
        link.rollback().await?;
        return Ok(false);
    }
    for text in ["DELETE FROM roster_unit", "DELETE FROM roster_person", "DELETE FROM roster_headcount"] {
        let sql = link.sql(text);
        link.run(sql).await?;
    }
    for piece in pieces(new.units.len(), 6) {
        let mut sql = link.sql("INSERT INTO roster_unit (id, code, name, kind, population, larger) VALUES ");
        sql.tuples(piece, |sql, n| {
            let it = &new.units[n];
            sql.bind(at(n)).bind(it.code.as_str()).bind(it.name.as_str()).bind(it.kind.name());
            sql.bind(it.population.map(i64::from)).bind(i64::from(it.larger));
        });
        link.run(sql).await?;
    }
    for piece in pieces(new.people.len(), 12) {
        let mut sql = link.sql(
            "INSERT INTO roster_person (id, unit, form, squad, name, phone, user_id, class, leader, area, gear, people) VALUES ",
        );
        sql.tuples(piece, |sql, n| {
            let it = &new.people[n];
            sql.bind(at(n)).bind(it.unit.as_str()).bind(it.form.name()).bind(it.squad.as_str());
            sql.bind(it.name.as_str()).bind(it.phone.as_str()).bind(it.user.map(|user| user.0));
            sql.bind(it.class.as_str()).bind(i64::from(it.leader)).bind(it.area.as_str()).bind(it.gear.as_str());
            sql.bind(i64::from(it.people));
        });
        link.run(sql).await?;
    }
    for piece in pieces(new.headcounts.len(), 4) {
        let mut sql = link.sql("INSERT INTO roster_headcount (id, unit, team, suggested) VALUES ");
        sql.tuples(piece, |sql, n| {
            let it = &new.headcounts[n];
            sql.bind(at(n)).bind(it.unit.as_str()).bind(it.team.name()).bind(i64::from(it.suggested));
        });
        link.run(sql).await?;
    }
    link.commit().await?;
    Ok(true)
}
