//! Names of the gazetteer in a message, and which of them is the place.
//!
//! Owns the choice: crossings, house numbers, half way between, the specific before the coarse, the scene
//! before where they fled to. Called by `gazetteer`.

use super::context::{Role, is_direct, nearness, nearness_before, role};
use super::gazetteer::Gazetteer;
use super::hit::{Hit, Index, MOST, find_exact, settle, with_slips};
use super::kind::{Extent, accuracy_m, extent};
use super::names::is_han_char;
use super::{Datum, Place, PlaceSource, Wgs84};
use std::ops::Range;

/// A name that stands in a message.
#[derive(Debug, Clone)]
struct Mention {
    /// The name alone.
    name: Range<usize>,
    /// The name with the words of nearness and numbers that belong to it.
    span: Range<usize>,
    place: usize,
    role: Role,
    direct: bool,
    extent: Extent,
    accuracy_m: f64,
    widened_m: f64,
    number: Option<u32>,
    /// Written with a slip.
    slipped: bool,
}

/// What names of the gazetteer a message holds.
#[derive(Debug, Default)]
pub(super) struct Mentions {
    found: Vec<Mention>,
    /// Names that could mean several places, and nothing tells which.
    unsettled: Vec<Range<usize>>,
}

/// The place chosen.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    /// Its words in the folded text.
    pub span: Range<usize>,
    /// Where.
    pub at: Wgs84,
    /// Radius in metres.
    pub accuracy_m: f64,
    /// How it was learnt.
    pub source: PlaceSource,
    /// The datum of the gazetteer's row.
    pub datum: Datum,
    role: Role,
    slipped: bool,
    extent: Extent,
    direct: bool,
}

impl Choice {
    /// Whether it is a place to walk up to and the scene: nothing else needs to be looked for.
    pub fn is_sharp(&self) -> bool {
        self.role < Role::Away && self.extent == Extent::Site
    }

    /// Whether it is only where they went.
    pub fn is_away(&self) -> bool {
        self.role == Role::Away
    }
}

/// Radius within which those who fled to a place may be looked for at least.
const AWAY_ACCURACY_M: f64 = 1_000.0;
/// How far off somebody may be who is on the way to a place.
const ON_THE_WAY_M: f64 = 800.0;
/// Places further apart than this have a town between them.
const BETWEEN_REACH_M: f64 = 3_000.0;
/// Roads further apart than this do not cross.
const CROSSING_REACH_M: f64 = 6_000.0;

/// Every name in a folded text that stands for a place.
pub(super) fn find_mentions(text: &str, index: Index<'_>, skip: &[Range<usize>], area: Option<Wgs84>) -> Mentions {
    let exact = find_exact(text, index, skip);
    let mentions = Mentions::new(text, &exact, index, area);
    // Who names the very spot as it is spelled says enough: only else a slip is looked for.
    if exact.len() == MOST || mentions.found.iter().any(|m| m.role == Role::Scene && m.extent == Extent::Site) {
        return mentions;
    }
    match with_slips(text, exact, index, skip) {
        Some(hits) => Mentions::new(text, &hits, index, area),
        None => mentions,
    }
}

impl Mention {
    fn new(text: &str, hit: &Hit<'_>, place: usize, of: &Place) -> Self {
        let name = hit.span.clone();
        let mut span = name.clone();
        let mut widened_m = 0.0;
        let extent = extent(&of.kind);
        let number = (extent == Extent::Line).then(|| house_number(text, &name)).flatten();
        if let Some((_, whole)) = &number {
            span = whole.clone();
        }
        if let Some((length, metres)) = nearness(&text[span.end..]) {
            span.end += length;
            widened_m = metres;
        } else if let Some((length, metres)) = nearness_before(&text[..span.start]) {
            span.start -= length;
            widened_m = metres;
        }
        let (before, after) = (&text[..name.start], &text[name.end..]);
        if let Some(metres) = away_from(before, &text[span.end..]) {
            widened_m = f64::max(widened_m, metres);
        }
        if ["的路上", "路上", "途中", "的途中"].iter().any(|word| after.starts_with(word))
            && before.ends_with(['去', '回', '往'])
        {
            widened_m = ON_THE_WAY_M;
        }
        Self {
            role: role(before, after, service(of)),
            direct: is_direct(before) || span.start < name.start,
            number: number.map(|(number, _)| number),
            name,
            span,
            place,
            extent,
            accuracy_m: accuracy_m(&of.kind),
            widened_m,
            // A branch that is told by what else is named has that for a witness.
            slipped: hit.slipped && hit.spelling.places.len() == 1,
        }
    }
}

