"""The native module `_caisson_xml`: reads and writes trees of XML. It is called by one module of the SDK only, and has no other users."""

from typing import Any

def __getattr__(name: str) -> Any: ...
