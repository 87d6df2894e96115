use super::*;
use crate::config::EXAMPLE;

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, Path::new("c.toml"), |_| None)
}

fn told(text: &str) -> String {
    parse(text).expect_err(text).to_string()
}

#[test]
fn the_shipped_file_says_what_the_defaults_are() {
    let shipped = parse(EXAMPLE).unwrap();
    let (shipped, built_in) = (format!("{shipped:#?}"), format!("{:#?}", Config::default()));
    let differs = shipped.lines().zip(built_in.lines()).find(|(shipped, built_in)| shipped != built_in);
    assert_eq!(differs, None, "bot-config.toml and the defaults");
    let empty = parse("").unwrap();
    assert_eq!(format!("{empty:#?}"), format!("{:#?}", Config::default()));
}

#[test]
fn the_shipped_file_names_every_key() {
    // The reader's own refusal lists the keys that it knows.
    for (head, section) in [
        ("", "\nx = 1"),
        ("telegram", "[telegram]\nx = 1"),
        ("telegram.limits", "[telegram.limits]\nx = 1"),
        ("http", "[http]\nx = 1"),
        ("database", "[database]\nx = 1"),
        ("group", "[[group]]\nx = 1"),
        ("member", "[[member]]\nx = 1"),
        ("tip", "[tip]\nx = 1"),
        ("alarm", "[alarm]\nx = 1"),
        ("alarm.ring", "[[alarm.ring]]\nx = 1"),
        ("alarm.stage", "[[alarm.stage]]\nx = 1"),
        ("points", "[points]\nx = 1"),
        ("points.book", "[[points.book]]\nx = 1"),
        ("points.book.category", "[[points.book]]\n[[points.book.category]]\nx = 1"),
        ("points.book.bonus", "[[points.book]]\n[[points.book.bonus]]\nx = 1"),
        ("words", "[words]\nx = []"),
        ("retention", "[retention]\nx = 1"),
        ("roster", "[roster]\nx = 1"),
    ] {
        let refusal = told(section);
        let keys: Vec<&str> = refusal.rsplit("expected").next().unwrap().split('`').skip(1).step_by(2).collect();
        assert!(!keys.is_empty(), "{refusal}");
        for key in keys {
            let path = if head.is_empty() { key.to_owned() } else { format!("{head}.{key}") };
            let stands = EXAMPLE.lines().map(|line| line.trim_start_matches("# ")).any(|line| {
                let table = line.trim_start_matches('[');
                line.starts_with(&format!("{key} =")) || table != line && table.starts_with(&path)
            });
            assert!(stands, "{path} is missing in bot-config.toml");
        }
    }
}

#[test]
fn unknown_keys_and_wrong_types_are_named_with_their_line() {
    for (text, wanted) in [
        ("tokens = 1", "c.toml:1: tokens: unknown field `tokens`"),
        ("\n[telegram]\nmode = \"polling\"\ntoken = \"x\"", "c.toml:4: telegram.token: unknown field `token`"),
        (
            "[telegram.limits]\n\nper_second = \"ten\"",
            "c.toml:3: telegram.limits.per_second: invalid type: string \"ten\"",
        ),
        ("[telegram]\nmode = \"push\"", "c.toml:2: telegram.mode: unknown variant `push`"),
        ("[telegram.limits]\nper_second = -1", "c.toml:2: telegram.limits.per_second: "),
        ("time_zone = \"Mars/North\"", "c.toml:1: time_zone: "),
        ("[http]\nlisten = \"here\"", "c.toml:2: http.listen: "),
        ("[[group]]\nchat_id = -1\nkind = \"desk\"\nname = \"x\"\nlatt = 3", "c.toml:5: group[0].latt: unknown field"),
        (
            "[[group]]\nchat_id = -1\nkind = \"desk\"\nname = \"x\"\n[[group]]\nkind = \"desk\"\nname = \"x\"",
            "c.toml:5: group[1]: missing field `chat_id`",
        ),
        (
            "[[member]]\nuser_id = 1\nroles = [\"police\", \"boss\"]",
            "c.toml:3: member[0].roles[1]: unknown variant `boss`",
        ),
        ("[[alarm.ring]]\nradius_m = \"far\"\nmin_points = 1", "c.toml:2: alarm.ring[0].radius_m: "),
        ("language = \"fr\"", "c.toml:1: language: unknown variant `fr`"),
        ("a = = 1", "c.toml:1: "),
        ("[telegram]\nmode = \"polling\"\nmode = \"webhook\"", "c.toml:3: "),
    ] {
        let told = told(text);
        assert!(told.starts_with(wanted), "{text}\n  wanted {wanted}\n  got    {told}");
    }
}

