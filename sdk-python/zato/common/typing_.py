"""Short names for types, as services of Zato write them in annotations."""

from __future__ import annotations

import datetime
import decimal
from dataclasses import dataclass, field
from types import ModuleType
from typing import (
    IO, Any, BinaryIO, Callable, ClassVar, Dict, Final, FrozenSet, Generator, Generic, Iterable, Iterator, List, Literal, NamedTuple,
    NoReturn, Optional, Set, TextIO, Tuple, Type, TypedDict, TypeVar, Union, cast,
)

from caisson._absent import module_getattr

any_ = Any
anydict = Dict[Any, Any]
anydictnone = Optional[Dict[Any, Any]]
anylist = List[Any]
anylistnone = Optional[List[Any]]
anynone = Optional[Any]
anyset = Set[Any]
anysetnone = Optional[Set[Any]]
str_ = str
anytuple = Tuple[Any, ...]
binaryio_ = BinaryIO
bool_ = bool
boolnone = Optional[bool]
byteslist = List[bytes]
bytesnone = Optional[bytes]
bytesorstr = Union[bytes, str]
callable_ = Callable  # type: ignore[type-arg]
callnone = Optional[Callable[..., Any]]
cast_ = cast
classvar_ = ClassVar
commondict = Dict[str, Union[int, str, float, bool, datetime.datetime, None]]
commoniter = Union[List[Any], Tuple[Any, ...]]
dataclass_ = dataclass
date_ = datetime.date
datenone = Optional[datetime.date]
datetime_ = datetime.datetime
datetimenone = Optional[datetime.datetime]
datetimez = datetime.datetime
decimal_ = decimal.Decimal
decimalnone = Optional[decimal.Decimal]
dict_ = Dict
dictlist = List[Dict[str, Any]]
dictnone = Optional[Dict[str, Any]]
dictnonelist = List[Optional[Dict[str, Any]]]
dictorlist = Union[Dict[str, Any], List[Any]]
field_ = field
final_ = Final
float_ = float
floatnone = Optional[float]
frozenset_ = FrozenSet
generator_ = Generator
generic_ = Generic
int_ = int
intany = Union[int, Any]
intanydict = Dict[int, Any]
intdict = Dict[int, int]
intdictdict = Dict[int, Dict[Any, Any]]
intlist = List[int]
intlistnone = Optional[List[int]]
intnone = Optional[int]
intset = Set[int]
intsetdict = Dict[int, Set[Any]]
intstr = Union[int, str]
intstrdict = Dict[int, str]
io_ = IO
isotimestamp = str
iterable_ = Iterable
iterator_ = Iterator
list_ = List
listnone = Optional[List[Any]]
listorstr = Union[str, List[str]]
literal_ = Literal
module_ = ModuleType
named_tuple_ = NamedTuple
noreturn = NoReturn
optional = Optional
set_ = Set
setnone = Optional[Set[Any]]
stranydict = Dict[str, Any]
strbool = Union[str, bool]
strbooldict = Dict[str, bool]
strbytes = Union[str, bytes]
strcalldict = Dict[str, Callable[..., Any]]
strdict = Dict[str, Any]
strdictdict = Dict[str, Dict[str, Any]]
strdictlist = List[Dict[str, Any]]
strdictnone = Optional[Dict[str, Any]]
strint = Union[str, int]
strintbool = Union[str, int, bool]
strintdict = Dict[str, int]
strintnone = Optional[Union[str, int]]
striter = Iterable[str]
strlist = List[str]
strlistdict = Dict[str, List[str]]
strlistnone = Optional[List[str]]
strnone = Optional[str]
strordict = Union[str, Dict[str, Any]]
strordictnone = Optional[Union[str, Dict[str, Any]]]
strorlist = Union[str, List[Any]]
strorlistnone = Optional[Union[str, List[Any]]]
strset = Set[str]
strsetdict = Dict[str, Set[str]]
strstrdict = Dict[str, str]
strtuple = Tuple[str, ...]
textio_ = TextIO
textionone = Optional[TextIO]
timedelta_ = datetime.timedelta
tuple_ = Tuple  # type: ignore[type-arg]
tuplist = List[Tuple[Any, ...]]
tupnone = Optional[Tuple[Any, ...]]
type_ = Type
typedict = TypedDict
typedict_ = TypedDict
typevar_ = TypeVar
union_ = Union


def dict_field() -> Any:
    """A field of a model that is an empty dict unless it is given."""
    return field(default_factory=dict)


def list_field() -> Any:
    """A field of a model that is an empty list unless it is given."""
    return field(default_factory=list)


def set_field() -> Any:
    """A field of a model that is an empty set unless it is given."""
    return field(default_factory=set)


def instance_from_dict(class_: Any, data: Dict[str, Any]) -> Any:
    """An object of a model or another class, with the items of a dict for its attributes."""
    if hasattr(class_, 'from_dict'):
        return class_.from_dict(data)
    made = class_()
    for name, value in data.items():
        setattr(made, name, value)
    return made


__getattr__ = module_getattr(__name__)
