"""Routes found by the raw path: split at its slashes first, then decoded, so that an id may hold ``%2F``.

What is written out in a route wins over a parameter, and a parameter over a tail (``{place:path}``, which ends a route
and takes all segments that are left). Nothing is redirected, and no Host header is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar
from urllib.parse import unquote_to_bytes

from tunesmith.api.errors import bad_request

_LONGEST_PATH = 8192
_TAIL = re.compile(r"\{([^\W\d]\w*):path\}")


class HasPath(Protocol):
    @property
    def path(self) -> str: ...

    @property
    def methods(self) -> Iterable[str]: ...


Route = TypeVar("Route", bound=HasPath)


@dataclass(slots=True)
class _Node(Generic[Route]):
    words: dict[str, _Node[Route]] = field(default_factory=dict)
    parameter: _Node[Route] | None = None
    tail: _Node[Route] | None = None
    routes: dict[str, tuple[Route, tuple[str, ...]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found(Generic[Route]):
    """``by_method`` holds each method's route with the names of its parameters."""

    by_method: Mapping[str, tuple[Route, tuple[str, ...]]]
    values: tuple[str, ...]

    @property
    def allowed(self) -> str:
        """The value of an ``Allow`` header."""
        methods = set(self.by_method) | {"OPTIONS"}
        return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


class RouteTable(Generic[Route]):
    """Raises ValueError for two routes in one place, a parameter that is not a whole segment, or a tail in the middle."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root: _Node[Route] = _Node()
        for route in routes:
            self._add(route)

    def find(self, raw_path: bytes) -> Found[Route] | None:
        """Raises ApiError 400 for a path that is not text."""
        if len(raw_path) > _LONGEST_PATH:
            return None
        segments = [_decoded(segment) for segment in raw_path.split(b"/")[1:]]
        found = _walk(self._root, segments, 0, ())
        return Found(found[0].routes, found[1]) if found else None

    def _add(self, route: Route) -> None:
        node, names = self._root, []
        *_, last = segments = route.path.split("/")[1:]
        for segment in segments:
            if segment is last and (tail := _TAIL.fullmatch(segment)):
                names.append(tail[1])
                node.tail = node.tail or _Node()
                node = node.tail
            elif segment.startswith("{") and segment.endswith("}") and segment[1:-1].isidentifier():
                names.append(segment[1:-1])
                node.parameter = node.parameter or _Node()
                node = node.parameter
            elif "{" in segment or "}" in segment:
                raise ValueError(f"{route.path}: a parameter takes a whole segment, such as {{file_id}}")
            else:
                node = node.words.setdefault(segment, _Node())
        for method in route.methods:
            if method in node.routes:
                raise ValueError(f"{method} {route.path} is taken by {node.routes[method][0].path}")
            node.routes[method] = (route, tuple(names))


def _walk(
    node: _Node[Route], segments: list[str], at: int, values: tuple[str, ...]
) -> tuple[_Node[Route], tuple[str, ...]] | None:
    if at == len(segments):
        return (node, values) if node.routes else None
    word = node.words.get(segments[at])
    found = _walk(word, segments, at + 1, values) if word else None
    if found is None and node.parameter and segments[at]:
        found = _walk(node.parameter, segments, at + 1, (*values, segments[at]))
    if found is None and node.tail:
        found = (node.tail, (*values, "/".join(segments[at:])))
    return found


def _decoded(segment: bytes) -> str:
    try:
        text = (unquote_to_bytes(segment) if b"%" in segment else segment).decode("utf-8")
    except UnicodeDecodeError:
        raise bad_request("The path is not UTF-8.") from None
    if "\0" in text:
        raise bad_request("The path holds a null character.")
    return text
