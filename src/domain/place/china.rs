//! Where maps of China are shifted.
//!
//! Owns a coarse outline: a few kilometres true at land borders, which is as near as a shift of some
//! hundred metres needs it. Called by `datum` and `link`.

use super::Wgs84;

impl Wgs84 {
    /// Whether maps of China shift it: the mainland, Hong Kong, Macau and Taiwan (Amap, Tencent, Baidu).
    pub fn is_in_greater_china(self) -> bool {
        // The box first: most points of the world need no more.
        (15.0..54.0).contains(&self.lat) && (73.0..136.0).contains(&self.lon) && is_inside(OUTLINE, self)
    }

    /// Whether it lies in mainland China, coarsely: where Google's maps are shifted.
    pub fn is_in_mainland_china(self) -> bool {
        self.is_in_greater_china() && !APART.iter().any(|outline| is_inside(outline, self))
    }
}

/// Whether a point lies in a closed outline of (longitude, latitude) corners.
fn is_inside(outline: &[(f64, f64)], at: Wgs84) -> bool {
    let mut inside = false;
    let mut last = outline[outline.len() - 1];
    for &corner in outline {
        let (x1, y1, x2, y2) = (last.0, last.1, corner.0, corner.1);
        if (y1 > at.lat) != (y2 > at.lat) && at.lon < (x2 - x1) * (at.lat - y1) / (y2 - y1) + x1 {
            inside = !inside;
        }
        last = corner;
    }
    inside
}

/// A coarse outline of greater China, a few kilometres true at land borders, generous at sea.
#[rustfmt::skip]
const OUTLINE: &[(f64, f64)] = &[
    (73.4, 39.4), (73.9, 40.0), (76.0, 40.4), (78.1, 41.1), (80.2, 42.1), (80.4, 43.2), (80.35, 44.2), (80.8, 45.0),
    (82.5, 45.2), (82.3, 45.6), (83.0, 47.2), (85.5, 47.1), (85.7, 48.3), (87.3, 49.15), (88.0, 48.6), (90.0, 47.8),
    (91.0, 46.6), (90.7, 45.5), (93.5, 44.95), (95.4, 44.3), (96.4, 42.75), (101.8, 42.55), (105.0, 41.6), (107.4, 42.45),
    (109.4, 42.45), (111.9, 43.7), (111.5, 44.4), (111.9, 45.05), (113.6, 44.75), (115.0, 45.4), (116.2, 46.3), (119.7, 46.65),
    (119.9, 46.75), (118.5, 47.95), (117.4, 47.65), (115.6, 47.9), (116.2, 49.85), (117.3, 49.63), (117.8, 49.53), (119.2, 50.1),
    (119.3, 50.6), (120.1, 51.7), (120.7, 52.0), (120.0, 52.7), (120.9, 53.3), (123.6, 53.55), (125.6, 53.1), (126.9, 51.3),
    (127.52, 50.26), (127.5, 49.9), (129.5, 49.4), (130.7, 48.9), (131.0, 47.7), (132.5, 47.75), (134.7, 48.4), (134.5, 47.4),
    (133.9, 46.2), (133.1, 45.1), (132.0, 45.25), (131.0, 44.85), (131.3, 43.4), (130.6, 42.4), (129.9, 42.98), (129.2, 42.2),
    (128.05, 42.0), (128.0, 41.45), (126.9, 41.75), (126.0, 40.9), (124.39, 40.105), (124.37, 39.97), (124.2, 39.8), (124.0, 39.5),
    (124.0, 36.0), (123.5, 30.0), (122.6, 25.5), (122.3, 24.0), (121.5, 21.5), (118.0, 19.0), (112.0, 15.0), (109.5, 17.0),
    (108.0, 18.3), (107.9, 20.5), (108.05, 21.535), (106.75, 22.0), (106.6, 22.7), (105.3, 23.3), (103.97, 22.505), (102.5, 22.75),
    (101.8, 21.15), (101.2, 21.5), (100.1, 21.5), (99.2, 22.1), (99.2, 23.1), (98.9, 23.15), (97.6, 23.9), (97.7, 25.0),
    (98.7, 25.9), (98.7, 27.5), (97.4, 28.2), (96.0, 29.4), (94.0, 29.0), (92.1, 27.8), (91.6, 27.9), (89.6, 28.2),
    (88.9, 27.4), (88.6, 28.0), (86.0, 27.95), (85.3, 28.3), (83.9, 29.3), (81.8, 30.3), (81.2, 30.0), (78.8, 31.4),
    (78.8, 32.5), (79.2, 32.6), (78.9, 33.5), (78.1, 35.4), (76.0, 35.9), (74.6, 37.1),
];
/// Hong Kong, Macau and Taiwan: in greater China, not of the mainland.
const APART: &[&[(f64, f64)]] = &[
    &[
        (113.83, 22.13),
        (114.52, 22.13),
        (114.52, 22.56),
        (114.23, 22.56),
        (114.11, 22.53),
        (114.02, 22.50),
        (113.83, 22.42),
    ],
    &[(113.525, 22.105), (113.605, 22.105), (113.605, 22.16), (113.553, 22.217), (113.533, 22.212)],
    &[(119.9, 21.7), (122.6, 21.7), (122.6, 25.7), (119.9, 25.7)],
];
