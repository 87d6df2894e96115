//! `baiying doctor`: everything that commonly goes wrong with an installation, each with its mend.
//!
//! Owns the judgement and its words, zh and en; changes nothing. Asks the platform and the store through their
//! ports. Called by `app`, beside a running `serve` too.

mod audit;
mod town;

use crate::config::{Config, Mode, Secrets};
use crate::domain::group::GroupKind;
use crate::domain::id::{ChatId, Millis};
use crate::domain::member::Language;
use crate::port::checkup::{CheckError, Checkup};
use crate::port::clock::Clock;
use crate::port::store::{Store, StoreError, TownFile};
use std::fmt;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Ok,
    /// Works, but not as meant.
    Warn,
    /// Does not work.
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What was found.
    pub what: String,
    /// What mends it; empty if nothing needs to be.
    pub mend: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.level {
            Level::Ok => "  ok ",
            Level::Warn => "warn ",
            Level::Fail => "FAIL ",
        };
        write!(f, "{mark} {}", self.what)?;
        if self.mend.is_empty() { Ok(()) } else { write!(f, "\n       → {}", self.mend) }
    }
}

const HOUR_MS: i64 = 3_600_000;
/// For so long the platform keeps updates that nobody takes.
const KEPT_MS: i64 = 24 * HOUR_MS;

/// Looks at everything. `platform` is `None` where there is no token to ask with; `store` says why it could not be opened.
pub async fn doctor<S: Store, P: Checkup, C: Clock>(
    config: &Config,
    secrets: &Secrets,
    platform: Option<&P>,
    store: Result<&S, &StoreError>,
    clock: &C,
) -> Vec<Finding> {
    let mut it = Doctor { config, findings: Vec::new() };
    if let Err(error) = secrets.check_for_serving(config) {
        it.fail(error.to_string(), error.to_string(), "见 README 的环境变量一节", "see the environment in the README");
    }
    let town = match store {
        Ok(store) => it.database(store, clock.now()).await,
        Err(error) => {
            it.database_down(error);
            None
        }
    };
    if let Some(platform) = platform {
        it.platform(platform, town.as_ref(), clock).await;
    }
    if let Some(town) = &town {
        it.town(town);
    }
    it.findings
}

struct Doctor<'a> {
    config: &'a Config,
    findings: Vec<Finding>,
}

