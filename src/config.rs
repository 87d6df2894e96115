//! `bot-config.toml`: types, defaults and validation.
//!
//! Unknown keys are errors, each error names key and line. Secrets never stand here: they come from the
//! environment or from files. The config seeds the database; what was set up in chat wins (DESIGN.md §3).

mod check;
mod load;
mod secret;
mod words;

pub use load::{ConfigError, Fault};
pub use secret::Secrets;

pub use crate::domain::alarm::stage::{Stage, StageStep, StageWant, StageWho};
use crate::domain::group::GroupKind;
use crate::domain::member::{Language, Role};
use crate::domain::place::Datum;
use crate::domain::redemption::Tier;
use crate::domain::tip::Category;
use crate::domain::tip::lexicon::Cue;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The whole config.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Zone in which times are read and periods are cut.
    pub time_zone: chrono_tz::Tz,
    /// The language of chats that did not choose one.
    pub language: Language,
    /// What urgent receipts tell people to call.
    pub emergency_number: String,
    /// Name of the unit, for the head of filed tables.
    pub unit: String,
    /// The platform.
    pub telegram: Telegram,
    /// The product's own HTTP side.
    pub http: Http,
    /// Where it is kept.
    pub database: Database,
    /// Groups to begin with.
    pub group: Vec<GroupSeed>,
    /// People to begin with.
    pub member: Vec<MemberSeed>,
    /// The closed list of categories.
    pub category: Vec<Category>,
    /// How a message is told from chat, and what presses; a list left out is the shipped one.
    pub words: BTreeMap<Cue, Vec<String>>,
    /// How tips are told from chat.
    pub tip: TipRules,
    /// How alarms are raised and followed.
    pub alarm: AlarmRules,
    /// What is rewarded.
    pub points: PointsRules,
    /// What points are taken for.
    pub redeem: RedeemRules,
    /// How long things are kept.
    pub retention: RetentionRules,
}

/// `[telegram]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telegram {
    /// A Bot API server.
    pub api_url: String,
    /// The bot's user name; empty: ask the platform.
    pub username: String,
    /// How updates come in.
    pub mode: Mode,
    /// The public address of the webhook, for `mode = "webhook"`.
    pub webhook_url: String,
    /// What the platform allows.
    pub limits: Limits,
}

/// How updates come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The bot asks.
    Polling,
    /// The platform calls.
    Webhook,
}

/// `[telegram.limits]`: messages; 0 lifts one. Defaults are the platform's published ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// To all chats together, a second.
    pub per_second: u32,
    /// To one chat, a second.
    pub per_chat_second: u32,
    /// To one group, a minute.
    pub per_group_minute: u32,
    /// Of `per_second`, kept free for alarms.
    pub alarm_headroom: u32,
    /// Of `per_group_minute`, kept free for alarms.
    pub group_alarm_headroom: u32,
}

/// `[http]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Where webhook, `/metrics` and `/healthz` are served.
    pub listen: std::net::SocketAddr,
    /// The address under which others reach it, like `https://bot.example.org`; empty: not told.
    pub public_url: String,
}

/// `[database]`. Shown without the password.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// `sqlite://FILE` or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
    pub url: String,
}

/// `[[group]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupSeed {
    /// The platform's id, negative.
    pub chat_id: i64,
    /// What it is for.
    pub kind: GroupKind,
    /// Its name.
    pub name: String,
    /// Middle of its area, WGS-84.
    pub lat: Option<f64>,
    /// See `lat`.
    pub lon: Option<f64>,
    /// The datum of pins attached here without an accuracy of their own.
    #[serde(default)]
    pub pin_datum: Datum,
    /// The language spoken here; the config's own if unset.
    pub language: Option<Language>,
}

/// `[[member]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberSeed {
    /// The platform's id.
    pub user_id: i64,
    /// Name as filed.
    #[serde(default)]
    pub name: String,
    /// Rights.
    #[serde(default)]
    pub roles: Vec<Role>,
    /// What the person does (W1).
    #[serde(default)]
    pub occupation: String,
    /// Group, for tallies.
    #[serde(default)]
    pub group: String,
    /// Team.
    #[serde(default)]
    pub team: String,
}

