"""What all fakes share: calls that are noted, answers that were recorded, and messages that say what to record."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar

__all__ = ['Fake', 'Rule', 'UnexpectedCall', 'listed', 'matches']

CallT = TypeVar('CallT')

_MOST_SHOWN = 5


class UnexpectedCall(AssertionError):
    """A service asked for something that the test has recorded no answer for. The message shows what to record."""


class Rule:
    """One recorded answer.

    `shown` is what it answers in words, `fits` tells whether a call is meant, `answer` makes the native answer, and `times` is how often it
    may be used: `None` is once while there is a later one for the same call, and as often as needed otherwise.
    """

    def __init__(
        self, shown: str, fits: Callable[[Any], bool], answer: Callable[[Any], Any], times: int | None = None,
    ) -> None:
        self.shown = shown
        self.fits = fits
        self.answer = answer
        self.times = times
        self.used = 0

    @property
    def is_spent(self) -> bool:
        """Whether it was used as often as it may be."""
        return self.used >= (1 if self.times is None else self.times)


class Fake(Generic[CallT]):
    """Stands for something outside of the service: notes each call and answers what was recorded for it."""

    kind = ''
    """What it is, in messages: `http connection`."""

    def __init__(self, name: str, unexpected: list[UnexpectedCall] | None = None) -> None:
        self.name = name
        self.calls: list[CallT] = []
        """All calls so far, in their order."""
        self._rules: list[Rule] = []
        # Kept apart as well: a service may catch what is raised to it.
        self._unexpected: list[UnexpectedCall] = [] if unexpected is None else unexpected

    @property
    def last(self) -> CallT:
        """The latest call; an AssertionError when there was none."""
        self.assert_called()
        return self.calls[-1]

    def reset(self) -> None:
        """Forgets all calls and all recorded answers."""
        self.calls.clear()
        self._rules.clear()

    def assert_called(self) -> None:
        """At least one call was made."""
        if not self.calls:
            raise AssertionError(f'{self.kind} {self.name!r} was not called')

    def assert_not_called(self) -> None:
        """No call was made."""
        if self.calls:
            raise AssertionError(f'{self.kind} {self.name!r} was called {_times(len(self.calls))}:\n{listed(self.calls)}')

    def assert_called_once(self) -> None:
        """Exactly one call was made."""
        if len(self.calls) != 1:
            shown = f':\n{listed(self.calls)}' if self.calls else ''
            raise AssertionError(f'{self.kind} {self.name!r} was called {_times(len(self.calls))} and not once{shown}')

    def assert_all_used(self) -> None:
        """Every recorded answer was given at least once."""
        unused = [rule.shown for rule in self._rules if not rule.used]
        if unused:
            raise AssertionError(f'{self.kind} {self.name!r}: recorded and never asked for:\n{listed(unused)}')

    def _assert_once_with(self, what: Mapping[str, Any]) -> None:
        self.assert_called_once()
        self._assert_like(self.calls[0], what)

    def _assert_any_with(self, what: Mapping[str, Any]) -> None:
        self.assert_called()
        if not any(not _differences(call, what) for call in self.calls):
            wanted = ', '.join(f'{name}={value!r}' for name, value in what.items())
            raise AssertionError(f'{self.kind} {self.name!r} was never called with {wanted}; it was called:\n{listed(self.calls)}')

    def _assert_like(self, call: CallT, what: Mapping[str, Any]) -> None:
        wrong = _differences(call, what)
        if wrong:
            raise AssertionError(f'{self.kind} {self.name!r}: the call {call} is not as expected:\n{listed(wrong)}')

    def _record(self, rule: Rule) -> None:
        self._rules.append(rule)

    def _answer(self, call: CallT, advice: str, default: Any = None) -> Any:
        """Notes a call and makes its answer; `advice` is the line that records one, `default` answers when nothing is recorded."""
        self.calls.append(call)
        rule = self._rule_for(call)
        if rule is not None:
            rule.used += 1
            return rule.answer(call)
        if default is not None:
            return default
        error = UnexpectedCall(self._explain(call, advice))
        self._unexpected.append(error)
        raise error

    def _rule_for(self, call: CallT) -> Rule | None:
        fitting = [rule for rule in self._rules if rule.fits(call)]
        fresh = [rule for rule in fitting if not rule.is_spent]
        if fresh:
            return fresh[0]
        # The last one goes on, unless the test has said how often.
        return fitting[-1] if fitting and fitting[-1].times is None else None

    def _explain(self, call: CallT, advice: str) -> str:
        spent = any(rule.fits(call) for rule in self._rules)
        why = 'its recorded answers are used up' if spent else 'nothing is recorded'
        lines = [f'{self.kind} {self.name!r}: {why} for', f'    {call}']
        near = difflib.get_close_matches(str(call), [rule.shown for rule in self._rules], n=_MOST_SHOWN, cutoff=0.3)
        others = [rule.shown for rule in self._rules if rule.shown not in near]
        if self._rules and not spent:
            lines += ['Recorded are, the nearest first:', listed((near + others)[:_MOST_SHOWN])]
        return '\n'.join([*lines, 'To answer it:', f'    {advice}'])


def matches(wanted: Any, value: Any) -> bool:
    """Whether a value is as wanted: equal, what a pattern of `re` is found in, or what a function says yes to."""
    if hasattr(wanted, 'search') and hasattr(wanted, 'pattern'):
        return isinstance(value, str) and wanted.search(value) is not None
    if callable(wanted) and not isinstance(wanted, type):
        return bool(wanted(value))
    return bool(wanted == value)


def listed(things: Iterable[Any]) -> str:
    """One line each, indented."""
    return '\n'.join(f'    {thing}' for thing in things)


def _differences(call: Any, what: Mapping[str, Any]) -> list[str]:
    wrong = []
    for name, wanted in what.items():
        value = getattr(call, name)
        # Of headers and the like a part may be named.
        if isinstance(wanted, Mapping) and name in ('headers', 'properties'):
            value = {key: value.get(key) for key in wanted}
        if not matches(wanted, value):
            wrong.append(f'{name}: expected {wanted!r}, was {value!r}')
    return wrong


def _times(count: int) -> str:
    return 'never' if count == 0 else 'once' if count == 1 else f'{count} times'
