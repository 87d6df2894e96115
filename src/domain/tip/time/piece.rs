//! What a stretch of words can say about time, before anything is put together or resolved.

use crate::domain::tip::Grain;
use chrono::Weekday;
use std::ops::Range;

/// A stretch of words that speaks of time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    /// Where in the folded text.
    pub span: Range<usize>,
    /// What it says.
    pub kind: Kind,
}

/// What a piece says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// A day, a part of a day, or both. A weak one counts only beside another piece.
    When {
        /// Which day.
        day: Option<Day>,
        /// Which part of it.
        part: Option<Part>,
        /// Says nothing when it stands alone (`晚`, `morning`).
        weak: bool,
    },
    /// A time of day.
    Clock(Clock),
    /// A number that is a clock time only beside another piece.
    Number {
        /// Its value, 24 at most.
        value: u32,
        /// Words before it ask for a clock time (`at 3`).
        asked: bool,
    },
    /// So long before the message.
    Ago(Ago),
    /// The moment of the message.
    Now,
    /// Again and again: what stands beside it is no single time.
    Every,
    /// In the future: what stands beside it is not when it happened.
    Future,
}

/// Which day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Day {
    /// Days from the message's own.
    Offset(i64),
    /// A date of which the year or month may be untold.
    Date {
        /// The year.
        year: Option<Year>,
        /// The month.
        month: Option<Month>,
        /// The day of the month.
        day: u32,
    },
    /// A day of the week.
    Week {
        /// Which.
        weekday: Weekday,
        /// Of which week, counted from this one; `None`: the latest.
        weeks: Option<i64>,
    },
    /// A day of the week that was also told as a day of the month (`Tue 13th`).
    Named {
        /// Which.
        weekday: Weekday,
        /// The day of the month.
        day: u32,
    },
    /// So many such days back, today's not counted (`2 Thursdays back`).
    Back {
        /// How many.
        count: i64,
        /// Which day of the week.
        weekday: Weekday,
    },
    /// The first, second … such day of a month.
    Nth {
        /// Counted from 1.
        nth: u32,
        /// Which.
        weekday: Weekday,
        /// Of which month; `None`: the message's.
        month: Option<u32>,
    },
    /// The last few days up to the message.
    Recent(i64),
    /// A Saturday and Sunday: the latest, or counted in weeks from this one.
    Weekend(Option<i64>),
    /// A whole week, counted from this one.
    WholeWeek(i64),
    /// A whole month, counted from this one.
    WholeMonth(i32),
    /// A month by its name, or a third of one.
    MonthOf {
        /// Its year, if told.
        year: Option<Year>,
        /// Which.
        month: Month,
        /// Which ten days of it (`月初`, `上旬`: 0; `月底`, `下旬`: 2).
        third: Option<u32>,
    },
    /// The first or the last two months of a year, counted from this one (`年初`, `去年底`).
    EdgeOfYear {
        /// Counted from this one.
        offset: i32,
        /// The last.
        last: bool,
    },
}

/// Which year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Year {
    /// As written.
    Number(i32),
    /// Counted from the message's.
    Offset(i32),
}

/// Which month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Month {
    /// As written.
    Number(u32),
    /// Counted from the message's.
    Offset(i32),
}

/// A part of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// 凌晨
    SmallHours,
    /// 清晨
    Dawn,
    /// 早上
    Early,
    /// 上午
    Forenoon,
    /// morning
    Morning,
    /// late morning
    LateMorning,
    /// 中午
    Noon,
    /// 下午
    Afternoon,
    /// late afternoon
    LateAfternoon,
    /// 傍晚
    Dusk,
    /// 晚上
    Evening,
    /// early night
    EarlyNight,
    /// 半夜
    LateNight,
    /// 后半夜
    LowerNight,
    /// 一晚上
    WholeNight,
    /// 白天
    Daytime,
}

impl Part {
    /// From and to which hour of its day; past 24 it is the next morning.
    pub fn hours(self) -> (i64, i64) {
        match self {
            Self::SmallHours => (0, 6),
            Self::Dawn => (5, 8),
            Self::Early => (5, 10),
            Self::Forenoon => (8, 12),
            Self::Morning => (6, 12),
            Self::LateMorning => (10, 12),
            Self::Noon => (11, 14),
            Self::Afternoon => (12, 18),
            Self::LateAfternoon => (15, 18),
            Self::Dusk => (17, 20),
            Self::Evening => (19, 24),
            Self::EarlyNight => (20, 22),
            Self::LateNight => (22, 27),
            Self::LowerNight => (24, 30),
            Self::WholeNight => (18, 30),
            Self::Daytime => (8, 18),
        }
    }

    /// Whether it runs into the next day's first hours in how people speak.
    pub fn is_night(self) -> bool {
        matches!(self, Self::Evening | Self::EarlyNight | Self::LateNight | Self::LowerNight | Self::WholeNight)
    }

    /// The hour of a clock, 0 to 23 and past 24 for the next morning, when this part was told with it.
    pub fn hour(self, hour: u32) -> u32 {
        match self {
            _ if hour > 12 => hour,
            Self::SmallHours | Self::Dawn | Self::Early | Self::Forenoon | Self::Morning | Self::LateMorning => {
                if hour == 12 && self == Self::SmallHours { 0 } else { hour }
            }
            Self::Noon if hour < 10 => hour + 12,
            Self::Noon => hour,
            Self::Afternoon | Self::LateAfternoon | Self::Dusk if hour < 12 => hour + 12,
            Self::Afternoon | Self::LateAfternoon | Self::Dusk => hour,
            Self::Evening | Self::EarlyNight | Self::LateNight | Self::WholeNight => match hour {
                12 => 24,
                5..=11 => hour + 12,
                _ => hour + 24,
            },
            Self::LowerNight => hour % 12 + 24,
            Self::Daytime if hour < 7 => hour + 12,
            Self::Daytime => hour,
        }
    }
}

/// A time of day as told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    /// 0 to 24.
    pub hour: u32,
    /// 0 to 59.
    pub minute: u32,
    /// 0 to 59.
    pub second: u32,
    /// To what it was told.
    pub grain: Grain,
    /// am or pm was told.
    pub half: Option<Half>,
    /// Told on the 24-hour clock beyond doubt (`08:30`, `noon`).
    pub sure: bool,
    /// 多: within the hour after.
    pub more: bool,
}

impl Clock {
    /// A full hour.
    pub fn hour(hour: u32) -> Self {
        Self { hour, minute: 0, second: 0, grain: Grain::Hour, half: None, sure: hour == 0 || hour > 12, more: false }
    }
}

/// Which half of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    /// am
    Before,
    /// pm
    After,
}

/// So long before the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Ago {
    /// Calendar months.
    pub months: u32,
    /// Days.
    pub days: i64,
    /// Seconds.
    pub seconds: i64,
    /// Up to half the unit more (`两个多钟头前`), in seconds.
    pub more: i64,
    /// From then until now (`过去5分钟`).
    pub span: bool,
}

impl Piece {
    /// A piece.
    pub fn new(span: Range<usize>, kind: Kind) -> Self {
        Self { span, kind }
    }

    /// A piece that tells a day.
    pub fn day(span: Range<usize>, day: Day) -> Self {
        Self { span, kind: Kind::When { day: Some(day), part: None, weak: false } }
    }
}
