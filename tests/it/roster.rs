//! The rosters with the real program: what a clerk sees, and what is in the database after it.

use crate::database::Database;
use baiying::adapter::sql::{SqlOptions, SqlStore};
use baiying::domain::roster::{Roster, Team};
use baiying::port::store::Store as _;
use rust_xlsxwriter::Workbook;
use std::path::PathBuf;
use std::process::Command;

struct Office {
    folder: tempfile::TempDir,
    database: Database,
}

impl Office {
    async fn open() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), database: Database::fresh().await }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the program there; tells its exit code and all that it said.
    fn run(&self, words: &[&str]) -> (i32, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_baiying"));
        command.current_dir(self.folder.path()).args(words);
        command.env("BAIYING_DATABASE_URL", &self.database.url).env("BAIYING_LOG", "error");
        let output = command.output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(said).unwrap())
    }

    fn write(&self, name: &str, sheets: &[(&str, &[&[&str]])]) {
        let mut book = Workbook::new();
        for (sheet, rows) in sheets {
            let page = book.add_worksheet();
            page.set_name(*sheet).unwrap();
            for (row, cells) in (0..).zip(*rows) {
                for (column, cell) in (0..).zip(*cells) {
                    page.write_string(row, column, *cell).unwrap();
                }
            }
        }
        book.save(self.path(name)).unwrap();
    }

    async fn filed(&self) -> Roster {
        SqlStore::open(&self.database.url, &SqlOptions::default()).await.unwrap().roster().await.unwrap()
    }
}

const UNITS: &[&[&str]] = &[
    &["单位代码", "单位名称", "单位类别"],
    &["V1", "鹿村", "村"],
    &["C1", "东江厂", "企业"],
    &["K1", "菱东社区", "社区"],
];
const HEAD: &[&str] = &["单位代码", "姓名", "人数"];

#[tokio::test]
async fn a_clerk_looks_files_exports_and_removes() {
    let office = Office::open().await;
    office.write("a.xlsx", &[("参与单位", UNITS), ("村专职", &[HEAD, &["V1", "王小明", "14"], &["", "李四", ""]])]);
    let (code, said) = office.run(&["import", "rosters", "a.xlsx", "--dry-run"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("+ sheet 村专职, row 3: 李四 of V1") && said.contains("0 → 2 rows (2 added"), "{said}");
    assert!(said.contains("size: 全镇应急定点队数 0，应为 至少 1（R4）\nsizes: 1 findings\ndry run"), "{said}");
    assert!(office.filed().await.is_empty(), "only told");
    assert_eq!(office.run(&["import", "rosters", "a.xlsx"]).0, 0);
    assert_eq!(office.filed().await.team(Team::Village).count(), 2);
    let (code, said) = office.run(&["import", "rosters", "a.xlsx"]);
    assert!(code == 0 && said.ends_with("nothing changes\n"), "{said}");

    // Out with names, and back: nothing changes. Without: nobody is named, and it is not taken.
    let export = |name: &str, more: &[&str]| {
        office.run(&[&["export", "rosters", "--format", "xlsx", "--out", name][..], more].concat())
    };
    let (code, said) = export("b.xlsx", &["--names"]);
    assert!(code == 0 && said.ends_with("b.xlsx: 3 units, 15 people\n"), "{said}");
    let (code, said) = office.run(&["import", "rosters", "b.xlsx"]);
    assert!(code == 0 && said.ends_with("nothing changes\n") && !said.contains("note:"), "{said}");
    assert_eq!(office.run(&["verify-export", "b.xlsx"]).0, 0);
    assert_eq!(export("c.xlsx", &[]).0, 0);
    let (code, said) = office.run(&["import", "rosters", "c.xlsx"]);
    assert!(
        code == 1 && said.contains("column 姓名 name is missing") && said.contains("nothing was imported"),
        "{said}"
    );

    // An empty sheet, and one that loses most of its rows, need a word more; then they are taken.
    office.write("empty.xlsx", &[("村专职", &[HEAD])]);
    let (code, said) = office.run(&["import", "rosters", "empty.xlsx", "--dry-run"]);
    assert!(
        code == 1 && said.contains("refused: sheet 村专职队 village is empty") && said.contains("--remove"),
        "{said}"
    );
    assert_eq!(office.run(&["import", "rosters", "empty.xlsx"]).0, 1);
    assert_eq!(office.filed().await.people.len(), 2, "nothing was lost");
    assert_eq!(office.run(&["import", "rosters", "empty.xlsx", "--remove"]).0, 0);
    assert_eq!(office.filed().await.people.len(), 0);
    office.write("fewer.xlsx", &[("参与单位", &UNITS[..2])]);
    let (code, said) = office.run(&["import", "rosters", "fewer.xlsx"]);
    assert!(code == 1 && said.contains("2 of 3 rows, more than half"), "{said}");
    assert_eq!(office.filed().await.units.len(), 3);
    for words in [&["export", "rosters", "--format", "csv"][..], &["import", "points", "a.xlsx", "--remove"]] {
        assert_ne!(office.run(words).0, 0);
    }
    let (_, said) = export("d.xlsx", &["--month", "2026-11"]);
    assert!(said.contains("leave --from, --to and --month out"), "{said}");
}

#[tokio::test]
async fn looks_at_names_are_on_record() {
    let office = Office::open().await;
    office.write("a.xlsx", &[("参与单位", UNITS)]);
    office.run(&["import", "rosters", "a.xlsx", "--dry-run"]);
    office.run(&["export", "rosters", "--format", "xlsx", "--names"]);
    office.run(&["export", "rosters", "--format", "xlsx"]);
    let mut link = office.database.link().await;
    let seen = link.rows("SELECT what || ': ' || detail FROM access_log ORDER BY at, id").await;
    assert_eq!(seen, ["names: rosters, import, dry run", "names: rosters", "export: rosters"]);
}
