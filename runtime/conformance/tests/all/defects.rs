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
    (Defect::Puzzled, &[Case::Down, Case::Lost]),
    (Defect::Resigned, &[Case::Down, Case::Lost, Case::Reconnect]),
    (Defect::Optimist, &[Case::Lost]),
    (Defect::Blames, &[Case::Lost, Case::Reconnect]),
    (Defect::Hasty, &[Case::Deadline]),
    (Defect::Detached, &[Case::Deadline, Case::Cancelled]),
    (Defect::HalfRead, &[Case::Deadline, Case::Cancelled]),
    (Defect::LosesPlaces, &[Case::Exhausted]),
    (Defect::Unbounded, &[Case::Exhausted]),
    (Defect::KeepsDead, &[Case::Lost, Case::Reconnect]),
    (Defect::StaysOpen, &[Case::Closed]),
    (Defect::Shared, &[Case::Changed]),
    (Defect::DebugShows, &[Case::Secret]),
    (Defect::CauseShows, &[Case::Secret]),
    (Defect::ProblemShows, &[Case::Secret]),
    (Defect::Logs, &[Case::Secret]),
];

#[tokio::test]
async fn each_defect_is_found_by_its_cases_and_by_no_other() {
    let mut wrong = String::new();
    for (defect, expected) in DEFECTS {
        let mut found = Vec::new();
        let mut told = String::new();
        for case in Case::ALL {
            let subject = Arc::new(Echo::with(Some(*defect)).await);
            // A wrong answer is a panic of the subject, which is a failed test as well.
            let tasks = tokio::task::LocalSet::new();
            let ended = tasks.spawn_local(async move {
                outcome(subject, case).await.map_err(|problem| format!("{problem:#}"))
            });
            let ended = tasks.run_until(ended).await;
            if let Err(problem) = ended.unwrap_or_else(|panic| Err(panic.to_string())) {
                found.push(case);
                told.push_str(&format!("\n{case:?}: {problem}"));
            }
        }
        if found != *expected {
            wrong.push_str(&format!("\n{defect:?} is found by {found:?}, and not by {expected:?}:{told}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn each_case_finds_a_defect() {
    for case in Case::ALL {
        assert!(DEFECTS.iter().any(|(_, cases)| cases.contains(&case)), "{case:?}");
    }
}
