//! Each case is red when it should be, and no other.

use crate::echo::{Defect, Echo};
use caisson_conformance::{Case, outcome};
use std::sync::Arc;

/// Defects and the cases that find them.
const DEFECTS: &[(Defect, &[Case])] = &[
    (Defect::Undescribed, &[Case::Description]),
    (Defect::Choosy, &[Case::Sample]),
    (Defect::Unlisted, &[Case::Description, Case::Sample]),
    (Defect::BlindPing, &[Case::Down]),
    (Defect::Eager, &[Case::Work]),
    (Defect::Beside, &[Case::Work, Case::Denied, Case::Deadline, Case::Cancelled, Case::Exhausted]),
    (Defect::Credulous, &[Case::WrongOptions]),
    (Defect::Placeless, &[Case::WrongOptions]),
    (Defect::Puzzled, &[Case::Down, Case::Lost, Case::Reconnect]),
    (Defect::Resigned, &[Case::Down, Case::Lost, Case::Reconnect]),
    (Defect::Optimist, &[Case::Lost]),
    (Defect::Blames, &[Case::Lost, Case::Reconnect]),
    (Defect::Timid, &[Case::Lost, Case::Reconnect]),
    (Defect::Hasty, &[Case::Deadline]),
    (Defect::Detached, &[Case::Deadline, Case::Cancelled, Case::Exhausted]),
    (Defect::HalfRead, &[Case::Deadline, Case::Cancelled]),
    (Defect::LosesPlaces, &[Case::Cancelled]),
    (Defect::Unbounded, &[Case::Exhausted]),
    (Defect::KeepsDead, &[Case::Lost, Case::Reconnect]),
    (Defect::StaysOpen, &[Case::Closed]),
    (Defect::Shared, &[Case::Changed]),
    (Defect::DebugShows, &[Case::Secret]),
    (Defect::CauseShows, &[Case::Secret]),
    (Defect::ProblemShows, &[Case::Secret]),
    (Defect::Logs, &[Case::Secret]),
];

#[test]
fn each_defect_is_found_by_its_cases_and_by_no_other() {
    // A thread for each, as tests have: what a case logs is known by its thread.
    let all = DEFECTS.iter().map(|(defect, expected)| {
        std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            tokio::task::LocalSet::new().block_on(&runtime, wrong(*defect, expected))
        })
    });
    let all: Vec<_> = all.collect();
    let told: String = all.into_iter().map(|one| one.join().unwrap()).collect();
    assert!(told.is_empty(), "{told}");
}

/// What is wrong about the cases that find a defect.
async fn wrong(defect: Defect, expected: &'static [Case]) -> String {
    let (mut found, mut told) = (Vec::new(), String::new());
    // The case of secrets is all the others once more: where it is not meant it would tell nothing new.
    let cases = Case::ALL.into_iter().filter(|case| *case != Case::Secret || expected.contains(case));
    for case in cases {
        let subject = Arc::new(Echo::with(Some(defect)).await);
        // A wrong answer is a panic of the subject, which is a failed test as well.
        let ended = tokio::task::spawn_local(async move {
            outcome(subject, case).await.map_err(|problem| format!("{problem:#}"))
        });
        if let Err(problem) = ended.await.unwrap_or_else(|panic| Err(panic.to_string())) {
            found.push(case);
            told.push_str(&format!("\n{case:?}: {problem}"));
        }
    }
    if found == expected {
        String::new()
    } else {
        format!("\n{defect:?} is found by {found:?}, not {expected:?}:{told}\n")
    }
}

#[test]
fn each_case_finds_a_defect() {
    for case in Case::ALL {
        assert!(DEFECTS.iter().any(|(_, cases)| cases.contains(&case)), "{case:?}");
    }
}
