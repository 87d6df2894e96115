use super::*;
use crate::adapter::stand_in::{StillClock, StubStore};
use crate::domain::alarm::Point;
use crate::domain::group::Group;
use crate::domain::id::UserId;
use crate::domain::member::{Member, Role};
use crate::domain::place::{Datum, Wgs84};
use crate::port::audit::{Audit, Breach, Law, Setting};
use crate::port::checkup::{BotFacts, StandingFacts, WebhookFacts};
use crate::port::store::TownVersion;
use std::path::Path;

const NOW: Millis = Millis(1_784_483_903_000);
const ALL: StandingFacts = StandingFacts { present: true, writes: true, admin: true, deletes: true };

struct Platform {
    bot: Result<BotFacts, CheckError>,
    webhook: WebhookFacts,
    standing: Result<StandingFacts, CheckError>,
    time: Option<Millis>,
}

impl Checkup for Platform {
    async fn bot(&self) -> Result<BotFacts, CheckError> {
        self.bot.clone()
    }
    async fn webhook(&self) -> Result<WebhookFacts, CheckError> {
        Ok(self.webhook.clone())
    }
    async fn standing(&self, _: ChatId) -> Result<StandingFacts, CheckError> {
        self.standing.clone()
    }
    async fn time(&self) -> Option<Millis> {
        self.time
    }
}

/// An installation in which nothing is wrong, and what a test breaks about it.
struct Case {
    config: Config,
    secrets: Secrets,
    platform: Option<Platform>,
    store: StubStore,
    opened: bool,
}

fn well() -> Case {
    let text = "language = \"en\"\n[[group]]\nchat_id = -5\nkind = \"liaison\"\nname = \"market\"\n\
                [[group]]\nchat_id = -6\nkind = \"desk\"\nname = \"desk\"\n[[member]]\nuser_id = 7\nroles = [\"police\"]";
    let config = Config::parse(text, Path::new("c.toml"), |_| None).unwrap();
    let group = |chat, kind, name: &str| Group {
        chat: ChatId(chat),
        kind,
        name: name.into(),
        area: None,
        pin_datum: Datum::Wgs84,
        language: Language::En,
    };
    let officer = Member {
        user: UserId(7),
        name: String::new(),
        occupation: String::new(),
        group: String::new(),
        team: String::new(),
        roles: vec![Role::Police],
        language: None,
        code: "C".into(),
        first_seen: NOW,
        told_at: None,
    };
    let at = Wgs84 { lat: 23.0, lon: 114.0 };
    let store = StubStore::default();
    *store.0.town.lock().unwrap() = TownFile {
        version: TownVersion::default(),
        groups: vec![group(-5, GroupKind::Liaison, "market"), group(-6, GroupKind::Desk, "desk")],
        moved: vec![],
        points: vec![Point {
            code: "P1".into(),
            name: "gate".into(),
            at,
            radius_m: 100.0,
            contacts: vec![UserId(7)],
            team: None,
            gear: String::new(),
            phone: String::new(),
        }],
        gazetteer: vec![crate::domain::place::Place {
            code: String::new(),
            name: "market".into(),
            aliases: vec![],
            kind: "market".into(),
            at,
            datum: Datum::Wgs84,
        }],
        staff: vec![officer],
        rota: Default::default(),
    };
    store.0.gauges.lock().unwrap().newest_update_at = Some(NOW.plus_ms(-HOUR_MS));
    let platform = Platform {
        bot: Ok(BotFacts { username: "b_bot".into(), reads_groups: false }),
        webhook: WebhookFacts::default(),
        standing: Ok(ALL),
        time: Some(NOW),
    };
    let secrets = Secrets { token: Some("1:a".to_owned().into()), ..Secrets::default() };
    Case { config, secrets, platform: Some(platform), store, opened: true }
}

async fn troubles(case: &Case) -> Vec<Finding> {
    let store = if case.opened { Ok(&case.store) } else { Err(&StoreError::Full) };
    let mut findings = doctor(&case.config, &case.secrets, case.platform.as_ref(), store, &StillClock(NOW)).await;
    findings.retain(|it| it.level > Level::Ok);
    findings
}

#[tokio::test]
async fn a_sound_installation_has_no_troubles() {
    assert_eq!(troubles(&well()).await, []);
}

