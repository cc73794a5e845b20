"""How a webhook's message is signed, as Standard Webhooks (standardwebhooks.com) has it: its receiver can tell who sent it.

A secret is ``whsec_`` and its bytes in base64. After a rotation a message may carry two signatures.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

SECRET_PREFIX: Final = "whsec_"


def new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def body_of(payload: Mapping[str, Any]) -> bytes:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def signed_headers(message_id: str, body: bytes, all_secrets: Sequence[str], now: float) -> dict[str, str]:
    """``message_id`` is the same each time the message is sent again; ``now`` is the time of this sending."""
    signatures = [signature(secret, message_id, int(now), body) for secret in all_secrets]
    return {
        "content-type": "application/json", "webhook-id": message_id, "webhook-timestamp": str(int(now)),
        "webhook-signature": " ".join(signatures),
    }  # fmt: skip


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The HMAC-SHA256 of ``id.timestamp.body`` in base64, behind the scheme's version."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    digest = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, "sha256")
    return "v1," + base64.b64encode(digest).decode()
