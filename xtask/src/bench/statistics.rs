//! Medians and percentiles of samples.

/// The middle of the samples.
pub(super) fn median(samples: &[f64]) -> f64 {
    percentile(samples, 50.0)
}

/// The sample below which `percent` of them lie (nearest rank); 0 without samples.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a rank lies between 0 and the number of samples"
)]
pub(super) fn percentile(samples: &[f64], percent: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() as f64 * percent / 100.0).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_nearest_rank() {
        let samples: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(
            (percentile(&samples, 50.0), percentile(&samples, 95.0), percentile(&samples, 100.0)),
            (50.0, 95.0, 100.0)
        );
        assert_eq!((median(&[3.0, 1.0, 2.0]), median(&[])), (2.0, 0.0));
    }
}
