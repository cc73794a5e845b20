"""What every route says of itself: one action, and the kind of each id it takes. Without that, no application.

A name is taken for an id where it is ``id``, ends in ``_id`` or ``_ids``, is ``file``, ``model``,
``training_file``, ``validation_file``, ``after`` or ``before``, or stands in the path; it must be marked
``IdOf(kind)``, or ``NoId(why)`` where it names no object of ours (``tool_call_id``).
"""

from __future__ import annotations

import types
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel

from tunesmith.api.auth import IdOf, NoId, Permit

ID_NAMES = frozenset({"id", "file", "model", "training_file", "validation_file", "after", "before"})
Place = Literal["path", "query", "body"]


class Unlabelled(Exception):
    """A route that does not say what it does, or what one of its ids names."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One place for an id: ``steps`` lead to it from the top, ``*`` through any item of an array or object."""

    place: Place
    steps: tuple[str, ...]
    kind: str


@dataclass(frozen=True, slots=True)
class _Found:
    place: Place
    steps: tuple[str, ...]
    marks: tuple[Any, ...]


def permit_of(route: APIRoute) -> Permit | None:
    """Raises Unlabelled for more than one."""
    permits = [part.call for part in _all_parts(route.dependant) if isinstance(part.call, Permit)]
    if len(permits) > 1:
        raise Unlabelled(f"{_named(route)} carries {len(permits)} permit(...) labels instead of one")
    return permits[0] if permits else None


def id_slots(route: APIRoute) -> Sequence[Slot]:
    """Every id that the route takes; raises Unlabelled for one whose kind is unknown."""
    slots, missing = [], []
    for found in _all_strings(route):
        kinds = [mark.kind for mark in found.marks if isinstance(mark, IdOf)]
        if kinds:
            slots.append(Slot(found.place, found.steps, kinds[0]))
        elif _must_be_marked(found) and not any(isinstance(mark, NoId) for mark in found.marks):
            missing.append(f"{found.place} {'.'.join(found.steps)}")
    if missing:
        raise Unlabelled(f"{_named(route)}: no IdOf(...) on {', '.join(dict.fromkeys(missing))}")
    return list(dict.fromkeys(slots))


def check_labels(routes: Sequence[APIRoute], anybody_may: Collection[str]) -> Mapping[str, Permit | None]:
    """Each route's label by method and path; raises Unlabelled with all that is missing."""
    found: dict[str, Permit | None] = {}
    problems = []
    for route in routes:
        try:
            permit = permit_of(route)
            id_slots(route)
            if (permit is None) != (route.path in anybody_may):
                raise Unlabelled(f"{_named(route)} carries no permit(...) label, or one though anybody may ask it")
            found[_named(route)] = permit
        except Unlabelled as error:
            problems.append(str(error))
    if problems:
        raise Unlabelled("; ".join(problems))
    return found


def _named(route: APIRoute) -> str:
    return f"{'|'.join(sorted(route.methods or ()))} {route.path}"


def _must_be_marked(found: _Found) -> bool:
    names = [step for step in found.steps if step != "*"]
    name = names[-1] if names else ""
    return found.place == "path" or name in ID_NAMES or name.endswith(("_id", "_ids"))


def _all_parts(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for part in dependant.dependencies:
        yield from _all_parts(part)


def _all_strings(route: APIRoute) -> Iterator[_Found]:
    for part in _all_parts(route.dependant):
        hints = _hints(part.call)
        for field in part.path_params:
            yield from _strings("path", (field.alias,), hints[field.name], (), ())
        for field in part.query_params:
            steps = () if _is_model(hints[field.name]) else (field.alias,)
            yield from _strings("query", steps, hints[field.name], (), ())
        for field in part.body_params:
            steps = () if len(part.body_params) == 1 and _is_model(hints[field.name]) else (field.alias,)
            yield from _strings("body", steps, hints[field.name], (), ())


def _hints(call: Any) -> dict[str, Any]:
    if isinstance(call, type):
        function: Any = vars(call).get("__init__", call)
    else:
        function = call if isinstance(call, types.FunctionType | types.MethodType) else type(call).__call__
    return get_type_hints(function, include_extras=True)


def _strings(
    place: Place, steps: tuple[str, ...], kind: Any, marks: tuple[Any, ...], within: tuple[type, ...]
) -> Iterator[_Found]:
    """Every string below ``kind``, with the marks that stand on its way since the last field."""
    origin = get_origin(kind)
    if origin is Annotated:
        inner, *more = get_args(kind)
        yield from _strings(place, steps, inner, (*marks, *more), within)
    elif hasattr(kind, "__value__"):  # a type alias
        yield from _strings(place, steps, kind.__value__, marks, within)
    elif origin in (Union, types.UnionType):
        for branch in get_args(kind):
            yield from _strings(place, steps, branch, marks, within)
    elif origin is Literal:
        return
    elif origin is not None and issubclass(origin, Mapping):
        yield from _strings(place, (*steps, "*"), get_args(kind)[1], marks, within)
    elif origin is not None and issubclass(origin, Collection):
        for inner in get_args(kind)[:1]:
            yield from _strings(place, (*steps, "*"), inner, marks, within)
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        if kind not in within:
            for name, field in kind.model_fields.items():
                yield from _strings(
                    place, (*steps, field.alias or name), field.annotation, tuple(field.metadata), (*within, kind)
                )
    elif kind in (str, Any, object):
        yield _Found(place, steps, marks)


def _is_model(kind: Any) -> bool:
    if get_origin(kind) is Annotated:
        return _is_model(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        return any(_is_model(branch) for branch in get_args(kind))
    return isinstance(kind, type) and issubclass(kind, BaseModel)
