"""Services: their methods and hooks, what they declare, and the attributes of `self` that they use."""

from __future__ import annotations

import ast
from typing import Any

from caisson import _absent
from caisson._check_names import ABSENT_PARTS, PARTS, SELF, SIMPLE_IO, VERBS
from caisson._hooks import HOOKS
from caisson._service import Service

__all__ = ['Classes']

_ROOTS = frozenset(('Service', 'RESTAdapter'))
_MODELS = frozenset(('Model',))

Function = (ast.FunctionDef, ast.AsyncFunctionDef)


class Classes:
    """The classes of a package, by name."""

    def __init__(self, trees: dict[str, ast.Module]) -> None:
        self._of_file = {
            path: [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)] for path, tree in trees.items()
        }
        self._by_name = {node.name: node for nodes in self._of_file.values() for node in nodes}
        self._known = frozenset(name for name in dir(Service) if name not in _absent.ATTRIBUTES) | SELF

    def check(self, path: str, report: Any) -> None:
        """Reports the services of a file."""
        for node in self._of_file[path]:
            line = self._line(node)
            if line is None:
                continue
            _check_methods(node, report)
            _check_declarations(node, report)
            own = set().union(*(_members(cls) for cls in line))
            complete = not any('__getattr__' in _members(cls) for cls in line) and self._is_complete(line)
            for use in _uses(node):
                self._check_use(use, own, complete, report)

    def _line(self, node: ast.ClassDef) -> list[ast.ClassDef] | None:
        """The class and its bases in the package, if it is a service."""
        line, queue, is_service = [], [node], False
        while queue:
            cls = queue.pop()
            if cls in line:
                continue
            line.append(cls)
            for base in cls.bases:
                name = _last(base)
                is_service = is_service or name in _ROOTS
                if name in self._by_name and name not in _ROOTS:
                    queue.append(self._by_name[name])
        return line if is_service else None

    def _is_complete(self, line: list[ast.ClassDef]) -> bool:
        """Whether all bases are known, so that an attribute that none of them has is none."""
        return all(
            _last(base) == 'Service' or _last(base) in self._by_name or _last(base) in ('object', 'ABC')
            for cls in line
            for base in cls.bases
        )

    def _check_use(self, use: ast.Attribute, own: set[str], complete: bool, report: Any) -> None:
        path = _path_of(use)
        if path is None:
            return
        name = path[0]
        if len(path) == 1:
            if name in own or name in self._known or name.startswith('__'):
                return
            if name in _absent.ATTRIBUTES:
                report.error(use, 'attribute-absent', f'services have no `self.{name}` here: {_absent.ATTRIBUTES[name]}')
            elif complete:
                report.error(
                    use,
                    'attribute-unknown',
                    (f'services have no `self.{name}`{_absent.nearest(name, (*self._known_public(), *own))}'),
                )
            return
        whole, parent = '.'.join(path), '.'.join(path[:-1])
        if whole in ABSENT_PARTS:
            report.error(use, 'attribute-absent', f'there is no `self.{whole}` here: {ABSENT_PARTS[whole]}')
        elif parent in PARTS and path[0] not in own and path[-1] not in PARTS[parent] and not path[-1].startswith('__'):
            report.error(use, 'attribute-unknown', f'there is no `self.{whole}`{_absent.nearest(path[-1], PARTS[parent])}')

    def _known_public(self) -> list[str]:
        return sorted(name for name in self._known if not name.startswith('_'))


def _last(node: Any) -> str:
    """The last part of a dotted name."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ''


def _members(cls: ast.ClassDef) -> set[str]:
    """What a class defines, and what its methods set on `self`."""
    found = set()
    for node in cls.body:
        if isinstance(node, (*Function, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.For, ast.If, ast.With, ast.Try, ast.Import, ast.ImportFrom)):
            found |= {name.id for name in ast.walk(node) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)}
            found |= {
                alias.asname or alias.name
                for part in ast.walk(node)
                if isinstance(part, (ast.Import, ast.ImportFrom))
                for alias in part.names
            }
    for inner in ast.walk(cls):
        if isinstance(inner, ast.Attribute) and isinstance(inner.ctx, (ast.Store, ast.Del)) and isinstance(inner.value, ast.Name):
            found.add(inner.attr)
        elif isinstance(inner, ast.Call) and _last(inner.func) == 'setattr':
            # Whatever this sets cannot be known.
            found.add('__getattr__')
    return found


def _uses(cls: ast.ClassDef) -> list[ast.Attribute]:
    """Reads of attributes that begin at `self`, in the methods of the class itself."""
    found = []
    for method in cls.body:
        if not isinstance(method, Function) or not method.args.args:
            continue
        if any(_last(decorator) in ('staticmethod', 'classmethod') for decorator in method.decorator_list):
            continue
        myself = method.args.args[0].arg
        found += [
            node
            for node in ast.walk(method)
            if isinstance(node, ast.Attribute)
            and _begins_at(node, myself)
            and (isinstance(node.ctx, ast.Load) or not isinstance(node.value, ast.Name))
        ]
    return found


def _begins_at(node: ast.Attribute, name: str) -> bool:
    value: Any = node.value
    while isinstance(value, ast.Attribute):
        value = value.value
    return isinstance(value, ast.Name) and value.id == name


def _path_of(node: ast.Attribute) -> list[str] | None:
    path = []
    value: Any = node
    while isinstance(value, ast.Attribute):
        path.append(value.attr)
        value = value.value
    return list(reversed(path))


def _check_methods(cls: ast.ClassDef, report: Any) -> None:
    for node in cls.body:
        if not isinstance(node, Function):
            continue
        name = node.name
        if name == 'handle' or name.startswith('handle_') and name[7:].isupper() or name in HOOKS:
            _check_signature(cls, node, report)
        if (
            name.startswith('handle_')
            and name[7:].isalpha()
            and name[7:] not in VERBS
            and (name[7:].isupper() or name[7:].upper() in VERBS)
        ):
            report.warning(node, 'signature', f'`{name}` answers nothing: methods of HTTP are {", ".join(VERBS)}, in upper case')
        close = _absent.nearest(name, ('handle', *HOOKS, 'before_add_to_store', 'after_add_to_store'))
        if close and name not in HOOKS and not name.startswith('handle') and not hasattr(Service, name) and _is_close(name):
            report.warning(node, 'signature', f'`{name}` is called by nobody{close}')


def _is_close(name: str) -> bool:
    """Names that differ from a hook's by a letter or two, so that a slip is likely."""
    import difflib

    return bool(
        difflib.get_close_matches(name, ('handle', *HOOKS, 'before_add_to_store', 'after_add_to_store'), n=1, cutoff=0.88)
    )


