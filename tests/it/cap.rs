//! Alarms as CAP 1.2: what is written keeps the standard's rules (OASIS CAP-v1.2, §3.2 and its schema), told by a checker that
//! is itself shown to refuse messages that break them.

use crate::world::{COURIER, DESK, GROUP, GUARD, OFFICER, World};
use baiying::adapter::file::Format;
use baiying::adapter::file::cap::{NAMESPACE, to_xml};
use baiying::app::command::{ExportOrder, cap};
use baiying::config::Config;
use baiying::domain::alarm::cap::{Maker, Message};
use baiying::domain::id::Millis;
use baiying::domain::tip::redact::Relayed;
use baiying::port::store::Store as _;
use baiying::port::table::TableKind;
use quick_xml::Reader;
use quick_xml::events::Event;
use regex::Regex;

/// An element: its name, its words, its children.
#[derive(Debug, Default)]
struct Element {
    name: String,
    words: String,
    children: Vec<Element>,
    xmlns: String,
}

fn parse(xml: &str) -> Result<Element, String> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().trim_text(true);
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().map_err(|e| e.to_string())? {
            Event::Start(start) => {
                let name = start.name().0.to_owned();
                let xmlns = start.attributes().flatten().find(|a| a.key.0 == "xmlns");
                let xmlns = xmlns.map(|a| a.value.into_owned()).unwrap_or_default();
                open.push(Element { name, xmlns, ..Element::default() });
            }
            Event::End(_) => {
                let done = open.pop().unwrap();
                open.last_mut().ok_or("closed too often")?.children.push(done);
            }
            Event::Text(text) => open.last_mut().unwrap().words.push_str(&text.xml10_content()),
            Event::GeneralRef(name) => open.last_mut().unwrap().words.push_str(match name.xml10_content().as_ref() {
                "amp" => "&",
                "lt" => "<",
                "gt" => ">",
                "quot" => "\"",
                "apos" => "'",
                other => return Err(format!("&{other};")),
            }),
            Event::Eof => break,
            _ => {}
        }
    }
    open.pop().and_then(|mut root| root.children.pop()).ok_or_else(|| "nothing".into())
}

