//! Map-share links: which parameter holds the point, in which order, in which datum.
//!
//! Owns the forms of each vendor. Works offline: a link of a map service that holds no point is named
//! and never guessed; links to anything else are no business of this module. Called by `find_place`.

use super::datum::{BaiduMercator, Bd09};
use super::{Datum, PlaceReading, PlaceSource, Wgs84, plus_code};
use std::borrow::Cow;
use std::ops::Range;

/// A link found in a message.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Link {
    /// Where it stands in the message.
    pub span: Range<usize>,
    /// What it says.
    pub meaning: Meaning,
}

/// What a link says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Meaning {
    /// A point.
    Point(MapPoint),
    /// A map service's link that holds no point offline.
    Opaque,
    /// Not a map.
    Foreign,
}

/// A point told by a link.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct MapPoint {
    /// Where.
    pub at: Wgs84,
    /// The datum in which the link gave it.
    pub datum: Datum,
    /// Radius in metres.
    pub accuracy_m: f64,
}

impl Link {
    /// What is stored of a link with a point.
    pub fn reading(&self, message: &str) -> Option<PlaceReading> {
        let Meaning::Point(point) = self.meaning else { return None };
        Some(PlaceReading {
            text: message[self.span.clone()].to_owned(),
            at: point.at,
            accuracy_m: point.accuracy_m,
            source: PlaceSource::Link,
            datum: point.datum,
        })
    }
}

/// A pin that somebody dropped or a place that a map shared.
const PIN_ACCURACY_M: f64 = 20.0;
/// The middle of somebody's map view.
const VIEW_ACCURACY_M: f64 = 100.0;

/// Longer than any link that a map makes; what goes on beyond is no link.
const LONGEST: usize = 1_000;

/// So many openings of links at most are looked at in a message.
const MOST: usize = 64;

/// How links begin: schemes, and hosts that people paste without one.
const OPENINGS: &[&str] =
    &["http://", "https://", "geo:", "qqmap://", "androidamap://", "iosamap://", "amapuri://", "baidumap://"];
const BARE_HOSTS: &[&str] = &[
    "uri.amap.com/",
    "wb.amap.com/",
    "surl.amap.com/",
    "www.amap.com/",
    "ditu.amap.com/",
    "api.map.baidu.com/",
    "map.baidu.com/",
    "j.map.baidu.com/",
    "apis.map.qq.com/",
    "map.qq.com/",
    "google.com/maps",
    "www.google.com/maps",
    "maps.google.com/",
    "maps.app.goo.gl/",
    "goo.gl/maps/",
    "maps.apple.com/",
    "maps.apple/",
    "www.openstreetmap.org/",
    "openstreetmap.org/",
    "osm.org/",
    "plus.codes/",
];

/// Every link of a message, in order.
pub(super) fn find_links(message: &str) -> Vec<Link> {
    let mut links = Vec::new();
    // A link has a slash or is `geo:`; most messages have neither.
    if !message.bytes().any(|b| b == b'/' || b == b':') {
        return links;
    }
    let mut from = 0;
    for _ in 0..MOST {
        let Some(start) = next_opening(message, from) else { break };
        let end = start + length(&message[start..]);
        if end > start {
            let meaning = read(&message[start..end]);
            if meaning != Meaning::Foreign || message[start..end].contains("://") {
                links.push(Link { span: start..end, meaning });
            }
        }
        from = end.max(start + 1);
    }
    links
}

/// Where the next link begins, at a byte that begins a word.
fn next_opening(message: &str, from: usize) -> Option<usize> {
    let bytes = message.as_bytes();
    (from..bytes.len()).find(|&at| {
        bytes[at].is_ascii_alphabetic()
            && (at == 0
                || !(bytes[at - 1].is_ascii_alphanumeric()
                    || matches!(bytes[at - 1], b'.' | b'-' | b'_' | b'/' | b'@')))
            && OPENINGS.iter().chain(BARE_HOSTS).any(|opening| {
                bytes.get(at..at + opening.len()).is_some_and(|head| head.eq_ignore_ascii_case(opening.as_bytes()))
            })
    })
}

