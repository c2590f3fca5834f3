//! Random commits, conflicts and rollbacks against a model.

use super::server::Etcd;
use super::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Act {
    Put(u8, u8),
    Delete(u8),
    Stale(u8),
    Rollback(u8),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (0..6_u8, 0..3_u8).prop_map(|(name, value)| Act::Put(name, value)),
        2 => (0..6_u8).prop_map(Act::Delete),
        1 => any::<u8>().prop_map(Act::Stale),
        1 => any::<u8>().prop_map(Act::Rollback),
    ];
    proptest::collection::vec(act, 1..25)
}

/// Every state that there was; its last is the present one. Rollbacks keep document 0.
async fn follow(store: &Store, acts: Vec<Act>) {
    let mut states: Vec<BTreeMap<String, Bytes>> = vec![BTreeMap::new()];
    for act in acts {
        let now = states.last().unwrap().clone();
        let (mut next, current) = (now.clone(), states.len() as u64 - 1);
        let made = match act {
            Act::Put(name, value) => {
                next.insert(name.to_string(), vec![value].into());
                store.commit(Change { base: Some(current), ..put(&name.to_string(), vec![value]) }).await
            }
            Act::Delete(name) => {
                next.remove(&name.to_string());
                store.commit(Change { deletes: vec![name.to_string()], ..Change::default() }).await
            }
            Act::Stale(which) => {
                let base = u64::from(which) % (current + 1);
                let made = store.commit(Change { base: Some(base), ..put("9", vec![which]) }).await;
                if base == current {
                    next.insert("9".to_owned(), vec![which].into());
                } else {
                    assert_eq!(made.unwrap().unwrap_err().since.len() as u64, current - base);
                    continue;
                }
                made
            }
            Act::Rollback(which) => {
                let to = usize::from(which) % states.len();
                next = states[to].clone();
                next.remove("0");
                next.extend(now.get("0").map(|bytes| ("0".to_owned(), bytes.clone())));
                store.rollback(to as u64, None, |name| name == "0", "ann").await
            }
        };
        if next != now {
            states.push(next);
        }
        assert_eq!(made.unwrap().unwrap().revision, states.len() as u64 - 1);
    }
    assert_eq!(*store.snapshot().documents, *states.last().unwrap());
    for (revision, state) in states.iter().enumerate() {
        assert_eq!(*store.at(revision as u64).await.unwrap(), *state);
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn sqlite_does_what_the_model_does(acts in acts()) {
        runtime().block_on(async {
            let folder = tempfile::tempdir().unwrap();
            follow(&Store::embedded(&folder.path().join("state.db")).await.unwrap(), acts).await;
        });
    }
}

#[test]
fn etcd_does_what_the_model_does() {
    let runtime = runtime();
    let etcd = runtime.block_on(Etcd::start());
    let mut prefix = 0;
    let config = ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let cell = std::cell::RefCell::new(&mut prefix);
    let done = runner.run(&acts(), |acts| {
        **cell.borrow_mut() += 1;
        let prefix = format!("/{}", cell.borrow());
        runtime.block_on(async {
            let options = crate::EtcdOptions { prefix, ..etcd.options() };
            follow(&Store::etcd(options).await.unwrap(), acts).await;
        });
        Ok(())
    });
    done.unwrap();
}
