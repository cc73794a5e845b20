"""Which models an operation may ask: those of the installation, by name, and the endpoint that its operator has set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from tunesmith.core.errors import UserError
from tunesmith.core.settings import Settings
from tunesmith.infer.protocol import Served
from tunesmith.nn.known_models import KnownModels
from tunesmith.store import models
from tunesmith.worker.asked_model import AskedModel, EndpointModel, ServingModel


@dataclass(frozen=True, slots=True)
class AskableModels:
    """Those that may be asked. ``endpoint`` is None where the operator has set none."""

    known: KnownModels
    socket: Path
    endpoint: EndpointModel | None = None

    @classmethod
    def of(cls, settings: Settings, known: KnownModels) -> AskableModels:
        return cls(known, settings.serving_socket.absolute(), _endpoint(settings))

    def find(self, connection: Connection, project_id: str, name: str | None) -> AskedModel:
        """The endpoint for None; raises UserError where there is no such model."""
        if name is None:
            if self.endpoint is None:
                raise UserError("This installation has no endpoint that writes examples.", "name one of its models")
            return self.endpoint
        served = self._served(connection, project_id, name)
        if served is None:
            raise UserError(f"There is no model {name}.", "name a model of this installation")
        return ServingModel(str(self.socket), served, project_id)

    def _served(self, connection: Connection, project_id: str, name: str) -> Served | None:
        base = self.known.resolve(name)
        if base is not None:
            return Served("base", base.name, base.name, base.location)
        found = models.find_servable(connection, project_id, name)
        if found is None:
            return None
        base = self.known.resolve(found.base_model)
        location = found.base_model if base is None else base.location
        return Served(found.owner_type, found.owner_id, found.name, location)


def _endpoint(settings: Settings) -> EndpointModel | None:
    if not (settings.synthesis_url and settings.synthesis_model):
        return None
    key = "" if settings.synthesis_key is None else settings.synthesis_key.get_secret_value().strip()
    return EndpointModel(
        settings.synthesis_url, settings.synthesis_model, key, settings.allow_private_addresses, settings.offline
    )
