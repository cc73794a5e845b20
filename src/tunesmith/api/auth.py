"""Keys → principals, and the labels that every route carries: what it does, and what its ids name.

A route takes ``principal: Annotated[Principal, permit(Action.FILE_READ)]``; an id in its path, query or
body is annotated ``IdOf("file")``. A test builds the matrix of all routes, callers and ids from these.
The key is judged before the body is read (api.edge), so that a stranger learns nothing from any answer.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers

from tunesmith.api.errors import ApiError
from tunesmith.store import keys
from tunesmith.store.db import Database, DatabaseUnavailable
from tunesmith.store.principals import Action, Principal

TRUSTED_SECONDS = 0.5
"""How long a principal is believed without asking the database: a revoked key is dead within a second."""
_USE_IS_NOTED_EVERY_SECONDS = 60.0
_MOST_REMEMBERED = 10_000
_SHORTEST_SHOWN = 24
_WHERE_KEYS_ARE_MADE = "Keys are made with `tunesmith keys create`, or in the Studio under Settings."

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IdOf:
    """Marks a string that names an object of this kind."""

    kind: str


@dataclass(frozen=True, slots=True)
class NoId:
    """Marks a string that is called like an id but names no object of ours; ``why`` says what it is."""

    why: str


class Permit:
    """The label of a route, and the dependency that hands the route its principal."""

    def __init__(self, action: Action) -> None:
        self.action = action

    def check(self, principal: Principal) -> None:
        """Raises ApiError 403."""
        if not principal.may(self.action):
            needs = "an administrator's key" if self.action is Action.ADMINISTER else "a higher role"
            raise ApiError(403, f"Your role {principal.role} may not do this ({self.action}); it takes {needs}.")

    async def __call__(self, request: Request) -> Principal:
        principal: Principal = request.scope["tunesmith.principal"]
        self.check(principal)
        return principal


def permit(action: Action) -> Any:
    return Depends(Permit(action))


async def _request_id(request: Request) -> str:
    return str(request.scope["tunesmith.request_id"])


RequestId = Annotated[str, Depends(_request_id)]
"""For the audit log: the same as the answer's ``x-request-id``."""


async def principal_of(request: Request) -> Principal:
    """Whose key it is; raises ApiError 401."""
    callers: Callers = request.app.state.callers
    return (await callers.identify(request.headers)).principal


@dataclass(frozen=True, slots=True)
class Caller:
    """A principal, and the hash to ask for again while an answer streams."""

    principal: Principal
    secret_hash: str


@dataclass(slots=True)
class Callers:
    """Who has called lately. One for each process; lives in its event loop."""

    database: Database
    now: Callable[[], float]
    _known: dict[str, tuple[Principal, float]] = field(default_factory=dict)
    _noted: dict[str, float] = field(default_factory=dict)

    async def identify(self, headers: Headers) -> Caller:
        """Raises ApiError 401, or DatabaseUnavailable. A key is hashed before anything looks for it.

        The key says which project is meant. What ``OpenAI-Project`` names is not looked at: clients that come from
        OpenAI still send the project that they had there.
        """
        secret = _secret_of(headers)
        secret_hash = keys.hash_of(secret)
        principal = await self.find(secret_hash)
        if principal is None:
            raise _incorrect(secret)
        return Caller(principal, secret_hash)

    async def find(self, secret_hash: str) -> Principal | None:
        known = self._known.get(secret_hash)
        if known is not None and time.monotonic() - known[1] < TRUSTED_SECONDS:
            return known[0]
        asked_at = time.monotonic()
        principal = await run_in_threadpool(self._look_up, secret_hash)
        if principal is None:
            self._known.pop(secret_hash, None)
            return None
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
            self._noted.clear()
        self._known[secret_hash] = (principal, asked_at)
        return principal

    def is_due(self, principal: Principal) -> bool:
        """Whether it is time to write down that the key was used; says yes once a minute."""
        last, now = self._noted.get(principal.key_id), time.monotonic()
        if last is not None and now - last < _USE_IS_NOTED_EVERY_SECONDS:
            return False
        self._noted[principal.key_id] = now
        return True

    def note_use(self, principal: Principal) -> None:
        """In a thread, after the answer; a database that does not answer loses one note."""
        try:
            with self.database.write() as connection:
                keys.note_use(connection, principal.key_id, self.now())
        except DatabaseUnavailable as error:
            log.warning("The use of %s was not noted: %s", principal.key_id, error.message)

    def _look_up(self, secret_hash: str) -> Principal | None:
        with self.database.read() as connection:
            return keys.find_principal(connection, secret_hash)


def _secret_of(headers: Headers) -> str:
    """From ``Authorization: Bearer KEY``, or ``api-key: KEY`` as Azure's users send it; raises ApiError 401."""
    authorization, api_key = headers.get("authorization"), headers.get("api-key")
    if authorization is not None:
        scheme, _, secret = authorization.strip().partition(" ")
        if scheme.lower() == "bearer" and secret.strip():
            return secret.strip()
    elif api_key is not None and api_key.strip():
        return api_key.strip()
    raise ApiError(
        401,
        "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth "
        f"(i.e. Authorization: Bearer YOUR_KEY). {_WHERE_KEYS_ARE_MADE}",
        headers={"www-authenticate": "Bearer"},
    )


def _incorrect(secret: str) -> ApiError:
    """Its ends alone, as OpenAI shows them, and nothing of one so short that they would give it away."""
    printable = "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in secret)
    shown = f"{printable[:5]}***{printable[-4:]}" if len(printable) >= _SHORTEST_SHOWN else "***"
    return ApiError(
        401, f"Incorrect API key provided: {shown}. {_WHERE_KEYS_ARE_MADE}", code="invalid_api_key",
        headers={"www-authenticate": "Bearer"},
    )  # fmt: skip