/// `[tip]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TipRules {
    /// For how long evidence before or after a tip joins it, seconds.
    pub join_seconds: i64,
    /// What becomes of a group's message that reads as a tip and is not marked as one.
    pub untagged: Untagged,
    /// For how long a question whether it is one stays open, minutes.
    pub ask_minutes: i64,
    /// For how long an officer may undo a tap, seconds.
    pub undo_seconds: i64,
    /// Receipts in one group within a minute from which on they fold into one.
    pub fold_receipts_from: i64,
    /// Cards at the desk within a minute from which on they fold into the queue card.
    pub fold_cards_from: i64,
    /// Whether liaison points are shown licence plates.
    pub relay_plates: bool,
    /// Accuracy of a pin in mainland China without one of its own, metres.
    pub pin_accuracy_m: f64,
    /// Radius of a group's own area as a coarse place, metres.
    pub area_accuracy_m: f64,
    /// Leads within so many metres …
    pub duplicate_radius_m: f64,
    /// … and minutes are offered as likely duplicates.
    pub duplicate_minutes: i64,
}

/// What becomes of a group's message that reads as a tip and is not marked as one. Private chats always take it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Untagged {
    /// Nothing.
    Off,
    /// Its writer is asked, by one small reply.
    Ask,
    /// It is a tip.
    Take,
}

/// `[alarm]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlarmRules {
    /// Rings, narrowest first: R2, R4 and R5 for the first two.
    pub ring: Vec<Ring>,
    /// The clock: R3.
    pub stage: Vec<Stage>,
    /// So many of the patrol police on duty are called with the first ring, and more when their stage is missed.
    pub patrol: usize,
    /// So many of the response police, likewise.
    pub response: usize,
    /// A shared place counts for so many minutes.
    pub location_minutes: i64,
    /// Whoever shares a place within so many metres of the scene is offered 到场.
    pub arrival_m: f64,
    /// Whoever said that they come, or that the desk has it, and is not there after so many seconds, does not count any
    /// more; 0: for ever.
    pub answer_expires_seconds: i64,
    /// User ids who are called when a stage asks for the call list.
    pub call_list: Vec<i64>,
    /// Whether groups near the scene get a card.
    pub group_cards: bool,
    /// A drill ends by itself after so many minutes.
    pub drill_minutes: i64,
    /// When a tip may raise an alarm by itself.
    pub self_raise: SelfRaise,
}

/// `[alarm.self_raise]`: a tip of a critical kind raises an alarm by itself.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SelfRaise {
    /// Whether any does.
    pub enabled: bool,
    /// Only if its place is known to so many metres.
    pub accuracy_m: f64,
    /// Only of people who have been on file for so many hours, or hold a role.
    pub known_hours: i64,
    /// The same person raises none again for so many minutes.
    pub person_minutes: i64,
    /// Nor does anybody in the same group for so many minutes.
    pub group_minutes: i64,
}

/// `[[alarm.ring]]`
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ring {
    /// Metres from the scene.
    pub radius_m: f64,
    /// At least so many points are called, the nearest first, wherever they are.
    pub min_points: usize,
}

/// `[points]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PointsRules {
    /// For a tip that police verify.
    pub tip_verified: i64,
    /// For each later reporter of the same event, when a lead is merged into a verified one.
    pub tip_duplicate: i64,
    /// For a guard on the scene of an alarm (not of a drill).
    pub on_scene: i64,
    /// At most so many points a person and day from tips; 0: no cap (X3).
    pub daily_cap: i64,
    /// At most so many points a person and month from tips; 0: no cap (X3).
    pub monthly_cap: i64,
}

/// `[redeem]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RedeemRules {
    /// Where and when rewards are handed out, in words; empty: not told.
    pub place: String,
    /// Days for which one is kept ready.
    pub keep_days: i64,
    /// From which price on how many others must say yes.
    pub tier: Vec<Tier>,
}

/// `[retention]`: days; 0 keeps for ever.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionRules {
    /// Raw updates once done.
    pub raw_days: i64,
    /// Texts of sent messages.
    pub outbox_days: i64,
    /// Leads that police found nothing to, or that were withdrawn.
    pub unfounded_days: i64,
    /// Leads resolved or merged.
    pub resolved_days: i64,
    /// Leads that nobody decided.
    pub undecided_days: i64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            time_zone: chrono_tz::Asia::Shanghai,
            language: Language::Zh,
            emergency_number: "110".into(),
            unit: String::new(),
            telegram: Telegram::default(),
            http: Http::default(),
            database: Database::default(),
            group: Vec::new(),
            member: Vec::new(),
            category: SHIPPED.category.clone(),
            words: SHIPPED.words.clone(),
            tip: TipRules::default(),
            alarm: AlarmRules::default(),
            points: PointsRules::default(),
            redeem: RedeemRules::default(),
            retention: RetentionRules::default(),
        }
    }
}