/// How long the link is that a text begins with. Chinese letters belong to it inside a parameter or path, not
/// where the sentence goes on behind it.
fn length(text: &str) -> usize {
    let is_stop = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || "<>\"，。；！？、（）【】「」『』《》“”‘’…：".contains(c)
            || ('\u{200B}'..='\u{200F}').contains(&c)
    };
    let whole =
        &text[..text.char_indices().find(|(at, c)| *at >= LONGEST || is_stop(*c)).map_or(text.len(), |(at, _)| at)];
    let mut end = whole.len();
    let mut at = 0;
    while let Some(run) = whole[at..].find(|c: char| !c.is_ascii()) {
        let start = at + run;
        let stop = whole[start..].find(|c: char| c.is_ascii()).map_or(whole.len(), |n| start + n);
        let goes_on = whole[stop..].starts_with(['&', '/', '%', ';', ',', '+', '(', ')', '-', '|']);
        let is_value = whole[..start].ends_with(['=', ',', ':', '(']) && whole[..start].contains('?');
        let in_link = goes_on && (whole[..start].contains(['?', '=']) || whole[stop..].contains('@'));
        // 某路1号: the same value goes on behind a digit.
        let same_value = at > 0 && !whole[at..start].contains(['&', '?', '#', '/']);
        if !in_link && !is_value && !same_value {
            end = start;
            break;
        }
        at = stop;
    }
    let mut link = whole[..end].trim_end_matches(['.', ',', ';', '!', '?', '\'', '*', '~', '|']);
    while link.ends_with([')', ']']) && link.matches(['(', '[']).count() < link.matches([')', ']']).count() {
        link = &link[..link.len() - 1];
    }
    link.len()
}

/// A link taken apart.
struct Parts<'a> {
    host: &'a str,
    path: Cow<'a, str>,
    query: Vec<(&'a str, Cow<'a, str>)>,
    fragment: Cow<'a, str>,
}

impl<'a> Parts<'a> {
    fn new(link: &'a str) -> Self {
        let rest = link.split_once("://").map_or(link, |(_, rest)| rest);
        let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let (head, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (host, path) = head.split_at(head.find('/').unwrap_or(head.len()));
        let query = query
            .split('&')
            .map(|pair| pair.strip_prefix("amp;").unwrap_or(pair))
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (key, decoded(value)))
            .collect();
        Self { host, path: decoded(path), query, fragment: decoded(fragment) }
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.query.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_ref())
    }

    fn host_is(&self, names: &[&str]) -> bool {
        let host = self.host.split(':').next().unwrap_or_default();
        names.iter().any(|name| {
            host.len() >= name.len()
                && host.get(host.len() - name.len()..).is_some_and(|tail| tail.eq_ignore_ascii_case(name))
                && (host.len() == name.len() || host.as_bytes()[host.len() - name.len() - 1] == b'.')
        })
    }
}

/// Percent signs undone.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let byte = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(byte.unwrap_or(bytes[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

fn read(link: &str) -> Meaning {
    if link.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("geo:")) {
        return geo(&link[4..]);
    }
    let parts = Parts::new(link);
    let scheme = link.split_once("://").map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
    let point = if scheme.ends_with("amap") || scheme == "amapuri" || parts.host_is(&["amap.com"]) {
        amap(&parts)
    } else if scheme == "baidumap" || parts.host_is(&["map.baidu.com"]) {
        baidu(&parts)
    } else if scheme == "qqmap" || parts.host_is(&["map.qq.com"]) {
        tencent(&parts)
    } else if parts.host_is(&["maps.apple.com", "maps.apple"]) {
        apple(&parts)
    } else if parts.host_is(&["openstreetmap.org", "osm.org"]) {
        osm(&parts)
    } else if parts.host_is(&["plus.codes"]) {
        code_point(parts.path.trim_matches('/'))
    } else if is_google(&parts) {
        google(&parts)
    } else if parts.host_is(&["maps.app.goo.gl", "g.co"])
        || parts.host_is(&["goo.gl"]) && parts.path.starts_with("/maps")
    {
        None
    } else {
        return Meaning::Foreign;
    };
    point.map_or(Meaning::Opaque, Meaning::Point)
}

