"""Questions and answers over connections of type `__name__`.

    from caisson import __name__

    answer = __name__.connect('my-__name__').ask('How goes it?')
"""

from __future__ import annotations

import _caisson___name__

from caisson._capability import unwrap

__all__ = ['Connection', 'connect']


class Connection:
    """A connection of the operator's, by its name."""

    __slots__ = ('_name',)

    def __init__(self, name: str) -> None:
        self._name = name

    def ask(self, question: str) -> str:
        """Asks a question, which is one line, and answers the line that comes back.

        Raises `CapabilityError`: its message names the grant that is missing, or what is wrong.
        """
        return unwrap(_caisson___name__.ask(self._name, question))


def connect(name: str) -> Connection:
    """The connection of this name. Whether there is one, and whether this service may use it, shows when it is used."""
    return Connection(name)
