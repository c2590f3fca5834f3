"""Short names for types, as services of Zato write them in annotations."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List, Optional, Set, Tuple, Union

any_ = Any
anydict = Dict[str, Any]
anylist = List[Any]
anynone = Optional[Any]
boolnone = Optional[bool]
callable_ = Callable
dict_ = Dict
dictlist = List[Dict[str, Any]]
dictnone = Optional[Dict[str, Any]]
floatnone = Optional[float]
intlist = List[int]
intnone = Optional[int]
iterator_ = Iterator
list_ = List
listnone = Optional[List[Any]]
optional = Optional
set_ = Set
stranydict = Dict[str, Any]
strdict = Dict[str, Any]
strlist = List[str]
strnone = Optional[str]
strstrdict = Dict[str, str]
tuple_ = Tuple
union_ = Union
