"""The serving process over its socket: streams, cancelling, places, memory, draining."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tunesmith.core.settings import Settings
from tunesmith.infer.protocol import (
    AskHealth,
    Began,
    Done,
    Ended,
    HealthReport,
    Piece,
    Refused,
    Served,
    line_of,
    read_reply,
)


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def test_answer_begins_ends_and_counts(home: Any) -> None:
    replies = home.ask(home.base_model(), max_tokens=5)
    assert isinstance(replies[0], Began)
    assert isinstance(replies[-2], Ended)
    done = replies[-1]
    assert isinstance(done, Done)
    assert done.prompt_tokens == replies[0].prompt_tokens > 5
    assert done.completion_tokens == 5
    assert replies[-2].reason == "length"


def test_streamed_text_equals_the_whole_one(home: Any) -> None:
    asked = {"max_tokens": 40, "temperature": 1.0, "seed": 5, "n": 3}
    model = home.base_model()
    streamed, whole = home.ask(model, **asked), home.ask(model, whole=True, **asked)
    texts = ["".join(r.text for r in streamed if isinstance(r, Piece) and r.index == i) for i in range(3)]
    assert texts == [next(r.text for r in whole if isinstance(r, Piece) and r.index == i) for i in range(3)]
    assert len(set(texts)) == 3


async def _text(home: Any, chat: Any) -> str:
    reader, writer = await asyncio.open_unix_connection(str(home.settings.serving_socket))
    writer.write(line_of(chat))
    replies = [read_reply(line) for line in (await reader.read()).splitlines()]
    writer.close()
    assert isinstance(replies[-1], Done)
    return "".join(reply.text for reply in replies if isinstance(reply, Piece))


def test_caller_that_leaves_frees_its_place_at_once(home: Any) -> None:
    residents = home.serving.server.residents
    door = socket.socket(socket.AF_UNIX)
    door.connect(str(home.settings.serving_socket))
    door.sendall(line_of(home.chat(home.base_model(), max_tokens=200, n=8, logit_bias={2: -100.0})))
    door.recv(10)
    door.close()
    until(lambda: residents.load_figures() == (0, 0) and home.serving.server._num_open == 0)
    assert home.text(home.base_model())


def test_caller_that_closes_its_side_hears_what_was_used(home: Any) -> None:
    async def leave() -> Done:
        reader, writer = await asyncio.open_unix_connection(str(home.settings.serving_socket))
        writer.write(line_of(home.chat(home.base_model(), max_tokens=200, logit_bias={2: -100.0})))
        await reader.readuntil(b'"piece"')
        writer.write_eof()
        lines = (await reader.read()).splitlines()
        writer.close()
        done = read_reply(lines[-1])
        assert isinstance(done, Done)
        return done

    done = asyncio.run(leave())
    assert done.prompt_tokens > 5
    assert 1 <= done.completion_tokens < 200


def test_stop_strings_end_an_answer_and_are_not_given(home: Any) -> None:
    whole = home.text(home.base_model(), max_tokens=30)
    stop = whole[len(whole) // 2 :][:3]
    replies = home.ask(home.base_model(), max_tokens=30, stop=(stop,))
    text = "".join(reply.text for reply in replies if isinstance(reply, Piece))
    assert text == whole[: whole.index(stop)]
    assert replies[-2] == Ended(0, "stop")


def test_logprobs_are_of_the_tokens_given(home: Any) -> None:
    replies = home.ask(home.base_model(), max_tokens=10, num_logprobs=3, logit_bias={0: -100.0, 1: -100.0, 2: -100.0})
    pieces = [reply for reply in replies if isinstance(reply, Piece)]
    tokens = [token for piece in pieces for token in piece.tokens]
    assert len(tokens) == 10
    assert all(len(token.top_logprobs) == 3 and token.logprob <= 0 for token in tokens)
    assert all(token.top_logprobs[0].logprob == token.logprob for token in tokens)  # greedy
    spelled = bytes(byte for token in tokens for byte in token.bytes or [])
    assert spelled.decode(errors="replace").startswith("".join(piece.text for piece in pieces)[:5])


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"max_tokens": 500}, "context_length_exceeded", "messages"),
        ({"said": "long " * 300}, "context_length_exceeded", "messages"),
        ({"tools": '[{"type": "function", "function": {"name": "f"}}]'}, "unsupported_parameter", "tools"),
        ({"logit_bias": {100_000: 1.0}}, None, "logit_bias"),
    ],
)
def test_what_cannot_be_answered_is_refused(home: Any, changes: dict[str, Any], code: str, param: str) -> None:
    refused = home.refusal(home.base_model(), **changes)
    assert (refused.status, refused.code, refused.param) == (400, code, param)
    assert home.serving.server._num_open == 0


def test_line_that_is_no_request_is_refused(home: Any) -> None:
    with socket.socket(socket.AF_UNIX) as door:
        door.connect(str(home.settings.serving_socket))
        door.sendall(b'{"type": "chat"}\n')
        reply = read_reply(door.makefile("rb").readline())
    assert isinstance(reply, Refused)
    assert reply.status == 400


def test_unknown_base_and_missing_files_are_refused(home: Any) -> None:
    assert home.refusal(Served("base", "x", "x", "/nowhere/at/all")).status == 503
    assert home.refusal(Served("model", "model_x", "ft:x", str(home.base))).status == 503


def test_socket_is_its_owners_alone(home: Any) -> None:
    assert stat.S_IMODE(home.settings.serving_socket.stat().st_mode) == 0o600


def test_health_tells_models_and_memory(home: Any) -> None:
    home.text(home.base_model())

    async def ask() -> HealthReport:
        reader, writer = await asyncio.open_unix_connection(str(home.settings.serving_socket))
        writer.write(line_of(AskHealth()))
        reply = read_reply(await reader.readline())
        writer.close()
        assert isinstance(reply, HealthReport)
        return reply

    report = asyncio.run(ask())
    assert [model.name for model in report.models] == ["tiny"]
    assert 0 < report.used_bytes <= report.most_bytes


class TestFewPlaces:
    @pytest.fixture
    def settings(self, tmp_path: Path, make_sqlite: Callable[[Path], str]) -> Settings:
        url = make_sqlite(tmp_path / "tunesmith.db")
        return Settings(home=tmp_path, database_url=url, max_streams=2, max_waiting=1)

    def test_too_many_waiting_are_told_to_come_again(self, home: Any) -> None:
        refused = home.refusal(home.base_model(), n=4)
        assert (refused.status, refused.code) == (429, "rate_limit_exceeded")
        assert refused.retry_after_seconds is not None
        assert home.text(home.base_model(), n=3)


class TestLittleMemory:
    @pytest.fixture
    def limits(self) -> dict[str, Any]:
        return {"most_bytes": 2_500_000}

    def test_what_was_used_longest_ago_is_unloaded(
        self, home: Any, make_base: Callable[..., Path], tmp_path: Path
    ) -> None:
        residents = home.serving.server.residents
        models = []
        for number in range(4):
            folder = make_base(tmp_path / f"base{number}", seed=number)
            models.append(Served("base", f"b{number}", f"b{number}", str(folder)))
        first = home.text(models[0])
        for model in models[1:]:
            home.text(model)
            assert residents.used_bytes <= 2_500_000
        loaded = {report.name for report in residents.reports()}
        assert "b3" in loaded
        assert "b0" not in loaded
        assert home.text(models[0]) == first

    def test_model_beyond_the_memory_is_refused_for_good(self, home: Any) -> None:
        refused = home.refusal(Served("base", "starter", "starter", "starter"))
        assert (refused.status, refused.code, refused.retry_after_seconds) == (503, "model_not_loaded", None)
        assert "TUNESMITH_SERVING_MEMORY_BYTES" in refused.message


class TestWithoutRounding:
    @pytest.fixture
    def limits(self) -> dict[str, Any]:
        return {"dtype": "fp32"}

    def test_answers_do_not_depend_on_the_neighbours(self, home: Any, tiny_adapter: Path, other_adapter: Path) -> None:
        models = [
            home.base_model(),
            home.keep(tiny_adapter),
            home.keep(other_adapter),
            home.keep(tiny_adapter, as_checkpoint=True),
        ]
        alone = [home.text(model, temperature=1.0, max_tokens=20) for model in models]

        async def together() -> list[str]:
            from_all = [_text(home, home.chat(model, temperature=1.0, max_tokens=20)) for model in models * 4]
            return list(await asyncio.gather(*from_all))

        assert asyncio.run(together()) == alone * 4
        assert alone[1] == alone[3]
        assert len(set(alone)) == 3


def test_deleted_model_is_unloaded(home: Any, tiny_adapter: Path) -> None:
    from tunesmith.store import blob_references

    model = home.keep(tiny_adapter)
    home.text(model)
    home.text(home.base_model())
    with home.database.write() as connection:
        blob_references.drop(connection, "model", model.owner_id)
    home.serving.do(home.serving.server.residents.drop_deleted())
    assert [report.owner_type for report in home.serving.server.residents.reports()] == ["base"]
    assert home.refusal(model).status == 503


def test_damaged_files_on_this_machine_are_fetched_again(home: Any, tiny_adapter: Path) -> None:
    model = home.keep(tiny_adapter)
    text = home.text(model)
    residents = home.serving.server.residents
    (folder,) = (home.settings.folder / "models").iterdir()
    weights = folder / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\1\2\3\4")
    home.serving.do(_unload_all(residents))
    assert home.text(model) == text


def test_thread_that_loads_ends_with_its_work(home: Any) -> None:
    """OpenMP keeps a team for each thread that lives; with two teams the engine's is put to sleep at every product."""
    seen: list[str] = []
    load = home.serving.server.residents._load

    def watched(*arguments: Any) -> None:
        seen.append(threading.current_thread().name)
        load(*arguments)

    home.serving.server.residents._load = watched
    assert home.text(home.base_model())
    assert len(seen) == 1
    assert seen[0] not in {thread.name for thread in threading.enumerate()}


