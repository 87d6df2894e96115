//! Sheets, columns and words of the rosters' workbook, in both languages; and how people write them otherwise.
//!
//! Called by `read` and `write`: what is written is found again.

use crate::domain::roster::{Form, Sheet, Team, UnitKind};
use crate::port::table::{Column, Holds};

const fn column(
    key: &'static str,
    zh: &'static str,
    en: &'static str,
    holds: Holds,
    width: u8,
    summed: bool,
) -> Column {
    Column { key, zh, en, holds, width, summed }
}

pub const UNIT: Column = column("unit", "单位代码", "Unit code", Holds::Text, 17, false);
pub const UNIT_NAME: Column = column("unit_name", "单位名称", "Unit name", Holds::Text, 24, false);
pub const KIND: Column = column("kind", "单位类别", "Kind", Holds::Text, 20, false);
pub const POPULATION: Column = column("population", "人口", "Population", Holds::Count, 12, false);
pub const LARGER: Column = column("larger", "较大村", "Larger village", Holds::Flag, 16, false);
pub const FORM: Column = column("form", "队伍形式", "Form", Holds::Text, 22, false);
pub const SQUAD: Column = column("squad", "组别", "Group", Holds::Text, 12, false);
pub const NUMBER: Column = column("number", "序号", "Number", Holds::Count, 9, false);
pub const NAME: Column = column("name", "姓名", "Name", Holds::Text, 14, false);
pub const PHONE: Column = column("phone", "电话", "Phone", Holds::Text, 16, false);
pub const USER: Column = column("user_id", "用户号", "Telegram number", Holds::Text, 17, false);
pub const CLASS: Column = column("class", "类别（职业）", "Class", Holds::Text, 16, false);
pub const LEADER: Column = column("leader", "负责人", "Leader", Holds::Flag, 10, false);
pub const AREA: Column = column("area", "固定活动区域", "Fixed area", Holds::Text, 26, false);
pub const GEAR: Column = column("gear", "装备", "Gear", Holds::Text, 22, false);
pub const PEOPLE: Column = column("people", "人数", "People", Holds::Count, 9, true);
pub const TEAM: Column = column("team", "队伍", "Team", Holds::Text, 26, false);
pub const SUGGESTED: Column = column("suggested", "建议人数", "Suggested", Holds::Count, 12, true);
pub const ACTUAL: Column = column("actual", "实际人数", "Actual", Holds::Count, 12, true);
pub const LEAST: Column = column("least", "规定至少", "Least by rule", Holds::Count, 15, true);
pub const LACKING: Column = column("lacking", "缺额", "Lacking", Holds::Count, 11, true);

/// Other names that columns have in offices' own tables.
const ALIASES: &[(&str, &[&str])] = &[
    ("unit", &["代码", "编码", "单位编号", "单位编码", "code"]),
    ("unit_name", &["单位", "参与单位", "所属单位", "村（社区）", "unit name"]),
    ("kind", &["单位性质", "单位类型", "性质", "类型"]),
    ("population", &["人口数", "常住人口"]),
    ("larger", &["大村", "是否大村", "是否较大村"]),
    ("form", &["形式", "队伍类别", "队伍类型", "队别"]),
    ("squad", &["组", "小组", "分队", "班组", "squad"]),
    ("name", &["名字", "队员姓名"]),
    ("phone", &["联系电话", "手机", "手机号", "手机号码", "联系方式", "电话号码", "telephone", "mobile"]),
    ("user_id", &["telegram", "telegram id", "user id"]),
    ("class", &["类别", "职业", "人员类别", "身份", "occupation"]),
    ("leader", &["队长", "组长", "是否负责人", "是否队长"]),
    ("area", &["活动区域", "区域", "固定区域", "area"]),
    ("gear", &["器材", "配备装备"]),
    ("people", &["人员数", "number of people"]),
    ("team", &["队伍名称", "队种"]),
    ("suggested", &["建议数"]),
    ("actual", &["实有人数", "现有人数"]),
    ("least", &["最低人数"]),
];

