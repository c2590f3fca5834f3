"""Answers in pieces: iterators as bodies, and server-sent events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

__all__ = ['open_stream']

EVENT_STREAM = 'text/event-stream'

# What an event may have (WHATWG HTML, 9.2 Server-sent events), in the order in which it is written.
_FIELDS = ('comment', 'event', 'id', 'retry')


def open_stream(items: Any, content_type: str | None) -> tuple[bytes | None, Iterator[bytes], str]:
    """The first piece of a body, the others, and the media type that the first one implies.

    The first piece is made here, so that whatever goes wrong until then is still an error with a status of its own.
    """
    if not hasattr(items, '__next__'):
        items = _in_turn(items)
    events = (content_type or '').split(';')[0].strip().lower() == EVENT_STREAM
    encode = _event if events else _piece
    for first in items:
        implied = 'text/plain' if isinstance(first, (str, bytes, bytearray)) else 'application/x-ndjson'
        return encode(first), map(encode, items), implied
    return None, iter(()), 'text/plain'


def _in_turn(items: Any) -> Iterator[Any]:
    """The items of an asynchronous iterator, each waited for."""
    import asyncio

    ended = object()

    async def step() -> Any:
        try:
            return await items.__anext__()
        except StopAsyncIteration:
            return ended

    loop = asyncio.new_event_loop()
    try:
        while (item := loop.run_until_complete(step())) is not ended:
            yield item
    finally:
        loop.close()


def _piece(item: Any) -> bytes:
    """Text and bytes as they are, all else as a line of JSON."""
    if isinstance(item, str):
        return item.encode()
    if isinstance(item, (bytes, bytearray, memoryview)):
        return bytes(item)
    return _dumps(item).encode() + b'\n'


def _event(item: Any) -> bytes:
    """One event. Bytes are taken as they are; a dict with `data` or `comment` and no keys but those of an event is an event; all
    else is the data of one.
    """
    if isinstance(item, (bytes, bytearray, memoryview)):
        return bytes(item)
    fields = item if _is_event(item) else {'data': item}
    lines = []
    for name in _FIELDS:
        value = fields.get(name)
        if value is not None:
            lines.append(f'{"" if name == "comment" else name}: {_one_line(name, value)}')
    if 'data' in fields:
        data = fields['data']
        text = data if isinstance(data, str) else _dumps(data)
        # What a reader takes for the end of a line: CR, LF or both, and nothing else that `splitlines` would.
        parts = text.replace('\r\n', '\n').replace('\r', '\n').split('\n')
        lines.extend(f'data: {part}' for part in parts)
    return ('\n'.join(lines) + '\n\n').encode()


def _is_event(item: Any) -> bool:
    return isinstance(item, dict) and ('data' in item or 'comment' in item) and item.keys() <= {*_FIELDS, 'data'}


def _one_line(name: str, value: Any) -> str:
    text = str(value)
    if '\n' in text or '\r' in text or '\0' in text:
        raise ValueError(f'`{name}` of a server-sent event must be one line, not {text!r}')
    return text


def _dumps(item: Any) -> str:
    from caisson._runtime import dumps, to_plain
    return dumps(to_plain(item)) if not isinstance(item, str) else json.dumps(item)
