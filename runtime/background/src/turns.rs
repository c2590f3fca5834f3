//! Whose turn it is: packages take turns, and within each its services.
//!
//! Kept in memory, so that a look at the file asks for the calls of those only whose turn it is. What is here is a hint: no service has
//! a call that waits and is due earlier than is said here, but one that is said to be due may be gone.

use crate::places::Places;
use crate::task::Millis;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

/// A service whose turn it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) package: Arc<str>,
    pub(crate) service: Arc<str>,
    /// Among how many the places are shared, itself among them.
    pub(crate) among: usize,
}

#[derive(Clone, Copy, Debug)]
enum Standing {
    /// It has nothing to be done before this time.
    Later(Millis),
    InLine,
}

/// Who is in line, and who will be.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    known: HashMap<Arc<str>, Standing>,
    later: BTreeSet<(Millis, Arc<str>)>,
    /// Packages with services in line, each of them once.
    packages: VecDeque<Arc<str>>,
    /// Their services in line, at least one of each.
    services: HashMap<Arc<str>, VecDeque<Arc<str>>>,
}

impl Turns {
    /// A service may have a call that is due then.
    pub(crate) fn expect(&mut self, service: &str, due: Millis) {
        let name = match self.known.get_key_value(service) {
            Some((_, Standing::InLine)) => return,
            Some((_, Standing::Later(known))) if *known <= due => return,
            Some((name, _)) => Arc::clone(name),
            None => service.into(),
        };
        if let Some(Standing::Later(known)) = self.known.insert(Arc::clone(&name), Standing::Later(due)) {
            self.later.remove(&(known, Arc::clone(&name)));
        }
        self.later.insert((due, name));
    }

    /// Those whose time has come get in line, behind the others of their packages.
    pub(crate) fn line_up(&mut self, now: Millis, package: impl Fn(&str) -> Arc<str>) {
        while self.next_due().is_some_and(|due| due <= now) {
            let Some((_, service)) = self.later.pop_first() else { return };
            self.known.insert(Arc::clone(&service), Standing::InLine);
            let package = package(&service);
            let others = self.services.entry(Arc::clone(&package)).or_default();
            if others.is_empty() {
                self.packages.push_back(package);
            }
            others.push_back(service);
        }
    }

    /// Takes whose turn it is out of the line. Who has no place for another call is passed over.
    pub(crate) fn next(&mut self, places: &Places) -> Option<Turn> {
        for _ in 0..self.packages.len() {
            let package = self.packages.pop_front()?;
            let among = self.packages.len() + 1;
            let turn = if places.package_is_full(&package) { None } else { self.next_of(&package, places) };
            if self.services.contains_key(&package) {
                self.packages.push_back(Arc::clone(&package));
            }
            if let Some((service, others)) = turn {
                return Some(Turn { package, service, among: among.saturating_mul(others) });
            }
        }
        None
    }

    fn next_of(&mut self, package: &str, places: &Places) -> Option<(Arc<str>, usize)> {
        let services = self.services.get_mut(package)?;
        let number = services.len();
        let free = services.iter().position(|service| !places.service_is_full(service))?;
        services.rotate_left(free);
        let service = services.pop_front()?;
        if services.is_empty() {
            self.services.remove(package);
        }
        self.known.remove(&service);
        Some((service, number))
    }

    /// It could not use its turn: it is the next one again.
    pub(crate) fn first(&mut self, turn: Turn) {
        let Turn { package, service, .. } = turn;
        if let Some(Standing::Later(due)) = self.known.insert(Arc::clone(&service), Standing::InLine) {
            self.later.remove(&(due, Arc::clone(&service)));
        }
        self.packages.retain(|other| *other != package);
        self.packages.push_front(Arc::clone(&package));
        self.services.entry(package).or_default().push_front(service);
    }