/// A sheet's columns as they are written; without names a number stands for the person.
pub fn written(sheet: Sheet, names: bool) -> Vec<Column> {
    match sheet {
        Sheet::Units => vec![UNIT, UNIT_NAME, KIND, POPULATION, LARGER],
        Sheet::Team(team) => {
            let mut columns = vec![UNIT, UNIT_NAME];
            columns.extend((team.forms().len() > 1).then_some(FORM));
            columns.push(SQUAD);
            columns.extend(if names { vec![NAME, PHONE, USER] } else { vec![NUMBER] });
            columns.extend([CLASS, LEADER, AREA, GEAR, PEOPLE]);
            columns
        }
        Sheet::Headcounts => vec![UNIT, UNIT_NAME, TEAM, SUGGESTED, ACTUAL, LEAST, LACKING],
    }
}

/// A sheet's columns as they are read, and whether it can do without.
pub fn read(sheet: Sheet) -> Vec<(Column, bool)> {
    let optional = |column: &Column| match sheet {
        Sheet::Units => ["population", "larger"].contains(&column.key),
        Sheet::Team(_) => !["name", "form"].contains(&column.key),
        Sheet::Headcounts => !["team", "suggested"].contains(&column.key),
    };
    written(sheet, true).into_iter().map(|column| (column, optional(&column))).collect()
}

/// The name of a sheet, in both languages.
pub fn sheet_name(sheet: Sheet) -> &'static str {
    match sheet {
        Sheet::Units => "参与单位 units",
        Sheet::Team(Team::Emergency) => "应急队 emergency",
        Sheet::Team(Team::Area) => "区域队 area",
        Sheet::Team(Team::Village) => "村专职队 village",
        Sheet::Team(Team::Watch) => "邻里守望队 watch",
        Sheet::Headcounts => "建议人数 headcounts",
    }
}

/// The title above a sheet.
pub fn title(sheet: Sheet) -> &'static str {
    match sheet {
        Sheet::Units => "表1 参与单位花名册 Participating units",
        Sheet::Team(Team::Emergency) => "表2 应急联防队花名册 Emergency team",
        Sheet::Team(Team::Area) => "表3 区域联防队花名册 Area team",
        Sheet::Team(Team::Village) => "表4 村级专职联防队花名册 Full-time village team",
        Sheet::Team(Team::Watch) => "表5 邻里守望队花名册 Neighbourhood watch",
        Sheet::Headcounts => "表6 各单位建议人数 Suggested head-counts",
    }
}

/// Words as they are compared: half-width, small, without blanks and remarks in brackets.
pub fn folded(text: &str) -> String {
    let text = half_width(text).to_lowercase();
    let text = text.split(['(', '*', ':']).next().unwrap_or_default();
    text.chars().filter(|c| !c.is_whitespace() && *c != '_').collect()
}

/// Full-width letters, digits and signs as half-width ones.
pub fn half_width(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{3000}' => ' ',
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
            c => c,
        })
        .collect()
}

/// The sheet of that name, whatever number stands before it.
pub fn find_sheet(name: &str) -> Option<Sheet> {
    let name = half_width(name);
    let bare = name.trim().trim_start_matches("附件").trim_start_matches('表');
    let bare = folded(bare.trim_start_matches(|c: char| c.is_ascii_digit() || "一二三四五六.、-:() ".contains(c)));
    Sheet::ALL.into_iter().find(|sheet| {
        let others: &[&str] = match sheet {
            Sheet::Units => &["参与单位", "单位", "参与单位花名册", "units"],
            Sheet::Team(Team::Emergency) => &["应急", "应急队", "应急联防队", "应急队花名册", "emergency"],
            Sheet::Team(Team::Area) => &["区域", "区域队", "区域联防队", "区域队花名册", "area"],
            Sheet::Team(Team::Village) => &[
                "村专职",
                "村专职队",
                "村级专职",
                "村级专职队",
                "专职队",
                "村级专职联防队",
                "村专职队花名册",
                "village",
            ],
            Sheet::Team(Team::Watch) => &["邻里守望", "邻里守望队", "守望", "守望队", "邻里守望队花名册", "watch"],
            Sheet::Headcounts => &["建议人数", "人数", "各单位建议人数", "headcounts", "headcount"],
        };
        bare == folded(sheet_name(*sheet)) || others.contains(&bare.as_str())
    })
}

