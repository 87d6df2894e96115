//! Who is near: an index of points by distance.
//!
//! Owns the search tree. Points are kept as positions in space on the sphere, so the straight line
//! grows with the great circle and the search is right at any distance, at the poles and over the date
//! line; distances told are haversine metres. Called by the alarm's rings and by duplicates.

use super::Wgs84;
use super::datum::EARTH_RADIUS_M;
use rstar::{AABB, PointDistance, RTree, RTreeObject};

/// An index of points, each with an id of any kind.
#[derive(Debug, Clone)]
pub struct PointIndex<I> {
    tree: RTree<Entry<I>>,
}

#[derive(Debug, Clone)]
struct Entry<I> {
    id: I,
    at: Wgs84,
    space: [f64; 3],
}

impl<I> RTreeObject for Entry<I> {
    type Envelope = AABB<[f64; 3]>;

    fn envelope(&self) -> Self::Envelope {
        AABB::from_point(self.space)
    }
}

impl<I> PointDistance for Entry<I> {
    fn distance_2(&self, point: &[f64; 3]) -> f64 {
        self.space.iter().zip(point).map(|(a, b)| (a - b) * (a - b)).sum()
    }
}

impl<I> Entry<I> {
    fn new(id: I, at: Wgs84) -> Self {
        Self { id, at, space: space(at) }
    }
}

impl<I: Clone> Default for PointIndex<I> {
    fn default() -> Self {
        Self::new()
    }
}

impl<I: Clone> PointIndex<I> {
    /// An empty index.
    pub fn new() -> Self {
        Self { tree: RTree::new() }
    }

    /// An index of many points at once; faster than inserting each.
    pub fn build(points: impl IntoIterator<Item = (I, Wgs84)>) -> Self {
        Self { tree: RTree::bulk_load(points.into_iter().map(|(id, at)| Entry::new(id, at)).collect()) }
    }

    /// Adds a point. The same id twice is two points.
    pub fn insert(&mut self, id: I, at: Wgs84) {
        self.tree.insert(Entry::new(id, at));
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.tree.size()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every point at most `radius_m` metres away, with its distance in metres, nearest first.
    pub fn within(&self, at: Wgs84, radius_m: f64) -> Vec<(I, f64)> {
        if radius_m.is_nan() || radius_m < 0.0 {
            return Vec::new();
        }
        // A little wide, then exact: the two ways of measuring differ in the last digits.
        let half_angle = (radius_m / (2.0 * EARTH_RADIUS_M)).min(std::f64::consts::FRAC_PI_2);
        let chord = 2.0 * EARTH_RADIUS_M * half_angle.sin() + 0.01;
        let mut found: Vec<_> = self
            .tree
            .locate_within_distance(space(at), chord * chord)
            .map(|entry| (entry.id.clone(), at.distance_m(entry.at)))
            .filter(|(_, distance_m)| *distance_m <= radius_m)
            .collect();
        found.sort_by(|a, b| a.1.total_cmp(&b.1));
        found
    }

    /// The `count` nearest points with their distance in metres, nearest first.
    pub fn nearest(&self, at: Wgs84, count: usize) -> Vec<(I, f64)> {
        let mut found: Vec<_> = self
            .tree
            .nearest_neighbor_iter(space(at))
            .take(count)
            .map(|entry| (entry.id.clone(), at.distance_m(entry.at)))
            .collect();
        found.sort_by(|a, b| a.1.total_cmp(&b.1));
        found
    }
}

/// A point as a position in space, metres from the middle of the earth.
fn space(at: Wgs84) -> [f64; 3] {
    let (lat, lon) = (at.lat.to_radians(), at.lon.to_radians());
    [EARTH_RADIUS_M * lat.cos() * lon.cos(), EARTH_RADIUS_M * lat.cos() * lon.sin(), EARTH_RADIUS_M * lat.sin()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(lat: f64, lon: f64) -> Wgs84 {
        Wgs84::new(lat, lon).unwrap()
    }

    #[test]
    fn metres_are_told_apart() {
        let scene = at(22.84, 114.13);
        // 0.000899° of latitude is 99.96 m, 0.0009° is 100.08 m.
        let index = PointIndex::build([("in", at(22.840899, 114.13)), ("out", at(22.8409, 114.13))]);
        assert_eq!(index.within(scene, 100.0).iter().map(|(id, _)| *id).collect::<Vec<_>>(), ["in"]);
        assert_eq!(index.nearest(scene, 5).iter().map(|(id, _)| *id).collect::<Vec<_>>(), ["in", "out"]);
    }

    #[test]
    fn empty_and_senseless_asks_find_nothing() {
        let mut index = PointIndex::new();
        assert!(index.is_empty() && index.nearest(at(0.0, 0.0), 3).is_empty());
        index.insert(7, at(0.0, 179.9999));
        assert!(index.within(at(0.0, 0.0), -1.0).is_empty() && index.within(at(0.0, 0.0), f64::NAN).is_empty());
        assert_eq!(index.within(at(0.0, -179.9999), 30.0).len(), 1, "over the date line");
        assert_eq!(index.within(at(0.0, 0.0), f64::INFINITY).len(), 1);
    }

    fn points() -> impl Strategy<Value = Vec<Wgs84>> {
        let near = (22.80..22.85f64, 114.10..114.15f64);
        let far = (-90.0..=90.0f64, -180.0..=180.0f64);
        proptest::collection::vec(prop_oneof![3 => near, 1 => far].prop_map(|(lat, lon)| Wgs84 { lat, lon }), 0..60)
    }

    proptest! {
        #[test]
        fn agrees_with_looking_at_each(all in points(), lat in 22.80..22.85f64, lon in 114.10..114.15f64, radius_m in 0.0..6000.0f64, count in 0usize..8) {
            let scene = at(lat, lon);
            let mut index = PointIndex::build(all.iter().copied().enumerate().take(30));
            for (id, point) in all.iter().copied().enumerate().skip(30) {
                index.insert(id, point);
            }
            let mut want: Vec<_> = all.iter().enumerate().map(|(id, p)| (id, scene.distance_m(*p))).collect();
            want.sort_by(|a, b| a.1.total_cmp(&b.1));
            let inside: Vec<_> = want.iter().filter(|(_, d)| *d <= radius_m).map(|(_, d)| *d).collect();
            prop_assert_eq!(index.within(scene, radius_m).iter().map(|(_, d)| *d).collect::<Vec<_>>(), inside);
            let nearest: Vec<_> = want.iter().take(count).map(|(_, d)| *d).collect();
            for (got, want) in index.nearest(scene, count).iter().zip(nearest) {
                prop_assert!((got.1 - want).abs() < 0.01);
            }
        }
    }
}