#[test]
fn nonsense_is_named_with_its_line() {
    const GROUP: &str = "[[group]]\nchat_id = -5\nkind = \"desk\"\nname = \"x\"\n";
    for (text, wanted) in [
        (format!("{GROUP}lat = 23.1"), "c.toml:5: group[0].lat: needs lon with it"),
        (format!("{GROUP}lat = 123.1\nlon = 23.0"), "c.toml:5: group[0].lat: degrees"),
        (format!("{GROUP}lat = nan\nlon = 23.0"), "c.toml:5: group[0].lat: degrees"),
        (format!("{GROUP}{GROUP}"), "c.toml:6: group[1].chat_id: stands already at group[0]"),
        (GROUP.replace("-5", "5"), "c.toml:2: group[0].chat_id: a group's id is negative"),
        ("[[member]]\nuser_id = 7\n[[member]]\nuser_id = 7".into(), "c.toml:4: member[1].user_id: stands already"),
        ("[[member]]\nuser_id = -7".into(), "c.toml:2: member[0].user_id: a person's id is positive"),
        ("category = []".into(), "c.toml:1: category: at least one"),
        ("[[category]]\nid = \"Big One\"\nzh = \"x\"\nen = \"x\"".into(), "c.toml:2: category[0].id: 1 to 32"),
        (
            "[[category]]\nid = \"a\"\nzh = \"x\"\nen = \"x\"\n[[category]]\nid = \"a\"\nzh = \"x\"\nen = \"x\"".into(),
            "c.toml:6: category[1].id: stands already",
        ),
        ("[alarm]\nring = []".into(), "c.toml:2: alarm.ring: at least one ring"),
        (
            "[[alarm.ring]]\nradius_m = 500\nmin_points = 1\n[[alarm.ring]]\nradius_m = 100\nmin_points = 1".into(),
            "c.toml:5: alarm.ring[1].radius_m: each ring must be wider",
        ),
        (
            "[[alarm.stage]]\nwant = \"on_scene\"\nwithin_seconds = 60\nmissed = \"tell_desk\"\n\
             [[alarm.stage]]\nwant = \"acknowledged\"\nwithin_seconds = 30\nmissed = \"tell_desk\""
                .into(),
            "c.toml:7: alarm.stage[1].within_seconds: stages stand in the order",
        ),
        ("[telegram]\nmode = \"webhook\"".into(), "c.toml:1: telegram.webhook_url: mode = \"webhook\" needs"),
        (
            "[telegram]\nmode = \"webhook\"\nwebhook_url = \"http://bot.example\"".into(),
            "c.toml:3: telegram.webhook_url",
        ),
        ("[telegram]\napi_url = \"api.telegram.org\"".into(), "c.toml:2: telegram.api_url: must be like"),
        ("[telegram]\nusername = \"@x\"".into(), "c.toml:2: telegram.username: is the bot's user name without @"),
        (
            "[telegram.limits]\nper_second = 5".into(),
            "c.toml:1: telegram.limits.alarm_headroom: must be less than per_second (5)",
        ),
        ("[database]\nurl = \"mysql://x\"".into(), "c.toml:2: database.url: must be like sqlite:"),
        ("[tip]\npin_accuracy_m = 0".into(), "c.toml:2: tip.pin_accuracy_m: metres"),
        ("[tip]\njoin_seconds = -3".into(), "c.toml:2: tip.join_seconds: must not be negative"),
        ("[words]\nadvert = [\"a*b*c\"]".into(), "c.toml:2: words.advert[0]: \"a*b*c\": one * at most"),
        ("[retention]\nraw_days = 99999999".into(), "c.toml:2: retention.raw_days: must be at most 36500"),
    ] {
        let told = told(&text);
        assert!(told.starts_with(wanted), "{text}\n  wanted {wanted}\n  got    {told}");
    }
}

