//! Which calls are made next. A look reads of the file what it takes, and one row more of each service that has its turn: never the
//! calls of those that have no room, however many they are.

use crate::places::{Held, Places};
use crate::store::read;
use crate::task::Millis;
use crate::turns::{Turn, Turns};
use sqlx::SqlitePool;
use std::sync::Arc;

/// What is chosen.
#[derive(Debug, Default)]
pub(crate) struct Chosen {
    pub(crate) calls: Vec<Held>,
    /// When those that had their turns have calls again. They get in line when the file knows what was chosen: before that, they
    /// would be given the same calls once more.
    pub(crate) next: Vec<(Arc<str>, Millis)>,
}

/// Chooses what there is room for, of those in line.
pub(crate) async fn choose(
    readers: &SqlitePool,
    turns: &mut Turns,
    mut places: Places,
    now: Millis,
) -> Result<Chosen, sqlx::Error> {
    let mut chosen = Chosen::default();
    let asked = ask(turns, &places);
    if asked.is_empty() {
        return Ok(chosen);
    }
    let questions: Vec<(&str, usize)> =
        asked.iter().map(|(turn, share)| (&*turn.service, share.saturating_add(1))).collect();
    let waiting = read::waiting(readers, &questions).await?;
    let mut answers = asked.into_iter().zip(waiting);
    while let Some(((turn, share), waiting)) = answers.next() {
        let taken = take(&waiting, share, &turn, &mut places, now);
        let next = waiting.get(taken.len());
        if taken.is_empty() && next.is_some_and(|next| next.due <= now) {
            // Only its size is in the way. Nobody overtakes it, or others might do so for ever.
            let mut back: Vec<Turn> = answers.map(|((turn, _), _)| turn).collect();
            back.reverse();
            back.into_iter().chain([turn]).for_each(|turn| turns.first(turn));
            break;
        }
        chosen.next.extend(next.map(|next| (turn.service, next.due)));
        chosen.calls.extend(taken);
    }
    Ok(chosen)
}

/// Whose turns come in this look, and how many calls each may take. All are asked for at once: for quick calls of many services, the
/// questions would be most of the work.
fn ask(turns: &mut Turns, places: &Places) -> Vec<(Turn, usize)> {
    let mut left = places.clone();
    let mut asked = Vec::new();
    while !left.are_full() {
        let Some(turn) = turns.next(&left) else { break };
        let share = left.share(&turn);
        left.reserve(&turn, share);
        asked.push((turn, share));
    }
    asked
}