#[tokio::test]
async fn each_trouble_is_found_alone_and_with_its_mend() {
    use Level::{Fail, Warn};
    type Break = fn(&mut Case);
    fn platform(case: &mut Case) -> &mut Platform {
        case.platform.as_mut().unwrap()
    }
    fn audit(case: &Case) -> std::sync::MutexGuard<'_, Audit> {
        case.store.0.audit.lock().unwrap()
    }
    fn breach(law: Law) -> Breach {
        Breach { law, count: 2, examples: vec!["4".into(), "5".into()] }
    }
    fn town(case: &Case) -> std::sync::MutexGuard<'_, TownFile> {
        case.store.0.town.lock().unwrap()
    }
    let cases: Vec<(Break, Level, &str, &str)> = vec![
        (
            |it| {
                it.secrets.token = None;
                it.platform = None;
            },
            Fail,
            "BAIYING_TOKEN is not set",
            "README",
        ),
        (|it| platform(it).bot = Err(CheckError::Token), Fail, "the token is refused", "BAIYING_TOKEN"),
        (
            |it| platform(it).bot = Err(CheckError::Unreachable("cannot connect".into())),
            Fail,
            "cannot connect",
            "network",
        ),
        (|it| it.config.telegram.username = "other_bot".into(), Warn, "@other_bot", "telegram.username"),
        (|it| platform(it).time = Some(NOW.plus_ms(-10_000)), Warn, "10 s ahead of", "set-ntp"),
        (|it| platform(it).time = Some(NOW.plus_ms(90_000)), Fail, "90 s behind", "set-ntp"),
        (|it| platform(it).time = None, Warn, "told no time", "timedatectl"),
        (|it| platform(it).webhook.url = "https://x".into(), Fail, "a webhook is set", "deleteWebhook"),
        (|it| platform(it).webhook.pending = 500, Warn, "500 updates wait", "serve"),
        (|it| it.store.0.gauges.lock().unwrap().inbox_parked = 2, Warn, "2 events", "log"),
        (
            |it| {
                let village = crate::domain::roster::Unit {
                    code: "V1".into(),
                    name: "north".into(),
                    kind: crate::domain::roster::UnitKind::Village,
                    population: None,
                    larger: false,
                };
                it.store.0.roster.lock().unwrap().units.push(village);
            },
            Warn,
            "2 sizes of the rosters are not as they should be: V1 north: 0 people in the full-time village team",
            "export rosters",
        ),
        (|it| it.store.0.gauges.lock().unwrap().outbox_failed = 3, Warn, "3 messages", "removed"),
        (
            |it| it.store.0.gauges.lock().unwrap().newest_update_at = Some(NOW.plus_ms(-30 * HOUR_MS)),
            Warn,
            "30 hours ago",
            "serve",
        ),
        (|it| audit(it).damage = vec!["page 3 is lost".into()], Fail, "damaged: page 3 is lost", "baiying restore"),
        (|it| audit(it).breaches = vec![breach(Law::Legs)], Fail, "2 entries of the ledger do not move", "report"),
        (|it| audit(it).breaches = vec![breach(Law::Held)], Fail, "held for 2 leads: 4 5", "report"),
        (|it| audit(it).breaches = vec![breach(Law::Reversal)], Fail, "2 reversals name an entry", "report"),
        (|it| audit(it).breaches = vec![breach(Law::History)], Fail, "2 leads lack a part of their history", "report"),
        (
            |it| audit(it).settings = vec![Setting { name: "fsync".into(), value: "off".into(), wanted: "on" }],
            Fail,
            "fsync is off",
            "should be on",
        ),
        (|it| it.opened = false, Fail, "the disk is full", "database.url"),
        (|it| *it.store.0.broken.lock().unwrap() = true, Fail, "disk I/O error", "database.url"),
        (|it| town(it).groups[0].name = "old".into(), Warn, "database: name;", "agree"),
        (|it| town(it).groups[0].pin_datum = Datum::Gcj02, Warn, "database: pin_datum;", "agree"),
        (|it| town(it).staff[0].roles.push(Role::Office), Warn, "database: roles;", "agree"),
        (
            |it| {
                town(it).groups[0].chat = ChatId(-500);
                town(it).moved.push((ChatId(-5), ChatId(-500)));
            },
            Warn,
            "database: chat_id = -500;",
            "agree",
        ),
        (|it| drop(town(it).groups.remove(0)), Warn, "is not in the database yet", "next start"),
        (
            |it| {
                town(it).groups.pop();
                it.config.group.pop();
            },
            Fail,
            "no desk group",
            "/setup",
        ),
        (
            |it| {
                town(it).groups.remove(0);
                it.config.group.remove(0);
            },
            Warn,
            "no liaison group",
            "/setup",
        ),
        (
            |it| {
                town(it).staff.pop();
                it.config.member.pop();
            },
            Fail,
            "role police",
            "invite",
        ),
        (|it| town(it).points.clear(), Warn, "no liaison points", "import points"),
        (|it| town(it).points[0].contacts.clear(), Warn, "1 liaison points have no contact: P1", "contacts"),
        (|it| town(it).gazetteer.clear(), Warn, "gazetteer is empty", "import gazetteer"),
    ];
    for (ruin, level, what, mend) in cases {
        let mut case = well();
        ruin(&mut case);
        let found = troubles(&case).await;
        assert_eq!(found.len(), 1, "{what}: {found:#?}");
        let it = &found[0];
        assert!(it.level == level && it.what.contains(what) && it.mend.contains(mend), "{what}: {it:?}");
        case.config.language = Language::Zh;
        let zh = troubles(&case).await;
        assert!(zh.iter().any(|it| it.mend.chars().any(|c| c > '\u{3000}') || mend.starts_with("import")), "{zh:#?}");
    }
}

