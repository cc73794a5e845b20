"""A model behind a URL that the user named, as the data layer asks it: what goes out goes through core.outbound."""

from __future__ import annotations

import os
from typing import Final
from urllib.parse import urlsplit

from tunesmith.cli.server_options import KEY_VARIABLES
from tunesmith.core.errors import UserError
from tunesmith.core.offline import is_offline
from tunesmith.core.outbound import Outbound
from tunesmith.data.synthesis.endpoint import Endpoint
from tunesmith.worker.endpoint import posting

_THIS_MACHINE: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def open_endpoint(url: str, key_variable: str | None, timeout_seconds: float, *, allow_private: bool) -> Endpoint:
    """This machine may be asked without more, offline too; other private addresses where they are allowed.

    Raises UserError for a URL that may not be reached, and for a variable that is not set.
    """
    is_own = _host(url) in _THIS_MACHINE
    outbound = Outbound(
        is_offline=is_offline() and not is_own,
        allow_private=allow_private or is_own,
        timeout_seconds=timeout_seconds,
        permission="--allow-private lets it",
    )
    return Endpoint(url, posting(outbound, url), _key(key_variable, is_own=is_own))


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _key(variable: str | None, *, is_own: bool) -> str | None:
    """A server of ours may have a key of its own; it is sent nowhere else."""
    if variable is not None:
        if not (key := os.environ.get(variable, "").strip()):
            raise UserError(f"The environment variable {variable} is not set.", f"export {variable}=… first")
    else:
        names = KEY_VARIABLES if is_own else ("OPENAI_API_KEY",)
        key = next((key for name in names if (key := os.environ.get(name, "").strip())), "")
    if not (key.isascii() and key.isprintable()):
        raise UserError("The key holds characters that no key has.", "copy it again")
    return key or None