async def _unload_all(residents: Any) -> None:
    def unload() -> None:
        while residents._unload_oldest(None):
            pass

    await asyncio.get_running_loop().run_in_executor(residents._loader, unload)


def test_broken_model_takes_only_its_own_streams(home: Any, make_base: Callable[..., Path], tmp_path: Path) -> None:
    other = Served("base", "other", "other", str(make_base(tmp_path / "other", seed=5)))
    home.text(home.base_model())
    home.text(other)
    residents = home.serving.server.residents
    broken = next(base for base in residents._bases.values() if base.model.name == str(home.base))
    broken.scheduler.step = lambda: 1 / 0
    (*_, last) = home.ask(home.base_model())
    assert isinstance(last, Refused)
    assert last.status == 500
    assert home.text(other)
    assert home.text(home.base_model())  # loaded anew


def test_base_that_fails_while_its_adapter_is_loaded_is_loaded_anew(home: Any, tiny_adapter: Path) -> None:
    model, residents = home.keep(tiny_adapter), home.serving.server.residents
    certified = residents._certified

    def break_first(base: Any, *rest: Any) -> Any:
        residents._certified = certified
        found = certified(base, *rest)
        residents._engine.do(lambda: residents._engine._give_up(base.scheduler, "its step failed")).result()
        return found

    residents._certified = break_first
    assert home.refusal(model).status == 503
    assert home.text(model)


