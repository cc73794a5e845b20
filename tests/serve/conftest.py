"""A serving process's server on a home of the test's own, with a base model, two adapters and a whole tuned model."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tunesmith.core.settings import Settings
from tunesmith.data.examples import Message
from tunesmith.infer.protocol import Chat, Done, Piece, Refused, Reply, Served, line_of, read_reply
from tunesmith.store.blobs import Blobs, open_blobs
from tunesmith.store.db import Database
from tunesmith.store.models import find_servable
from tunesmith.store.projects import create_project


@dataclass
class Home:
    """``serving`` is the running server; ``keep(folder)`` makes a folder a tuned model, → what a request names."""

    settings: Settings
    database: Database
    blobs: Blobs
    serving: Any
    project_id: str
    base: Path
    keep_model: Callable[..., str]

    def base_model(self) -> Served:
        return Served("base", "tiny", "tiny", str(self.base))

    def keep(self, folder: Path, **changes: Any) -> Served:
        name = self.keep_model(self.database, self.blobs, self.project_id, folder, "tiny", **changes)
        with self.database.read() as connection:
            found = find_servable(connection, self.project_id, name)
        assert found is not None
        return Served(found.owner_type, found.owner_id, name, str(self.base))

    def chat(self, model: Served, said: str = "Say red and then blue, 3 times.", **changes: Any) -> Chat:
        given: dict[str, Any] = {"seed": 7, "owner": "o", "max_tokens": 12, "temperature": 0.0, **changes}
        return Chat(model, (Message("user", said),), **given)

    def ask(self, model: Served, said: str = "Say red and then blue, 3 times.", **changes: Any) -> list[Reply]:
        """All the replies to one request."""
        return asyncio.run(replies_to(self.settings.serving_socket, self.chat(model, said, **changes)))

    def text(self, model: Served, said: str = "Say red and then blue, 3 times.", **changes: Any) -> str:
        return text_of(self.ask(model, said, **changes))

    def refusal(self, model: Served, **changes: Any) -> Refused:
        (reply,) = self.ask(model, **changes)
        assert isinstance(reply, Refused)
        return reply


async def replies_to(socket: Path, request: Any) -> list[Reply]:
    reader, writer = await asyncio.open_unix_connection(str(socket), limit=1 << 24)
    writer.write(line_of(request))
    lines = (await reader.read()).splitlines()
    writer.close()
    return [read_reply(line) for line in lines]


def text_of(replies: list[Reply], index: int = 0) -> str:
    assert isinstance(replies[-1], Done), replies
    return "".join(reply.text for reply in replies if isinstance(reply, Piece) and reply.index == index)


@pytest.fixture
def settings(tmp_path: Path, make_sqlite: Callable[[Path], str]) -> Settings:
    return Settings(home=tmp_path, database_url=make_sqlite(tmp_path / "tunesmith.db"))


@pytest.fixture
def limits() -> dict[str, Any]:
    """What the server may use; a test that wants other limits overrides this fixture."""
    return {}


@pytest.fixture
def home(
    settings: Settings, limits: dict[str, Any], serving_on: Callable[..., Any], tiny_base: Path,
    keep_model: Callable[..., str],
) -> Iterator[Home]:  # fmt: skip
    database = Database(settings.sqlalchemy_url)
    with database.write() as connection:
        project = create_project(connection, name="p", now=1)
    with serving_on(settings, **limits) as serving:
        yield Home(settings, database, open_blobs(settings, database), serving, project.id, tiny_base, keep_model)
    database.close()
