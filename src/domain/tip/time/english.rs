//! The English words of time: yesterday evening, last Friday, Nov 19, at half past three, just now.

use super::cursor::Cursor;
use super::piece::{Ago, Clock, Day, Kind, Part, Piece};
use super::{ago, clock, date};

/// What the English word at the cursor and those after it say of time, and where that ends.
pub(super) fn piece_at(start: Cursor<'_>) -> Option<Piece> {
    let mut after = start;
    let word = after.word();
    let at = start.at;
    let piece = |end: usize, kind: Kind| Some(Piece::new(at..end, kind));
    let when = |end: usize, day: Option<Day>, part: Option<Part>| {
        Some(Piece::new(at..end, Kind::When { day, part, weak: false }))
    };
    let today = Some(Day::Offset(0));
    let yesterday = Some(Day::Offset(-1));
    match word {
        "today" => when(after.at, today, None),
        "yesterday" | "yday" => when(after.at, yesterday, None),
        "am" | "pm" => {
            let before = start.before();
            let from = before
                .rfind(|c: char| !c.is_ascii_lowercase())
                .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
            let day = date::weekday_name(&before[from..]).is_some() || &before[from..] == "yesterday";
            let part = if word == "am" { Part::Morning } else { Part::Afternoon };
            day.then(|| piece(after.at, Kind::When { day: None, part: Some(part), weak: true }))?
        }
        "tonight" | "tonite" => when(after.at, today, Some(Part::Evening)),
        "tomorrow" => piece(after.at, Kind::Future),
        "overnight" => when(after.at, today, Some(Part::SmallHours)),
        "daily" | "nightly" | "always" | "usually" | "weekly" | "often" | "constantly" => piece(after.at, Kind::Every),
        "every" | "each" | "most" => {
            let unit = after.eat_word(&[
                "day",
                "night",
                "evening",
                "morning",
                "afternoon",
                "week",
                "weekend",
                "weekday",
                "month",
                "monday",
                "tuesday",
                "wednesday",
                "thursday",
                "friday",
                "saturday",
                "sunday",
                "single",
                "other",
                "nights",
                "days",
                "evenings",
                "mornings",
                "hour",
            ]);
            if !unit {
                return None;
            }
            after.eat_word(&["day", "night", "evening", "morning", "time"]);
            piece(after.at, Kind::Every)
        }
        "now" => {
            let still = ["until", "till", "til", "up to", "by", "for", "even", "help", "come", "quick", "from"]
                .iter()
                .any(|word| start.before().ends_with(word));
            if still { None } else { piece(after.at, Kind::Now) }
        }
        "right" => after.eat_word(&["now"]).then(|| piece(after.at, Kind::Now))?,
        "just" => just(after).and_then(|end| piece(end, Kind::Now)),
        "at" => at_word(start, after),
        "moments" => after.eat_word(&["ago"]).then(|| piece(after.at, Kind::Now))?,
        "noon" | "midday" => piece(after.at, Kind::Clock(Clock { sure: true, ..Clock::hour(12) })),
        "midnight" => piece(after.at, Kind::Clock(Clock { sure: true, ..Clock::hour(0) })),
        "late" if after.eat_word(&["tonight", "tonite"]) => when(after.at, today, Some(Part::LateNight)),
        "in" | "during" | "by" | "late" | "early" | "mid" | "small" | "wee" | "dawn" | "dusk" | "lunchtime"
        | "morning" | "mornings" | "afternoon" | "evening" | "night" | "daytime" | "nighttime" | "afternoons"
        | "evenings" | "nights" => part_of_day(start),
        "this" => {
            if after.eat_word(&["week"]) {
                after.spaces();
                let weekday = date::weekday_name(after.word())?;
                return when(after.at, Some(Day::Week { weekday, weeks: Some(0) }), None);
            }
            if let Some((part, end)) = part_name(after) {
                return when(end, today, Some(part));
            }
            after.spaces();
            let weekday = date::weekday_name(after.word())?;
            when(after.at, Some(Day::Week { weekday, weeks: Some(0) }), None)
        }
        "last" | "previous" | "past" => last(start, after),
        "the" => {
            let mut ahead = after;
            if ahead.eat_word(&["day"]) && ahead.eat_word(&["before"]) && ahead.eat_word(&["yesterday"]) {
                return when(ahead.at, Some(Day::Offset(-2)), None);
            }
            ahead = after;
            if ahead.eat_word(&["night"]) && ahead.eat_word(&["before"]) && ahead.eat_word(&["last"]) {
                return when(ahead.at, Some(Day::Offset(-2)), Some(Part::Evening));
            }
            ahead = after;
            if ahead.eat_word(&["other"]) && ahead.eat_word(&["day", "night"]) {
                return when(ahead.at, Some(Day::Recent(3)), None);
            }
            ahead = after;
            if ahead.eat_word(&["last"]) {
                return last(start, ahead);
            }
            the_day(start, after)
        }
        "a" | "an" | "half" | "couple" | "few" | "several" => {
            ago::parse_en(start).map(|(ago, end)| Piece::new(at..end, Kind::Ago(ago))).or_else(|| number_words(start))
        }
        "quarter" => number_words(start),
        "first" | "second" | "third" | "fourth" => ordinal(start),
        "christmas" | "xmas" => {
            let day = if after.eat_word(&["eve"]) { 24 } else { after.eat_word(&["day"]).then_some(25)? };
            when(after.at, Some(month_day(12, day)), None)
        }
        "new" => {
            let (mut year, mut day) = (after, 1);
            year.spaces();
            if !year.eat("year's") && !year.eat("years") {
                return None;
            }
            let month = if year.eat_word(&["eve"]) {
                day = 31;
                12
            } else {
                year.eat_word(&["day"]).then_some(1)?
            };
            when(year.at, Some(month_day(month, day)), None)
        }
        _ => {
            if let Some(weekday) = date::weekday_name(word) {
                return weekday_at(start, after, weekday);
            }
            if let Some(month) = date::month_name(word) {
                let (day, end) = date::after_month(after, month)?;
                return when(end, Some(day), None);
            }
            if let Some(weekday) = word.strip_suffix('s').and_then(date::weekday_name).filter(|_| word.len() > 5) {
                let _ = weekday;
                return piece(after.at, Kind::Every);
            }
            ago::parse_en(start)
                .map(|(ago, end)| Piece::new(at..end, Kind::Ago(ago)))
                .or_else(|| ordinal(start))
                .or_else(|| weeks_back(start))
                .or_else(|| number_words(start))
        }
    }
}