def test_model_that_is_borrowed_while_it_is_found_deleted_stays_until_it_is_given_back(
    home: Any, tiny_adapter: Path
) -> None:
    model, residents = home.keep(tiny_adapter), home.serving.server.residents
    home.text(model)
    (resident,) = residents._residents.values()

    def borrowed_meanwhile(owner_type: str, owner_id: str) -> tuple[()]:
        resident.num_users = 1
        return ()

    residents._find_files = borrowed_meanwhile
    home.serving.do(residents.drop_deleted())
    assert resident in residents._residents.values()
    resident.num_users = 0


def test_process_drains_at_sigterm(settings: Settings, tiny_base: Path) -> None:
    """A real process: the answer under way is finished, nothing new is taken, the socket goes."""
    code = "from tunesmith.serve.run import run; from tunesmith.core.settings import Settings; run(Settings())"
    environment = {
        **os.environ, "TUNESMITH_HOME": str(settings.folder), "TUNESMITH_DATABASE_URL": settings.database_url,
        "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path),
    }  # fmt: skip
    process = subprocess.Popen([sys.executable, "-c", code], env=environment)
    try:
        until(lambda: settings.serving_socket.exists())
        replies = asyncio.run(_stop_in_the_middle(process, settings, tiny_base))
        assert isinstance(replies[-1], Done)
        assert replies[-1].completion_tokens > 1
        assert process.wait(30) == 0
        assert not settings.serving_socket.exists()
    finally:
        process.kill()
        process.wait()


async def _connected(settings: Settings) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """The socket's file is there a moment before anybody listens."""
    for _ in range(600):
        try:
            return await asyncio.open_unix_connection(str(settings.serving_socket))
        except ConnectionRefusedError:
            await asyncio.sleep(0.05)
    raise AssertionError("nobody listens")


async def _stop_in_the_middle(process: subprocess.Popen[bytes], settings: Settings, base: Path) -> list[Any]:
    from tunesmith.data.examples import Message
    from tunesmith.infer.protocol import Chat

    chat = Chat(
        Served("base", "t", "t", str(base)), (Message("user", "x"),), 1, "o", max_tokens=200, logit_bias={2: -100.0}
    )
    reader, writer = await _connected(settings)
    writer.write(line_of(chat))
    first = await reader.readline()
    process.send_signal(signal.SIGTERM)
    lines = [first, *(await reader.read()).splitlines()]
    writer.close()
    return [read_reply(line) for line in lines]