    /// When the next service gets in line.
    pub(crate) fn next_due(&self) -> Option<Millis> {
        self.later.first().map(|(due, _)| *due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places::Held;
    use crate::queue::Settings;

    /// `p.a` is service `a` of package `p`.
    fn package(service: &str) -> Arc<str> {
        service.split('.').next().unwrap_or_default().into()
    }

    fn lined_up(services: &[&str]) -> Turns {
        let mut turns = Turns::default();
        for service in services {
            turns.expect(service, 0);
            turns.line_up(0, package);
        }
        turns
    }

    fn settings() -> Settings {
        Settings { workers: 4, workers_of_package: 3, workers_of_one: 2, ..Settings::default() }
    }

    /// Whose turns come, when each that had one gets in line again and nobody is full.
    fn order(turns: &mut Turns, number: usize) -> Vec<String> {
        let places = Places::new(settings(), []);
        let mut order = Vec::new();
        for _ in 0..number {
            let Some(turn) = turns.next(&places) else { break };
            turns.expect(&turn.service, 0);
            turns.line_up(0, package);
            order.push(turn.service.to_string());
        }
        order
    }

    #[test]
    fn packages_take_turns_and_within_each_its_services() {
        let mut turns = lined_up(&["p.a", "p.b", "p.c", "q.a", "r.a", "r.b"]);
        let expected = ["p.a", "q.a", "r.a", "p.b", "q.a", "r.b", "p.c", "q.a", "r.a", "p.a"];
        assert_eq!(order(&mut turns, 10), expected);
    }

    #[test]
    fn a_package_with_a_thousand_services_keeps_nobody_waiting() {
        let many: Vec<String> = (0..1_000).map(|number| format!("p.{number}")).collect();
        let mut turns = lined_up(&many.iter().map(String::as_str).collect::<Vec<_>>());
        turns.expect("q.late", 0);
        turns.line_up(0, package);
        assert_eq!(order(&mut turns, 4), ["p.0", "q.late", "p.1", "q.late"]);
        let all = order(&mut turns, 2_000);
        assert!(many.iter().all(|service| all.contains(service)), "each has its turn");
    }

    #[test]
    fn who_is_full_is_passed_over_and_has_its_turn_when_it_has_room() {
        let mut turns = lined_up(&["p.a", "p.b", "q.a"]);
        let held = |service: &str| Held::new(0, package(service), service.into(), 1);
        let busy = [held("p.a"), held("p.a")];
        let places = Places::new(settings(), &busy);
        let mut next = |places: &Places| turns.next(places).map(|turn| turn.service.to_string());
        assert_eq!(next(&places).as_deref(), Some("p.b"), "p.a has no place left");
        let busy = [held("p.a"), held("p.a"), held("p.b")];
        let places = Places::new(settings(), &busy);
        assert_eq!(next(&places).as_deref(), Some("q.a"), "its package has none");
        assert_eq!(next(&places), None);
        assert_eq!(next(&Places::new(settings(), &busy[1..])).as_deref(), Some("p.a"));
    }

    #[test]
    fn a_service_is_in_line_once_and_comes_when_its_first_call_is_due() {
        let mut turns = Turns::default();
        for due in [50, 20, 90] {
            turns.expect("p.a", due);
        }
        assert_eq!(turns.next_due(), Some(20));
        turns.line_up(19, package);
        assert_eq!(turns.next(&Places::new(settings(), [])), None);
        turns.line_up(20, package);
        turns.expect("p.a", 5);
        assert_eq!(turns.next_due(), None);
        let turn = turns.next(&Places::new(settings(), [])).unwrap();
        assert_eq!(turns.next(&Places::new(settings(), [])), None);
        turns.expect("p.a", 70);
        turns.first(turn);
        assert_eq!((turns.next_due(), order(&mut turns, 1)), (None, vec!["p.a".to_owned()]));
    }

    #[test]
    fn who_could_not_use_its_turn_is_the_next_one_again() {
        let mut turns = lined_up(&["p.a", "p.b", "q.a"]);
        let places = Places::new(settings(), []);
        let turn = turns.next(&places).unwrap();
        assert_eq!((&*turn.service, turn.among), ("p.a", 4));
        turns.first(turn);
        assert_eq!(order(&mut turns, 3), ["p.a", "q.a", "p.b"]);
    }
}
