"""``core.outbound`` as what the data layer asks a model through: a ``Post``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tunesmith.core.outbound import Outbound, Refused, Unreachable
from tunesmith.data.synthesis.asking import AskAgain, EndpointRefused
from tunesmith.data.synthesis.endpoint import Post

_MOST_ANSWER_BYTES: Final = 8 << 20


def posting(outbound: Outbound, url: str) -> Post:
    """Raises EndpointRefused for a URL that may not be reached."""
    try:
        outbound.check(url)
    except Refused as error:
        raise EndpointRefused(error.message.replace("The URL", "The endpoint's URL", 1), error.hint) from None

    def post(to: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        try:
            reply = outbound.ask(to, body, headers, _MOST_ANSWER_BYTES)
        except Refused as error:
            raise EndpointRefused(error.message, error.hint) from None
        except Unreachable as error:
            raise AskAgain(error.message) from None
        return reply.status, reply.headers, reply.body

    return post
