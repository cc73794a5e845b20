"""The model that an operation asks, as the child is told of it and reaches it.

It is told over its stdin alone: an endpoint's key is in it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from tunesmith.core.errors import UserError
from tunesmith.core.outbound import Outbound
from tunesmith.data.operations import Writer
from tunesmith.data.synthesis.endpoint import Endpoint
from tunesmith.infer.protocol import Served
from tunesmith.worker.endpoint import posting
from tunesmith.worker.serving_client import ServingAsk

_TIMEOUT_SECONDS: Final = 300.0


class ServingModel(msgspec.Struct, frozen=True, tag="serving"):
    """A model of this installation, behind the serving process's socket."""

    socket: str
    served: Served
    owner: str


class EndpointModel(msgspec.Struct, frozen=True, tag="endpoint"):
    """The operator's endpoint. ``key`` is empty where it needs none."""

    url: str
    model: str
    key: str
    allow_private: bool
    is_offline: bool

    def __repr__(self) -> str:
        return f"EndpointModel({self.url!r}, {self.model!r})"


AskedModel = ServingModel | EndpointModel
_DECODER: Final = msgspec.json.Decoder(AskedModel)


def as_text(asked: AskedModel) -> str:
    return msgspec.json.encode(asked).decode()


def open_writer(said: str) -> Writer:
    """In the child. Raises UserError for an endpoint that may not be reached."""
    asked = _DECODER.decode(said)
    if isinstance(asked, ServingModel):
        return Writer(asked.served.name, True, ServingAsk(asked.socket, asked.served, asked.owner))
    if asked.is_offline:
        raise UserError(
            "This installation is offline: the endpoint that writes examples is not asked.",
            "name one of its own models",
        )
    if not (asked.key.isascii() and asked.key.isprintable()):
        raise UserError("The endpoint's key holds characters that no key has.", "ask whoever runs this installation")
    permission = "TUNESMITH_ALLOW_PRIVATE_ADDRESSES=1 lets it"
    outbound = Outbound(allow_private=asked.allow_private, timeout_seconds=_TIMEOUT_SECONDS, permission=permission)
    return Writer(asked.model, False, Endpoint(asked.url, posting(outbound, asked.url), asked.key or None))