#[test]
fn all_nonsense_is_told_at_once_by_line() {
    let told = told("emergency_number = \"\"\n[retention]\nraw_days = -1\n[telegram]\nusername = \"a b\"");
    let lines: Vec<&str> = told.lines().map(|line| line.split(": ").nth(1).unwrap()).collect();
    assert_eq!(lines, ["emergency_number", "retention.raw_days", "telegram.username"], "{told}");
}

#[test]
fn limits_may_be_lifted_and_the_file_may_begin_with_a_mark() {
    let lifted = parse("\u{feff}[telegram.limits]\nper_second = 0\nper_chat_second = 0\nper_group_minute = 0").unwrap();
    assert_eq!(lifted.telegram.limits.per_second, 0);
}

#[test]
fn the_environment_wins_and_answers_for_itself() {
    let env = |name: &str| (name == "BAIYING_API_URL").then(|| "http://127.0.0.1:8080".to_owned());
    let config = Config::parse("[telegram]\napi_url = \"https://a.example\"", Path::new("c.toml"), env).unwrap();
    assert_eq!(config.telegram.api_url, "http://127.0.0.1:8080");
    let env = |name: &str| (name == "BAIYING_DATABASE_URL").then(|| "oracle:x".to_owned());
    let told = Config::parse("", Path::new("c.toml"), env).unwrap_err().to_string();
    assert!(told.starts_with("BAIYING_DATABASE_URL: must be like sqlite:"), "{told}");
}

#[test]
fn a_named_file_must_be_there() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "language = \"en\"\n").unwrap();
    let config = Config::load_with(Some(file.path()), |_| None).unwrap();
    assert_eq!(config.language, crate::domain::member::Language::En);
    let told = Config::load_with(Some(Path::new("/nonexistent/c.toml")), |_| None).unwrap_err().to_string();
    assert!(told.starts_with("/nonexistent/c.toml: "), "{told}");
}

#[test]
fn a_databases_password_is_not_shown() {
    for (url, shown) in [
        ("postgres://bai:p@ss:word@db.example.org:5432/baiying", "postgres://bai@db.example.org:5432/baiying"),
        ("postgres://bai@db/baiying", "postgres://bai@db/baiying"),
        ("postgres://db/baiying", "postgres://db/baiying"),
        ("sqlite://data/a@b.db", "sqlite://data/a@b.db"),
        ("sqlite:data/baiying.db", "sqlite:data/baiying.db"),
    ] {
        let database = crate::config::Database { url: url.into() };
        assert_eq!(database.shown(), shown);
        assert!(!format!("{database:?}").contains("word"));
    }
}

/// Two books: a part of each is written over by the tests below.
const BOOKS: &str = "[points]\ntip_verified = 8\n[[points.book]]\nversion = \"b\"\nfrom = 2027-03-01\nbonus = []\n\
    [[points.book]]\nversion = \"a\"\nfrom = \"2027-01-01\"\n";

