"""Calls of several services at once, and calls in the background (`_caisson_calls`)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from caisson._answers import decoded
from caisson.testing._services import BackgroundCall

if TYPE_CHECKING:
    from caisson.testing._app import App

__all__ = ['native']


def native(app: App) -> dict[str, Callable[..., Any]]:
    """The functions of the module, answered by the app: calls at once are made in turn, those in the background are noted."""
    ids = itertools.count(1)

    def note(task: Mapping[str, Any], kind: str, cid: str | None) -> tuple[Any, ...]:
        number = next(ids)
        caller = app._under_way[-1] if app._under_way else {}
        root = str(caller.get('cid') or 'test').partition('~')[0]
        cid = str(cid or task.get('cid') or f'{root}~background-{number}')
        payload = decoded(task.get('content_type'), task.get('body') or b'')
        delay = (task.get('delay_ms') or 0) / 1000
        app.background.append(BackgroundCall(task['service'], payload, kind, cid, delay, list(task.get('callback') or ()), task))
        return True, number, cid

    def invoke_all(calls: Any) -> list[Any]:
        return [app._invoke(service, content_type, body, method) for service, content_type, body, _timeout, method in calls]

    def find(name: str) -> str | None:
        for known, service in app._services.items():
            if known == name or getattr(service, 'impl_name', None) == name:
                return known
        return None

    def enqueue(task: Mapping[str, Any]) -> tuple[Any, ...]:
        return note(task, 'scheduler' if task.get('scheduled') else 'invoke-async', None)

    def enqueue_group(pattern: str, tasks: Any, on_target: Any, on_final: Any, cid: str | None) -> tuple[Any, ...]:
        callbacks = [*(on_target or ()), *(on_final or ())]
        taken: tuple[Any, ...] = (True, 0, cid or '')
        for task in tasks:
            taken = note({**task, 'callback': callbacks}, pattern, cid or (taken[2] or None))
        return taken

    return {'invoke_all': invoke_all, 'find': find, 'enqueue': enqueue, 'enqueue_group': enqueue_group}
