"""`self.config`: the configuration files of a package, read once, when it is loaded.

Files that end in `.ini`, `.conf`, `.toml`, `.yaml`, `.yml` or `.json` are read, from the root of the package, from its
folders `config/` and `user-conf/`, and from the folder `user-conf/` that an operator gave it beside; of two files of one name
the later one in this order wins. `self.config.FILE.SECTION.KEY` has the value, FILE without its ending. A file that cannot be
read is an error where it is first used.
"""

from __future__ import annotations

import re
from typing import Any

from caisson import _program
from caisson._absent import nearest

__all__ = ['Config', 'ConfigError', 'config', 'parse', 'read_all', 'static']

_FOLDERS = ('{0}/', '{0}/config/', '{0}/user-conf/', 'user-conf/')
_STATIC = ('{0}/static/', 'static/')
_ENDINGS = ('.ini', '.conf', '.toml', '.yaml', '.yml', '.json')
# Of the package itself; its file of settings is the server's, not the service's.
_OURS = ('service.toml', 'pyproject.toml', 'caisson.yaml', 'caisson.yml')

_INT = re.compile(r'[+-]?(0|[1-9][0-9]*)')
_FLOAT = re.compile(r'[+-]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?')
_TRUE = frozenset(('true', 'yes', 'on'))
_FALSE = frozenset(('false', 'no', 'off'))


class ConfigError(Exception):
    """A configuration file that cannot be read, or a key that it does not have."""


class NoSuchKey(ConfigError, AttributeError, KeyError):
    """A key that there is not; an AttributeError and a KeyError at once, as it may be asked for in both ways."""

    def __str__(self) -> str:
        return str(self.args[0])


class Config(dict):  # type: ignore[type-arg]
    """A section, whose keys are attributes as well. A key that is not there is an error that names the nearest one."""

    def __init__(self, values: Any, place: str) -> None:
        super().__init__(values)
        object.__setattr__(self, '_place', place)

    def __missing__(self, name: Any) -> Any:
        lowered = [key for key in self if str(key).lower() == str(name).lower()]
        if len(lowered) == 1:
            return self[lowered[0]]
        known = f'; there are {", ".join(map(str, self))}' if self else '; there is nothing in it'
        raise NoSuchKey(f'{self._place} has no `{name}`{nearest(str(name), self) or known}')

    def __getattr__(self, name: str) -> Any:
        if name.startswith('__'):
            raise AttributeError(name)
        return self[name]

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError('configuration can only be read')

    def get(self, name: Any, default: Any = None) -> Any:
        """The value, or the default."""
        try:
            return self[name]
        except KeyError:
            return default


class _Files(Config):
    """Files by their names. Those that could not be read raise when they are asked for."""

    def __getitem__(self, name: Any) -> Any:
        value = super().__getitem__(name)
        if isinstance(value, ConfigError):
            raise value
        return value


config: Config = _Files({}, 'self.config')
static: Config = _Files({}, 'self.static_config')


def read_all() -> None:
    """Reads the files of the package that was loaded."""
    for target, folders in ((config, _FOLDERS), (static, _STATIC)):
        target.clear()
        for folder in folders:
            folder = folder.format(_program.name)
            for path in sorted(_program.files):
                name = path.removeprefix(folder)
                if path.startswith(folder) and '/' not in name and name not in _OURS and not name.endswith('.py'):
                    _add(target, path, name, is_static=target is static)


def _add(target: Config, path: str, name: str, is_static: bool) -> None:
    stem, dot, ending = name.rpartition('.')
    if f'{dot}{ending}' in _ENDINGS:
        try:
            dict.__setitem__(target, stem, parse(path, _program.files[path]))
        except ConfigError as error:
            dict.__setitem__(target, stem, error)
    elif is_static:
        dict.__setitem__(target, name, _text(path, _program.files[path]))


def _text(path: str, content: bytes) -> Any:
    try:
        return content.decode('utf-8-sig')
    except UnicodeDecodeError:
        return content


def parse(path: str, content: bytes) -> Any:
    """The content of a configuration file; a ConfigError with file and line."""
    text = _text(path, content)
    if isinstance(text, bytes):
        raise ConfigError(f'{path} is not UTF-8 text')
    try:
        if path.endswith(('.ini', '.conf')):
            values = _ini(text)
        elif path.endswith('.toml'):
            import tomllib

            values = tomllib.loads(text)
        elif path.endswith('.json'):
            import json

            values = json.loads(text)
        else:
            from caisson._yaml import load

            values = load(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f'{path}: {error}') from None
    return _wrap({} if values is None else values, path)


def _wrap(value: Any, place: str) -> Any:
    if isinstance(value, dict):
        return Config({key: _wrap(item, f'{place}: {key}') for key, item in value.items()}, place)
    return [_wrap(item, f'{place}[{index}]') for index, item in enumerate(value)] if isinstance(value, list) else value


def _ini(text: str) -> dict[str, Any]:
    """Sections of keys. Keys before the first section are of the file itself; `[[name]]` is within the last section."""
    values: dict[str, Any] = {}
    section = values
    outer: dict[str, Any] = values
    key = None
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if not bare or bare[0] in '#;':
            continue
        if line[0] in ' \t' and key is not None and '=' not in bare and not bare.startswith('['):
            section[key] = f'{section[key]}\n{bare}'
            continue
        if bare.startswith('['):
            inner = bare.startswith('[[')
            name = bare.strip('[] \t')
            if not bare.endswith(']') or not name:
                raise ValueError(f'line {number}: a section is written [name], not {bare!r}')
            section = (outer if inner else values).setdefault(_unquoted(name), {})
            if not isinstance(section, dict):
                raise ValueError(f'line {number}: {name} is a key already')
            outer = outer if inner else section
            key = None
            continue
        key, sign, value = bare.partition('=')
        if not sign:
            key, sign, value = bare.partition(':')
        if not sign:
            raise ValueError(f'line {number}: `key = value` is wanted, not {bare!r}')
        key = _unquoted(key.strip())
        section[key] = _value(value.strip())
    return values


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in '"\'' else text


def _value(text: str) -> Any:
    """A number, a truth value, a list (`a, b, c`), else text; in quotes always text."""
    if text[:1] in ('"', "'"):
        end = text.find(text[0], 1)
        rest = text[end + 1 :].strip() if end > 0 else 'x'
        if end > 0 and (not rest or rest[0] in '#;'):
            return text[1:end]
    # A remark after a value begins with a space, so that `a#b` is a value.
    text = re.split(r'[ \t][#;]', text, maxsplit=1)[0].strip()
    if ',' in text and '{' not in text and '[' not in text and '://' not in text:
        return [_scalar(part.strip()) for part in text.split(',') if part.strip()]
    return _scalar(text)


def _scalar(text: str) -> Any:
    unquoted = _unquoted(text)
    if unquoted is not text:
        return unquoted
    lower = text.lower()
    if lower in _TRUE or lower in _FALSE:
        return lower in _TRUE
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
