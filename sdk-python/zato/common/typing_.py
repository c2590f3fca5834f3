"""Short names for types, as services of Zato write them in annotations."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import (
    Any, Callable, ClassVar, Dict, Final, FrozenSet, Generator, Generic, IO, Iterable, Iterator, List, Literal, NamedTuple, NoReturn, Optional,
    Set, TextIO, Tuple, Type, TypeVar, TypedDict, Union, cast,
)

from caisson._absent import module_getattr

any_ = Any
anydict = Dict[str, Any]
anydictnone = Optional[Dict[str, Any]]
anylist = List[Any]
anylistnone = Optional[List[Any]]
anynone = Optional[Any]
anyset = Set[Any]
anytuple = Tuple[Any, ...]
bool_ = bool
boolnone = Optional[bool]
byteslist = List[bytes]
bytesnone = Optional[bytes]
callable_ = Callable
callnone = Optional[Callable[..., Any]]
cast_ = cast
classvar_ = ClassVar
date_ = date
datenone = Optional[date]
datetime_ = datetime
datetimez = datetime
datetimenone = Optional[datetime]
decimal_ = Decimal
decimalnone = Optional[Decimal]
dict_ = Dict
dictlist = List[Dict[str, Any]]
dictnone = Optional[Dict[str, Any]]
dictorlist = Union[Dict[str, Any], List[Any]]
final_ = Final
float_ = float
floatnone = Optional[float]
frozenset_ = FrozenSet
generator_ = Generator
generic_ = Generic
int_ = int
intany = Union[int, Any]
intdict = Dict[int, int]
intdictdict = Dict[int, Dict[str, Any]]
intlist = List[int]
intlistnone = Optional[List[int]]
intnone = Optional[int]
intset = Set[int]
intstr = Union[int, str]
io_ = IO
iterable_ = Iterable
iterator_ = Iterator
list_ = List
listnone = Optional[List[Any]]
listorstr = Union[List[Any], str]
literal_ = Literal
named_tuple_ = NamedTuple
noreturn = NoReturn
optional = Optional
set_ = Set
str_ = str
stranydict = Dict[str, Any]
strbool = Union[str, bool]
strbooldict = Dict[str, bool]
strbytes = Union[str, bytes]
strcalldict = Dict[str, Callable[..., Any]]
strdict = Dict[str, Any]
strdictdict = Dict[str, Dict[str, Any]]
strdictlist = List[Dict[str, Any]]
strdictnone = Optional[Dict[str, Any]]
strintdict = Dict[str, int]
strintnone = Union[str, int, None]
strlist = List[str]
strlistdict = Dict[str, List[Any]]
strlistnone = Optional[List[str]]
strnone = Optional[str]
strordict = Union[str, Dict[str, Any]]
strorlist = Union[str, List[Any]]
strset = Set[str]
strsetdict = Dict[str, Set[str]]
strstrdict = Dict[str, str]
strtuple = Tuple[str, ...]
textio_ = TextIO
tuple_ = Tuple
tuplist = Union[List[Any], Tuple[Any, ...]]
tupnone = Optional[Tuple[Any, ...]]
type_ = Type
typedict_ = TypedDict
typevar_ = TypeVar
union_ = Union


def dict_field() -> Any:
    """A field of a dataclass whose default is a new dict."""
    import dataclasses
    return dataclasses.field(default_factory=dict)


def list_field() -> Any:
    """A field of a dataclass whose default is a new list."""
    import dataclasses
    return dataclasses.field(default_factory=list)


def set_field() -> Any:
    """A field of a dataclass whose default is a new set."""
    import dataclasses
    return dataclasses.field(default_factory=set)


__getattr__ = module_getattr(__name__)
