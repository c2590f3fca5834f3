"""The native module `_caisson_crypto`: what `self.crypto` is made with. It is called by one module of the SDK only, and has no other users."""

from typing import Any

def __getattr__(name: str) -> Any: ...
