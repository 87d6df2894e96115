//! Who is called for a ring: points by distance and by their own radius, officers by where they were last seen.
//!
//! Only those who are free (on duty, not at another scene) count towards the least number; a point in the ring
//! without anybody free is chosen all the same, so that the desk can name it. Pure.

use super::Point;
use crate::domain::id::UserId;
use crate::domain::place::Wgs84;

/// A point that is called.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen<'a> {
    /// Which.
    pub point: &'a Point,
    /// Metres from the scene.
    pub distance_m: f64,
    /// Its people who are free; none: it can only be named.
    pub free: Vec<UserId>,
}

/// A ring around a scene.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Circle {
    /// Metres from the scene; where the scene is known less sharply than that, so much (R2, R4, R5).
    pub radius_m: f64,
    /// At least so many points with somebody free.
    pub min_points: usize,
}

/// The points of a ring, nearest first: every one within it and any whose own radius covers the scene; if those with
/// somebody free are too few, the nearest others that have somebody, wherever they are.
///
/// `within` gives the points up to a distance, `nearest` so many of the nearest, both nearest first.
pub fn points<'a>(
    circle: Circle,
    widest_own_radius_m: f64,
    within: impl Fn(f64) -> Vec<(&'a Point, f64)>,
    nearest: impl Fn(usize) -> Vec<(&'a Point, f64)>,
    free: impl Fn(&Point) -> Vec<UserId>,
) -> Vec<Chosen<'a>> {
    let chosen = |(point, distance_m): (&'a Point, f64)| Chosen { point, distance_m, free: free(point) };
    let mut ring: Vec<Chosen<'a>> = within(circle.radius_m.max(widest_own_radius_m))
        .into_iter()
        .filter(|(point, metres)| *metres <= circle.radius_m || *metres <= point.radius_m)
        .map(chosen)
        .collect();
    let lacking = |ring: &[Chosen<'_>]| {
        circle.min_points.saturating_sub(ring.iter().filter(|chosen| !chosen.free.is_empty()).count())
    };
    let mut looked_at = 0;
    let mut asked = circle.min_points.max(1);
    while lacking(&ring) > 0 {
        let found = nearest(asked);
        let exhausted = found.len() < asked;
        for (point, metres) in found.into_iter().skip(looked_at) {
            if lacking(&ring) > 0 && ring.iter().all(|known| known.point.code != point.code) {
                let other = chosen((point, metres));
                ring.extend((!other.free.is_empty()).then_some(other));
            }
        }
        if exhausted {
            break;
        }
        (looked_at, asked) = (asked, asked * 2);
    }
    ring.sort_by(|a, b| a.distance_m.total_cmp(&b.distance_m));
    ring
}

/// The `count` officers to call: those whose place is known first, nearest first; then the others, in their order.
pub fn officers(
    scene: Wgs84,
    people: impl Iterator<Item = (UserId, Option<Wgs84>)>,
    count: usize,
) -> Vec<(UserId, Option<f64>)> {
    let mut all: Vec<_> = people.map(|(user, at)| (user, at.map(|at| scene.distance_m(at)))).collect();
    all.sort_by(|a, b| a.1.unwrap_or(f64::INFINITY).total_cmp(&b.1.unwrap_or(f64::INFINITY)));
    all.truncate(count);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(code: &str, radius_m: f64) -> Point {
        Point {
            code: code.into(),
            name: code.into(),
            at: Wgs84 { lat: 23.0, lon: 114.0 },
            radius_m,
            contacts: vec![UserId(code.len() as i64)],
            team: None,
            gear: String::new(),
            phone: String::new(),
        }
    }

    /// Codes of those chosen among points at these distances; a code that ends in `-` has nobody free.
    fn codes(all: &[(Point, f64)], radius_m: f64, min_points: usize) -> Vec<String> {
        let pairs = || all.iter().map(|(point, metres)| (point, *metres));
        let chosen = points(
            Circle { radius_m, min_points },
            1_000.0,
            |m| pairs().filter(|(_, metres)| *metres <= m).collect(),
            |n| pairs().take(n).collect(),
            |point| if point.code.ends_with('-') { Vec::new() } else { point.contacts.clone() },
        );
        chosen.into_iter().map(|chosen| chosen.point.code.clone()).collect()
    }

    #[test]
    fn a_ring_calls_what_is_in_it_and_what_covers_the_scene() {
        let all = [(point("A", 100.0), 60.0), (point("B", 100.0), 120.0), (point("C", 500.0), 300.0)];
        assert_eq!(codes(&all, 100.0, 1), ["A", "C"]);
        assert_eq!(codes(&all, 100.0, 3), ["A", "B", "C"]);
    }

    #[test]
    fn who_is_not_free_is_named_and_does_not_count() {
        let all = [
            (point("A-", 100.0), 60.0),
            (point("B-", 100.0), 120.0),
            (point("C", 100.0), 300.0),
            (point("D-", 100.0), 400.0),
            (point("E", 100.0), 900.0),
        ];
        assert_eq!(codes(&all, 100.0, 1), ["A-", "C"], "the nearest that has somebody");
        assert_eq!(codes(&all, 100.0, 2), ["A-", "C", "E"]);
        assert_eq!(codes(&all, 100.0, 9), ["A-", "C", "E"], "there are no more");
        assert_eq!(codes(&[], 100.0, 1), [""; 0]);
    }

    #[test]
    fn officers_go_by_where_they_were_seen() {
        let scene = Wgs84 { lat: 23.0, lon: 114.0 };
        let at = |lat| Some(Wgs84 { lat, lon: 114.0 });
        let people = [(UserId(1), None), (UserId(2), at(23.02)), (UserId(3), at(23.01)), (UserId(4), None)];
        let called: Vec<UserId> = officers(scene, people.into_iter(), 3).into_iter().map(|(user, _)| user).collect();
        assert_eq!(called, [UserId(3), UserId(2), UserId(1)]);
    }
}
