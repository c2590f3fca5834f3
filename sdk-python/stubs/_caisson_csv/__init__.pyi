"""The native module `_caisson_csv`: reads and writes rows of CSV. It is called by one module of the SDK only, and has no other users."""

from typing import Any

class DictRows:
    """Rows as dicts; the base of the reader."""

    def __getattr__(self, name: str) -> Any: ...

def __getattr__(name: str) -> Any: ...