/// How many metres from a place it is said to be: 离汽车站500米, 往村口方向200米.
fn away_from(before: &str, after: &str) -> Option<f64> {
    let from = before.ends_with(['离', '距']);
    let rest = ["方向", "大概", "大约", "约", "还有", "差不多"]
        .iter()
        .fold(after, |rest, word| rest.strip_prefix(word).unwrap_or(rest));
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let metres = (1..=4).contains(&digits).then(|| rest[..digits].parse::<f64>().ok()).flatten();
    let unit = ["米", "m ", "公尺"].iter().any(|unit| rest[digits..].starts_with(unit));
    metres.filter(|_| unit).or(from.then_some(300.0))
}

/// The kind of a place as far as people are taken or call there; liaison points may be hospitals, too.
fn service(place: &Place) -> &str {
    if place.name.ends_with("医院") {
        "hospital"
    } else if place.name.ends_with("派出所") {
        "police_station"
    } else {
        &place.kind
    }
}

impl Mentions {
    fn new(text: &str, hits: &[Hit<'_>], index: Index<'_>, area: Option<Wgs84>) -> Self {
        let mut mentions = Self::default();
        for hit in hits {
            match settle(text, hit, hits, index.places, area) {
                Some(place) => mentions.found.push(Mention::new(text, hit, place, &index.places[place])),
                None => mentions.unsettled.push(hit.span.clone()),
            }
        }
        mentions.found.retain(|mention| mention.role != Role::Denied);
        mentions.step_aside(text);
        mentions
    }

    /// The words that are spoken for: known names and those that could be several.
    pub fn spans(&self) -> Vec<Range<usize>> {
        let mut spans: Vec<_> =
            self.found.iter().map(|m| m.name.clone()).chain(self.unsettled.iter().cloned()).collect();
        spans.sort_by_key(|span| span.start);
        spans
    }

    /// The first name that could mean several places.
    pub fn unsettled(&self) -> Option<Range<usize>> {
        self.unsettled.first().cloned()
    }

    /// A name that another follows at once tells the other's surroundings: 翡翠花园对面的快递站, 青云路 明珠酒店.
    fn step_aside(&mut self, text: &str) {
        for at in 1..self.found.len() {
            let (first, second) = (&self.found[at - 1], &self.found[at]);
            if second.role != Role::Scene
                || first.role != Role::Scene
                || second.extent > first.extent
                || first.span.end > second.name.start
            {
                continue;
            }
            let gap = &text[first.span.end..second.name.start];
            const LINKS: &[&str] = &[
                "",
                " ",
                "的",
                "里",
                "里的",
                "里面",
                "里面的",
                "内",
                "内的",
                "上",
                "上的",
                "那个",
                "那家",
                "那间",
                "这家",
                "这间",
                "有个",
                "有家",
                "个",
            ];
            let han = text[first.name.clone()].chars().any(is_han_char);
            // Side by side, the second must tell more: 青云市场 农业银行门口.
            let tells_more =
                second.extent < first.extent || second.widened_m > 0.0 || second.accuracy_m < first.accuracy_m;
            // 明珠酒店 汽车站附近: the second only tells where the first is.
            let only_near = second.widened_m >= 150.0 && first.widened_m == 0.0 && second.extent == first.extent;
            if han && gap == " " && only_near {
                self.found[at].role = Role::Aside;
            } else if han && LINKS.contains(&gap) && (gap != " " || tells_more) {
                self.found[at - 1].role = Role::Aside;
            }
        }
    }

    /// The place that the message is about.
    pub fn choose(&self, gazetteer: &Gazetteer, text: &str) -> Option<Choice> {
        let named = self.found.iter().map(|mention| mention.choice(gazetteer));
        let between = self.crossing(gazetteer, text).or_else(|| self.between(gazetteer, text));
        between.into_iter().chain(named).min_by(|a, b| {
            let rank = |c: &Choice| (c.role, c.slipped, c.extent, !c.direct, c.span.start);
            rank(a).cmp(&rank(b))
        })
    }

    /// Half way between two places of which the message says that it is between them.
    fn between(&self, gazetteer: &Gazetteer, text: &str) -> Option<Choice> {
        self.found.windows(2).find_map(|pair| {
            let (one, two) = (&pair[0], &pair[1]);
            if one.place == two.place || one.name.end > two.name.start || one.role.max(two.role) > Role::Scene {
                return None;
            }
            let gap = text[one.name.end..two.name.start].trim();
            let after = &text[two.name.end..];
            let said = ["之间", "中间", "的中间", "的之间"].iter().find(|word| after.starts_with(**word));
            let (start, end) = match said {
                Some(word) if ["和", "跟", "与", "同", "到", "至", "及"].contains(&gap) => {
                    (one.name.start, two.name.end + word.len())
                }
                None if gap == "and" || gap == "and the" => {
                    let head = text[..one.name.start]
                        .strip_suffix("between ")
                        .or_else(|| text[..one.name.start].strip_suffix("between the "))?;
                    (head.len(), two.name.end)
                }
                _ => return None,
            };
            let (a, b) = (gazetteer.place(one.place), gazetteer.place(two.place));
            let apart = a.at.distance_m(b.at);
            (apart <= BETWEEN_REACH_M).then(|| Choice {
                span: start..end,
                at: a.at.midpoint(b.at),
                accuracy_m: apart / 2.0 + 100.0,
                source: PlaceSource::Gazetteer,
                datum: a.datum,
                role: Role::Scene,
                slipped: one.slipped || two.slipped,
                extent: Extent::Site,
                direct: true,
            })
        })
    }

    /// Where two roads named together cross: between their points, as far as points can tell.
    fn crossing(&self, gazetteer: &Gazetteer, text: &str) -> Option<Choice> {
        let roads: Vec<&Mention> = self.found.iter().filter(|m| gazetteer.place(m.place).kind == "road").collect();
        roads.windows(2).find_map(|pair| {
            let (one, two) = (pair[0], pair[1]);
            if one.place == two.place || one.name.end > two.name.start {
                return None;
            }
            let gap = text[one.name.end..two.name.start].trim();
            let after = text[two.name.end..].trim_start();
            let (met, end) = crosses(gap, after, text[..one.name.start].trim_end())?;
            let (a, b) = (gazetteer.place(one.place), gazetteer.place(two.place));
            let apart = a.at.distance_m(b.at);
            if apart > CROSSING_REACH_M {
                return None;
            }
            let tail = text.len() - text[two.name.end..].trim_start().len();
            let end = if end == 0 { two.name.end } else { tail + end };
            Some(Choice {
                span: one.name.start - met..end,
                at: a.at.midpoint(b.at),
                accuracy_m: (apart / 2.0 + 100.0).max(150.0) + nearness(&text[end..]).map_or(0.0, |(_, metres)| metres),
                source: PlaceSource::Crossing,
                datum: a.datum,
                role: one.role.min(two.role),
                slipped: one.slipped || two.slipped,
                extent: Extent::Site,
                direct: one.direct,
            })
        })
    }
}

impl Mention {
    fn choice(&self, gazetteer: &Gazetteer) -> Choice {
        let place = gazetteer.place(self.place);
        let house = self.number.and_then(|number| gazetteer.find_house(self.place, number));
        let (at, accuracy, source) = match house {
            Some((at, accuracy)) => (at, accuracy, PlaceSource::Address),
            None => {
                let wider = if self.number.is_some() { 200.0 } else { 0.0 };
                (place.at, self.accuracy_m + wider, PlaceSource::Gazetteer)
            }
        };
        let accuracy = accuracy + self.widened_m;
        Choice {
            span: self.span.clone(),
            at,
            accuracy_m: if self.role == Role::Away { accuracy.max(AWAY_ACCURACY_M) } else { accuracy },
            source,
            datum: place.datum,
            role: self.role,
            slipped: self.slipped,
            extent: if house.is_some() { Extent::Site } else { self.extent },
            direct: self.direct,
        }
    }
}

/// Whether the words between and around two roads say that they cross: bytes taken before the first, and behind
/// the second.
fn crosses(gap: &str, after: &str, before: &str) -> Option<(usize, usize)> {
    const TOGETHER: &[&str] =
        &["和", "跟", "与", "同", "及", ",", "/", "&", "+", "-", "and", "与", "", "x", "×", "路口和", "口和", "with"];
    const MEETING: &[&str] = &[
        "十字路口",
        "丁字路口",
        "三岔路口",
        "交叉路口",
        "交叉口",
        "交叉",
        "交界处",
        "交界",
        "交汇处",
        "交汇",
        "交会",
        "相交",
        "路口",
        "红绿灯",
        "转角",
        "拐角",
        "转弯",
        "口",
        "夹角",
        "之间",
        "中间",
        "intersection",
        "junction",
        "crossroads",
        "crossing",
        "corner",
        "roundabout",
        "lights",
        "traffic lights",
    ];
    const BETWEEN: &[&str] = &[
        "交",
        "交叉",
        "与",
        "/",
        "×",
        "x",
        "at the corner of",
        "corner of",
        "corner",
        "at the corner with",
        "crossing",
        "junction with",
    ];
    const AHEAD: &[&str] = &["corner of", "junction of", "intersection of", "crossing of", "crossroads of", "where"];
    let behind = after.strip_prefix('的').map_or((0, after), |rest| ('的'.len_utf8(), rest));
    let behind = behind.1.strip_prefix("the ").map_or(behind, |rest| (behind.0 + 4, rest));
    let meeting = MEETING.iter().filter(|word| behind.1.starts_with(**word)).max_by_key(|word| word.len());
    if let Some(word) = meeting
        && TOGETHER.contains(&gap)
    {
        return Some((0, behind.0 + word.len()));
    }
    if let Some(word) = AHEAD.iter().find(|word| before.ends_with(**word))
        && (TOGETHER.contains(&gap) || gap == "meets" || gap == "crosses")
    {
        return Some((word.len() + 1, 0));
    }
    (BETWEEN.contains(&gap) && !matches!(gap, "与")).then_some((0, 0))
}

/// A house number beside a road's name, and the span with it.
fn house_number(text: &str, name: &Range<usize>) -> Option<(u32, Range<usize>)> {
    let after = &text[name.end..];
    let gap = after.len() - after.trim_start_matches([' ', '的']).len();
    let digits = after[gap..].bytes().take_while(u8::is_ascii_digit).count();
    if (1..=4).contains(&digits) {
        let rest = &after[gap + digits..];
        let unit = ["号", "弄"].iter().find(|unit| rest.starts_with(**unit))?;
        // 青云路5号线, 5号车 are no houses.
        if rest[unit.len()..].starts_with(['线', '车']) {
            return None;
        }
        let number = after[gap..gap + digits].parse().ok()?;
        return Some((number, name.start..name.end + gap + digits + unit.len()));
    }
    // `12 Keji Road`, `No. 12 Keji Road`
    let before = text[..name.start].strip_suffix(' ')?.trim_end_matches(',');
    let digits = before.bytes().rev().take_while(u8::is_ascii_digit).count();
    if !(1..=4).contains(&digits) || text[name.clone()].chars().any(is_han_char) {
        return None;
    }
    let head = &before[..before.len() - digits];
    let head = ["no. ", "no.", "no ", "#", "number "].iter().find_map(|word| head.strip_suffix(word)).unwrap_or(head);
    if head.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '.') {
        return None;
    }
    Some((before[before.len() - digits..].parse().ok()?, head.len()..name.end))
}