#[tokio::test]
async fn groups_by_standing() {
    let member = StandingFacts { admin: false, deletes: false, ..ALL };
    for (standing, reads, wanted) in [
        (Ok(ALL), false, vec![]),
        (Ok(member), true, vec!["“market”: sensitive tips stay up"]),
        (Ok(member), false, vec!["privacy mode", "sensitive tips stay up"]),
        (Ok(StandingFacts { writes: false, ..ALL }), true, vec!["may not write", "may not write"]),
        (
            Ok(StandingFacts { present: false, ..ALL }),
            true,
            vec!["not in the group “market”", "not in the group “desk”"],
        ),
        (Err(CheckError::Refused("chat not found".into())), true, vec!["not in the group", "not in the group"]),
        (Err(CheckError::Unreachable("x".into())), true, vec!["was not checked", "was not checked"]),
    ] {
        let mut case = well();
        let platform = case.platform.as_mut().unwrap();
        (platform.standing, platform.bot.as_mut().unwrap().reads_groups) = (standing.clone(), reads);
        let found = troubles(&case).await;
        let fits = found.len() == wanted.len() && found.iter().zip(&wanted).all(|(it, want)| it.what.contains(want));
        assert!(fits, "{standing:?}: {found:#?}");
    }
}

#[tokio::test]
async fn webhooks_in_webhook_mode() {
    for (url, error, wanted) in [
        ("https://b.example/telegram/webhook", None, None),
        ("", None, Some("but none is set")),
        ("https://old.example", None, Some("leads to https://old.example")),
        ("https://b.example/telegram/webhook", Some("502"), Some("failed: 502")),
    ] {
        let mut case = well();
        case.config.telegram.mode = Mode::Webhook;
        case.config.telegram.webhook_url = "https://b.example/telegram/webhook".into();
        case.secrets.webhook = Some("s".to_owned().into());
        let hook = &mut case.platform.as_mut().unwrap().webhook;
        (hook.url, hook.last_error) = (url.into(), error.map(Into::into));
        let found = troubles(&case).await;
        assert_eq!(found.len(), usize::from(wanted.is_some()), "{url}: {found:#?}");
        assert!(found.iter().all(|it| it.what.contains(wanted.unwrap_or_default())), "{found:#?}");
    }
}

#[test]
fn findings_read_well() {
    let it = Finding { level: Level::Fail, what: "x".into(), mend: "y".into() };
    assert_eq!(it.to_string(), "FAIL  x\n       → y");
    assert_eq!(Finding { level: Level::Ok, what: "x".into(), mend: String::new() }.to_string(), "  ok  x");
}
