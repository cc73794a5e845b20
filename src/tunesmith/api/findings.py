"""A request that does not fit its description: every finding in one message, the first one's field in ``param``.

Takes FastAPI's findings (their places, kinds and what was found), gives OpenAI's sentences.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError

from tunesmith.api.errors import ApiError, bad_request

_MOST_TOLD = 20
_LONGEST_SHOWN = 60
_SECRET = re.compile(r"secret|password|token|key", re.IGNORECASE)
_SOURCES = ("body", "query", "path", "header", "cookie")


def told(error: RequestValidationError) -> ApiError:
    each = told_apart(error)
    more = len(each) - _MOST_TOLD
    message = " ".join(one.message for one in each[:_MOST_TOLD]) + (f" … and {more} more." if more > 0 else "")
    return bad_request(message, each[0].param, each[0].code)


def told_apart(error: RequestValidationError) -> list[ApiError]:
    """One for each field that something is wrong with."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for finding in error.errors():
        found.setdefault(_param(finding["loc"], finding["type"], error.body), []).append(finding)
    return [
        bad_request(_sentence(param, findings), param or None, _code(findings)) for param, findings in found.items()
    ]


def _param(loc: Sequence[str | int], kind: str, body: Any) -> str:
    """``messages.0.role``: the place as the caller wrote it, without the names of a union's branches."""
    source, steps = (loc[0], loc[1:]) if loc and loc[0] in _SOURCES else ("", loc)
    if source != "body" or not isinstance(body, dict):
        return ".".join(str(step) for step in steps)
    kept, place = [], body
    for number, step in enumerate(steps):
        if _leads_on(place, step):
            place = place[step]
        elif not (number == len(steps) - 1 and kind == "missing"):
            continue
        kept.append(str(step))
    return ".".join(kept)


def _leads_on(place: Any, step: str | int) -> bool:
    if isinstance(place, dict):
        return step in place
    return isinstance(place, list) and isinstance(step, int) and step < len(place)


def _sentence(param: str, findings: Sequence[Mapping[str, Any]]) -> str:
    kinds = {finding["type"] for finding in findings}
    if not param and kinds & {"missing", "model_attributes_type", "dict_type", "model_type"}:
        return "The request needs a JSON object as its body."
    if "missing" in kinds:
        return f"Missing required parameter: '{param}'."
    if "extra_forbidden" in kinds:
        return f"Unrecognized request argument supplied: {param}."
    allowed = list(dict.fromkeys(_allowed(finding) for finding in findings))
    return f"Invalid value for '{param}': found {_shown(param, findings[0].get('input'))}; {', or '.join(allowed)}."


def _allowed(finding: Mapping[str, Any]) -> str:
    context = finding.get("ctx") or {}
    if finding["type"] in ("literal_error", "enum"):
        return f"supported values are {context.get('expected', '')}"
    if finding["type"] in ("value_error", "assertion_error"):
        return str(context.get("error", finding["msg"])).rstrip(".")
    message = str(finding["msg"]).rstrip(".")
    return "it should" + message.removeprefix("Input should") if message.startswith("Input should") else message


def _code(findings: Sequence[Mapping[str, Any]]) -> str | None:
    kinds = {str(finding["type"]) for finding in findings}
    if "missing" in kinds:
        return "missing_required_parameter"
    if "extra_forbidden" in kinds:
        return "unknown_parameter"
    if all(kind.endswith(("_type", "_parsing")) for kind in kinds):
        return "invalid_type"
    return "invalid_value"


def _shown(param: str, value: Any) -> str:
    """Short, and nothing that looks like a secret."""
    if isinstance(value, str) and _SECRET.search(param.rpartition(".")[2]):
        return "something else"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list | tuple):
        return f"an array of {len(value)}"
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        return f"a {type(value).__name__}"
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"