fn amap(parts: &Parts) -> Option<MapPoint> {
    let datum = match parts.get("coordinate").map(str::to_ascii_lowercase).as_deref() {
        Some("wgs84") => Datum::Wgs84,
        _ => Datum::Gcj02,
    };
    if let Some((lon, lat)) = parts.get("position").or_else(|| parts.get("to")).and_then(two) {
        return pin(datum, lat, lon);
    }
    if let Some(point) = named(parts, "lat", "lng").or_else(|| named(parts, "lat", "lon")) {
        return pin(datum, point.0, point.1);
    }
    if let Some((lat, lon)) = parts.get("q").and_then(two) {
        return pin(datum, lat, lon);
    }
    // POIID,LAT,LON,NAME,ADDRESS
    let (_, rest) = parts.get("p")?.split_once(',')?;
    two(rest).and_then(|(lat, lon)| pin(datum, lat, lon))
}

fn baidu(parts: &Parts) -> Option<MapPoint> {
    let given = parts.get("location").or_else(|| parts.get("latlng")).map(|value| value.trim_start_matches("latlng:"));
    if let Some((lat, lon)) = given.and_then(two) {
        return match parts.get("coord_type").map(str::to_ascii_lowercase).as_deref() {
            Some("wgs84") => pin(Datum::Wgs84, lat, lon),
            Some("gcj02") => pin(Datum::Gcj02, lat, lon),
            Some("bd09mc") => baidu_metres(lat, lon),
            _ => pin(Datum::Bd09, lat, lon),
        };
    }
    if let Some((x, y)) = parts.get("sharegeo").and_then(two) {
        return baidu_metres(x, y);
    }
    let (_, at) = parts.path.split_once('@')?;
    let (x, y) = two(at)?;
    baidu_metres(x, y).map(|point| MapPoint { accuracy_m: VIEW_ACCURACY_M, ..point })
}

fn baidu_metres(x: f64, y: f64) -> Option<MapPoint> {
    // Beyond the last band the polynomials mean nothing.
    if x.abs() > 20_037_508.4 || y.abs() > 20_037_508.4 {
        return None;
    }
    let at = Bd09::from(BaiduMercator { x, y });
    pin(Datum::Bd09, at.lat, at.lon)
}

fn tencent(parts: &Parts) -> Option<MapPoint> {
    let datum = if parts.get("coord_type") == Some("1") { Datum::Wgs84 } else { Datum::Gcj02 };
    let marker = parts.get("marker").and_then(|marker| marker.split_once("coord:")).map(|(_, point)| point);
    let given = marker.or_else(|| parts.get("coord")).or_else(|| parts.get("tocoord")).or_else(|| parts.get("center"));
    given.and_then(two).and_then(|(lat, lon)| pin(datum, lat, lon))
}

fn is_google(parts: &Parts) -> bool {
    let host = parts.host.to_ascii_lowercase();
    let labels: Vec<&str> = host.split('.').collect();
    labels.contains(&"google") && (labels[0] == "maps" || parts.path.starts_with("/maps") || labels[0] == "ditu")
}

fn google(parts: &Parts) -> Option<MapPoint> {
    // The pin beats the middle of the view.
    if let Some((lat, rest)) = parts.path.rsplit_once("!3d").and_then(|(_, rest)| rest.split_once("!4d")) {
        let lon = rest.split(['!', '/', '?']).next()?;
        return google_pin(number(lat)?, number(lon)?);
    }
    for key in ["q", "query", "destination", "daddr", "ll", "center"] {
        let Some(value) = parts.get(key) else { continue };
        let value = value.strip_prefix("loc:").unwrap_or(value);
        let value = value.rsplit_once('@').map_or(value, |(_, point)| point);
        if let Some((lat, lon)) = two(value) {
            return google_pin(lat, lon);
        }
        if let Some(point) = code_point(value) {
            return Some(point);
        }
    }
    for segment in parts.path.split('/').rev() {
        if let Some((lat, lon)) = segment.strip_prefix('@').and_then(two) {
            return google_pin(lat, lon).map(|point| MapPoint { accuracy_m: VIEW_ACCURACY_M, ..point });
        }
        if let Some((lat, lon)) = two(segment) {
            return google_pin(lat, lon);
        }
    }
    None
}