/// The column of a sheet with that name.
pub fn find_column(sheet: Sheet, cell: &str) -> Option<Column> {
    let cell = folded(cell);
    let columns = read(sheet);
    let named = |column: &Column| {
        [column.key, column.zh, column.en].iter().any(|name| folded(name) == cell)
            || folded(&format!("{}{}", folded(column.zh), column.en)) == cell
            || folded(&format!("{}{}", folded(column.zh), column.key)) == cell
    };
    let alias = |column: &Column| {
        ALIASES.iter().any(|(key, names)| *key == column.key && names.iter().any(|name| folded(name) == cell))
    };
    let mut all = columns.iter().map(|(column, _)| *column);
    all.clone().find(named).or_else(|| all.find(alias))
}

/// How a column is called in messages.
pub fn called(column: Column) -> String {
    format!("{} {}", column.zh, column.key)
}

/// A unit's kind as it is written.
pub fn kind_word(kind: UnitKind) -> &'static str {
    match kind {
        UnitKind::Village => "村 village",
        UnitKind::Community => "社区 community",
        UnitKind::Compound => "小区 compound",
        UnitKind::Company => "企业 company",
        UnitKind::Park => "园区 park",
        UnitKind::Market => "商铺市场 market",
        UnitKind::Venue => "旅馆娱乐场所 venue",
        UnitKind::School => "学校 school",
        UnitKind::Hospital => "医院 hospital",
        UnitKind::Station => "派出所 station",
        UnitKind::Office => "机关团体 office",
        UnitKind::Other => "其他 other",
    }
}

/// A team's form as it is written.
pub fn form_word(form: Form) -> &'static str {
    match form {
        Form::Stationed => "定点 stationed",
        Form::Mobile => "机动 mobile",
        Form::Companies => "企业 companies",
        Form::Citizens => "群众 citizens",
        Form::Village => "村专职 village",
        Form::Neighbours => "邻里 neighbours",
        Form::RedArmband => "红袖标 red_armband",
    }
}

/// Whether a cell means one of the words that are written as `村 village`: either half, both, or another word for it.
fn means(cell: &str, word: &str, others: &[&str]) -> bool {
    let cell = folded(cell);
    word.split(' ').any(|half| folded(half) == cell) || folded(word) == cell || others.contains(&cell.as_str())
}

/// Reads a unit's kind.
///
/// # Errors
/// What to write.
pub fn parse_kind(cell: &str) -> Result<UnitKind, String> {
    let found = UnitKind::NAMES.into_iter().map(|(kind, _)| kind).find(|kind| {
        let others: &[&str] = match kind {
            UnitKind::Village => &["行政村", "村委会", "村居"],
            UnitKind::Community => &["居委会", "社区居委会"],
            UnitKind::Compound => &["住宅小区", "物业"],
            UnitKind::Company => &["公司", "工厂", "厂", "factory"],
            UnitKind::Park => &["工业园", "工业区", "产业园"],
            UnitKind::Market => &["市场", "商铺", "商店", "商场", "超市", "shop", "mall"],
            UnitKind::Venue => &["旅馆", "酒店", "宾馆", "娱乐场所", "hotel"],
            UnitKind::School => &["幼儿园", "中学", "小学"],
            UnitKind::Hospital => &["卫生院", "诊所"],
            UnitKind::Station => &["公安派出所", "警务站", "policestation"],
            UnitKind::Office => &["机关", "团体", "政府", "群团"],
            UnitKind::Other => &["其它"],
        };
        means(cell, kind_word(*kind), others)
    });
    let words = || UnitKind::NAMES.map(|(kind, _)| kind_word(kind)).join(", ");
    found.ok_or_else(|| match cell {
        "" => format!("it is empty: write one of {}", words()),
        _ => format!("`{cell}` is no kind of unit: write one of {}", words()),
    })
}

