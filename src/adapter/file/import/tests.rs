use super::*;
use crate::domain::member::Language;
use proptest::prelude::*;

const HEADER: &str = "code,name,aliases,kind,lat,lon,datum\n";

fn problems<T: std::fmt::Debug>(result: Result<T, Problems>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn columns_may_stand_in_any_order_after_a_byte_order_mark() {
    let text = "\u{feff}datum,lon,lat,kind,aliases,name,code\r\nWGS84,114.13,22.84,shop,好又多|西路店｜Good More,好又多超市,\r\n";
    let places = parse_gazetteer(text.as_bytes()).unwrap();
    assert_eq!(
        places,
        [Place {
            code: String::new(),
            name: "好又多超市".into(),
            aliases: vec!["好又多".into(), "西路店".into(), "Good More".into()],
            kind: "shop".into(),
            at: Wgs84 { lat: 22.84, lon: 114.13 },
            datum: Datum::Wgs84,
        }]
    );
}

#[test]
fn points_bring_contacts_and_a_radius() {
    let text =
        "code,name,lat,lon,datum,contacts,radius_m\nP1,东门,22.8,114.1,wgs84,7|8,\nP2,西门,22.8,114.1,WGS84,,250\n";
    let points = parse_points(text.as_bytes()).unwrap();
    assert_eq!((points[0].contacts.as_slice(), points[0].radius_m), ([UserId(7), UserId(8)].as_slice(), 100.0));
    assert_eq!((points[1].contacts.as_slice(), points[1].radius_m), ([].as_slice(), 250.0));
}

#[test]
fn shifted_datums_become_wgs84() {
    let row = |datum: &str| format!("code,name,lat,lon,datum\nP1,东门,22.8404,114.1318,{datum}\n");
    let at = |datum: &str| parse_points(row(datum).as_bytes()).unwrap()[0].at;
    let (wgs84, gcj02, bd09) = (at("WGS84"), at("GCJ02"), at("BD09"));
    assert_eq!(wgs84, Wgs84 { lat: 22.8404, lon: 114.1318 });
    // GCJ-02 lies some 500 m south-east of WGS-84 here, BD-09 about a kilometre further.
    assert!((0.002..0.01).contains(&(wgs84.lon - gcj02.lon)), "{gcj02:?}");
    assert!((0.004..0.01).contains(&(gcj02.lon - bd09.lon)), "{bd09:?}");
}

#[test]
fn people_bring_roles() {
    let text = "user_id,name,occupation,group,team,roles\n42,王小明,快递员,鹿城群,,police|payout\n43,,,,,\n";
    let members = parse_members(text.as_bytes()).unwrap();
    assert_eq!(members[0].roles, [Role::Police, Role::Payout]);
    assert_eq!((members[0].name.as_str(), members[0].group.as_str()), ("王小明", "鹿城群"));
    assert_eq!((members[1].user, members[1].roles.len()), (UserId(43), 0));
}

#[test]
fn all_that_is_wrong_is_told_with_row_and_column() {
    let text = "code,name,aliases,kind,lat,lon,datum\n\
        P1,一,,liaison_point,22.8,114.1,WGS84\n\
        \n\
        p1,二,,shop,114.1,22.8,WGS84\n\
        ,\"三\n三\",,shop,22.8,,GPS\n\
        ,,,liaison_point,22.8x,190,\n\
        P5,五,a,b,22.8,114.1,WGS84,more\n";
    let table = problems(parse_gazetteer(text.as_bytes()));
    insta::assert_snapshot!(table, @"
    row 4, column lat: 114.1 is no latitude (−90 to 90): perhaps lat and lon are the wrong way round
    row 4, column code: `p1` stands in row 2 already: each may stand once
    row 5, column lon: it is empty: write degrees with a point, as 22.8404
    row 5, column datum: `GPS` is no datum: write WGS84 (GPS), GCJ02 (Amap, Tencent) or BD09 (Baidu)
    row 6, column name: it is empty: write the name under which people know the place
    row 6, column lat: `22.8x` is not within −90 to 90 degrees: write degrees with a point, as 22.8404
    row 6, column lon: `190` is not within −180 to 180 degrees: write degrees with a point, as 22.8404
    row 6, column datum: it is empty: write WGS84 (GPS), GCJ02 (Amap, Tencent) or BD09 (Baidu)
    row 6, column code: it is empty: a liaison point has a code, as on its sign
    row 7: it has 8 cells, the header has 7: put a cell that holds a comma in double quotes
    nothing was imported
    ");
}

#[test]
fn points_and_people_are_checked_too() {
    let text = "code,name,lat,lon,datum,contacts,radius_m\n,x,22,114,WGS84,@wang|7|7,-5\n";
    insta::assert_snapshot!(problems(parse_points(text.as_bytes())), @"
    row 2, column code: it is empty: a liaison point has a code, as on its sign
    row 2, column contacts: `@wang` is no user id: write the person's Telegram number, digits only, not the @name; several are parted by |
    row 2, column contacts: 7 is there twice: take one away
    row 2, column radius_m: `-5` is no radius: write metres above 0, or nothing for 100
    nothing was imported
    ");
    let text = "user_id,roles\nwang,chief\n,\n-5,\n7,\n7,police|boss\n";
    insta::assert_snapshot!(problems(parse_members(text.as_bytes())), @"
    row 2, column roles: `chief` is no role: write police, responder, patrol, response, duty_officer, office, payout, admin, several parted by |
    row 2, column user_id: `wang` is no user id: write the person's Telegram number, digits only, not the @name
    row 4, column user_id: `-5` is no user id: write the person's Telegram number, digits only, not the @name
    row 6, column roles: `boss` is no role: write police, responder, patrol, response, duty_officer, office, payout, admin, several parted by |
    row 6, column user_id: `7` stands in row 5 already: each may stand once
    nothing was imported
    ");
}

#[test]
fn headers_that_do_not_serve_name_the_columns() {
    let table: [(&str, &[&str]); 6] = [
        ("", &["it is empty", "code,name,aliases,kind,lat,lon,datum"]),
        ("name,lat,lon\nx,1,2\n", &["row 1, column datum: it is missing"]),
        ("name,lat,lon,datum,colour\n", &["row 1, column colour: it is not known"]),
        ("name,name,lat,lon,datum\n", &["row 1, column name: it is there twice"]),
        ("name;lat;lon;datum\nx;1;2;WGS84\n", &["row 1: the columns are not parted by commas"]),
        ("\n\nname,lat\n", &["row 3, column lon: it is missing", "row 3, column datum: it is missing"]),
    ];
    for (text, hints) in table {
        let told = problems(parse_gazetteer(text.as_bytes()));
        for hint in hints {
            assert!(told.contains(hint), "{text:?}: {told}");
        }
    }
}

#[test]
fn other_encodings_say_how_to_save() {
    let gbk: &[u8] = b"code,name,lat,lon,datum\nP1,\xb6\xab\xc3\xc5,22.8,114.1,WGS84\n";
    let utf16: &[u8] = b"\xff\xfec\0o\0d\0e\0";
    for bytes in [gbk, utf16, b"PK\x03\x04..."] {
        let told = problems(parse_points(bytes));
        assert!(told.contains("CSV UTF-8") && told.contains("另存为"), "{told}");
    }
    assert!(problems(parse_points(gbk)).contains("line 2"));
}

#[test]
fn twenty_problems_are_shown_and_the_rest_counted() {
    let text = format!("{HEADER}{}", ",,,,x,0,WGS84\n".repeat(15));
    let told = problems(parse_gazetteer(text.as_bytes()));
    assert_eq!(told.matches("row ").count(), 20, "{told}");
    assert!(told.contains("and 10 more"), "{told}");
    assert!(told.ends_with("nothing was imported"), "{told}");
}

#[test]
fn lines_may_end_in_any_way() {
    for end in ["\n", "\r\n", "\r"] {
        let text = ["name,lat,lon,datum", "a,1,2,WGS84", "", "b,91,2,WGS84"].join(end);
        assert!(problems(parse_gazetteer(text.as_bytes())).starts_with("row 4, column lat"), "{end:?}");
    }
}

#[test]
fn a_dry_run_counts_what_would_change() {
    let places = |text: &str| parse_gazetteer(format!("{HEADER}{text}").as_bytes()).unwrap();
    let town = TownFile {
        gazetteer: places(
            "P1,a,,liaison_point,1,2,WGS84\n,b,,shop,1,2,WGS84\n,b,,shop,3,4,WGS84\n,gone,,shop,1,2,WGS84\n",
        ),
        points: vec![Point {
            code: "P1".into(),
            name: "a".into(),
            at: Wgs84 { lat: 1.0, lon: 2.0 },
            radius_m: 100.0,
            contacts: vec![],
            team: None,
            gear: String::new(),
            phone: String::new(),
        }],
        staff: vec![Member {
            language: Some(Language::En),
            ..parse_members(b"user_id,roles\n1,police\n").unwrap().remove(0).into_member("M1".into(), Millis(5))
        }],
        ..TownFile::default()
    };
    let new = places("P1,A,,liaison_point,1,2,WGS84\n,b,,shop,3,4,WGS84\n,b,,shop,1,9,WGS84\n,new,,shop,1,2,WGS84\n");
    assert_eq!(
        compare_gazetteer(&new, &town),
        Summary { added: 1, changed: 2, unchanged: 1, absent: 1, not_compared: 0 }
    );
    assert_eq!(compare_gazetteer(&town.gazetteer, &town), Summary { unchanged: 4, ..Summary::default() });
    let points = parse_points(b"code,name,lat,lon,datum\nP1,a,1,2,WGS84\nP2,b,1,2,WGS84\n").unwrap();
    assert_eq!(compare_points(&points, &town), Summary { added: 1, unchanged: 1, ..Summary::default() });
    let members = parse_members(b"user_id,roles\n1,police\n2,office\n3,\n").unwrap();
    let summary = compare_members(&members, &town);
    assert_eq!(summary, Summary { added: 1, unchanged: 1, not_compared: 1, ..Summary::default() });
    assert_eq!(summary.to_string(), "1 added, 0 changed, 1 unchanged, 1 without a role added or changed");
}

proptest! {
    /// No bytes make it panic, and what is told names a row of the file.
    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200), cells in "[a-z0-9,|\"\n\r.-]{0,80}") {
        for text in [bytes, cells.as_bytes().to_vec(), format!("{HEADER}{cells}").into_bytes()] {
            let lines = text.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
            for result in [parse_gazetteer(&text).map(drop), parse_points(&text).map(drop), parse_members(&text).map(drop)] {
                if let Err(problems) = result {
                    prop_assert!(!problems.0.is_empty());
                    prop_assert!(problems.0.iter().all(|problem| problem.row <= lines));
                }
            }
        }
    }

    /// Each good row becomes one place, with its words unchanged.
    #[test]
    fn good_rows_are_taken_word_for_word(rows in proptest::collection::vec(("[^\u{0}-\u{1f}\\s]{1,12}", -90.0..90.0f64, -180.0..180.0f64), 1..20)) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["lon", "name", "lat", "datum"]).unwrap();
        for (name, lat, lon) in &rows {
            writer.write_record([&lon.to_string(), name, &lat.to_string(), "WGS84"]).unwrap();
        }
        let places = parse_gazetteer(&writer.into_inner().unwrap()).unwrap();
        prop_assert_eq!(places.len(), rows.len());
        for (place, (name, lat, lon)) in places.iter().zip(&rows) {
            prop_assert_eq!(&place.name, name);
            prop_assert_eq!(place.at, Wgs84 { lat: *lat, lon: *lon });
        }
    }
}

