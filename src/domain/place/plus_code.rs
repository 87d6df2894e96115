//! Open location codes (plus codes): full ones, and short ones against a reference.
//!
//! Owns reading, writing and recovering codes as the published specification has them
//! (google/open-location-code). Called by the gazetteer's `find_place` and by `link`.

use super::Wgs84;
use super::fold::overlapping;
use std::ops::Range;

const ALPHABET: &[u8; 20] = b"23456789CFGHJMPQRVWX";
const SEPARATOR_AT: usize = 8;
/// Digits that come in pairs; those behind refine by a grid of 5 rows and 4 columns.
const PAIRED: usize = 10;
const LONGEST: usize = 15;
/// Units of latitude in a degree at the finest grid: 20³ · 5⁵.
const LAT_UNITS: i64 = 8_000 * 3_125;
/// Units of longitude in a degree at the finest grid: 20³ · 4⁵.
const LON_UNITS: i64 = 8_000 * 1_024;

/// The box that a code names, in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CodeArea {
    /// Southern edge.
    pub south: f64,
    /// Western edge.
    pub west: f64,
    /// Northern edge.
    pub north: f64,
    /// Eastern edge.
    pub east: f64,
}

impl CodeArea {
    /// Its middle.
    pub fn centre(&self) -> Wgs84 {
        Wgs84 { lat: ((self.south + self.north) / 2.0).min(90.0), lon: (self.west + self.east) / 2.0 }
    }

    /// Radius in metres from the middle to a corner.
    pub fn radius_m(&self) -> f64 {
        self.centre().distance_m(Wgs84 { lat: self.north, lon: self.east })
    }
}

/// Whether it is a code at all, full or short; case does not matter.
pub fn is_valid(code: &str) -> bool {
    let bytes = code.as_bytes();
    let Some(separator) = bytes.iter().position(|b| *b == b'+') else { return false };
    let (head, tail) = (&bytes[..separator], &bytes[separator + 1..]);
    if separator > SEPARATOR_AT || separator % 2 == 1 || tail.len() == 1 || head.is_empty() && tail.is_empty() {
        return false;
    }
    let kept = head.iter().position(|b| *b == b'0').unwrap_or(head.len());
    let padded = kept < head.len();
    if padded && (separator < SEPARATOR_AT || kept == 0 || kept % 2 == 1 || !tail.is_empty()) {
        return false;
    }
    head[kept..].iter().all(|b| *b == b'0') && head[..kept].iter().chain(tail).all(|b| digit(*b).is_some())
}

/// Whether it is a valid code that needs no reference.
pub fn is_full(code: &str) -> bool {
    is_valid(code)
        && code.find('+') == Some(SEPARATOR_AT)
        && digit(code.as_bytes()[0]).is_some_and(|d| d < 9)
        && digit(code.as_bytes()[1]).is_some_and(|d| d < 18)
}

/// Whether it is a valid code that was shortened.
pub fn is_short(code: &str) -> bool {
    is_valid(code) && code.find('+').is_some_and(|at| at < SEPARATOR_AT)
}

/// The box of a full code.
pub fn decode(code: &str) -> Option<CodeArea> {
    if !is_full(code) {
        return None;
    }
    let (mut lat, mut lon) = (-90 * LAT_UNITS, -180 * LON_UNITS);
    let (mut lat_size, mut lon_size) = (LAT_UNITS * 400, LON_UNITS * 400);
    let digits = code.bytes().filter(|b| !matches!(b, b'+' | b'0')).filter_map(digit);
    for (at, digit) in digits.take(LONGEST).enumerate() {
        if at >= PAIRED {
            lat_size /= 5;
            lon_size /= 4;
            lat += lat_size * (digit / 4);
            lon += lon_size * (digit % 4);
        } else if at % 2 == 0 {
            lat_size /= 20;
            lat += lat_size * digit;
        } else {
            lon_size /= 20;
            lon += lon_size * digit;
        }
    }
    let degrees = |units: i64, per_degree: i64| units as f64 / per_degree as f64;
    Some(CodeArea {
        south: degrees(lat, LAT_UNITS),
        west: degrees(lon, LON_UNITS),
        north: degrees(lat + lat_size, LAT_UNITS),
        east: degrees(lon + lon_size, LON_UNITS),
    })
}

/// The code of a point with so many digits: 2, 4, 6, 8 or 10 to 15; others are raised to the next that is.
pub fn encode(at: Wgs84, digits: usize) -> String {
    let count = if digits < PAIRED { digits.max(2).next_multiple_of(2) } else { digits.min(LONGEST) };
    // Digits behind the point that no double can hold are rounded away first.
    let units = |degrees: f64, per_degree: i64| (degrees * per_degree as f64 * 1e6).round().div_euclid(1e6) as i64;
    let mut lat = (units(at.lat, LAT_UNITS) + 90 * LAT_UNITS).clamp(0, 180 * LAT_UNITS - 1);
    let mut lon = (units(at.lon, LON_UNITS) + 180 * LON_UNITS).rem_euclid(360 * LON_UNITS);
    let mut code = [b'0'; LONGEST];
    for slot in (PAIRED..LONGEST).rev() {
        code[slot] = letter(lat % 5 * 4 + lon % 4);
        lat /= 5;
        lon /= 4;
    }
    for pair in (0..PAIRED / 2).rev() {
        code[2 * pair] = letter(lat % 20);
        code[2 * pair + 1] = letter(lon % 20);
        lat /= 20;
        lon /= 20;
    }
    let mut text = String::with_capacity(count + 1);
    for (slot, byte) in code.iter().enumerate().take(count.max(SEPARATOR_AT)) {
        if slot == SEPARATOR_AT {
            text.push('+');
        }
        text.push(if slot < count { char::from(*byte) } else { '0' });
    }
    if count <= SEPARATOR_AT {
        text.push('+');
    }
    text
}

