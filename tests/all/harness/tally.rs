//! What a hostile component answers: how often each of its calls came to what.

/// Lines `TIMES WHAT: KIND: MESSAGE`.
#[derive(Debug)]
pub(crate) struct Tally(pub(crate) String);

impl Tally {
    /// How often an answer came that begins so.
    pub(crate) fn times(&self, begins: &str) -> u32 {
        let lines = self.0.lines().filter_map(|line| line.split_once(' '));
        lines
            .filter(|(_, what)| what.starts_with(begins))
            .map(|(times, _)| times.parse::<u32>().unwrap())
            .sum()
    }

    /// It came at least once.
    #[track_caller]
    pub(crate) fn assert(&self, begins: &str) {
        assert!(self.times(begins) > 0, "nothing begins with {begins:?}:\n{}", self.0);
    }

    /// It came so often.
    #[track_caller]
    pub(crate) fn assert_times(&self, begins: &str, times: u32) {
        assert_eq!(self.times(begins), times, "{begins:?} in:\n{}", self.0);
    }
}