/// Google shows mainland China on the shifted datum and the rest of the world on GPS's own.
fn google_pin(lat: f64, lon: f64) -> Option<MapPoint> {
    let datum = if Wgs84::new(lat, lon)?.is_in_mainland_china() { Datum::Gcj02 } else { Datum::Wgs84 };
    pin(datum, lat, lon)
}

fn apple(parts: &Parts) -> Option<MapPoint> {
    ["coordinate", "ll", "q", "daddr", "address", "sll", "center"]
        .iter()
        .find_map(|key| parts.get(key).and_then(two))
        .and_then(|(lat, lon)| pin(Datum::Wgs84, lat, lon))
}

fn osm(parts: &Parts) -> Option<MapPoint> {
    let given = named(parts, "mlat", "mlon").or_else(|| named(parts, "lat", "lon"));
    if let Some((lat, lon)) = given {
        return pin(Datum::Wgs84, lat, lon);
    }
    if let Some(code) = parts.path.strip_prefix("/go/") {
        return osm_short(code);
    }
    let (_, map) = parts.fragment.split_once("map=")?;
    let mut numbers = map.split(['/', '&']).skip(1);
    let (lat, lon) = (number(numbers.next()?)?, number(numbers.next()?)?);
    pin(Datum::Wgs84, lat, lon).map(|point| MapPoint { accuracy_m: VIEW_ACCURACY_M, ..point })
}

/// OpenStreetMap's short code: six bits a letter, longitude and latitude in turn.
fn osm_short(code: &str) -> Option<MapPoint> {
    let (mut x, mut y, mut bits) = (0u64, 0u64, 0u32);
    for byte in code.bytes().take_while(|b| !matches!(b, b'-' | b'=' | b'/')) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'_' => 62,
            // `@` in links made before 2011.
            b'~' | b'@' => 63,
            _ => return None,
        };
        if bits >= 30 {
            break;
        }
        for pair in (0..3).rev() {
            x = x << 1 | u64::from(value >> (2 * pair + 1) & 1);
            y = y << 1 | u64::from(value >> (2 * pair) & 1);
        }
        bits += 3;
    }
    if bits < 9 {
        return None;
    }
    let cells = (1u64 << bits) as f64;
    let (lat, lon) = (y as f64 / cells * 180.0 - 90.0, x as f64 / cells * 360.0 - 180.0);
    pin(Datum::Wgs84, lat, lon)
        .map(|point| MapPoint { accuracy_m: (360.0 / cells * 111_195.0).max(PIN_ACCURACY_M), ..point })
}

/// `LAT,LON?z=…&q=LAT,LON(NAME)`: the pin in `q` beats the view.
fn geo(rest: &str) -> Meaning {
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let pinned = query.split('&').find_map(|pair| pair.strip_prefix("q=")).map(decoded);
    let path = decoded(path);
    let uncertainty = path.split(';').find_map(|part| part.strip_prefix("u=")).and_then(number);
    let shifted = path.split(';').any(|part| part.eq_ignore_ascii_case("crs=gcj02"));
    let datum = if shifted { Datum::Gcj02 } else { Datum::Wgs84 };
    let view = two(&path).filter(|point| *point != (0.0, 0.0));
    let Some((lat, lon)) = pinned.as_deref().and_then(two).or(view) else {
        // `geo:` alone is a word; with a query it is somebody's map.
        return if pinned.is_some() { Meaning::Opaque } else { Meaning::Foreign };
    };
    let point = pin(datum, lat, lon)
        .map(|point| MapPoint { accuracy_m: uncertainty.map_or(PIN_ACCURACY_M, |u| u.max(PIN_ACCURACY_M)), ..point });
    point.map_or(Meaning::Foreign, Meaning::Point)
}

