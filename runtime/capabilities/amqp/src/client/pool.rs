//! Channels for publishing. A call has one for itself and gives it back if all went well: only then is nothing of it on the way.

use super::Link;
use crate::error::{self, Stage};
use caisson_capability::Error;
use lapin::Channel;
use lapin::options::ConfirmSelectOptions;
use std::sync::{Mutex, PoisonError};

/// A connection that is published on, with the channels that nobody uses. There are as many as there may be calls.
#[derive(Debug)]
pub(crate) struct Publisher {
    // Before the link: channels say good-bye while it is there.
    idle: Mutex<Vec<Channel>>,
    pub(crate) link: Link,
}

impl Publisher {
    pub(crate) fn new(link: Link) -> Self {
        Self { idle: Mutex::default(), link }
    }

    /// A channel in confirm mode.
    pub(crate) async fn channel(&self) -> Result<Channel, Error> {
        while let Some(channel) = self.pop() {
            if channel.status().connected() {
                return Ok(channel);
            }
        }
        let channel = self.link.channel().await?;
        let confirming = channel.confirm_select(ConfirmSelectOptions::default()).await;
        confirming.map_err(|error| error::calling(&error, Stage::Before))?;
        Ok(channel)
    }

    /// Takes a channel back.
    pub(crate) fn give_back(&self, channel: Channel) {
        if channel.status().connected() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(channel);
        }
    }

    fn pop(&self) -> Option<Channel> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}
