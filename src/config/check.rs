//! What a config must hold beyond its types.
//!
//! Owns the rules of sense: ranges, order, what may not stand twice, what goes together. Pure. Called by `load`.

use super::{Config, Mode, Stage};
use crate::domain::tip::lexicon::fault;
use std::collections::BTreeMap;

/// Everything that is wrong, each with its key.
pub(super) fn faults(config: &Config) -> Vec<(String, String)> {
    let mut it = Faults(Vec::new());
    it.head(config);
    it.telegram(config);
    it.seeds(config);
    it.categories(config);
    it.rules(config);
    it.0
}

/// So many words may a list of the config hold: all of them together stay far from what an automaton can count.
const MOST_WORDS: usize = 1_000;

struct Faults(Vec<(String, String)>);

impl Faults {
    fn check(&mut self, holds: bool, key: impl Into<String>, what: impl Into<String>) {
        if !holds {
            self.0.push((key.into(), what.into()));
        }
    }

    fn head(&mut self, config: &Config) {
        self.check(!config.emergency_number.trim().is_empty(), "emergency_number", "must not be empty");
        let named = ["sqlite:", "postgres://", "postgresql://"]
            .iter()
            .find_map(|scheme| config.database.url.strip_prefix(scheme))
            .is_some_and(|rest| !rest.trim_matches('/').is_empty());
        let public = &config.http.public_url;
        let reachable = public.is_empty() || is_http(public) && !public.contains(['?', '#']);
        self.check(reachable, "http.public_url", "must be like https://bot.example.org, or empty");
        self.check(named, "database.url", "must be like sqlite://data/baiying.db or postgres://user@host/database");
    }

    fn telegram(&mut self, config: &Config) {
        let it = &config.telegram;
        self.check(is_http(&it.api_url), "telegram.api_url", "must be like https://api.telegram.org");
        let named = it.username.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        self.check(named, "telegram.username", "is the bot's user name without @: letters, digits and _");
        if it.mode == Mode::Webhook {
            // Telegram itself calls https only; a server on the same machine may do without.
            let near = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
            let callable = is_http(&it.webhook_url)
                && (it.webhook_url.starts_with("https://") || near.iter().any(|near| it.webhook_url.starts_with(near)));
            self.check(
                callable,
                "telegram.webhook_url",
                "mode = \"webhook\" needs the public address that leads to /telegram/webhook here, like \
                 https://bot.example.org/telegram/webhook",
            );
        }
        let limits = it.limits;
        self.check(
            limits.per_second == 0 || limits.alarm_headroom < limits.per_second,
            "telegram.limits.alarm_headroom",
            format!("must be less than per_second ({}), or nothing else is ever sent", limits.per_second),
        );
    }

    fn seeds(&mut self, config: &Config) {
        let mut seen = BTreeMap::new();
        for (n, group) in config.group.iter().enumerate() {
            let key = |name| format!("group[{n}].{name}");
            self.check(group.chat_id < 0, key("chat_id"), "a group's id is negative");
            if let Some(first) = seen.insert(group.chat_id, n) {
                self.check(false, key("chat_id"), format!("stands already at group[{first}]"));
            }
            self.check(!group.name.trim().is_empty(), key("name"), "must not be empty");
            for (name, value, other, most) in
                [("lat", group.lat, ("lon", group.lon), 90.0), ("lon", group.lon, ("lat", group.lat), 180.0)]
            {
                if let Some(degrees) = value {
                    self.check(
                        degrees.abs() <= most,
                        key(name),
                        format!("degrees in WGS-84, from -{most} to {most}, not {degrees}"),
                    );
                    self.check(other.1.is_some(), key(name), format!("needs {} with it", other.0));
                }
            }
        }
        let mut seen = BTreeMap::new();
        for (n, member) in config.member.iter().enumerate() {
            let key = format!("member[{n}].user_id");
            self.check(member.user_id > 0, &*key, "a person's id is positive");
            if let Some(first) = seen.insert(member.user_id, n) {
                self.check(false, key, format!("stands already at member[{first}]"));
            }
        }
    }

    fn categories(&mut self, config: &Config) {
        for (cue, words) in &config.words {
            let key = toml::Value::try_from(cue).expect("a cue is written as its name");
            self.words(&format!("words.{}", key.as_str().unwrap_or_default()), words);
        }
        self.check(!config.category.is_empty(), "category", "at least one category is needed");
        let mut seen = BTreeMap::new();
        for (n, category) in config.category.iter().enumerate() {
            let key = |name| format!("category[{n}].{name}");
            let plain = category.id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            self.check(
                plain && (1..=32).contains(&category.id.len()),
                key("id"),
                "1 to 32 characters, a-z, 0-9 and _ (it travels in buttons)",
            );
            if let Some(first) = seen.insert(&category.id, n) {
                self.check(false, key("id"), format!("stands already at category[{first}]"));
            }
            self.check(category.family() != "", key("family"), "must not be empty: leave it out");
            self.words(&key("words"), &category.words);
            self.check(!category.zh.trim().is_empty(), key("zh"), "must not be empty");
            self.check(!category.en.trim().is_empty(), key("en"), "must not be empty");
        }
    }

    fn words(&mut self, key: &str, words: &[String]) {
        self.check(words.len() <= MOST_WORDS, key, format!("at most {MOST_WORDS} words in one list"));
        for (n, word) in words.iter().enumerate() {
            if let Some(fault) = fault(word) {
                self.check(false, format!("{key}[{n}]"), format!("{word:?}: {fault}"));
            }
        }
    }