fn code_point(text: &str) -> Option<MapPoint> {
    // An undecoded `+` of a query stands for a blank.
    let code = text.split([',', ' ']).next()?;
    let area = plus_code::decode(code)?;
    let accuracy_m = area.radius_m().max(PIN_ACCURACY_M);
    Some(MapPoint { at: area.centre(), datum: Datum::Wgs84, accuracy_m })
}

fn pin(datum: Datum, lat: f64, lon: f64) -> Option<MapPoint> {
    Wgs84::new(lat, lon)?;
    Some(MapPoint { at: Wgs84::from_datum(datum, lat, lon), datum, accuracy_m: PIN_ACCURACY_M })
}

fn named(parts: &Parts, first: &str, second: &str) -> Option<(f64, f64)> {
    Some((number(parts.get(first)?)?, number(parts.get(second)?)?))
}

/// The first two numbers of a list; names and zooms may follow.
fn two(list: &str) -> Option<(f64, f64)> {
    let mut items = list.split([',', ';', '(']);
    Some((number(items.next()?)?, number(items.next()?)?))
}

/// A whole number or decimal, and nothing else: no `inf`, no exponent.
fn number(text: &str) -> Option<f64> {
    let text = text.trim_matches([' ', '+']);
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-'));
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn only(message: &str) -> (Meaning, &str) {
        let links = find_links(message);
        assert_eq!(links.len(), 1, "{message}: {links:?}");
        (links[0].meaning, &message[links[0].span.clone()])
    }

    #[test]
    fn each_form_has_its_order_and_datum() {
        let (lat, lon) = (22.951, 114.032);
        for (link, datum) in [
            ("https://uri.amap.com/marker?position=114.032,22.951&name=家", Datum::Gcj02),
            ("https://uri.amap.com/marker?position=114.032%2C22.951&coordinate=wgs84", Datum::Wgs84),
            ("https://wb.amap.com/?q=22.951,114.032,某店", Datum::Gcj02),
            ("http://wb.amap.com/?p=B0FF123,22.951,114.032,某店,某路1号", Datum::Gcj02),
            ("https://www.amap.com/regeo?lng=114.032&lat=22.951&name=x", Datum::Gcj02),
            ("http://api.map.baidu.com/marker?location=22.951,114.032&title=屋&content=屋&output=html", Datum::Bd09),
            ("http://api.map.baidu.com/geocoder?location=22.951,114.032&coord_type=gcj02", Datum::Gcj02),
            ("http://api.map.baidu.com/marker?location=22.951,114.032&coord_type=wgs84", Datum::Wgs84),
            (
                "https://apis.map.qq.com/uri/v1/marker?marker=coord:22.951,114.032;title:店;addr:路&referer=a",
                Datum::Gcj02,
            ),
            ("https://apis.map.qq.com/uri/v1/marker?marker=coord:22.951,114.032;title:a&coord_type=1", Datum::Wgs84),
            ("https://apis.map.qq.com/uri/v1/geocoder?coord=22.951,114.032", Datum::Gcj02),
            ("qqmap://map/marker?marker=coord:22.951,114.032;title:a", Datum::Gcj02),
            ("https://www.google.com/maps/@22.951,114.032,17z", Datum::Gcj02),
            ("https://www.google.com/maps/place/X/@1.0,2.0,17z/data=!3m1!8m2!3d22.951!4d114.032", Datum::Gcj02),
            ("https://maps.google.com/?q=22.951,114.032", Datum::Gcj02),
            ("https://www.google.com/maps/search/?api=1&query=22.951%2C114.032", Datum::Gcj02),
            ("https://maps.google.com/maps?daddr=Somewhere@22.951,114.032", Datum::Gcj02),
            ("https://maps.apple.com/?ll=22.951,114.032&q=Pin", Datum::Wgs84),
            ("https://www.openstreetmap.org/?mlat=22.951&mlon=114.032#map=17/1/2", Datum::Wgs84),
            ("https://www.openstreetmap.org/#map=17/22.951/114.032", Datum::Wgs84),
            ("geo:22.951,114.032?z=17", Datum::Wgs84),
            ("geo:0,0?q=22.951,114.032(here)", Datum::Wgs84),
            ("uri.amap.com/marker?position=114.032,22.951", Datum::Gcj02),
        ] {
            let (Meaning::Point(point), whole) = only(link) else { panic!("{link}: no point") };
            assert_eq!(whole, link);
            assert_eq!(point.datum, datum, "{link}");
            assert!(point.at.distance_m(Wgs84::from_datum(datum, lat, lon)) < 0.01, "{link}: {point:?}");
        }
    }

    #[test]
    fn baidu_pages_are_in_its_own_metres() {
        for link in [
            "https://map.baidu.com/@12693763.634,3874151.929,17z",
            "https://map.baidu.com/poi/某地/@12693763.634,3874151.929,13z",
            "https://map.baidu.com/mobile/webapp/place/detail/qt=inf&a=1?sharegeo=12693763.634,3874151.929",
        ] {
            let (Meaning::Point(point), whole) = only(link) else { panic!("{link}: no point") };
            assert_eq!(whole, link);
            assert!(point.at.distance_m(Wgs84 { lat: 33.013_355_6, lon: 114.016_432_2 }) < 1.0, "{link}: {point:?}");
        }
    }

    #[test]
    fn google_is_unshifted_outside_the_mainland() {
        for (lat, lon, datum) in
            [(51.5, -0.126, Datum::Wgs84), (22.2819, 114.1582, Datum::Wgs84), (39.9, 116.4, Datum::Gcj02)]
        {
            let link = format!("https://maps.google.com/?q={lat},{lon}");
            let (Meaning::Point(point), _) = only(&link) else { panic!("{link}: no point") };
            assert_eq!(point.datum, datum, "{link}");
        }
    }

    #[test]
    fn links_without_a_point_are_opaque() {
        for link in [
            "https://uri.amap.com/marker?poiid=B0FFG12345",
            "https://surl.amap.com/4nDzK1x",
            "https://j.map.baidu.com/ab/cdef",
            "https://map.baidu.com/?poiShareUid=abc",
            "https://map.baidu.com/?s=inf&uid=abc",
            "https://maps.app.goo.gl/AbCd",
            "https://goo.gl/maps/AbCd",
            "https://maps.apple/p/AbCd",
            "https://maps.apple.com/?auid=123",
            "https://maps.google.com/?q=Somewhere",
            "https://maps.google.com/?q=91.0,181.0",
        ] {
            assert_eq!(only(link), (Meaning::Opaque, link));
        }
        assert_eq!(only("https://example.org/?q=22.951,114.032").0, Meaning::Foreign);
        assert!(find_links("geo: 地点 a.b/c 8/10").is_empty());
    }

    #[test]
    fn the_sentence_goes_on_behind_a_link() {
        for (message, link) in [
            ("看 https://surl.amap.com/4nDzK1x有人打架", "https://surl.amap.com/4nDzK1x"),
            ("(https://maps.apple.com/?ll=22.951,114.032).", "https://maps.apple.com/?ll=22.951,114.032"),
            ("https://osm.org/go/0EEQjE--，快来", "https://osm.org/go/0EEQjE--"),
        ] {
            assert_eq!(only(message).1, link);
        }
    }

    #[test]
    fn openstreetmap_short_codes_decode_offline() {
        for code in ["0EEQjE--", "0EEQjE=="] {
            let point = osm_short(code).unwrap();
            assert!(
                (point.at.lat - 51.510_772_705).abs() < 1e-6 && (point.at.lon - 0.054_931_641).abs() < 1e-6,
                "{point:?}"
            );
        }
        assert_eq!(osm_short("~v2juONc--"), osm_short("@v2juONc=-"), "the old letter for 63");
        assert!(osm_short("!").is_none() && osm_short("A").is_none());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,60}|https://(uri.amap.com|map.baidu.com|osm.org/go|maps.google.com)/[ -~]{0,40}|geo:[ -~中]{0,20}") {
            for link in find_links(&text) {
                prop_assert!(text.get(link.span.clone()).is_some_and(|words| !words.is_empty()));
            }
        }
    }
}