fn month_day(month: u32, day: u32) -> Day {
    Day::Date { year: None, month: Some(super::piece::Month::Number(month)), day }
}

/// What follows `just` when it tells that something has this moment happened.
fn just(mut cursor: Cursor<'_>) -> Option<usize> {
    let end = cursor.at;
    cursor.spaces();
    let word = cursor.word();
    let verbs = [
        "happened",
        "saw",
        "heard",
        "got",
        "had",
        "been",
        "took",
        "stole",
        "ran",
        "broke",
        "came",
        "left",
        "started",
        "fell",
        "crashed",
        "hit",
        "seen",
        "found",
        "walked",
        "went",
        "snatched",
        "grabbed",
        "robbed",
        "noticed",
        "watched",
        "collapsed",
        "exploded",
        "attacked",
        "jumped",
        "passed",
        "stolen",
        "gone",
        "smashed",
        "knocked",
        "pulled",
        "caught",
        "witnessed",
        "drove",
        "threw",
        "stabbed",
        "punched",
        "slipped",
        "arrived",
        "spotted",
        "burst",
    ];
    if word == "now" {
        return Some(cursor.at);
    }
    verbs.contains(&word).then_some(end)
}

/// `at the moment`, `at noon`, `at half past three`, `at night`, `at 3`: numbers are read elsewhere.
fn at_word(start: Cursor<'_>, mut after: Cursor<'_>) -> Option<Piece> {
    let mut now = after;
    if now.eat_word(&["the", "this"]) && now.eat_word(&["moment", "minute"]) {
        return Some(Piece::new(start.at..now.at, Kind::Now));
    }
    now = after;
    if now.eat_word(&["this"]) && now.eat_word(&["time"]) {
        return Some(Piece::new(start.at..now.at, Kind::Now));
    }
    if after.eat_word(&["night"]) {
        return Some(Piece::new(start.at..after.at, Kind::When { day: None, part: Some(Part::Evening), weak: true }));
    }
    None
}

/// `in the morning`, `late afternoon`, `early hours`, `night`.
fn part_of_day(start: Cursor<'_>) -> Option<Piece> {
    let mut ahead = start;
    let led = ahead.eat_word(&["in", "during", "by"]);
    if led {
        ahead.eat_word(&["the"]);
    }
    ahead.eat_word(&["small", "wee"]);
    let (part, end) = part_name(ahead)?;
    if ahead.text[..end].ends_with('s') && part != Part::SmallHours {
        return Some(Piece::new(start.at..end, Kind::Every));
    }
    let qualified = ahead.peek_word() != ahead.text[ahead.at..end].trim_start();
    let mut after = Cursor { text: start.text, at: end };
    after.spaces();
    let compound = matches!(
        after.word(),
        "shift" | "market" | "school" | "class" | "session" | "sessions" | "view" | "bus" | "rush" | "club" | "guard"
    );
    let good = start.before().ends_with("good") || start.before().ends_with("all");
    if compound && !led || good {
        return None;
    }
    let weak = !led && !qualified && part != Part::SmallHours;
    Some(Piece::new(start.at..end, Kind::When { day: None, part: Some(part), weak }))
}

