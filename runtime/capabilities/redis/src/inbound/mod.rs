//! Channels whose messages come from Redis.

mod pubsub;
mod settings;
mod stream;

pub use settings::{Config, From, Stream};

use crate::client::Client;
use caisson_capability::{Consumer, Intake, Problem};
use std::sync::Arc;
use std::time::Duration;

/// How long nothing may be heard of Redis before it is asked whether it is there, and then once more before it is lost.
const QUIET: Duration = Duration::from_secs(20);

/// Makes the consumer that the options ask for.
pub(crate) fn consumer(
    client: Arc<Client>,
    config: &Config,
    intake: Intake,
) -> Result<Box<dyn Consumer>, Vec<Problem>> {
    config.check(intake.timeout)?;
    Ok(match &config.stream {
        Some(stream) => Box::new(stream::Group::new(client, stream.clone(), config.concurrency, intake)),
        None => Box::new(pubsub::Subscription::new(client, config, intake)),
    })
}