/// The box that a short code means near a reference; a full code is read as it stands.
pub fn recover(code: &str, near: Wgs84) -> Option<CodeArea> {
    if is_full(code) {
        return decode(code);
    }
    if !is_short(code) {
        return None;
    }
    let missing = SEPARATOR_AT - code.find('+')?;
    let cell = 20f64.powi(2 - (missing / 2) as i32);
    let head = encode(near, PAIRED);
    let area = decode(&format!("{}{}", &head[..missing], code.to_ascii_uppercase()))?;
    let centre = area.centre();
    let mut lat = 0.0;
    if near.lat + cell / 2.0 < centre.lat && centre.lat - cell > -90.0 {
        lat = -cell;
    } else if near.lat - cell / 2.0 > centre.lat && centre.lat + cell < 90.0 {
        lat = cell;
    }
    let mut lon = 0.0;
    if near.lon + cell / 2.0 < centre.lon {
        lon = -cell;
    } else if near.lon - cell / 2.0 > centre.lon {
        lon = cell;
    }
    Some(CodeArea { south: area.south + lat, west: area.west + lon, north: area.north + lat, east: area.east + lon })
}

/// Where the first code stands in a folded text. A bare sum (`2345+67`) is none.
pub(super) fn find_code(text: &str, skip: &[Range<usize>]) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    text.match_indices('+').find_map(|(plus, _)| {
        let start = plus - bytes[..plus].iter().rev().take_while(|b| b.is_ascii_alphanumeric()).count();
        let end = plus + 1 + bytes[plus + 1..].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        let code = &text[start..end];
        let written = code.bytes().any(|b| b.is_ascii_alphabetic())
            && code.len() <= LONGEST + 1
            && overlapping(skip, &(start..end)).is_none();
        let told = is_full(code) && !code.contains("0000") || is_short(code) && plus - start >= 4 && end - plus > 2;
        (written && told).then_some(start..end)
    })
}

fn digit(byte: u8) -> Option<i64> {
    let at = ALPHABET.iter().position(|letter| *letter == byte.to_ascii_uppercase())?;
    i64::try_from(at).ok()
}

fn letter(digit: i64) -> u8 {
    ALPHABET[digit.rem_euclid(20) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Rows of the specification's own validity and shortening tests.
    #[test]
    fn validity_is_as_published() {
        for (code, short, full) in [
            ("8FWC2345+G6", false, true),
            ("8FWC2345+G6G", false, true),
            ("8fwc2345+", false, true),
            ("8FWCX400+", false, true),
            ("84000000+", false, true),
            ("WC2345+G6g", true, false),
            ("2345+G6", true, false),
            ("45+G6", true, false),
            ("+G6", true, false),
            ("G+", false, false),
            ("+", false, false),
            ("8FWC2345+G", false, false),
            ("8FWC2_45+G6", false, false),
            ("8FWC2300+G6", false, false),
            ("WC2300+", false, false),
            ("849VGJQF+VX7QR3U", false, false),
            ("849VGJQF+VX7QR3J", false, true),
        ] {
            assert_eq!((is_short(code), is_full(code)), (short, full), "{code}");
        }
    }

    #[test]
    fn short_codes_are_recovered_over_cell_edges() {
        for (code, lat, lon, want) in [
            ("9QCJ+2VX", 51.3708675, -1.217765625, "9C3W9QCJ+2VX"),
            ("9QCJ+2VX", 51.3852125, -1.217765625, "9C3W9QCJ+2VX"),
            ("9QCJ+2VX", 51.3701125, -1.232865625, "9C3W9QCJ+2VX"),
            ("GXGG+GG", 46.526, 8.026, "8FR9GXGG+GG"),
        ] {
            let got = recover(code, Wgs84 { lat, lon }).unwrap();
            assert!(got.centre().distance_m(decode(want).unwrap().centre()) < 0.1, "{code} {lat} {lon}");
        }
    }

    #[test]
    fn codes_are_found_and_sums_are_not() {
        for (text, want) in [
            ("村口 7pjpr574+w7 有人", Some("7pjpr574+w7")),
            ("在r574+w7附近", Some("r574+w7")),
            ("c++ 8+2 2345+67 电话+8613800", None),
            ("xr574+w7", None),
        ] {
            assert_eq!(find_code(text, &[]).map(|span| &text[span]), want, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_code_holds_its_point(lat in -90.0..90.0f64, lon in -180.0..180.0f64, digits in 2usize..=15) {
            let at = Wgs84 { lat, lon };
            let code = encode(at, digits);
            prop_assert!(is_full(&code), "{}", code);
            let area = decode(&code).unwrap();
            let slack = 1e-6;
            prop_assert!(area.south - slack <= lat && lat <= area.north + slack, "{}", code);
            prop_assert!(area.west - slack <= lon && lon <= area.east + slack, "{}", code);
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}|[2-9CFGHX0+]{0,20}") {
            let _ = (is_valid(&text), is_full(&text), is_short(&text), decode(&text), find_code(&text, &[]));
            let _ = recover(&text, Wgs84 { lat: 22.8, lon: 114.1 });
        }
    }
}