#[test]
fn a_rule_book_says_only_what_changes() {
    let more = "later_percent = [50, 25]\nmonthly_cap = 0\n[[points.book.category]]\nid = \"theft\"\namount = 20\n";
    let books = parse(&format!("{BOOKS}{more}")).unwrap().books();
    let told: Vec<_> =
        books.all().map(|book| (book.version.as_str(), book.tip(Some("theft")), book.tip(None))).collect();
    assert_eq!(told, [("base", 8, 8), ("a", 20, 8), ("b", 20, 8)], "by date, each on what came before");
    let caps: Vec<_> = books.all().map(|book| (book.daily_cap, book.monthly_cap, book.share(20, 2))).collect();
    assert_eq!(caps, [(50, 500, 5), (50, 0, 5), (50, 0, 5)]);
    // 2027-01-01 in Shanghai.
    let begins = crate::domain::id::Millis(1_798_732_800_000);
    assert_eq!(books.in_force(begins).version, "a");
    assert_eq!(books.in_force(begins.plus_ms(-1)).version, "base");
    let back =
        parse(&format!("{BOOKS}later_percent = [50]\n").replace("bonus = []", "tip_duplicate = 3")).unwrap().books();
    assert_eq!(back.all().map(|book| book.share(20, 1)).collect::<Vec<_>>(), [5, 10, 3]);
}

#[test]
fn what_makes_no_sense_in_a_rule_book_is_named_with_its_line() {
    for (more, wanted) in [
        ("from2 = 1", "c.toml:10: points.book[1].from2: unknown field"),
        ("on_scene = -1", "c.toml:10: points.book[1].on_scene: must not be negative"),
        ("group_monthly_budget = -5", "c.toml:10: points.book[1].group_monthly_budget: must not be negative"),
        ("tip_verified = 9000000", "c.toml:10: points.book[1].tip_verified: must be at most 1000000"),
        ("later_percent = [50, 120]", "c.toml:10: points.book[1].later_percent[1]: percent: from 0 to 100, not 120"),
        ("later_percent = [5]\ntip_duplicate = 1", "c.toml:10: points.book[1].later_percent: stands in place of"),
        (
            "[[points.book.category]]\nid = \"thefts\"\namount = 1",
            "c.toml:11: points.book[1].category[0].id: no category of this config is called \"thefts\"",
        ),
        (
            "[[points.book.category]]\nid = \"theft\"\namount = -1",
            "c.toml:12: points.book[1].category[0].amount: points: from 0",
        ),
        (
            "category = [{ id = \"theft\", amount = 1 }, { id = \"theft\", amount = 2 }]",
            "points.book[1].category[1].id: \"theft\" stands there twice",
        ),
        (
            "[[points.book.bonus]]\noutcome = \"handled\"\namount = 1",
            "c.toml:11: points.book[1].bonus[0].outcome: \"stopped\" or \"solved\"",
        ),
        (
            "[[points.book.bonus]]\noutcome = \"caught\"\namount = 1",
            "c.toml:11: points.book[1].bonus[0].outcome: unknown variant `caught`",
        ),
        ("[[points.book]]\nversion = \"x\"", "c.toml:10: points.book[2]: missing field `from`"),
        (
            "[[points.book]]\nversion = \"b\"\nfrom = 2027-09-01",
            "c.toml:11: points.book[2].version: \"b\" stands already at points.book[0]",
        ),
        (
            "[[points.book]]\nversion = \"c\"\nfrom = 2027-03-01",
            "c.toml:12: points.book[2].from: points.book[0] begins on the same day",
        ),
        ("[[points.book]]\nversion = \"base\"\nfrom = 2028-01-01", "c.toml:11: points.book[2].version: \"base\" is"),
        ("[[points.book]]\nversion = \"a b\"\nfrom = 2028-01-01", "c.toml:11: points.book[2].version: one word"),
        ("[[points.book]]\nversion = \"c\"\nfrom = \"1 March\"", "c.toml:12: points.book[2].from: a day is needed"),
        ("[[points.book]]\nversion = \"c\"\nfrom = 3", "c.toml:12: points.book[2].from: a day is needed"),
    ] {
        let told = told(&format!("{BOOKS}{more}"));
        assert!(told.contains(wanted), "{more}\n{told}");
    }
}
