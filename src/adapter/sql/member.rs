//! People and invitations, as rows. Called by `step`, `town` and everything that shows people.

use super::code::{Code, parse_roles, roles_code};
use super::engine::{Db, Link, MAX_IDS, Reader, pieces};
use super::step::{Refused, last_of_each};
use crate::domain::id::{Millis, UserId};
use crate::domain::member::{Language, Member};
use crate::port::store::Invite;
use std::collections::HashMap;

/// The columns that [`read_member`] reads.
pub(super) const MEMBER_COLUMNS: &str = "member.user_id, member.name, member.occupation, member.group_name, \
    member.team, member.roles, member.language, member.code, member.first_seen, member.told_at";

/// Reads [`MEMBER_COLUMNS`].
pub(super) fn read_member(row: &mut Reader<'_>) -> Db<Member> {
    Ok(Member {
        user: UserId(row.next()?),
        name: row.next()?,
        occupation: row.next()?,
        group: row.next()?,
        team: row.next()?,
        roles: parse_roles(row.next()?)?,
        language: row.next::<Option<&str>>()?.map(Language::parse_code).transpose()?,
        code: row.next()?,
        first_seen: Millis(row.next()?),
        told_at: row.next::<Option<i64>>()?.map(Millis),
    })
}

/// People by id.
pub(super) async fn load_members(link: &mut Link, users: &[i64]) -> Db<HashMap<i64, Member>> {
    let mut members = HashMap::with_capacity(users.len());
    for users in users.chunks(MAX_IDS) {
        let mut sql = link.sql("SELECT ");
        sql.push(MEMBER_COLUMNS).push(" FROM member WHERE user_id IN ").list(users);
        for row in link.rows(sql).await? {
            let member = read_member(&mut row.read())?;
            members.insert(member.user.0, member);
        }
    }
    Ok(members)
}

/// The person with a code; `None` also where two have it.
pub(super) async fn load_member_by_code(link: &mut Link, code: &str) -> Db<Option<Member>> {
    let mut sql = link.sql("SELECT ");
    sql.push(MEMBER_COLUMNS).push(" FROM member WHERE code = ").bind(code).limit(2);
    match link.rows(sql).await?.as_slice() {
        [row] => Ok(Some(read_member(&mut row.read())?)),
        _ => Ok(None),
    }
}

/// What happens to a person who is on file already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Everything is replaced: the flow has read it and changed it.
    Replaced,
    /// What the office files is replaced; what the person chose or was told stays.
    Filed,
    /// Everything stays.
    Kept,
}

/// Stores people. Tells whether the staff has changed by it.
pub(super) async fn put_members(link: &mut Link, members: &[&Member], known: Known) -> Db<bool> {
    let members = last_of_each(members, |member| member.user);
    let mut staff = false;
    for piece in pieces(members.len(), 10) {
        let members = &members[piece];
        let users: Vec<i64> = members.iter().map(|member| member.user.0).collect();
        let mut sql = link.sql("SELECT count(*) FROM member WHERE roles <> '' AND user_id IN ");
        sql.list(&users);
        staff |= members.iter().any(|member| !member.roles.is_empty()) || link.number(sql).await? != Some(0);

        let mut sql = link.sql(
            "INSERT INTO member (user_id, name, occupation, group_name, team, roles, language, code, first_seen, \
             told_at) VALUES ",
        );
        sql.tuples(members, |sql, member| {
            sql.bind(member.user.0).bind(member.name.as_str()).bind(member.occupation.as_str());
            sql.bind(member.group.as_str()).bind(member.team.as_str()).bind(roles_code(&member.roles));
            sql.bind(member.language.map(Language::code)).bind(member.code.as_str());
            sql.bind(member.first_seen.0).bind(member.told_at.map(|at| at.0));
        });
        sql.push(match known {
            Known::Kept => " ON CONFLICT (user_id) DO NOTHING",
            Known::Filed => {
                " ON CONFLICT (user_id) DO UPDATE SET name = excluded.name, occupation = excluded.occupation, \
                 group_name = excluded.group_name, team = excluded.team, roles = excluded.roles"
            }
            Known::Replaced => {
                " ON CONFLICT (user_id) DO UPDATE SET name = excluded.name, occupation = excluded.occupation, \
                 group_name = excluded.group_name, team = excluded.team, roles = excluded.roles, \
                 language = excluded.language, code = excluded.code, first_seen = excluded.first_seen, \
                 told_at = excluded.told_at"
            }
        });
        link.run(sql).await?;
    }
    Ok(staff)
}

/// Stores invitations, new or used. One that somebody else has used meanwhile is refused: it is good once.
pub(super) async fn put_invites(link: &mut Link, invites: &[&Invite]) -> Result<(), Refused> {
    for invite in invites {
        let mut sql = link.sql("INSERT INTO invite (code, roles, by_user, expires, used_by) VALUES ");
        sql.tuples([invite], |sql, invite| {
            sql.bind(invite.code.as_str()).bind(roles_code(&invite.roles)).bind(invite.by.0).bind(invite.expires.0);
            sql.bind(invite.used_by.map(|user| user.0));
        });
        sql.push(
            " ON CONFLICT (code) DO UPDATE SET used_by = excluded.used_by, expires = excluded.expires \
             WHERE invite.used_by IS NULL OR invite.used_by = excluded.used_by",
        );
        if link.run(sql).await? != 1 {
            return Err(Refused::Conflict);
        }
    }
    Ok(())
}

/// Invitations by code.
pub(super) async fn load_invites(link: &mut Link, codes: &[&str]) -> Db<HashMap<String, Invite>> {
    let mut invites = HashMap::with_capacity(codes.len());
    for piece in pieces(codes.len(), 1) {
        let mut sql = link.sql("SELECT code, roles, by_user, expires, used_by FROM invite WHERE code IN (");
        for code in &codes[piece] {
            sql.bind(*code);
        }
        sql.push(")");
        for row in link.rows(sql).await? {
            let mut row = row.read();
            let invite = Invite {
                code: row.next()?,
                roles: parse_roles(row.next()?)?,
                by: UserId(row.next()?),
                expires: Millis(row.next()?),
                used_by: row.next::<Option<i64>>()?.map(UserId),
            };
            invites.insert(invite.code.clone(), invite);
        }
    }
    Ok(invites)
}
