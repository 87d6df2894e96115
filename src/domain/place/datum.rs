//! Datums: WGS-84, GCJ-02, BD-09 and Baidu's metres, each its own type.
//!
//! Owns the conversions and distance on the sphere. A point of a shifted datum is never a [`Wgs84`]
//! before it was converted. Called by everything that reads a point in another datum.

use super::{Datum, Wgs84};
use std::f64::consts::PI;

/// Mean radius of the earth, metres (IUGG).
pub const EARTH_RADIUS_M: f64 = 6_371_008.8;

/// Semi-major axis of the Krasovsky ellipsoid, by which GCJ-02 is defined.
const KRASOVSKY_A: f64 = 6_378_245.0;
/// Its squared eccentricity.
const KRASOVSKY_EE: f64 = 0.006_693_421_622_965_943;
/// Baidu's angle constant.
const BD_PI: f64 = PI * 3000.0 / 180.0;

/// A point in GCJ-02 degrees (Amap, Tencent).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gcj02 {
    /// Latitude as the shifted map shows it.
    pub lat: f64,
    /// Longitude as the shifted map shows it.
    pub lon: f64,
}

/// A point in BD-09 degrees (Baidu).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bd09 {
    /// Latitude as Baidu shows it.
    pub lat: f64,
    /// Longitude as Baidu shows it.
    pub lon: f64,
}

/// A point in Baidu's Mercator metres (BD09MC); not EPSG:3857.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BaiduMercator {
    /// Metres east.
    pub x: f64,
    /// Metres north.
    pub y: f64,
}

impl Wgs84 {
    /// A point from degrees; `None` out of range or not finite.
    pub fn new(lat: f64, lon: f64) -> Option<Self> {
        ((-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon)).then_some(Self { lat, lon })
    }

    /// Metres to another point along the great circle (haversine, mean radius).
    pub fn distance_m(self, other: Self) -> f64 {
        let (lat1, lat2) = (self.lat.to_radians(), other.lat.to_radians());
        let half_lat = ((lat2 - lat1) / 2.0).sin();
        let half_lon = ((other.lon - self.lon).to_radians() / 2.0).sin();
        let h = half_lat * half_lat + lat1.cos() * lat2.cos() * half_lon * half_lon;
        2.0 * EARTH_RADIUS_M * h.sqrt().min(1.0).asin()
    }

    /// A point given in a datum, as WGS-84. Kept within range, whatever the shift does at the edge.
    pub fn from_datum(datum: Datum, lat: f64, lon: f64) -> Self {
        let at: Self = match datum {
            Datum::Wgs84 => Self { lat, lon },
            Datum::Gcj02 => Gcj02 { lat, lon }.into(),
            Datum::Bd09 => Bd09 { lat, lon }.into(),
        };
        Self { lat: at.lat.clamp(-90.0, 90.0), lon: at.lon.clamp(-180.0, 180.0) }
    }

    /// The point half way to another; meant for neighbours, not for antipodes.
    pub fn midpoint(self, other: Self) -> Self {
        Self { lat: (self.lat + other.lat) / 2.0, lon: (self.lon + other.lon) / 2.0 }
    }
}

impl From<Wgs84> for Gcj02 {
    fn from(at: Wgs84) -> Self {
        if !at.is_in_greater_china() {
            return Self { lat: at.lat, lon: at.lon };
        }
        let (lat, lon) = shift(at.lat, at.lon);
        Self { lat: at.lat + lat, lon: at.lon + lon }
    }
}

impl From<Gcj02> for Wgs84 {
    /// Exact inverse: walks back by the shift of each better guess. Three steps reach a millimetre.
    fn from(at: Gcj02) -> Self {
        let given = Self { lat: at.lat, lon: at.lon };
        if !(14.0..55.0).contains(&at.lat) || !(72.0..137.0).contains(&at.lon) {
            return given;
        }
        let mut guess = given;
        for _ in 0..8 {
            let (lat, lon) = shift(guess.lat, guess.lon);
            let next = Self { lat: at.lat - lat, lon: at.lon - lon };
            let moved = (next.lat - guess.lat).abs() + (next.lon - guess.lon).abs();
            guess = next;
            if moved < 1e-10 {
                break;
            }
        }
        if guess.is_in_greater_china() { guess } else { given }
    }
}

impl From<Gcj02> for Bd09 {
    fn from(at: Gcj02) -> Self {
        let radius = at.lon.hypot(at.lat) + 0.000_02 * (at.lat * BD_PI).sin();
        let angle = at.lat.atan2(at.lon) + 0.000_003 * (at.lon * BD_PI).cos();
        Self { lat: radius * angle.sin() + 0.006, lon: radius * angle.cos() + 0.006_5 }
    }
}

impl From<Bd09> for Gcj02 {
    fn from(at: Bd09) -> Self {
        let mut guess = Self { lat: at.lat - 0.006, lon: at.lon - 0.006_5 };
        for _ in 0..8 {
            let there = Bd09::from(guess);
            let (lat, lon) = (at.lat - there.lat, at.lon - there.lon);
            guess = Self { lat: guess.lat + lat, lon: guess.lon + lon };
            if lat.abs() + lon.abs() < 1e-10 {
                break;
            }
        }
        guess
    }
}

