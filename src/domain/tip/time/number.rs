//! Numbers as people write them: digits, Chinese numerals, English words.

/// A number read from folded text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    /// Its value; of `七八` the first.
    pub value: u32,
    /// Where it ends in the text.
    pub end: usize,
    /// How many digits or characters it was written with.
    pub width: usize,
    /// Written in Chinese numerals.
    pub han: bool,
    /// Two neighbours in a row (`七八`): about so many.
    pub loose: bool,
}

fn han_digit(c: char) -> Option<u32> {
    Some(match c {
        '零' | '〇' => 0,
        '一' => 1,
        '二' | '两' => 2,
        '三' => 3,
        '四' => 4,
        '五' => 5,
        '六' => 6,
        '七' => 7,
        '八' => 8,
        '九' => 9,
        _ => return None,
    })
}

/// Whether a number can start or go on with this character.
pub(super) fn is_numeral(c: char) -> bool {
    c.is_ascii_digit() || han_digit(c).is_some() || matches!(c, '十' | '廿' | '卅' | '百')
}

/// The number that starts at `at`, digits or Chinese numerals, of at most eight characters.
pub(super) fn number_at(text: &str, at: usize) -> Option<Number> {
    let rest = &text[at..];
    let first = rest.chars().next()?;
    if first.is_ascii_digit() {
        let width = rest.bytes().take_while(u8::is_ascii_digit).count();
        if width > 8 {
            return None;
        }
        return Some(Number { value: rest[..width].parse().ok()?, end: at + width, width, han: false, loose: false });
    }
    let run: Vec<char> = rest.chars().take_while(|&c| is_numeral(c) && !c.is_ascii_digit()).take(9).collect();
    if run.is_empty() || run.len() > 8 {
        return None;
    }
    let end = at + run.iter().map(|c| c.len_utf8()).sum::<usize>();
    let (value, loose) = han_value(&run)?;
    Some(Number { value, end, width: run.len(), han: true, loose })
}

/// The value of Chinese numerals, and whether they are two neighbours in a row.
fn han_value(run: &[char]) -> Option<(u32, bool)> {
    let digits: Option<Vec<u32>> = run.iter().map(|&c| han_digit(c)).collect();
    if let Some(digits) = digits {
        if let [first, second] = digits[..] {
            if second == first + 1 && first > 0 {
                return Some((first, true));
            }
            if first > 0 && second > 0 {
                return None;
            }
        }
        return Some((digits.iter().fold(0, |sum, digit| sum * 10 + digit), false));
    }
    let (mut total, mut digit, mut loose) = (0u32, None, false);
    for (i, &c) in run.iter().enumerate() {
        match c {
            '百' => total += digit.take()? * 100,
            '十' => total += digit.take().unwrap_or(1) * 10,
            '廿' => total += 20,
            '卅' => total += 30,
            _ => {
                let value = han_digit(c)?;
                match digit {
                    Some(before) if before + 1 == value && i + 1 == run.len() => loose = true,
                    Some(0) | None => digit = Some(value),
                    Some(_) => return None,
                }
            }
        }
    }
    Some((total + digit.unwrap_or(0), loose))
}

/// An English number word below a hundred's tens: `one` … `twenty`, `thirty`, `forty`, `fifty`.
pub(super) fn english(word: &str) -> Option<u32> {
    Some(match word {
        "one" => 1,
        "two" => 2,
        "three" => 3,
        "four" => 4,
        "five" => 5,
        "six" => 6,
        "seven" => 7,
        "eight" => 8,
        "nine" => 9,
        "ten" => 10,
        "eleven" => 11,
        "twelve" => 12,
        "thirteen" => 13,
        "fourteen" => 14,
        "fifteen" => 15,
        "sixteen" => 16,
        "seventeen" => 17,
        "eighteen" => 18,
        "nineteen" => 19,
        "twenty" => 20,
        "thirty" => 30,
        "forty" => 40,
        "fifty" => 50,
        "sixty" => 60,
        "seventy" => 70,
        "eighty" => 80,
        "ninety" => 90,
        _ => return None,
    })
}

/// An English ordinal word: `first` … `twentieth`, `thirtieth`.
pub(super) fn ordinal(word: &str) -> Option<u32> {
    const UNITS: [&str; 20] = [
        "first",
        "second",
        "third",
        "fourth",
        "fifth",
        "sixth",
        "seventh",
        "eighth",
        "ninth",
        "tenth",
        "eleventh",
        "twelfth",
        "thirteenth",
        "fourteenth",
        "fifteenth",
        "sixteenth",
        "seventeenth",
        "eighteenth",
        "nineteenth",
        "twentieth",
    ];
    if word == "thirtieth" {
        return Some(30);
    }
    UNITS.iter().position(|unit| *unit == word).map(|at| at as u32 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        for (text, value, loose) in [
            ("8点", 8, false),
            ("十一点", 11, false),
            ("二十三", 23, false),
            ("廿三", 23, false),
            ("两点", 2, false),
            ("七八点", 7, true),
            ("十五六个", 15, true),
            ("二〇二六年", 2026, false),
            ("零九", 9, false),
            ("一百二十", 120, false),
        ] {
            let number = number_at(text, 0).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((number.value, number.loose), (value, loose), "{text}");
        }
        assert_eq!(number_at("五三", 0), None);
        assert_eq!(number_at("123456789", 0), None);
    }
}
