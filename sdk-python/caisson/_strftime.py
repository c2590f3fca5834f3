"""`time.strftime` as in the C locale: the interpreter's own knows some directives in another form, and no time zone."""

from __future__ import annotations

import calendar
import re
import time
from typing import Any, Callable

__all__ = ['mended']

# C17, 7.27.3.5: what these are short for in the "C" locale. The sandbox lives in UTC.
_FORMS = {
    'c': '%a %b %e %H:%M:%S %Y', 'x': '%m/%d/%y', 'X': '%H:%M:%S', 'r': '%I:%M:%S %p', 'Z': 'UTC', 'z': '+0000',
    # No directives of C; `datetime` replaces them before it asks.
    'f': '%%f', 'Q': '%%Q',
}
_WRONG = re.compile('%[cxXrZzfQs]')
_DIRECTIVE = re.compile('%(.)', re.DOTALL)


def mended(original: Callable[..., str]) -> Callable[..., str]:
    """The function with these directives as other systems have them."""
    def strftime(format: str, t: Any = None, /) -> str:
        if not isinstance(format, str):
            raise TypeError(f'strftime() argument 1 must be str, not {type(format).__name__}')
        when = time.gmtime() if t is None else t

        def form(found: re.Match[str]) -> str:
            if found[1] == 's':
                return str(calendar.timegm(when))
            return _FORMS.get(found[1], found[0])

        return original(_DIRECTIVE.sub(form, format) if _WRONG.search(format) else format, when)

    strftime.__doc__ = original.__doc__
    return strftime
