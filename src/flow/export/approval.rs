//! The sheet that is signed and stamped (SEED-FACTS P4): the totals once more, in words, and room for each hand.

use super::column;
use super::points::Totals;
use crate::port::table::{Cell, Column, Head, Holds, Table};

const COLUMNS: &[Column] = &[
    column("item", "项目", "Item", Holds::Text, 28),
    column("figure", "数值／姓名", "Figure / name", Holds::Figure, 18),
    column("words", "大写／签字", "In words / signature", Holds::Text, 72),
    column("date", "日期", "Date", Holds::Text, 22),
];

/// Who signs, and how many millimetres of room each has; a round seal is 42 mm wide.
const HANDS: [(&str, u8); 4] = [("制表 Prepared", 14), ("审核 Checked", 14), ("批准 Approved", 14), ("盖章 Stamp", 46)];

/// The sheet: totals of the period, `lines` in words, then room to sign and to stamp.
pub fn approval_table(head: &Head, totals: &Totals, lines: &[(&str, String)]) -> Table {
    let head = Head {
        sheet: Some("approval"),
        title: "积分统计审批表 Approval of the points tally".into(),
        columns: COLUMNS.to_vec(),
        ..head.clone()
    };
    let names = ["期初 Opening", "获得 Earned", "兑换 Spent", "更正 Corrected", "期末 Closing"];
    let figure = |name: &str, figure: i64, words: String| {
        vec![Cell::text(name), Cell::Int(figure), Cell::Text(words), Cell::Empty]
    };
    let mut rows = vec![figure("变动人数 People moved", totals.people, format!("{}人", capital(totals.people)))];
    rows.extend(
        names.iter().zip(totals.numbers).map(|(name, sum)| figure(name, sum, format!("积分{}分", capital(sum)))),
    );
    rows.extend(
        lines.iter().map(|(name, words)| vec![Cell::text(*name), Cell::Empty, Cell::text(words.clone()), Cell::Empty]),
    );
    rows.extend(HANDS.iter().map(|(hand, mm)| {
        let room = Cell::Room(*mm);
        vec![Cell::text(*hand), room.clone(), room.clone(), room]
    }));
    Table { head, rows, totals: None }
}

/// A number in the characters of bills, which cannot be mended unseen: 1,204 is 壹仟贰佰零肆.
pub fn capital(number: i64) -> String {
    if number < 0 {
        return format!("负{}", upright(number.unsigned_abs()));
    }
    upright(number.unsigned_abs())
}

fn upright(number: u64) -> String {
    const DIGITS: [&str; 10] = ["零", "壹", "贰", "叁", "肆", "伍", "陆", "柒", "捌", "玖"];
    const UNITS: [(u64, &str); 5] = [(100_000_000, "亿"), (10_000, "万"), (1000, "仟"), (100, "佰"), (10, "拾")];
    let Some((size, unit)) = UNITS.into_iter().find(|(size, _)| number >= *size) else {
        return DIGITS[usize::try_from(number).expect("below ten")].to_owned();
    };
    let rest = number % size;
    let gap = if rest > 0 && rest < size / 10 { "零" } else { "" };
    let rest = if rest == 0 { String::new() } else { upright(rest) };
    format!("{}{unit}{gap}{rest}", upright(number / size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_on_bills() {
        let cases = [
            (0, "零"),
            (5, "伍"),
            (10, "壹拾"),
            (15, "壹拾伍"),
            (100, "壹佰"),
            (105, "壹佰零伍"),
            (110, "壹佰壹拾"),
            (1_005, "壹仟零伍"),
            (1_204, "壹仟贰佰零肆"),
            (10_000, "壹万"),
            (10_001, "壹万零壹"),
            (10_500, "壹万零伍佰"),
            (100_010, "壹拾万零壹拾"),
            (1_234_567, "壹佰贰拾叁万肆仟伍佰陆拾柒"),
            (100_000_000, "壹亿"),
            (100_010_000, "壹亿零壹万"),
            (1_000_000_000_000, "壹万亿"),
            (-42, "负肆拾贰"),
        ];
        for (number, words) in cases {
            assert_eq!(capital(number), words, "{number}");
        }
        assert!(capital(i64::MIN).starts_with("负玖佰贰拾贰亿叁仟叁佰柒拾贰万"));
    }
}