    fn alarms(&mut self, config: &Config) {
        let it = &config.alarm;
        for (key, value, least, most) in [
            ("alarm.location_minutes", it.location_minutes, 1, 1_440),
            ("alarm.answer_expires_seconds", it.answer_expires_seconds, 0, 86_400),
            ("alarm.drill_minutes", it.drill_minutes, 1, 1_440),
            ("alarm.self_raise.known_hours", it.self_raise.known_hours, 0, 87_600),
            ("alarm.self_raise.person_minutes", it.self_raise.person_minutes, 0, 525_600),
            ("alarm.self_raise.group_minutes", it.self_raise.group_minutes, 0, 525_600),
        ] {
            self.check((least..=most).contains(&value), key, format!("from {least} to {most}"));
        }
        for (key, metres) in
            [("alarm.arrival_m", it.arrival_m), ("alarm.self_raise.accuracy_m", it.self_raise.accuracy_m)]
        {
            self.check(metres > 0.0 && metres <= 100_000.0, key, "metres: more than 0, at most 100000");
        }
        for (n, user) in it.call_list.iter().enumerate() {
            let key = format!("alarm.call_list[{n}]");
            self.check(*user > 0, &*key, "a person's id is positive");
            self.check(!it.call_list[..n].contains(user), key, "stands there twice");
        }
    }

    fn rules(&mut self, config: &Config) {
        let tip = &config.tip;
        for (key, value, most) in [
            ("tip.join_seconds", tip.join_seconds, 86_400),
            ("tip.ask_minutes", tip.ask_minutes, 1_440),
            ("tip.undo_seconds", tip.undo_seconds, 86_400),
            ("tip.fold_receipts_from", tip.fold_receipts_from, i64::MAX),
            ("tip.fold_cards_from", tip.fold_cards_from, i64::MAX),
            ("tip.duplicate_minutes", tip.duplicate_minutes, 525_600),
            ("points.tip_verified", config.points.tip_verified, 1_000_000),
            ("points.tip_duplicate", config.points.tip_duplicate, 1_000_000),
            ("points.on_scene", config.points.on_scene, 1_000_000),
            ("points.daily_cap", config.points.daily_cap, i64::MAX),
            ("points.monthly_cap", config.points.monthly_cap, i64::MAX),
            ("redeem.keep_days", config.redeem.keep_days, 3_650),
            ("retention.raw_days", config.retention.raw_days, 36_500),
            ("retention.outbox_days", config.retention.outbox_days, 36_500),
            ("retention.unfounded_days", config.retention.unfounded_days, 36_500),
            ("retention.resolved_days", config.retention.resolved_days, 36_500),
            ("retention.undecided_days", config.retention.undecided_days, 36_500),
        ] {
            self.check(value >= 0, key, "must not be negative");
            self.check(value <= most, key, format!("must be at most {most}"));
        }
        self.check(config.redeem.keep_days > 0, "redeem.keep_days", "must be at least 1");
        for (n, tier) in config.redeem.tier.iter().enumerate() {
            self.check(tier.from >= 0, "redeem.tier", format!("from = {} must not be negative", tier.from));
            let few = (0..=5).contains(&tier.approvals);
            self.check(few, "redeem.tier", format!("approvals = {} must be from 0 to 5", tier.approvals));
            let twice = config.redeem.tier[..n].iter().any(|other| other.from == tier.from);
            self.check(!twice, "redeem.tier", format!("from = {} stands there twice", tier.from));
        }
        let roster = &config.roster;
        for (key, range) in [
            ("roster.red_armband_small", roster.red_armband_small),
            ("roster.red_armband_large", roster.red_armband_large),
            ("roster.stationed_group", roster.stationed_group),
            ("roster.mobile_pairs", roster.mobile_pairs),
        ] {
            self.check(range.least <= range.most, key, "least must not be more than most");
        }
        for (key, metres) in [
            ("tip.pin_accuracy_m", tip.pin_accuracy_m),
            ("tip.area_accuracy_m", tip.area_accuracy_m),
            ("tip.duplicate_radius_m", tip.duplicate_radius_m),
        ] {
            self.check(metres > 0.0 && metres <= 100_000.0, key, "metres: more than 0, at most 100000");
        }
        let rings = &config.alarm.ring;
        self.check(!rings.is_empty(), "alarm.ring", "at least one ring is needed");
        for (n, ring) in rings.iter().enumerate() {
            let key = format!("alarm.ring[{n}].radius_m");
            self.check(ring.radius_m > 0.0 && ring.radius_m <= 100_000.0, &*key, "metres: more than 0, at most 100000");
            let wider = n == 0 || rings[n - 1].radius_m < ring.radius_m;
            self.check(wider, key, "each ring must be wider than the one before");
        }
        let stages = &config.alarm.stage;
        for (n, stage) in stages.iter().enumerate() {
            let key = format!("alarm.stage[{n}].within_seconds");
            self.check((1..=86_400).contains(&stage.within_seconds), &*key, "seconds: from 1 to 86400");
            let later = n == 0 || stages[n - 1].within_seconds <= stage.within_seconds;
            self.check(later, &*key, "stages stand in the order in which they come due");
            let same = |it: &Stage| Stage { missed: stage.missed, ..it.clone() } == *stage;
            self.check(!stages[..n].iter().any(same), key, "the same stage stands twice");
        }
        self.alarms(config);
        self.0.extend(config.points.faults(config));
    }
}

fn is_http(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        !host.is_empty() && !url.contains(char::is_whitespace)
    })
}