impl From<Wgs84> for Bd09 {
    fn from(at: Wgs84) -> Self {
        Gcj02::from(at).into()
    }
}

impl From<Bd09> for Wgs84 {
    fn from(at: Bd09) -> Self {
        Gcj02::from(at).into()
    }
}

impl From<BaiduMercator> for Bd09 {
    fn from(at: BaiduMercator) -> Self {
        let band = MERCATOR.iter().find(|band| at.y.abs() >= band.from_y).unwrap_or(&MERCATOR[MERCATOR.len() - 1]);
        let ratio = at.y.abs() / band.scale;
        let lat = band.north.iter().rev().fold(0.0, |sum, factor| sum * ratio + factor);
        let lon = band.east[0] + band.east[1] * at.x.abs();
        Self { lat: lat.copysign(at.y), lon: lon.copysign(at.x) }
    }
}

/// How far GCJ-02 moves a point, in degrees of latitude and longitude.
fn shift(lat: f64, lon: f64) -> (f64, f64) {
    let (x, y) = (lon - 105.0, lat - 35.0);
    let wave = |height: f64, turns: f64| height * (turns * PI).sin();
    let common = wave(20.0, 6.0 * x) + wave(20.0, 2.0 * x);
    let north = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * x.abs().sqrt()
        + (common + wave(20.0, y) + wave(40.0, y / 3.0) + wave(160.0, y / 12.0) + wave(320.0, y / 30.0)) * (2.0 / 3.0);
    let east = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * x.abs().sqrt()
        + (common + wave(20.0, x) + wave(40.0, x / 3.0) + wave(150.0, x / 12.0) + wave(300.0, x / 30.0)) * (2.0 / 3.0);
    let phi = lat.to_radians();
    let magic = 1.0 - KRASOVSKY_EE * phi.sin() * phi.sin();
    let meridian = KRASOVSKY_A * (1.0 - KRASOVSKY_EE) / (magic * magic.sqrt());
    let parallel = KRASOVSKY_A / magic.sqrt() * phi.cos();
    ((north / meridian).to_degrees(), (east / parallel).to_degrees())
}

/// One band of Baidu's Mercator, by metres north.
struct Band {
    from_y: f64,
    east: [f64; 2],
    north: [f64; 7],
    scale: f64,
}