/// The name of a part of the day at the cursor, and where it ends.
fn part_name(cursor: Cursor<'_>) -> Option<(Part, usize)> {
    let mut ahead = cursor;
    ahead.spaces();
    let mut word = ahead.word();
    let mut tone = "";
    if matches!(word, "early" | "late" | "mid") {
        tone = word;
        if !ahead.eat("-") {
            ahead.spaces();
        }
        word = ahead.word();
    } else if matches!(word, "small" | "wee") {
        tone = "early";
        ahead.spaces();
        word = ahead.word();
    }
    let part = match (tone, word.strip_suffix('s').unwrap_or(word)) {
        ("early", "hour") => Part::SmallHours,
        ("early", "morning") => Part::Dawn,
        ("late", "morning") => Part::LateMorning,
        (_, "morning") => Part::Morning,
        ("late", "afternoon") => Part::LateAfternoon,
        (_, "afternoon") => Part::Afternoon,
        ("early", "evening") => Part::Dusk,
        (_, "evening") => Part::Evening,
        ("early", "night") => Part::EarlyNight,
        ("late", "night") | ("late", "tonight") => Part::LateNight,
        (_, "night") => {
            if ahead.eat("-time") {
                return Some((Part::Evening, ahead.at));
            }
            Part::Evening
        }
        ("", "nighttime") => Part::Evening,
        ("", "daytime") => Part::Daytime,
        ("", "dawn") => Part::Dawn,
        ("", "dusk") => Part::Dusk,
        ("", "lunchtime") => Part::Noon,
        ("", "am") => Part::Morning,
        ("", "pm") => Part::Afternoon,
        _ => return None,
    };
    Some((part, ahead.at))
}

/// `last night`, `last Friday`, `last week`, `last 10 minutes`.
fn last(start: Cursor<'_>, after: Cursor<'_>) -> Option<Piece> {
    let when =
        |end: usize, day, part| Some(Piece::new(start.at..end, Kind::When { day: Some(day), part, weak: false }));
    if let Some((part, end)) = part_name(after) {
        return when(end, Day::Offset(-1), Some(part));
    }
    let mut ahead = after;
    ahead.spaces();
    let word = ahead.word();
    if let Some(weekday) = date::weekday_name(word) {
        return when(ahead.at, Day::Week { weekday, weeks: Some(-1) }, None);
    }
    match word {
        "day" => when(ahead.at, Day::Offset(-1), None),
        "week" => {
            ahead.spaces();
            let end = ahead.at;
            match date::weekday_name(ahead.word()) {
                Some(weekday) => when(ahead.at, Day::Week { weekday, weeks: Some(-1) }, None),
                None => when(end, Day::WholeWeek(-1), None),
            }
        }
        "weekend" => when(ahead.at, Day::Weekend(Some(-1)), None),
        "month" => when(ahead.at, Day::WholeMonth(-1), None),
        "midnight" => Some(Piece::new(start.at..ahead.at, Kind::Clock(Clock { sure: true, ..Clock::hour(0) }))),
        "few" => {
            let mut unit = ahead;
            let day = if unit.eat_word(&["days", "nights"]) { Day::Recent(3) } else { return span(start) };
            when(unit.at, day, None)
        }
        _ => span(start),
    }
}

fn span(mut start: Cursor<'_>) -> Option<Piece> {
    let at = start.at;
    start.eat_word(&["the"]);
    let (ago, end): (Ago, usize) = ago::parse_en(start)?;
    Some(Piece::new(at..end, Kind::Ago(ago)))
}

/// `the 21st`, `the twenty second`, `the first Friday of July`, `the 27`.
fn the_day(start: Cursor<'_>, after: Cursor<'_>) -> Option<Piece> {
    let mut ahead = after;
    ahead.spaces();
    if let Some(nth) = ordinal(ahead).filter(|piece| matches!(piece.kind, Kind::When { day: Some(_), .. })) {
        return Some(Piece::new(start.at..nth.span.end, nth.kind));
    }
    let digits = ahead.peek().is_some_and(|c| c.is_ascii_digit());
    let from = ahead.at;
    let day = date::day_of_month(&mut ahead)?;
    let written = &ahead.text[from..ahead.at];
    let ordinal = written.ends_with(['t', 'd', 'h']) && digits || written.contains(['-', ' ']);
    if let Some((day, end)) = date::day_before_month(ahead, day, ordinal) {
        return Some(Piece::day(start.at..end, day));
    }
    let asked = ["on", "for", "of"].iter().any(|word| start.before().ends_with(word));
    let ends = ahead.rest().is_empty()
        || ahead.rest().starts_with(['.', ',', '!', '?']) && !ahead.goes_on()
        || matches!(ahead.peek_word(), "from" | "at" | "between" | "around");
    let plain = digits || written == "thirty" || written == "twenty";
    (asked && ends && plain).then(|| Piece::day(start.at..ahead.at, Day::Date { year: None, month: None, day }))
}

