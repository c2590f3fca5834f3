"""Bodies in pieces and server-sent events."""

import contextlib
import io
import unittest
from collections.abc import AsyncIterator
from typing import Any

from tests import _stub

_stub.install()

# The package takes over the standard streams when it is imported; the test runner wants them back.
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    from caisson import _runtime as runtime

EVENTS = 'text/event-stream; charset=utf-8'


def sent(items: Any, content_type: str | None = None) -> tuple[bytes, str]:
    """All that is sent, and the media type that follows."""
    first, others, implied = runtime.open_stream(items, content_type)
    return b''.join(([] if first is None else [first]) + list(others)), implied


class Pieces(unittest.TestCase):
    """What becomes of the items of an iterator."""

    def test_pieces(self) -> None:
        """Text and bytes are taken as they are, the rest is lines of JSON; the first one says which type it is."""
        self.assertEqual(sent(iter(['a', b'b', bytearray(b'c')])), (b'abc', 'text/plain'))
        self.assertEqual(sent(iter([{'a': 1}, [2], 'x'])), (b'{"a": 1}\n[2]\nx', 'application/x-ndjson'))
        self.assertEqual(sent(iter(())), (b'', 'text/plain'))

    def test_asynchronous(self) -> None:
        """The items of an asynchronous generator are waited for."""
        async def items() -> AsyncIterator[str]:
            yield 'a'
            yield 'b'

        self.assertEqual(sent(items()), (b'ab', 'text/plain'))

    def test_an_error_of_the_first_item_is_raised_at_once(self) -> None:
        """So that it can still become a status."""
        with self.assertRaises(ZeroDivisionError):
            runtime.open_stream((1 // 0 for _ in range(1)), None)

    def test_events(self) -> None:
        """A dict with `data` or `comment` and nothing foreign is an event; all else is the data of one."""
        for item, expected in (
            ('one', b'data: one\n\n'),
            ('two\r\nlines\rmore', b'data: two\ndata: lines\ndata: more\n\n'),
            ('', b'data: \n\n'),
            (5, b'data: 5\n\n'),
            ({'id': 1}, b'data: {"id": 1}\n\n'),
            ({'data': 'x', 'other': 1}, b'data: {"data": "x", "other": 1}\n\n'),
            ({'data': {'a': 1}, 'event': 'e', 'id': 7, 'retry': 500}, b'event: e\nid: 7\nretry: 500\ndata: {"a": 1}\n\n'),
            ({'comment': 'c'}, b': c\n\n'),
            (b'data: raw\n\n', b'data: raw\n\n'),
        ):
            self.assertEqual(sent(iter([item]), EVENTS)[0], expected, item)

    def test_events_cannot_be_forged(self) -> None:
        """A name or an id with a line end would begin a field, or an event, of its own."""
        for name in ('event', 'id', 'retry', 'comment'):
            with self.assertRaisesRegex(ValueError, name):
                sent(iter([{'data': 'x', name: 'a\ndata: forged'}]), EVENTS)


if __name__ == '__main__':
    unittest.main()
