//! The town as set up: what it lacks to work, and where config and database differ.
//!
//! Owns no rule of its own: the config seeds, the database wins (DESIGN.md §3). Called by `doctor`.

use super::Doctor;
use crate::config::{GroupSeed, MemberSeed};
use crate::domain::group::{Group, GroupKind};
use crate::domain::id::UserId;
use crate::domain::member::Role;
use crate::domain::place::Wgs84;
use crate::domain::roster::Roster;
use crate::domain::roster::size::Finding;
use crate::port::store::TownFile;

impl Doctor<'_> {
    pub(super) fn town(&mut self, town: &TownFile) {
        for seed in &self.config.group {
            let moved = town.moved.iter().find(|(from, _)| from.0 == seed.chat_id);
            let chat = moved.map_or(seed.chat_id, |(_, to)| to.0);
            self.group_differences(seed, town.groups.iter().find(|it| it.chat.0 == chat));
        }
        for seed in &self.config.member {
            self.member_differences(seed, town);
        }
        let has =
            |kind| town.groups.iter().any(|it| it.kind == kind) || self.config.group.iter().any(|it| it.kind == kind);
        let (desk, liaison) = (has(GroupKind::Desk), has(GroupKind::Liaison));
        let police = town.staff.iter().any(|it| it.is(Role::Police))
            || self.config.member.iter().any(|it| it.roles.contains(&Role::Police));
        if !desk {
            self.fail(
                "没有研判群：线索没有人看".into(),
                "there is no desk group: nobody sees the leads".into(),
                "在民警的群里用 /setup，或在配置里加 [[group]] kind = \"desk\"",
                "use /setup in the officers' group, or add a [[group]] with kind = \"desk\"",
            );
        }
        if !liaison {
            self.warn(
                "没有联络群：线索只能私聊发来".into(),
                "there is no liaison group: tips come in private only".into(),
                "在群里用 /setup，或在配置里加 [[group]] kind = \"liaison\"",
                "use /setup in the group, or add a [[group]] with kind = \"liaison\"",
            );
        }
        if !police {
            self.fail(
                "没有人有 police 角色：没有人能处置线索".into(),
                "nobody holds the role police: nobody can decide on leads".into(),
                "在配置里加 [[member]]，或用邀请码",
                "add a [[member]], or use an invite code",
            );
        }
        if town.points.is_empty() {
            self.warn(
                "没有联络点：警情呼叫没有人可叫".into(),
                "there are no liaison points: an alarm has nobody to call".into(),
                "baiying import points FILE.csv",
                "baiying import points FILE.csv",
            );
        }
        let mute: Vec<&str> =
            town.points.iter().filter(|it| it.contacts.is_empty()).map(|it| it.code.as_str()).collect();
        if !mute.is_empty() {
            let n = mute.len();
            let mut codes = mute[..n.min(10)].join(" ");
            if n > 10 {
                codes.push_str(" …");
            }
            self.warn(
                format!("{n} 个联络点没有联系人：{codes}"),
                format!("{n} liaison points have no contact: {codes}"),
                "在联络点 CSV 的 contacts 列填上用户 id，再导入",
                "fill the contacts column of the points CSV with user ids, and import it again",
            );
        }
        if town.gazetteer.is_empty() {
            self.warn(
                "地名库是空的：地名认不出来".into(),
                "the gazetteer is empty: names of places are not understood".into(),
                "baiying import gazetteer FILE.csv",
                "baiying import gazetteer FILE.csv",
            );
        }
    }

    /// Teams that are not as large as the facts ask, in one line: exports and imports of rosters tell all.
    pub(super) fn roster(&mut self, roster: &Roster) {
        const MOST: usize = 5;
        let found = self.config.roster.findings(roster);
        if found.is_empty() {
            return;
        }
        let n = found.len();
        let tell = |words: fn(&Finding) -> String, parted: &str| {
            let mut told = found.iter().take(MOST).map(words).collect::<Vec<_>>().join(parted);
            told.push_str(if n > MOST { " …" } else { "" });
            told
        };
        self.warn(
            format!("花名册有 {n} 处人数不符：{}", tell(Finding::zh, "；")),
            format!("{n} sizes of the rosters are not as they should be: {}", tell(Finding::en, "; ")),
            "baiying export rosters --format xlsx 列出全部；补足后再 import rosters，或改 [roster]",
            "baiying export rosters --format xlsx lists all; import rosters with more people, or change [roster]",
        );
    }

    fn group_differences(&mut self, seed: &GroupSeed, stored: Option<&Group>) {
        let chat = seed.chat_id;
        let Some(stored) = stored else {
            return self.not_yet(&seed.name);
        };
        let area = seed.lat.zip(seed.lon).map(|(lat, lon)| Wgs84 { lat, lon });
        let language = seed.language.unwrap_or(self.config.language);
        let moved = format!("chat_id = {}", stored.chat);
        let differing: Vec<&str> = [
            (moved.as_str(), chat != stored.chat.0),
            ("kind", seed.kind != stored.kind),
            ("name", seed.name != stored.name),
            ("lat, lon", area != stored.area),
            ("pin_datum", seed.pin_datum != stored.pin_datum),
            ("language", language != stored.language),
        ]
        .into_iter()
        .filter_map(|(key, differs)| differs.then_some(key))
        .collect();
        if !differing.is_empty() {
            self.differs(&format!("{} ({chat})", seed.name), &differing.join(", "));
        }
    }

    fn member_differences(&mut self, seed: &MemberSeed, town: &TownFile) {
        if seed.roles.is_empty() {
            // Only those with a role stand in the town's file.
            return;
        }
        let who = if seed.name.is_empty() { seed.user_id.to_string() } else { seed.name.clone() };
        let Some(stored) = town.staff.iter().find(|it| it.user == UserId(seed.user_id)) else {
            return self.not_yet(&who);
        };
        let same = seed.roles.iter().all(|it| stored.is(*it)) && stored.roles.iter().all(|it| seed.roles.contains(it));
        if !same {
            self.differs(&who, "roles");
        }
    }

    fn not_yet(&mut self, name: &str) {
        self.warn(
            format!("配置里的“{name}”还不在数据库里，或已在聊天中改掉"),
            format!("“{name}” of the config is not in the database yet, or was changed in chat"),
            "下次 baiying serve 启动时会写入新的；已有的以数据库为准",
            "the next start of baiying serve writes what is new; what is there already wins",
        );
    }

    fn differs(&mut self, name: &str, keys: &str) {
        self.warn(
            format!("“{name}”在配置和数据库里不同：{keys}；以数据库为准"),
            format!("“{name}” differs between config and database: {keys}; the database wins"),
            "在聊天里改，或把配置改成一致",
            "change it in chat, or make the config agree",
        );
    }
}