/// `first Monday of July`, `second of August`, `twenty second of June`.
fn ordinal(start: Cursor<'_>) -> Option<Piece> {
    let mut ahead = start;
    let from = ahead.at;
    if ahead.peek().is_some_and(|c| c.is_ascii_digit()) {
        return None;
    }
    let day = date::day_of_month(&mut ahead)?;
    let written = &ahead.text[from..ahead.at];
    let is_ordinal = super::number::ordinal(written.rsplit(['-', ' ']).next().unwrap_or_default()).is_some();
    if !is_ordinal {
        return None;
    }
    if day <= 5 {
        let mut week = ahead;
        week.spaces();
        if let Some(weekday) = date::weekday_name(week.word()) {
            let mut month = week;
            let of = month.eat_word(&["of", "in"]);
            month.eat_word(&["the"]);
            month.spaces();
            let named = date::month_name(month.word()).filter(|_| of);
            let this = of && month.text[..month.at].ends_with("month");
            let end = if named.is_some() || this { month.at } else { week.at };
            return Some(Piece::day(start.at..end, Day::Nth { nth: day, weekday, month: named }));
        }
    }
    let (day, end) = date::day_before_month(ahead, day, written.contains(['-', ' ']))?;
    Some(Piece::day(start.at..end, day))
}

/// A weekday, perhaps with a day of the month: `Friday`, `Tue 13th`, `Monday 21`.
fn weekday_at(start: Cursor<'_>, after: Cursor<'_>, weekday: chrono::Weekday) -> Option<Piece> {
    let mut ahead = after;
    ahead.eat(".");
    ahead.spaces();
    ahead.eat_word(&["the"]);
    ahead.spaces();
    let digits = ahead.peek().is_some_and(|c| c.is_ascii_digit());
    if digits && let Some(day) = date::day_of_month(&mut ahead) {
        let written = &ahead.text[..ahead.at];
        let ordinal = written.ends_with(['t', 'd', 'h']);
        let ends = ahead.rest().is_empty() || ahead.rest().starts_with(['!', ',', '?', '.']) && !ahead.goes_on();
        let month = date::month_name(ahead.peek_word()).is_some();
        if !month && (ordinal || day > 12 && ends) {
            return Some(Piece::day(start.at..ahead.at, Day::Named { weekday, day }));
        }
    }
    let short = matches!(&start.text[start.at..after.at], "sun" | "sat" | "mon" | "wed");
    let day = Day::Week { weekday, weeks: None };
    Some(Piece::new(start.at..after.at, Kind::When { day: Some(day), part: None, weak: short }))
}

/// Clock times in words: `half past three`, `ten thirty am`, `eight o'clock`; a bare number word if it is asked for.
fn number_words(start: Cursor<'_>) -> Option<Piece> {
    let asked = is_asked(start);
    if let Some((clock, end, certain)) = clock::parse_words(start) {
        let ends = Cursor { text: start.text, at: end };
        if certain || asked && ends.ends_a_clock() {
            return Some(Piece::new(start.at..end, Kind::Clock(clock)));
        }
    }
    let mut ahead = start;
    let value = ahead.cardinal().filter(|value| *value <= 12)?;
    (asked && ahead.ends_a_clock()).then(|| Piece::new(start.at..ahead.at, Kind::Number { value, asked }))
}

/// `2 Thursdays back`.
pub(super) fn weeks_back(start: Cursor<'_>) -> Option<Piece> {
    let mut ahead = start;
    let count = ahead.cardinal().filter(|count| (1..=9).contains(count))?;
    ahead.spaces();
    let word = ahead.word();
    let weekday = date::weekday_name(word.strip_suffix('s').unwrap_or(word))?;
    ahead
        .eat_word(&["ago", "back"])
        .then(|| Piece::day(start.at..ahead.at, Day::Back { count: i64::from(count), weekday }))
}

/// Whether the words before the cursor ask for a clock time.
pub(super) fn is_asked(start: Cursor<'_>) -> bool {
    let before = start.before();
    let from = before
        .rfind(|c: char| !c.is_ascii_lowercase())
        .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    matches!(
        &before[from..],
        "at" | "around"
            | "about"
            | "by"
            | "approximately"
            | "approx"
            | "from"
            | "between"
            | "since"
            | "after"
            | "before"
            | "until"
            | "till"
            | "to"
            | "and"
            | "roughly"
            | "near"
            | "for"
    ) && (before.len() < start.at || from == before.len())
}