fn take(waiting: &[read::Waiting], share: usize, turn: &Turn, places: &mut Places, now: Millis) -> Vec<Held> {
    let mut taken = Vec::new();
    for one in waiting.iter().take(share) {
        if one.due > now || !places.has_room(turn) || !places.fits(one.bytes) {
            break;
        }
        let held = Held::new(one.id, Arc::clone(&turn.package), Arc::clone(&turn.service), one.bytes);
        places.take(&held);
        taken.push(held);
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::Settings;
    use crate::store::write::{Change, apply};
    use crate::store::{self, Store};
    use crate::task::Task;
    use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
    use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
    use tempfile::TempDir;

    /// A file with calls, and whoever reads it is counted.
    struct File {
        store: Store,
        readers: SqlitePool,
        steps: Arc<AtomicU64>,
        turns: Turns,
        _folder: TempDir,
    }

    impl File {
        /// Of each service so many calls, all of them due since long.
        async fn with(services: &[(&str, i64)]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("background.db");
            let mut store = store::open(&path).await.unwrap();
            let mut id = 0;
            for (service, calls) in services {
                let mut task = |due| {
                    id += 1;
                    Task { id, service: (*service).to_owned(), due, ..Task::default() }
                };
                let tasks = (1..=*calls).map(&mut task).collect();
                let change = Change::Insert { tasks, group: None };
                apply(&mut store.connection, &[&change], &AtomicI64::new(0)).await.unwrap();
            }
            let steps = Arc::new(AtomicU64::new(0));
            let readers = counting(&path, &steps).await;
            let mut turns = Turns::default();
            for (service, due) in read::services(&readers).await.unwrap() {
                turns.expect(&service, due);
            }
            turns.line_up(1_000_000, |service| service.into());
            Self { store, readers, steps, turns, _folder: folder }
        }

        /// A look, and how many steps SQLite has made for it.
        async fn look(&mut self, places: Places) -> (Chosen, u64) {
            let before = self.steps.load(Relaxed);
            let chosen = choose(&self.readers, &mut self.turns, places, 1_000_000).await.unwrap();
            (chosen, self.steps.load(Relaxed) - before)
        }
    }

    async fn counting(path: &std::path::Path, steps: &Arc<AtomicU64>) -> SqlitePool {
        let counted = Arc::clone(steps);
        let pool = SqlitePoolOptions::new().max_connections(1).after_connect(move |connection, _| {
            let counted = Arc::clone(&counted);
            Box::pin(async move {
                connection.lock_handle().await?.set_progress_handler(1, move || {
                    counted.fetch_add(1, Relaxed);
                    true
                });
                Ok(())
            })
        });
        pool.connect_with(SqliteConnectOptions::new().filename(path)).await.unwrap()
    }

    fn ids(chosen: &Chosen) -> Vec<i64> {
        chosen.calls.iter().map(|held| held.id).collect()
    }

    fn held(service: &str, number: i64) -> Vec<Held> {
        (0..number).map(|id| Held::new(-id, service.into(), service.into(), 1)).collect()
    }

    #[tokio::test]
    async fn a_look_reads_nothing_of_the_backlog_of_a_service_that_is_full() {
        let mut steps = Vec::new();
        for backlog in [20, 20_000] {
            let mut file = File::with(&[("quick", 2), ("slow", backlog), ("steady", 2)]).await;
            let started = file.steps.load(Relaxed);
            let settings = Settings { workers_of_one: 4, ..Settings::default() };
            let (chosen, look) = file.look(Places::new(settings, &held("slow", 4))).await;
            assert_eq!(chosen.calls.len(), 4, "{chosen:?}");
            let (chosen, again) = file.look(Places::new(settings, &held("slow", 4))).await;
            assert_eq!((chosen.calls.len(), again), (0, 0), "nobody is left who has room");
            let (chosen, part) = file.look(Places::new(settings, &held("slow", 2))).await;
            assert_eq!((chosen.calls.len(), chosen.next.len()), (2, 1));
            steps.push((started, look, part));
        }
        assert_eq!(steps[0], steps[1], "steps at the start, of a look past it, of a look at it");
    }

    #[tokio::test]
    async fn a_look_asks_no_more_services_than_it_has_places() {
        let names: Vec<String> = (0..1_000).map(|number| format!("s{number:04}")).collect();
        let services: Vec<(&str, i64)> = names.iter().map(|name| (name.as_str(), 3)).collect();
        let mut few = File::with(&services[..10]).await;
        let mut many = File::with(&services).await;
        let settings = Settings { workers: 4, ..Settings::default() };
        let (of_few, steps_of_few) = few.look(Places::new(settings, [])).await;
        let (of_many, steps_of_many) = many.look(Places::new(settings, [])).await;
        assert_eq!((of_few.calls.len(), of_many.calls.len()), (4, 4));
        assert_eq!(steps_of_few, steps_of_many);
    }

    #[tokio::test]
    async fn calls_of_a_service_come_as_they_are_due_and_then_as_they_were_asked_for() {
        let mut file = File::with(&[]).await;
        let task = |(id, due)| Task { id, due, service: "a".to_owned(), ..Task::default() };
        let tasks = [(1, 50), (2, 30), (3, 30), (4, 10), (5, 2_000_000)].map(task).into();
        let change = Change::Insert { tasks, group: None };
        let effects = apply(&mut file.store.connection, &[&change], &AtomicI64::new(0)).await.unwrap();
        assert_eq!(effects[0].waiting, [("a".to_owned(), 10)]);
        file.turns.expect("a", 10);
        file.turns.line_up(1_000_000, |service| service.into());
        let (chosen, _) = file.look(Places::new(Settings::default(), [])).await;
        assert_eq!(ids(&chosen), [4, 2, 3, 1]);
        assert_eq!(chosen.next, [(Arc::<str>::from("a"), 2_000_000)]);
    }

    #[tokio::test]
    async fn nobody_overtakes_a_call_that_waits_for_bytes() {
        let mut file = File::with(&[("a", 1), ("b", 1)]).await;
        let under_way = [Held::new(-1, "c".into(), "c".into(), 100)];
        let full = Settings { bytes_under_way: 110, ..Settings::default() };
        let (chosen, _) = file.look(Places::new(full, &under_way)).await;
        assert!(chosen.calls.is_empty() && chosen.next.is_empty(), "{chosen:?}");
        let (chosen, _) = file.look(Places::new(full, [])).await;
        assert_eq!(ids(&chosen), [1], "a call of any size may be the only one");
        let (chosen, _) = file.look(Places::new(full, [])).await;
        assert_eq!(ids(&chosen), [2], "it was asked for, had no room, and kept its turn");
    }
}
