//! Who is called: the points of a ring, patrol and response police, duty officers, the call list.
//!
//! Only who is on duty and not at another scene; a point in the ring without such people is put on file with the
//! reason, so that the desk's board names it.

use super::course::{Course, Show};
use crate::domain::alarm::choose::{self, Chosen, Circle};
use crate::domain::alarm::event::Happening;
use crate::domain::alarm::{Call, Callee, Point, ResponderKind, Summons, lacking};
use crate::domain::id::{Millis, UserId};
use crate::domain::lead::Scene;
use crate::domain::member::Role;

/// Somebody who said so long ago that they are at a scene has left it: an alarm that was forgotten binds nobody.
const AT_SCENE_MS: i64 = 4 * 3_600_000;

impl Course<'_> {
    /// Whether somebody is at the scene of another alarm that is not under control; for a drill, whether they are called to a
    /// real one at all. Who takes part in a drill is free for a real alarm.
    fn is_elsewhere(&self, user: UserId) -> bool {
        let others = self.given.facts.running.iter().filter(|file| file.alarm.id != self.alarm.id);
        others.filter(|file| !file.alarm.drill && file.alarm.controlled.is_none()).any(|file| {
            let mut parts = file.calls.iter().filter_map(|call| call.person(user));
            let there = |at: Millis| self.given.now.since(at) < AT_SCENE_MS;
            parts.any(|person| self.alarm.drill || person.on_scene_at.is_some_and(there))
        })
    }

    fn is_on_duty(&self, user: UserId, point: Option<&str>) -> bool {
        self.given.town.on_duty(user, point, self.given.now)
    }

    fn free_at(&self, point: &Point) -> Vec<UserId> {
        let free =
            |user: &UserId| self.is_on_duty(*user, Some(&point.code)) && !self.is_elsewhere(*user) && !self.has(*user);
        point.contacts.iter().copied().filter(free).collect()
    }

    /// Why nobody of a point is free.
    fn lacking(&self, point: &Point) -> Option<&'static str> {
        if point.contacts.is_empty() {
            Some(lacking::CONTACT)
        } else if !point.contacts.iter().any(|user| self.is_on_duty(*user, Some(&point.code))) {
            Some(lacking::DUTY)
        } else if point.contacts.iter().any(|user| self.has(*user)) {
            // They were called for another point already.
            None
        } else {
            Some(lacking::ELSEWHERE)
        }
    }

    /// Calls the points of the alarm's ring that were not called yet; tells how many have somebody to summon.
    pub fn call_ring(&mut self, scene: &Scene) -> usize {
        let town = self.given.town;
        let ring = usize::try_from(self.alarm.ring - 1).ok().and_then(|n| town.rules.alarm.ring.get(n));
        let Some(ring) = ring else { return 0 };
        let circle = Circle { radius_m: ring.radius_m.max(scene.accuracy_m), min_points: ring.min_points };
        // Who was called before counts towards the least number of this ring, unless they cannot come.
        let called = |point: &Point| self.calls.iter().find(|call| call.callee == Callee::Point(point.code.clone()));
        let chosen = choose::points(
            circle,
            town.widest_radius_m(),
            |radius_m| town.points_within(scene.at, radius_m),
            |count| town.nearest_points(scene.at, count),
            |point| match called(point) {
                Some(call) => call.people.iter().filter(|p| p.may_come()).map(|person| person.user).collect(),
                None => self.free_at(point),
            },
        );
        let fresh: Vec<Chosen<'_>> = chosen.into_iter().filter(|it| called(it.point).is_none()).collect();
        let mut callees = Vec::new();
        let mut count = 0;
        for Chosen { point, distance_m, .. } in fresh {
            // Somebody who answers for two points is summoned once, for the nearer.
            let free = self.free_at(point);
            let failure = if free.is_empty() {
                let Some(why) = self.lacking(point) else { continue };
                Some(why.to_owned())
            } else {
                count += 1;
                None
            };
            callees.push(Callee::Point(point.code.clone()));
            self.call_point(point, Some(distance_m), free, failure);
        }
        if !callees.is_empty() {
            let ring = self.alarm.ring;
            self.happened(None, Happening::Called { ring, callees });
        }
        count
    }

    fn call_point(&mut self, point: &Point, distance_m: Option<f64>, people: Vec<UserId>, failure: Option<String>) {
        let now = self.given.now;
        self.add(Call {
            alarm: self.alarm.id,
            callee: Callee::Point(point.code.clone()),
            kind: ResponderKind::Point,
            team: point.team,
            ring: self.alarm.ring,
            distance_m,
            called_at: now,
            failure,
            people: people.into_iter().map(|user| Summons::new(user, now)).collect(),
        });
    }

    fn call_person(&mut self, user: UserId, kind: ResponderKind, distance_m: Option<f64>) {
        let now = self.given.now;
        self.add(Call {
            alarm: self.alarm.id,
            callee: Callee::Person(user),
            kind,
            team: None,
            ring: self.alarm.ring,
            distance_m,
            called_at: now,
            failure: None,
            people: vec![Summons::new(user, now)],
        });
    }

    /// Calls so many more of the patrol or response police who are on duty, the nearest first; tells how many.
    pub fn call_officers(&mut self, kind: ResponderKind, count: usize) -> usize {
        let role = match kind {
            ResponderKind::Patrol => Role::Patrol,
            ResponderKind::Response => Role::Response,
            ResponderKind::DutyOfficer => Role::DutyOfficer,
            ResponderKind::Point | ResponderKind::CallList => return 0,
        };
        let Some(scene) = self.alarm.scene.as_ref().map(|scene| scene.at) else { return 0 };
        let free = self.given.town.holders(role).into_iter();
        let free = free.filter(|user| !self.has(*user) && self.is_on_duty(*user, None) && !self.is_elsewhere(*user));
        let chosen = choose::officers(scene, free.map(|user| (user, self.place_of(user))), count);
        for (user, distance_m) in &chosen {
            self.call_person(*user, kind, *distance_m);
        }
        self.called_beside(chosen.iter().map(|(user, _)| *user).collect());
        chosen.len()
    }

    /// Calls the config's call list; tells how many were not called yet.
    pub fn call_list(&mut self) -> usize {
        let list: Vec<UserId> = self.given.town.rules.alarm.call_list.iter().map(|user| UserId(*user)).collect();
        let fresh: Vec<UserId> = list.into_iter().filter(|user| !self.has(*user)).collect();
        for user in &fresh {
            let distance_m = self.alarm.scene.as_ref().and_then(|s| Some(s.at.distance_m(self.place_of(*user)?)));
            self.call_person(*user, ResponderKind::CallList, distance_m);
        }
        let count = fresh.len();
        self.called_beside(fresh);
        count
    }

    fn called_beside(&mut self, users: Vec<UserId>) {
        if !users.is_empty() {
            let callees = users.into_iter().map(Callee::Person).collect();
            self.happened(None, Happening::Called { ring: 0, callees });
        }
    }

    /// Calls the next ring that has somebody new in it; `None` when the widest was called.
    pub fn next_ring(&mut self) -> Option<usize> {
        let scene = self.alarm.scene.clone()?;
        let rings = self.given.town.rules.alarm.ring.len();
        let before = self.alarm.ring;
        let mut called = 0;
        while called == 0 && usize::try_from(self.alarm.ring).is_ok_and(|ring| ring < rings) {
            self.alarm.ring += 1;
            called = self.call_ring(&scene);
        }
        self.show(Show::Board);
        (self.alarm.ring > before).then_some(called)
    }

    /// Calls a point that the desk chose, whether or not its people are on duty (R8); tells how many are summoned.
    pub fn call_point_anyhow(&mut self, code: &str, by: UserId) -> usize {
        let Some(point) = self.given.town.point(code) else { return 0 };
        let fresh: Vec<UserId> = point.contacts.iter().copied().filter(|user| !self.has(*user)).collect();
        if fresh.is_empty() {
            return 0;
        }
        let callee = Callee::Point(code.to_owned());
        let distance_m = self.alarm.scene.as_ref().map(|scene| scene.at.distance_m(point.at));
        let (count, now) = (fresh.len(), self.given.now);
        match self.call_mut(&callee) {
            Some(call) => {
                call.failure = None;
                call.people.extend(fresh.iter().map(|user| Summons::new(*user, now)));
                self.summoned.extend(fresh.into_iter().map(|user| (callee.clone(), user)));
                self.show(Show::Board);
            }
            None => self.call_point(point, distance_m, fresh, None),
        }
        self.happened(Some(by), Happening::Called { ring: 0, callees: vec![callee] });
        count
    }
}
