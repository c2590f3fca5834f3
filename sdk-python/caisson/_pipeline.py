"""What happens around `handle`: hooks, declarations, schemas. A service that has none of them is called directly.

The order: `accept`, the schema, the declared input, `validate_input`, `before_handle` and `before_*_job`, `handle`,
`after_handle` and `after_*_job`, the declared output, `validate_output`, `finalize_handle`.
"""

from __future__ import annotations

import time
from types import CoroutineType, FunctionType
from typing import Any, Callable

from caisson._declare import declaration_of
from caisson._errors import BadRequest, ServiceError
from caisson._hooks import HOOKS, JOB_TYPES, Hooks
from caisson._program import NotDeployable

__all__ = ['added', 'build', 'is_wanted', 'wrap']

# Attributes that need the time at which a message came to the service, see `caisson._attributes`.
_TIMING = frozenset(('invocation_time', 'handle_return_time', 'processing_time', 'processing_time_raw'))

Step = Callable[[Any], Any]


def build(cls: type, function: Step) -> Step:
    """The function that answers a message: `function` itself, with all that the class wants around it."""
    hooks = _hooks_of(cls)
    declaration = declaration_of(cls)
    check = _schema_of(cls)
    timed = _is_timed(cls)
    if not hooks and declaration is None and check is None and not timed:
        return function
    accept = hooks.get('accept')
    prelude = _prelude(hooks, declaration, check)
    befores, afters = _phase(hooks, 'before'), _phase(hooks, 'after')
    endings = _endings(hooks, declaration)
    finalize = hooks.get('finalize_handle')

    def answer(service: Any) -> None:
        if timed:
            service.__dict__['_began'] = time.time()
        if accept is not None and not _wait(accept(service)):
            service.response.status_code = 400
            service.response.payload = ''
            return
        for step in prelude:
            step(service)
        for step in befores:
            step(service)
        _wait(function(service))
        if timed:
            service.__dict__['_returned'] = time.time()
        for step in afters:
            _or_log(service, step)
        for step in endings:
            step(service)
        if finalize is not None:
            _or_log(service, finalize)

    return answer


def is_wanted(cls: type) -> bool:
    """Asks the class whether it is to be a service (`before_add_to_store`); False if it says no, and only then."""
    return _at_load(cls, 'before_add_to_store') is not False


def added(cls: type) -> None:
    """Tells the class that it is a service (`after_add_to_store`)."""
    _at_load(cls, 'after_add_to_store')


def wrap(facts: Any) -> None:
    """Puts what the class wants around the functions of a service."""
    if facts.handle is not None:
        facts.handle = build(facts.cls, facts.handle)
    facts.verbs = {verb: build(facts.cls, function) for verb, function in facts.verbs.items()}


def _at_load(cls: type, name: str) -> Any:
    """Calls a hook of the class. It may be a class method, a static method, or a function without a decorator."""
    raw = next(vars(base)[name] for base in cls.__mro__ if name in vars(base))
    logger = cls.logger  # type: ignore[attr-defined]
    if isinstance(raw, FunctionType):
        return raw(cls, logger) if raw.__code__.co_argcount > 1 else raw(logger)
    return getattr(cls, name)(logger)


def _hooks_of(cls: type) -> dict[str, Step]:
    """The hooks that the class has written itself."""
    found = {}
    for name in HOOKS:
        hook = getattr(cls, name)
        if hook is getattr(Hooks, name):
            continue
        if not callable(hook):
            raise NotDeployable(
                f'{cls.__module__}.{cls.__name__}: `{name}` is the name of a hook and must be a method, not {type(hook).__name__}'
            )
        around = name.startswith(('before_', 'after_')) or name == 'finalize_handle'
        if around and not cls.call_hooks:  # type: ignore[attr-defined]
            continue
        found[name] = hook
    return found


def _prelude(hooks: dict[str, Step], declaration: Any, check: Step | None) -> list[Step]:
    """What comes before `before_handle`."""
    steps: list[Step] = []
    if check is not None:
        steps.append(check)
    if declaration is not None:
        steps += [declaration.read_input, declaration.prepare_output]
    validate = hooks.get('validate_input')
    if validate is not None:
        steps.append(_validation(validate))
    return steps


def _endings(hooks: dict[str, Step], declaration: Any) -> list[Step]:
    """What comes after `after_handle`."""
    steps: list[Step] = []
    if declaration is not None:
        steps.append(declaration.write_output)
    if 'validate_output' in hooks:
        validate = hooks['validate_output']
        steps.append(lambda service: _wait(validate(service)))
    return steps


def _validation(validate: Step) -> Step:
    """The hook `validate_input`. It is about the caller's message, so a plain ValueError of it is the caller's error."""

    def step(service: Any) -> None:
        try:
            _wait(validate(service))
        except ValueError as error:
            if isinstance(error, ServiceError):
                raise
            raise BadRequest(service.cid, str(error) or 'Invalid input', needs_msg=True) from error

    return step


def _phase(hooks: dict[str, Step], phase: str) -> list[Step]:
    """The hooks before or after `handle`."""
    steps: list[Step] = []
    if f'{phase}_handle' in hooks:
        handle = hooks[f'{phase}_handle']
        steps.append(lambda service: _wait(handle(service)))
    jobs = {
        name: hook
        for name, hook in hooks.items()
        if name.startswith(f'{phase}_') and name.endswith('_job') or name == f'{phase}_job'
    }
    if jobs:
        steps.append(_job_step(jobs, phase))
    return steps


def _job_step(jobs: dict[str, Step], phase: str) -> Step:
    """Calls the hook of all jobs and the one of this type of job, when the scheduler calls."""

    def step(service: Any) -> None:
        if service.channel.type != 'scheduler':
            return
        kind = JOB_TYPES.get(service.job_type)
        for name in (f'{phase}_job', f'{phase}_{kind}_job'):
            if name in jobs:
                _wait(jobs[name](service))

    return step


def _or_log(service: Any, step: Step) -> None:
    """The answer has been made: what goes wrong now is told to the operator only."""
    try:
        _wait(step(service))
    except Exception:
        service.logger.exception('a hook of %s that runs after `handle` has raised; the answer stays', service.get_name())


def _wait(result: Any) -> Any:
    """The result, of a coroutine what it comes to."""
    if type(result) is CoroutineType:
        import asyncio

        return asyncio.run(result)
    return result


def _schema_of(cls: type) -> Step | None:
    """The check of the payload against the class's `schema`."""
    schema = cls.schema  # type: ignore[attr-defined]
    if schema is None:
        return None
    from caisson._json_schema import compile_schema, payload_check

    return payload_check(compile_schema(schema, cls))


def _is_timed(cls: type) -> bool:
    """Whether a method of the class asks for the times of the message."""
    for base in cls.__mro__:
        if base.__module__.partition('.')[0] in ('caisson', '_caisson', 'builtins'):
            continue
        for value in vars(base).values():
            code = getattr(getattr(value, '__func__', value), '__code__', None)
            if code is not None and not _TIMING.isdisjoint(code.co_names):
                return True
    return False