/// Reads a team's form.
///
/// # Errors
/// What to write.
pub fn parse_form(team: Team, cell: &str) -> Result<Form, String> {
    let forms = team.forms();
    if let ([only], "") = (forms, cell) {
        return Ok(*only);
    }
    let found = forms.iter().copied().find(|form| {
        let others: &[&str] = match form {
            Form::Stationed => &["定点队", "固定"],
            Form::Mobile => &["机动队"],
            Form::Companies => &["单位", "公司", "企业队", "company"],
            Form::Citizens => &["市民", "居民", "村民", "citizen", "群众队"],
            Form::Village => &["专职", "村专职队"],
            Form::Neighbours => &["邻里守望", "守望", "neighbour", "watch"],
            Form::RedArmband => &["红袖章", "红袖标队", "redarmband"],
        };
        means(cell, form_word(*form), others)
    });
    let words = || forms.iter().map(|form| form_word(*form)).collect::<Vec<_>>().join(" or ");
    found.ok_or_else(|| match cell {
        "" => format!("it is empty: write {}", words()),
        _ => format!("`{cell}` is no form of this team: write {}", words()),
    })
}

/// Reads which team a head-count is of.
///
/// # Errors
/// What to write.
pub fn parse_team(cell: &str) -> Result<Team, String> {
    let found = find_sheet(cell).and_then(|sheet| if let Sheet::Team(team) = sheet { Some(team) } else { None });
    found.ok_or_else(|| {
        let words = Team::NAMES.map(|(team, _)| sheet_name(Sheet::Team(team))).join(", ");
        if cell.is_empty() {
            format!("it is empty: write one of {words}")
        } else {
            format!("`{cell}` is no team: write one of {words}")
        }
    })
}

/// Reads a number of people; nothing is none told.
///
/// # Errors
/// What to write.
pub fn parse_count(cell: &str) -> Result<Option<u32>, String> {
    let plain: String = half_width(cell).chars().filter(|c| !c.is_whitespace() && !matches!(c, ',' | '，')).collect();
    let plain = plain.trim_end_matches(['人', '名', '个']);
    let plain = plain.strip_suffix(".0").unwrap_or(plain);
    if plain.is_empty() && cell.is_empty() {
        return Ok(None);
    }
    match plain.parse::<u32>() {
        Ok(count) if count <= 100_000_000 && plain.bytes().all(|b| b.is_ascii_digit()) => Ok(Some(count)),
        _ => Err(format!("`{cell}` is no number of people: write digits, as 15")),
    }
}

/// Reads yes or no; nothing is no.
///
/// # Errors
/// What to write.
pub fn parse_flag(cell: &str) -> Result<bool, String> {
    match folded(cell).as_str() {
        "是" | "有" | "√" | "✓" | "✔" | "1" | "yes" | "y" | "true" | "是yes" => Ok(true),
        "" | "否" | "无" | "×" | "0" | "no" | "n" | "false" | "-" | "否no" => Ok(false),
        _ => Err(format!("`{cell}` is neither yes nor no: write 是 / yes, or 否 / no")),
    }
}

/// Reads telephone numbers; nothing is none.
///
/// # Errors
/// What to write.
pub fn parse_phone(cell: &str) -> Result<String, String> {
    let plain = half_width(cell);
    let digits = plain.chars().filter(char::is_ascii_digit).count();
    let known = |c: char| c.is_ascii_digit() || " +-/()、,;".contains(c);
    if plain.is_empty() || plain.chars().all(known) && (3..=60).contains(&digits) {
        return Ok(plain);
    }
    Err(format!("`{cell}` is no telephone number: write digits, as 13800138000 or 0769-8888888"))
}

/// Reads a member's Telegram number; nothing is none told.
///
/// # Errors
/// What to write.
pub fn parse_user(cell: &str) -> Result<Option<crate::domain::id::UserId>, String> {
    let plain = half_width(cell);
    if plain.is_empty() {
        return Ok(None);
    }
    match plain.parse::<i64>() {
        Ok(id) if id > 0 && plain.bytes().all(|b| b.is_ascii_digit()) => Ok(Some(crate::domain::id::UserId(id))),
        _ => Err(format!("`{cell}` is no user id: write the person's Telegram number, digits only, or nothing")),
    }
}