def _check_signature(cls: ast.ClassDef, node: Any, report: Any) -> None:
    args = node.args
    needed = len(args.posonlyargs) + len(args.args) - len(args.defaults)
    is_static = any(_last(decorator) in ('staticmethod', 'classmethod') for decorator in node.decorator_list)
    if is_static or needed != 1 and not (args.vararg and needed <= 1) or any(default is None for default in args.kw_defaults):
        report.error(
            node, 'signature', f'`{cls.name}.{node.name}` is called with `self` and nothing else; the message is self.request'
        )
    if any(isinstance(inner, (ast.Yield, ast.YieldFrom)) for inner in _own_nodes(node)):
        report.error(
            node,
            'generator',
            (
                f'`{cls.name}.{node.name}` is a generator, which nobody iterates; write the generator as another method and '
                'assign it: '
                'self.response.payload = self.rows()'
            ),
        )


def _own_nodes(function: Any) -> list[ast.AST]:
    """The nodes of a function, without those of functions in it."""
    found: list[ast.AST] = []
    queue: list[ast.AST] = list(function.body)
    while queue:
        node = queue.pop()
        found.append(node)
        if not isinstance(node, (*Function, ast.Lambda, ast.ClassDef)):
            queue.extend(ast.iter_child_nodes(node))
    return found


def _check_declarations(cls: ast.ClassDef, report: Any) -> None:
    declared = {name for node in cls.body if isinstance(node, ast.Assign) for target in node.targets if (name := _last(target))}
    for node in cls.body:
        if not isinstance(node, ast.ClassDef) or node.name not in ('SimpleIO', 'IO'):
            continue
        known = SIMPLE_IO if node.name == 'SimpleIO' else SIMPLE_IO[:6]
        inner = set()
        for part in node.body:
            names = (
                [_last(target) for target in part.targets]
                if isinstance(part, ast.Assign)
                else (
                    [_last(part.target)]
                    if isinstance(part, ast.AnnAssign)
                    else [part.name]
                    if isinstance(part, (ast.ClassDef, *Function))
                    else []
                )
            )
            for name in names:
                inner.add(name.partition('_')[0])
                if name not in known and not name.startswith('_'):
                    report.error(
                        part, 'declaration', f'`{cls.name}.{node.name}` has no setting `{name}`{_absent.nearest(name, known)}'
                    )
        for side in ('input', 'output'):
            if side in declared and side in inner:
                report.error(
                    node, 'declaration', f'`{cls.name}` declares its {side} at the class and in `{node.name}`; keep one of them'
                )
    _check_names_declared(cls, report)


def _check_names_declared(cls: ast.ClassDef, report: Any) -> None:
    """`input = ('a', 'b')`: names are text that is one, and each is there once."""
    for node in ast.walk(cls):
        if not isinstance(node, ast.Assign) or not any(_last(target).startswith(('input', 'output')) for target in node.targets):
            continue
        if not any(isinstance(target, ast.Name) for target in node.targets) or not isinstance(node.value, (ast.Tuple, ast.List)):
            continue
        seen: set[str] = set()
        for element in node.value.elts:
            text = element.value if isinstance(element, ast.Constant) else None
            if isinstance(text, str) and (name := text.lstrip('-')) in seen:
                report.error(element, 'declaration', f'`{name}` is declared twice')
            elif isinstance(text, str):
                seen.add(name)
            elif isinstance(element, ast.Constant):
                report.error(element, 'declaration', f'a name is text, not {element.value!r}')