#[test]
fn rewards_are_read_and_what_is_wrong_is_named() {
    let rewards =
        parse_rewards("code,name,name_en,price,stock\nR01,雨伞,Umbrella,10,12\nR02,大米,,60,0\n".as_bytes()).unwrap();
    assert_eq!(
        (rewards[0].code.as_str(), rewards[0].en.as_str(), rewards[0].price, rewards[1].stock),
        ("R01", "Umbrella", 10, 0)
    );
    let mut known = rewards.clone();
    (known[0].picture, known[1].price) = (Some("photo".into()), 50);
    known.push(Reward { code: "R09".into(), ..known[0].clone() });
    let summary = compare_rewards(&rewards, &known);
    assert_eq!((summary.added, summary.changed, summary.unchanged, summary.absent), (0, 1, 1, 1));
    insta::assert_snapshot!(problems(parse_rewards(b"code,name,price,stock\nR:1,x,0,-1\nR1,,2.5,3\nR1,y,1,1\n")), @r#"
    row 2, column code: `R:1` is no code: at most 24 bytes, without space and colon, like R01
    row 2, column price: `0` is no whole number from 1 to 1000000
    row 2, column stock: `-1` is no whole number from 0 to 1000000
    row 3, column name: it is empty: people must know what they take
    row 3, column price: `2.5` is no whole number from 1 to 1000000
    row 4, column code: `R1` stands in row 3 already: each may stand once
    nothing was imported
    "#);
}
