"""Identifiers as the wire has them: a prefix and 24 letters and digits that nobody can guess."""

from __future__ import annotations

import secrets
import string

_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 24


def new_id(prefix: str) -> str:
    """Such as ``new_id("ftjob-")``: 142 bits of chance behind the prefix."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
