"""The hooks that a service may have, as methods that do nothing. What calls them and in which order: `caisson._pipeline`."""

from __future__ import annotations

import logging
from typing import Any, ClassVar

__all__ = ['HOOKS', 'JOB_TYPES', 'Hooks']

JOB_TYPES = {
    'one_time': 'one_time',
    'interval_based': 'interval_based',
    'cron_style': 'cron_style',
    'one-time': 'one_time',
    'interval': 'interval_based',
    'interval-based': 'interval_based',
    'cron': 'cron_style',
    'cron-style': 'cron_style',
}
"""Types of jobs by their names in the channel, as hooks spell them."""

HOOKS = (
    'accept',
    'validate_input',
    'before_handle',
    'after_handle',
    'validate_output',
    'finalize_handle',
    'before_job',
    'before_one_time_job',
    'before_interval_based_job',
    'before_cron_style_job',
    'after_job',
    'after_one_time_job',
    'after_interval_based_job',
    'after_cron_style_job',
)
"""Hooks that are called for a message."""


class Hooks:
    """Methods that a service may write to be called at certain points of a message. None of them has to be written.

    `after_handle`, the `after_*_job` and `finalize_handle` come when the answer has been made: what they raise is logged, and
    the answer stays. What any other raises is the answer of the service, as if `handle` had raised it.
    """

    call_hooks: ClassVar[bool] = True
    """False leaves out the hooks whose names begin with `before_` or `after_`, and `finalize_handle`."""

    schema: ClassVar[Any] = None
    """A JSON Schema that the payload is checked against before anything else: a dict, or the path of a JSON file in the
    package.
    """

    @classmethod
    def before_add_to_store(cls, logger: logging.Logger) -> bool:
        """Called when the package is loaded. The class is no service of the package if this answers False."""
        return True

    @staticmethod
    def after_add_to_store(logger: logging.Logger) -> None:
        """Called when the package is loaded and the class is one of its services."""

    def accept(self) -> bool:
        """False refuses the message: the answer is 400 with an empty body, and nothing else is called."""
        return True

    def validate_input(self) -> None:
        """Called when the input has been read. A ValueError is told to the caller as 400, any other exception as usual."""

    def before_handle(self) -> None:
        """Called before `handle`."""

    def after_handle(self) -> None:
        """Called after `handle`, unless it raised."""

    def validate_output(self) -> None:
        """Called when the answer has been made. What it raises is the answer instead."""

    def finalize_handle(self) -> None:
        """Called last."""

    def before_job(self) -> None:
        """Called before `handle` when the scheduler calls."""

    def before_one_time_job(self) -> None:
        """The same, for jobs that run once."""

    def before_interval_based_job(self) -> None:
        """The same, for jobs that run at intervals."""

    def before_cron_style_job(self) -> None:
        """The same, for jobs that run by the calendar."""

    def after_job(self) -> None:
        """Called after `handle` when the scheduler called."""

    def after_one_time_job(self) -> None:
        """The same, for jobs that run once."""

    def after_interval_based_job(self) -> None:
        """The same, for jobs that run at intervals."""

    def after_cron_style_job(self) -> None:
        """The same, for jobs that run by the calendar."""