impl Doctor<'_> {
    fn say<'t>(&self, zh: &'t str, en: &'t str) -> &'t str {
        match self.config.language {
            Language::Zh => zh,
            Language::En => en,
        }
    }

    fn add(&mut self, level: Level, zh: String, en: String, mend_zh: &str, mend_en: &str) {
        let mend = self.say(mend_zh, mend_en).to_owned();
        let what = match self.config.language {
            Language::Zh => zh,
            Language::En => en,
        };
        self.findings.push(Finding { level, what, mend });
    }

    fn ok(&mut self, zh: String, en: String) {
        self.add(Level::Ok, zh, en, "", "");
    }

    fn warn(&mut self, zh: String, en: String, mend_zh: &str, mend_en: &str) {
        self.add(Level::Warn, zh, en, mend_zh, mend_en);
    }

    fn fail(&mut self, zh: String, en: String, mend_zh: &str, mend_en: &str) {
        self.add(Level::Fail, zh, en, mend_zh, mend_en);
    }

    fn database_down(&mut self, error: &StoreError) {
        let url = self.config.database.shown();
        self.fail(
            format!("数据库不可用（{url}）：{error}"),
            format!("the database cannot be used ({url}): {error}"),
            "检查 database.url、目录权限和磁盘空间",
            "check database.url, the folder's permissions and the room on the disk",
        );
    }

    async fn database<S: Store>(&mut self, store: &S, now: Millis) -> Option<TownFile> {
        // Making a secret that is there already is a write that changes nothing.
        let written = store.secret("doctor", "looked").await;
        let (town, gauges) = match (written, store.town().await, store.gauges().await) {
            (Ok(_), Ok(town), Ok(gauges)) => (town, gauges),
            (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => {
                self.database_down(&error);
                return None;
            }
        };
        self.ok("数据库可读可写".into(), "the database can be read and written".into());
        match store.audit().await {
            Ok(audit) => self.audit(&audit),
            Err(error) => self.database_down(&error),
        }
        match store.roster().await {
            Ok(roster) => self.roster(&roster),
            Err(error) => self.database_down(&error),
        }
        if gauges.inbox_parked > 0 {
            let n = gauges.inbox_parked;
            self.warn(
                format!("{n} 个事件多次处理失败，已搁置"),
                format!("{n} events failed again and again and are parked"),
                "查看日志中的“parked”；请连同日志报告",
                "look for \"parked\" in the log, and report it with the log",
            );
        }
        if gauges.outbox_failed > 0 {
            let n = gauges.outbox_failed;
            self.warn(
                format!("{n} 条消息未能送达"),
                format!("{n} messages could not be delivered"),
                "多为机器人被移出群、被禁言或被屏蔽：见下面各群",
                "mostly the bot was removed, muted or blocked: see the groups below",
            );
        }
        if let Some(newest) = gauges.newest_update_at {
            let hours = now.since(newest) / HOUR_MS;
            if now.since(newest) > KEPT_MS {
                self.warn(
                    format!("最近一条更新是 {hours} 小时前存入的；Telegram 只保留 24 小时，其间的消息可能已丢失"),
                    format!(
                        "the newest update was stored {hours} hours ago; Telegram keeps them for 24, so what was \
                         written in between may be lost"
                    ),
                    "启动 baiying serve；若一直在运行且群里有消息，请看上下各项",
                    "start baiying serve; if it was running and people wrote, see the other findings",
                );
            }
        }
        Some(town)
    }

    async fn platform<P: Checkup, C: Clock>(&mut self, platform: &P, town: Option<&TownFile>, clock: &C) {
        let bot = match platform.bot().await {
            Ok(bot) => bot,
            Err(error) => return self.platform_down(&error),
        };
        let name = &bot.username;
        self.ok(format!("令牌有效：@{name}"), format!("the token is good: @{name}"));
        let wanted = &self.config.telegram.username;
        if !wanted.is_empty() && !wanted.eq_ignore_ascii_case(name) {
            self.warn(
                format!("telegram.username 写的是 @{wanted}，令牌属于 @{name}"),
                format!("telegram.username says @{wanted}, the token belongs to @{name}"),
                "改正或清空 telegram.username",
                "correct telegram.username, or leave it empty",
            );
        }
        match platform.time().await {
            Some(theirs) => self.clock(clock.now().since(theirs)),
            None => self.warn(
                "平台没有给出时间，无法核对时钟".into(),
                "the platform told no time: the clock was not checked".into(),
                "用 timedatectl 或 chronyc 核对本机时钟",
                "check this machine's clock with timedatectl or chronyc",
            ),
        }
        self.webhook(platform).await;
        let in_town = town.iter().flat_map(|town| town.groups.iter().map(|it| (it.chat, it.kind, it.name.clone())));
        let seeds = self.config.group.iter().map(|it| (ChatId(it.chat_id), it.kind, it.name.clone()));
        let mut groups: Vec<_> = in_town.collect();
        let moved = |chat| town.is_some_and(|town| town.moved.iter().any(|(from, _)| *from == chat));
        for seed in seeds {
            if !groups.iter().any(|(chat, ..)| *chat == seed.0) && !moved(seed.0) {
                groups.push(seed);
            }
        }
        for (chat, kind, name) in groups {
            self.standing(platform, chat, kind, &name, bot.reads_groups).await;
        }
    }

    fn platform_down(&mut self, error: &CheckError) {
        match error {
            CheckError::Token => self.fail(
                "令牌被拒绝".into(),
                "the token is refused".into(),
                "核对 BAIYING_TOKEN（BotFather 的 /token）和 telegram.api_url",
                "check BAIYING_TOKEN (BotFather's /token) and telegram.api_url",
            ),
            CheckError::Refused(why) | CheckError::Unreachable(why) => {
                let url = &self.config.telegram.api_url;
                self.fail(
                    format!("连不上 Bot API（{url}）：{why}"),
                    format!("the Bot API cannot be reached ({url}): {why}"),
                    "检查网络、代理和 telegram.api_url",
                    "check the network, the proxy and telegram.api_url",
                );
            }
        }
    }

    fn clock(&mut self, ahead_ms: i64) {
        // The platform's date is cut to the second and travelled for a while.
        let seconds = ahead_ms / 1000;
        if seconds.abs() <= 3 {
            return self.ok("时钟准确".into(), "the clock is right".into());
        }
        let level = if seconds.abs() <= 30 { Level::Warn } else { Level::Fail };
        let (by, way) = (seconds.abs(), if seconds > 0 { ("快", "ahead of") } else { ("慢", "behind") });
        self.add(
            level,
            format!("本机时钟比平台{} {by} 秒：线索时间和 1-3-5 计时会错", way.0),
            format!("this clock is {by} s {} the platform's: times of leads and the 1-3-5 clock go wrong", way.1),
            "打开网络校时（timedatectl set-ntp true）",
            "turn network time on (timedatectl set-ntp true)",
        );
    }

    async fn webhook<P: Checkup>(&mut self, platform: &P) {
        let hook = match platform.webhook().await {
            Ok(hook) => hook,
            Err(error) => return self.platform_down(&error),
        };
        let telegram = &self.config.telegram;
        match (telegram.mode, hook.url.as_str()) {
            (Mode::Polling, "") => self.ok("轮询：没有设置 webhook".into(), "polling: no webhook is set".into()),
            (Mode::Polling, _) => self.fail(
                "telegram.mode 是 polling，但平台上还设着 webhook：轮询会得到 409".into(),
                "telegram.mode is polling, but a webhook is set: polling gets 409".into(),
                "改用 mode = \"webhook\"，或调用 deleteWebhook 取消",
                "use mode = \"webhook\", or take it away with the deleteWebhook method",
            ),
            (Mode::Webhook, "") => self.fail(
                "telegram.mode 是 webhook，但平台上没有设置".into(),
                "telegram.mode is webhook, but none is set".into(),
                "启动 baiying serve，它会设置",
                "start baiying serve: it sets the webhook",
            ),
            (Mode::Webhook, url) if url != telegram.webhook_url => self.fail(
                format!("平台上的 webhook 指向 {url}，不是 telegram.webhook_url"),
                format!("the webhook leads to {url}, not to telegram.webhook_url"),
                "重启 baiying serve，或改正 telegram.webhook_url",
                "start baiying serve again, or correct telegram.webhook_url",
            ),
            (Mode::Webhook, _) => self.ok("webhook 已设置".into(), "the webhook is set".into()),
        }
        if let (Some(why), Mode::Webhook) = (&hook.last_error, telegram.mode) {
            self.warn(
                format!("平台最近一次调用 webhook 失败：{why}"),
                format!("the platform's last call of the webhook failed: {why}"),
                "检查证书、反向代理和 BAIYING_WEBHOOK_SECRET",
                "check the certificate, the reverse proxy and BAIYING_WEBHOOK_SECRET",
            );
        }
        if hook.pending > 100 {
            let n = hook.pending;
            self.warn(
                format!("平台上有 {n} 条更新在等；超过 24 小时会被丢弃"),
                format!("{n} updates wait at the platform; it drops them after 24 hours"),
                "启动 baiying serve；若在运行，看它的日志",
                "start baiying serve; if it runs, read its log",
            );
        }
    }

    async fn standing<P: Checkup>(&mut self, platform: &P, chat: ChatId, kind: GroupKind, name: &str, reads: bool) {
        let it = match platform.standing(chat).await {
            Ok(it) if it.present => it,
            Ok(_) | Err(CheckError::Refused(_)) => {
                return self.fail(
                    format!("机器人不在群“{name}”（{chat}）里"),
                    format!("the bot is not in the group “{name}” ({chat})"),
                    "把机器人拉进群；若群已停用，从配置中删去",
                    "add the bot to the group; if the group is no more, take it out of the config",
                );
            }
            Err(error) => {
                return self.warn(
                    format!("群“{name}”（{chat}）未能检查：{error}"),
                    format!("the group “{name}” ({chat}) was not checked: {error}"),
                    "再运行一次",
                    "run it again",
                );
            }
        };
        let before = self.findings.len();
        if !it.writes {
            self.fail(
                format!("机器人在群“{name}”里不能发言"),
                format!("the bot may not write in the group “{name}”"),
                "在群设置里给机器人发送消息的权限",
                "give the bot the right to send messages in the group's settings",
            );
        }
        if kind == GroupKind::Liaison && !reads && !it.admin {
            self.fail(
                format!("隐私模式：在群“{name}”里机器人只能看到命令，看不到 #线索"),
                format!("privacy mode: in the group “{name}” the bot sees commands only, no #tips"),
                "设为管理员；或在 BotFather 用 /setprivacy 关闭，再把机器人移出并重新拉进群",
                "make it an admin; or turn it off with BotFather's /setprivacy, then remove the bot and add it again",
            );
        }
        if kind == GroupKind::Liaison && !it.deletes {
            self.warn(
                format!("机器人在群“{name}”里不能删除消息：敏感线索撤不下来"),
                format!("the bot may not delete messages in the group “{name}”: sensitive tips stay up"),
                "设为管理员并给“删除消息”权限",
                "make it an admin with the right to delete messages",
            );
        }
        if self.findings.len() == before {
            self.ok(format!("群“{name}”：权限齐全"), format!("group “{name}”: all rights are there"));
        }
    }
}

#[cfg(test)]
#[path = "doctor_tests.rs"]
mod tests;