/// The polynomials of Baidu's own map page, northernmost first.
const MERCATOR: &[Band] = &[
    Band {
        from_y: 12_890_594.86,
        east: [1.410526172116255e-8, 8.98305509648872e-6],
        north: [
            -1.9939833816331,
            200.9824383106796,
            -187.2403703815547,
            91.6087516669843,
            -23.38765649603339,
            2.57121317296198,
            -0.03801003308653,
        ],
        scale: 17_337_981.2,
    },
    Band {
        from_y: 8_362_377.87,
        east: [-7.435856389565537e-9, 8.983055097726239e-6],
        north: [
            -0.78625201886289,
            96.32687599759846,
            -1.85204757529826,
            -59.36935905485877,
            47.40033549296737,
            -16.50741931063887,
            2.28786674699375,
        ],
        scale: 10_260_144.86,
    },
    Band {
        from_y: 5_591_021.0,
        east: [-3.030883460898826e-8, 8.98305509983578e-6],
        north: [
            0.30071316287616,
            59.74293618442277,
            7.357984074871,
            -25.38371002664745,
            13.45380521110908,
            -3.29883767235584,
            0.32710905363475,
        ],
        scale: 6_856_817.37,
    },
    Band {
        from_y: 3_481_989.83,
        east: [-1.981981304930552e-8, 8.983055099779535e-6],
        north: [
            0.03278182852591,
            40.31678527705744,
            0.65659298677277,
            -4.44255534477492,
            0.85341911805263,
            0.12923347998204,
            -0.04625736007561,
        ],
        scale: 4_482_777.06,
    },
    Band {
        from_y: 1_678_043.12,
        east: [3.09191371068437e-9, 8.983055096812155e-6],
        north: [
            0.00006995724062,
            23.10934304144901,
            -0.00023663490511,
            -0.6321817810242,
            -0.00663494467273,
            0.03430082397953,
            -0.00466043876332,
        ],
        scale: 2_555_164.4,
    },
    Band {
        from_y: 0.0,
        east: [2.890871144776878e-9, 8.983055095805407e-6],
        north: [
            -3.068298e-8,
            7.47137025468032,
            -0.00000353937994,
            -0.02145144861037,
            -0.00001234426596,
            0.00010322952773,
            -0.00000323890364,
        ],
        scale: 826_088.5,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(lat: f64, lon: f64) -> Wgs84 {
        Wgs84::new(lat, lon).unwrap()
    }

    #[test]
    fn range_is_checked() {
        for (lat, lon, ok) in [
            (22.8, 114.1, true),
            (-90.0, 180.0, true),
            (90.1, 0.0, false),
            (0.0, -180.1, false),
            (f64::NAN, 0.0, false),
        ] {
            assert_eq!(Wgs84::new(lat, lon).is_some(), ok, "{lat} {lon}");
        }
    }

    /// Published points of eviltransform's own test: Shanghai and Shenzhen.
    #[test]
    fn published_vectors_hold() {
        for (wgs, gcj) in [
            ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),
            ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),
        ] {
            let got = Gcj02::from(at(wgs.0, wgs.1));
            assert!((got.lat - gcj.0).abs() < 1e-6 && (got.lon - gcj.1).abs() < 1e-6, "{got:?}");
            let back = Wgs84::from_datum(Datum::Gcj02, gcj.0, gcj.1);
            assert!(back.distance_m(at(wgs.0, wgs.1)) < 0.2, "{back:?}");
        }
    }

    #[test]
    fn baidu_metres_are_not_web_mercator() {
        let got = Bd09::from(BaiduMercator { x: 12_693_763.634, y: 3_874_151.929 });
        assert!((got.lat - 33.0176697).abs() < 2e-6 && (got.lon - 114.0287781).abs() < 2e-6, "{got:?}");
        let south = Bd09::from(BaiduMercator { x: -12_693_763.634, y: -3_874_151.929 });
        assert!((south.lat + got.lat).abs() < 1e-9 && (south.lon + got.lon).abs() < 1e-9, "{south:?}");
    }

    #[test]
    fn only_china_is_shifted() {
        for (name, lat, lon, china, mainland) in [
            ("Beijing", 39.9042, 116.4074, true, true),
            ("Shenzhen Futian", 22.5410, 114.0596, true, true),
            ("Zhuhai Gongbei", 22.2230, 113.5480, true, true),
            ("Kashgar", 39.4704, 75.9898, true, true),
            ("Mohe", 52.9722, 122.5386, true, true),
            ("Dandong, by the river", 39.9993, 124.3487, true, true),
            ("Sanya", 18.2528, 109.5119, true, true),
            ("Hong Kong Central", 22.2819, 114.1582, true, false),
            ("Macau", 22.1899, 113.5437, true, false),
            ("Taipei", 25.0330, 121.5654, true, false),
            ("Seoul", 37.5665, 126.9780, false, false),
            ("Sinuiju", 40.0850, 124.4200, false, false),
            ("Hanoi", 21.0285, 105.8542, false, false),
            ("Ulaanbaatar", 47.8864, 106.9057, false, false),
            ("Kathmandu", 27.7172, 85.3240, false, false),
            ("Almaty", 43.2380, 76.8829, false, false),
            ("Vladivostok", 43.1155, 131.8855, false, false),
            ("Tokyo", 35.6762, 139.6503, false, false),
            ("Manila", 14.5995, 120.9842, false, false),
            ("London", 51.5074, -0.1278, false, false),
        ] {
            let place = at(lat, lon);
            assert_eq!(place.is_in_greater_china(), china, "{name}");
            assert_eq!(place.is_in_mainland_china(), mainland, "{name}");
            assert_eq!(Gcj02::from(place) != Gcj02 { lat, lon }, china, "{name}");
            assert_eq!(Wgs84::from_datum(Datum::Gcj02, lat, lon) != place, china, "{name}, read back");
        }
    }

    #[test]
    fn a_degree_of_latitude_is_111_km() {
        assert!((at(0.0, 0.0).distance_m(at(1.0, 0.0)) - 111_195.08).abs() < 0.1);
        assert!((at(0.0, 179.5).distance_m(at(0.0, -179.5)) - 111_195.08).abs() < 0.1, "over the date line");
    }

    proptest! {
        #[test]
        fn round_trips_return(lat in 24.0..41.0f64, lon in 104.0..117.0f64) {
            let start = at(lat, lon);
            let gcj = Gcj02::from(start);
            prop_assert!(start.distance_m(Wgs84 { lat: gcj.lat, lon: gcj.lon }) > 20.0, "inside China it moves");
            prop_assert!(start.distance_m(gcj.into()) < 0.01);
            prop_assert!(start.distance_m(Bd09::from(start).into()) < 0.01);
        }

        #[test]
        fn no_shift_elsewhere(lat in -89.0..89.0f64, lon in -179.0..60.0f64) {
            let start = at(lat, lon);
            prop_assert!(start.distance_m(Gcj02::from(start).into()) < 0.001);
            prop_assert_eq!(Wgs84::from_datum(Datum::Gcj02, lat, lon), start);
        }

        #[test]
        fn distance_is_symmetric(a in -90.0..90.0f64, b in -180.0..180.0f64, c in -90.0..90.0f64, d in -180.0..180.0f64) {
            let (one, two) = (at(a, b), at(c, d));
            prop_assert!((one.distance_m(two) - two.distance_m(one)).abs() < 1e-6);
            prop_assert!(one.distance_m(two) <= PI * EARTH_RADIUS_M + 1.0);
        }
    }
}
