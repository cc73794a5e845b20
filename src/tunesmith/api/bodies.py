"""What a body may be: no longer than its route allows, and JSON as RFC 8259 has it, without traps.

Python's own reader takes NaN, lone surrogates and any depth; what it lets through fails later, in a database.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.types import Message, Receive

from tunesmith.api.errors import ApiError, bad_request

MOST_JSON_BYTES: Final = 32 << 20
MOST_NESTING: Final = 100


class JsonRequest(Request):
    """FastAPI asks it for ``json()``."""

    async def json(self) -> Any:
        """A deployment that the path names takes the place of the body's model."""
        value = parse_json(await self.body())
        deployment = self.scope.get("tunesmith.deployment")
        return {**value, "model": deployment} if deployment is not None and isinstance(value, dict) else value


def parse_json(body: bytes) -> Any:
    """Raises ApiError 400, which says what is wrong and at which byte where that is known."""
    try:
        value = msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except RecursionError:
        raise _too_deep() from None
    except UnicodeDecodeError:
        raise bad_request("We could not parse the JSON body of your request: it is not UTF-8.") from None
    except ValueError as error:
        raise bad_request(_sentence(str(error))) from None
    if body.count(b"[") + body.count(b"{") > MOST_NESTING and _is_too_deep(value):
        raise _too_deep()
    if b"\\u0000" in body and _holds_null_character(value):
        raise bad_request("A text of the JSON body holds a null character (\\u0000), which cannot be stored.")
    return value


def limited(receive: Receive, most_bytes: int, declared: str | None) -> Receive:
    """``receive`` that raises ApiError 413 once more than ``most_bytes`` came; at once where the header says so."""
    if declared is not None and declared.isdigit() and int(declared[:20]) > most_bytes:
        raise too_large(most_bytes)
    num_bytes = 0

    async def counted() -> Message:
        nonlocal num_bytes
        message = await receive()
        num_bytes += len(message.get("body", b""))
        if num_bytes > most_bytes:
            raise too_large(most_bytes)
        return message

    return counted


def too_large(most_bytes: int) -> ApiError:
    return ApiError(413, f"The request's body is larger than {most_bytes:,} bytes, the most that is taken here.",
                    headers={"connection": "close"})  # fmt: skip


def _sentence(reason: str) -> str:
    if "truncated" in reason:
        reason = "it ends too early, or a text holds half of a surrogate pair"
    elif "out of range" in reason:
        reason = "a number is too large"
    else:
        reason = reason.removeprefix("JSON is malformed: ")
    return f"We could not parse the JSON body of your request: {reason}. (The API expects valid JSON; check it for missing quotes, brackets or commas.)"


def _too_deep() -> ApiError:
    return bad_request(f"The JSON body is nested more than {MOST_NESTING} levels deep.")


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MOST_NESTING + 1):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ] if isinstance(value, dict | list) else []  # fmt: skip
        if not level:
            return False
    return True


def _holds_null_character(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any("\0" in key or _holds_null_character(inner) for key, inner in value.items())
    return isinstance(value, list) and any(_holds_null_character(inner) for inner in value)