/// Each child in order: name, least, most.
type Order = [(&'static str, usize, usize)];

const MANY: usize = usize::MAX;
const ALERT: &Order = &[
    ("identifier", 1, 1),
    ("sender", 1, 1),
    ("sent", 1, 1),
    ("status", 1, 1),
    ("msgType", 1, 1),
    ("source", 0, 1),
    ("scope", 1, 1),
    ("restriction", 0, 1),
    ("addresses", 0, 1),
    ("code", 0, MANY),
    ("note", 0, 1),
    ("references", 0, 1),
    ("incidents", 0, 1),
    ("info", 0, MANY),
];
const INFO: &Order = &[
    ("language", 0, 1),
    ("category", 1, MANY),
    ("event", 1, 1),
    ("responseType", 0, MANY),
    ("urgency", 1, 1),
    ("severity", 1, 1),
    ("certainty", 1, 1),
    ("audience", 0, 1),
    ("eventCode", 0, MANY),
    ("effective", 0, 1),
    ("onset", 0, 1),
    ("expires", 0, 1),
    ("senderName", 0, 1),
    ("headline", 0, 1),
    ("description", 0, 1),
    ("instruction", 0, 1),
    ("web", 0, 1),
    ("contact", 0, 1),
    ("parameter", 0, MANY),
    ("resource", 0, MANY),
    ("area", 0, MANY),
];
const AREA: &Order = &[
    ("areaDesc", 1, 1),
    ("polygon", 0, MANY),
    ("circle", 0, MANY),
    ("geocode", 0, MANY),
    ("altitude", 0, 1),
    ("ceiling", 0, 1),
];
const WORDS: &[(&str, &[&str])] = &[
    ("status", &["Actual", "Exercise", "System", "Test", "Draft"]),
    ("msgType", &["Alert", "Update", "Cancel", "Ack", "Error"]),
    ("scope", &["Public", "Restricted", "Private"]),
    (
        "category",
        &[
            "Geo",
            "Met",
            "Safety",
            "Security",
            "Rescue",
            "Fire",
            "Health",
            "Env",
            "Transport",
            "Infra",
            "CBRNE",
            "Other",
        ],
    ),
    ("responseType", &["Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None"]),
    ("urgency", &["Immediate", "Expected", "Future", "Past", "Unknown"]),
    ("severity", &["Extreme", "Severe", "Moderate", "Minor", "Unknown"]),
    ("certainty", &["Observed", "Likely", "Possible", "Unlikely", "Unknown"]),
];
const INSTANT: &str = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d";

/// What is wrong with a message.
fn faults(xml: &str) -> Vec<String> {
    match parse(xml) {
        Err(fault) => vec![fault],
        Ok(alert) => {
            let mut out = Vec::new();
            if alert.name != "alert" || alert.xmlns != NAMESPACE {
                out.push(format!("root is {} of {}", alert.name, alert.xmlns));
            }
            look(&alert, ALERT, &mut out);
            let get = |name: &str| alert.children.iter().find(|c| c.name == name).map(|c| c.words.as_str());
            for (name, form) in [
                ("identifier", r"^[^\s,<&]+$".to_owned()),
                ("sender", r"^[^\s,<&]+$".to_owned()),
                ("sent", format!("^{INSTANT}$")),
                ("references", format!(r"^[^\s,<&]+,[^\s,<&]+,{INSTANT}(\s[^\s,<&]+,[^\s,<&]+,{INSTANT})*$")),
            ] {
                if get(name).is_some_and(|words| !Regex::new(&form).unwrap().is_match(words)) {
                    out.push(format!("{name}: {:?}", get(name)));
                }
            }
            match (get("scope"), get("restriction"), get("addresses")) {
                (Some("Restricted"), None, _) => out.push("Restricted without restriction".into()),
                (Some("Private"), _, None) => out.push("Private without addresses".into()),
                (Some("Public" | "Private"), Some(_), _) => out.push("a restriction of what is not Restricted".into()),
                _ => {}
            }
            if matches!(get("msgType"), Some("Update" | "Cancel" | "Ack" | "Error")) && get("references").is_none() {
                out.push("no references".into());
            }
            out
        }
    }
}

fn look(element: &Element, order: &Order, out: &mut Vec<String>) {
    let circle = Regex::new(r"^(-?\d+(?:\.\d+)?),(-?\d+(?:\.\d+)?) (\d+(?:\.\d+)?)$").unwrap();
    let instant = Regex::new(&format!("^{INSTANT}$")).unwrap();
    let mut last = 0;
    for child in &element.children {
        match order.iter().position(|(name, ..)| *name == child.name) {
            None => out.push(format!("{} in {}", child.name, element.name)),
            Some(place) if place < last => out.push(format!("{} stands too late", child.name)),
            Some(place) => last = place,
        }
        if let Some((_, words)) = WORDS.iter().find(|(name, _)| *name == child.name)
            && !words.contains(&child.words.as_str())
        {
            out.push(format!("{} is {}", child.name, child.words));
        }
        match child.name.as_str() {
            "info" => look(child, INFO, out),
            "area" => look(child, AREA, out),
            "circle" => {
                let number = |at: usize| circle.captures(&child.words).map(|c| c[at].parse::<f64>().unwrap());
                let fits =
                    number(1).is_some_and(|lat| lat.abs() <= 90.0) && number(2).is_some_and(|l| l.abs() <= 180.0);
                if !fits {
                    out.push(format!("circle: {}", child.words));
                }
            }
            "effective" | "onset" | "expires" if !instant.is_match(&child.words) => {
                out.push(format!("{}: {}", child.name, child.words));
            }
            _ if child.children.is_empty() && child.words.trim().is_empty() => {
                out.push(format!("{} is empty", child.name))
            }
            _ => {}
        }
    }
    for (name, least, most) in order {
        let count = element.children.iter().filter(|child| child.name == *name).count();
        if count < *least || count > *most {
            out.push(format!("{count} {name} in {}", element.name));
        }
    }
}

fn maker(config: &Config) -> Maker<'_> {
    Maker {
        sender: "baiying.lucheng_bot".into(),
        unit: "鹿城街道综治办 <R&D>",
        zone: config.time_zone,
        categories: &config.category,
        rings_m: vec![100.0, 500.0, 1500.0],
        relayed: Relayed::default(),
    }
}

async fn messages(w: &World) -> Vec<Message> {
    let config = Config::default();
    let records = w.store.alarms_between(Millis(0), w.now().plus_ms(1)).await.unwrap();
    records.iter().flat_map(|it| maker(&config).messages(&it.alarm, &it.timeline)).collect()
}

fn xml(message: &Message) -> String {
    String::from_utf8(to_xml(message).unwrap()).unwrap()
}

/// An alarm that was widened, under control and stood down.
async fn alarm() -> World {
    let mut w = World::new().await;
    w.say(COURIER, GROUP, "#fight at Old Bridge right now, call 13812345678, 王小明 with a <knife> & more").await;
    w.advance(2).await;
    w.press(OFFICER, DESK, "🚨 Alarm").await;
    w.advance(10).await;
    w.press(OFFICER, DESK, "Wider").await;
    w.advance(10).await;
    w.press(GUARD, GUARD, "On scene").await;
    w.advance(5).await;
    w.press(OFFICER, DESK, "Under control").await;
    w.advance(5).await;
    w
}

#[tokio::test]
async fn an_alarm_is_an_alert_its_updates_and_a_cancel() {
    let mut w = alarm().await;
    w.press(OFFICER, DESK, "Stand down").await;
    w.advance(5).await;
    let all = messages(&w).await;
    let names: Vec<&str> = all.iter().map(|it| it.identifier.as_str()).collect();
    assert_eq!(names, ["alarm-1-alert", "alarm-1-update-1", "alarm-1-update-2", "alarm-1-cancel"]);
    for message in &all {
        assert_eq!(faults(&xml(message)), Vec::<String>::new(), "{}", xml(message));
        let text = xml(message);
        for secret in ["13812345678", "knife", "王小明", "User 11", "Officer", "Guard", "C000"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
    assert_eq!(all[3].references.len(), 3, "a cancel names all that came before");
    insta::assert_snapshot!("cap_alert", xml(&all[0]));
    insta::assert_snapshot!("cap_cancel", xml(&all[3]));
    w.end().await;
}

#[tokio::test]
async fn a_false_alarm_is_cancelled_as_unlikely() {
    let mut w = alarm().await;
    w.press(OFFICER, DESK, "False: prank").await;
    w.advance(5).await;
    let last = messages(&w).await.pop().unwrap();
    assert!(xml(&last).contains("was a false alarm") && last.info.iter().all(|info| info.certainty == "Unlikely"));
    assert_eq!(faults(&xml(&last)), Vec::<String>::new());
    w.end().await;
}

#[tokio::test]
async fn a_drill_is_an_exercise() {
    let mut w = World::new().await;
    w.say(OFFICER, DESK, "/drill P1").await;
    w.advance(700).await;
    let all = messages(&w).await;
    assert_eq!(all.first().unwrap().identifier, "alarm-1-alert");
    assert_eq!(all.last().unwrap().identifier, "alarm-1-cancel");
    for message in &all {
        assert_eq!(faults(&xml(message)), Vec::<String>::new());
        assert_eq!(message.status, "Exercise");
        assert!(message.note.as_ref().is_some_and(|note| note.contains("DRILL")));
        assert!(message.info.iter().all(|info| info.headline.contains("DRILL")));
    }
    w.end().await;
}

#[tokio::test]
async fn what_was_wiped_stays_wiped() {
    let mut w = alarm().await;
    w.press(OFFICER, DESK, "Out of scope…").await;
    w.press(OFFICER, DESK, "Yes, out of scope").await;
    w.advance(10).await;
    let all = messages(&w).await;
    for message in &all {
        assert_eq!(faults(&xml(message)), Vec::<String>::new());
        assert!(message.info.iter().all(|info| info.area.is_none()), "{}", xml(message));
        assert!(!xml(message).contains("Old Bridge") && !xml(message).contains("fight"), "{}", xml(message));
    }
    w.end().await;
}

#[tokio::test]
async fn instants_have_an_offset_in_any_zone() {
    let mut w = alarm().await;
    w.press(OFFICER, DESK, "Stand down").await;
    w.advance(5).await;
    let records = w.store.alarms_between(Millis(0), w.now().plus_ms(1)).await.unwrap();
    let config = Config::default();
    for (zone, ending) in [
        (chrono_tz::UTC, "-00:00"),
        (chrono_tz::Asia::Shanghai, "+08:00"),
        (chrono_tz::America::St_Johns, "-03:30"),
        (chrono_tz::Europe::London, "-00:00"),
    ] {
        let all = Maker { zone, ..maker(&config) }.messages(&records[0].alarm, &records[0].timeline);
        for message in all {
            assert!(message.sent.ends_with(ending), "{}", message.sent);
            assert_eq!(faults(&xml(&message)), Vec::<String>::new());
        }
    }
    w.end().await;
}

#[test]
fn the_checker_refuses_what_breaks_the_rules() {
    let good = |change: &[(&str, &str)]| {
        let mut xml = format!(
            "<?xml version=\"1.0\"?><alert xmlns=\"{NAMESPACE}\"><identifier>a-1</identifier><sender>s</sender>\
             <sent>2026-11-21T20:00:00+08:00</sent><status>Actual</status><msgType>Update</msgType>\
             <scope>Restricted</scope><restriction>r</restriction><note>n</note>\
             <references>s,a-0,2026-11-21T19:00:00+08:00 s,a-00,2026-11-21T19:00:00-00:00</references>\
             <info><language>en-US</language><category>Fire</category><event>fire</event>\
             <urgency>Immediate</urgency><severity>Severe</severity><certainty>Likely</certainty>\
             <area><areaDesc>Bridge</areaDesc><circle>22.84,-114.1 0.5</circle></area></info></alert>"
        );
        for (from, to) in change {
            assert!(xml.contains(from), "{from}");
            xml = xml.replace(from, to);
        }
        faults(&xml)
    };
    assert_eq!(good(&[]), Vec::<String>::new());
    let broken = [
        ("1.2\"", "1.1\""),
        ("<identifier>a-1</identifier>", ""),
        ("a-1", "a 1"),
        ("a-1", "a,1"),
        ("a-1", "a&amp;1"),
        ("<sender>s<", "<sender>s&lt;<"),
        ("20:00:00+08:00", "20:00:00Z"),
        ("20:00:00+08:00", "20:00:00.5+08:00"),
        ("20:00:00+08:00", "20:00:00"),
        ("Actual", "Drill"),
        ("Update", "Alarm"),
        ("Restricted", "Police"),
        ("<restriction>r</restriction>", ""),
        ("Restricted", "Private"),
        ("Restricted", "Public"),
        ("<note>n</note>", "<note></note>"),
        ("s,a-0,", "s,a-0 "),
        ("s,a-0,2026-11-21T19:00:00+08:00 ", "s,a-0,"),
        ("<category>Fire</category>", ""),
        ("Fire", "Crime"),
        ("<event>fire</event>", "<event>fire</event><event>fire</event>"),
        ("<category>Fire</category><event>fire</event>", "<event>fire</event><category>Fire</category>"),
        ("Immediate", "Now"),
        ("Severe", "High"),
        ("Likely", "VeryLikely"),
        ("<areaDesc>Bridge</areaDesc>", ""),
        ("22.84,-114.1 0.5", "22.84 -114.1 0.5"),
        ("22.84,-114.1 0.5", "122.84,-114.1 0.5"),
        ("22.84,-114.1 0.5", "22.84,-114.1"),
        ("<scope>", "<colour>red</colour><scope>"),
        ("</alert>", "<code>late</code></alert>"),
        ("</info>", ""),
    ];
    for (from, to) in broken {
        assert_ne!(good(&[(from, to)]), Vec::<String>::new(), "{from} → {to}");
    }
    let start = "<references>";
    let end = "</references>";
    let without = {
        let all = "<references>s,a-0,2026-11-21T19:00:00+08:00 s,a-00,2026-11-21T19:00:00-00:00</references>";
        assert!(all.starts_with(start) && all.ends_with(end));
        good(&[(all, "")])
    };
    assert_eq!(without, ["no references"]);
}

#[tokio::test]
async fn the_command_writes_a_file_a_message_and_refuses_what_is_no_alarm() {
    let mut w = alarm().await;
    w.press(OFFICER, DESK, "Stand down").await;
    w.advance(5).await;
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.database.url = w.url().to_owned();
    config.telegram.username = "lucheng, <bot>".into();
    let order = |kind, out: &std::path::Path| ExportOrder {
        kind,
        from: Some("2026-11-01".into()),
        to: Some("2026-12-01".into()),
        month: None,
        format: Format::Xlsx,
        out: Some(out.to_owned()),
        names: false,
    };
    let out = folder.path().join("cap");
    cap::export(&config, &order(TableKind::Alarms, &out)).await.unwrap();
    let mut files: Vec<String> =
        std::fs::read_dir(&out).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    let names = ["alarm-1-alert.xml", "alarm-1-cancel.xml", "alarm-1-update-1.xml", "alarm-1-update-2.xml"];
    assert_eq!(files, names);
    for file in files {
        let text = std::fs::read_to_string(out.join(file)).unwrap();
        assert_eq!(faults(&text), Vec::<String>::new());
        assert!(text.contains("<sender>baiying.luchengbot</sender>"), "{text}");
    }
    let looks = w.rows("SELECT who || ' ' || what || ' ' || detail FROM access_log").await;
    assert_eq!(looks, ["cli export alarms 2026-11-01/2026-12-01"], "it is on record");
    let error = cap::export(&config, &order(TableKind::Leads, &out)).await.unwrap_err().to_string();
    assert!(error.contains("cap is for alarms"), "{error}");
    let error = cap::export(&config, &order(TableKind::Alarms, "-".as_ref())).await.unwrap_err().to_string();
    assert!(error.contains("give a folder"), "{error}");
    w.end().await;
}
