//! The points workbook in LibreOffice: it opens, its formulas come to the checked values when it reckons anew, no cell
//! of it is run.
//!
//! Without `soffice` the test says on stderr that it was skipped; where `CI=true` it fails instead.

use crate::flow::office::{export, resaved};
use crate::world::{COURIER, DESK, GROUP, GUARD, NEIGHBOUR, OFFICE, OFFICER, World};
use baiying::port::store::Store as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Settings of a fresh profile: formulas are reckoned anew whenever a workbook is opened.
const PROFILE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>"#;
/// Comma, double quote, UTF-8, from line 1, all sheets: each a file of its own.
const EVERY_SHEET: &str = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1";
/// How long a conversion may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);

fn is_there() -> bool {
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join("soffice").is_file()));
    if !found {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "no soffice, and CI must have it");
        // Past the capture of the test harness, which would keep it to itself.
        let said = "LibreOffice test SKIPPED: no soffice (Debian: apt-get install libreoffice-calc)\n";
        std::io::stderr().write_all(said.as_bytes()).unwrap();
    }
    found
}

/// Opens a workbook and writes it in another format beside it.
fn convert(folder: &Path, file: &str, to: &str) {
    let profile = folder.join("profile");
    if !profile.exists() {
        std::fs::create_dir_all(profile.join("user")).unwrap();
        std::fs::write(profile.join("user/registrymodifications.xcu"), PROFILE).unwrap();
    }
    let mut child = Command::new("soffice")
        .arg(format!("-env:UserInstallation=file://{}", profile.display()))
        .args(["--headless", "--norestore", "--convert-to", to, "--outdir"])
        .arg(folder)
        .arg(folder.join(file))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let end = Instant::now() + PATIENCE;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > end {
            child.kill().unwrap();
            panic!("soffice did not convert {file} within {PATIENCE:?}");
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn sheet(folder: &Path, stem: &str, sheet: &str) -> Vec<Vec<String>> {
    let path = folder.join(format!("{stem}-{sheet}.csv"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[tokio::test]
async fn the_points_workbook_adds_up_in_libreoffice() {
    if !is_there() {
        return;
    }
    let mut w = World::new().await;
    for (n, (who, chat)) in [(COURIER, GROUP), (NEIGHBOUR, GROUP), (COURIER, GROUP)].into_iter().enumerate() {
        w.say(who, chat, &format!("#theft at Old Bridge {} pm, a van", 5 + n)).await;
        w.advance(3).await;
        w.push_data(OFFICER, DESK, w.last(DESK).id, &format!("lv:{}", n + 1)).await;
    }
    let mut people = w.store.townspeople().await.unwrap().staff;
    people.iter_mut().for_each(|member| member.group = "=1+1".into());
    w.store.import_members(&people).await.unwrap();
    w.push_data(OFFICER, DESK, w.last(DESK).id, "la:1").await;
    w.advance(5).await;
    let (card, _) = w.button(GUARD, "On scene").expect("the guard is called");
    w.push_data(GUARD, GUARD, card, "as:1:P1").await;
    w.advance(5).await;
    let book = export(&mut w, OFFICE, "/export 2026-11").await.remove(0).1;
    let folder = tempfile::tempdir().unwrap();
    // Once as it is, and once with formulas that were last reckoned wrong.
    std::fs::write(folder.path().join("book.xlsx"), &book).unwrap();
    std::fs::write(folder.path().join("wrong.xlsx"), resaved(&book, None, Some("4711"))).unwrap();
    for stem in ["book", "wrong"] {
        convert(folder.path(), &format!("{stem}.xlsx"), EVERY_SHEET);
        for name in ["points", "by_group", "by_occupation", "by_team"] {
            let rows = sheet(folder.path(), stem, name);
            let of =
                |label: &str| rows.iter().find(|row| row[0] == label).unwrap_or_else(|| panic!("{name}: {rows:?}"));
            let (total, checked) = (of("合计 Total"), of("核对值 Checked"));
            assert_eq!(total[1..], checked[1..], "{stem} {name}");
            assert!(total.iter().any(|sum| sum == "35"), "{stem} {name}: {total:?}");
        }
        let groups = sheet(folder.path(), stem, "by_group");
        assert!(groups.iter().any(|row| row[0] == "=1+1"), "words stay words: {groups:?}");
    }
    w.end_alarm().await;
}