/// The example config, which is also where the built-in categories and word lists come from.
pub const EXAMPLE: &str = include_str!("../bot-config.toml");

/// What of the example config is nowhere else.
#[derive(Deserialize)]
struct Shipped {
    category: Vec<Category>,
    words: BTreeMap<Cue, Vec<String>>,
}

static SHIPPED: LazyLock<Shipped> =
    LazyLock::new(|| toml::from_str(EXAMPLE).expect("a test loads the shipped bot-config.toml"));

impl Default for Telegram {
    fn default() -> Self {
        Self {
            api_url: "https://api.telegram.org".into(),
            username: String::new(),
            mode: Mode::Polling,
            webhook_url: String::new(),
            limits: Limits::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { per_second: 30, per_chat_second: 1, per_group_minute: 20, alarm_headroom: 5, group_alarm_headroom: 2 }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self { listen: std::net::SocketAddr::from(([127, 0, 0, 1], 8480)), public_url: String::new() }
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("url", &self.shown()).finish()
    }
}

impl Database {
    /// The url without its password, for people and logs.
    pub fn shown(&self) -> String {
        let url = self.url.as_str();
        let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
        match rest.rsplit_once('@') {
            Some((user, host)) if scheme != "sqlite" => {
                format!("{scheme}://{}@{host}", user.split(':').next().unwrap_or_default())
            }
            _ => url.to_owned(),
        }
    }
}

impl Default for Database {
    fn default() -> Self {
        Self { url: "sqlite://data/baiying.db".into() }
    }
}

impl Default for TipRules {
    fn default() -> Self {
        Self {
            join_seconds: 180,
            untagged: Untagged::Take,
            ask_minutes: 10,
            undo_seconds: 60,
            fold_receipts_from: 10,
            fold_cards_from: 10,
            relay_plates: false,
            pin_accuracy_m: 600.0,
            area_accuracy_m: 1000.0,
            duplicate_radius_m: 300.0,
            duplicate_minutes: 120,
        }
    }
}

impl Default for AlarmRules {
    fn default() -> Self {
        use {StageStep as Step, StageWant as Want, StageWho as Who};
        let stage = |who, want, within_seconds, missed| Stage { who, want, within_seconds, missed };
        Self {
            ring: vec![
                Ring { radius_m: 100.0, min_points: 1 },
                Ring { radius_m: 500.0, min_points: 3 },
                Ring { radius_m: 1500.0, min_points: 6 },
            ],
            stage: vec![
                stage(Who::Anyone, Want::Acknowledged, 30, Step::NextRing),
                stage(Who::Ring, Want::OnScene, 60, Step::NextRing),
                stage(Who::Patrol, Want::OnScene, 180, Step::DutyOfficer),
                stage(Who::Response, Want::OnScene, 300, Step::CallList),
            ],
            patrol: 2,
            response: 2,
            location_minutes: 30,
            arrival_m: 60.0,
            answer_expires_seconds: 300,
            call_list: Vec::new(),
            group_cards: true,
            drill_minutes: 10,
            self_raise: SelfRaise::default(),
        }
    }
}

impl Default for SelfRaise {
    fn default() -> Self {
        Self { enabled: false, accuracy_m: 150.0, known_hours: 24, person_minutes: 60, group_minutes: 10 }
    }
}

impl Default for PointsRules {
    fn default() -> Self {
        Self { tip_verified: 10, tip_duplicate: 5, on_scene: 5, daily_cap: 50, monthly_cap: 500 }
    }
}

impl Default for RedeemRules {
    fn default() -> Self {
        // What is above the small things on the spot (SEED-FACTS X3) needs a second person.
        Self { place: String::new(), keep_days: 14, tier: vec![Tier { from: 200, approvals: 1 }] }
    }
}

impl Default for RetentionRules {
    fn default() -> Self {
        Self { raw_days: 30, outbox_days: 90, unfounded_days: 90, resolved_days: 730, undecided_days: 365 }
    }
}
