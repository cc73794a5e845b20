"""What `tunesmith up` prepares before anything runs; tests/acceptance runs it whole."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from tunesmith.cli.processes import environment_of, listening, only_one, prepare_home, programs, url_of
from tunesmith.core.errors import UserError
from tunesmith.core.settings import read_settings


@pytest.fixture(autouse=True)
def _umask() -> object:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def home() -> Path:
    """With a short name, for the sockets in it."""
    return Path(os.path.realpath(os.environ.get("TMPDIR", "/tmp"))) / f"tunesmith-{os.getpid()}"


@pytest.fixture(autouse=True)
def _swept(home: Path) -> object:
    yield
    for path in sorted(home.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    if home.exists():
        home.rmdir()


@pytest.mark.parametrize("exists", [True, False])
def test_home_becomes_private(home: Path, exists: bool) -> None:
    if exists:
        home.mkdir(mode=0o755)
    prepare_home(home)
    (home / "made-later").touch()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (home, home / "run", home / "made-later")] == [
        0o700, 0o700, 0o600,
    ]  # fmt: skip


def test_lock_is_free_again_after_its_holder(home: Path) -> None:
    prepare_home(home)
    with only_one(home):
        with pytest.raises(UserError, match=rf"already \(process {os.getpid()}\)"), only_one(home):
            pass
    with only_one(home):
        pass


def test_parts_get_the_options_as_variables_and_no_first_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNESMITH_ADMIN_KEY", "sk-0123456789abcdef")
    monkeypatch.setenv("TUNESMITH_PORT", "1")
    monkeypatch.setenv("TUNESMITH_MAX_STREAMS", "3")
    environment = environment_of(read_settings(home="somewhere", port=2))
    assert environment["TUNESMITH_HOME"] == str(Path("somewhere").absolute())
    assert (environment["TUNESMITH_PORT"], environment["TUNESMITH_MAX_STREAMS"]) == ("2", "3")
    assert "sk-0123456789abcdef" not in environment.values()


def test_only_the_api_gets_the_socket() -> None:
    api, worker, serve = programs({}, 7)
    assert (api.inherited, worker.inherited, serve.inherited) == ((7,), (), ())
    assert [program.arguments[3] for program in (api, worker, serve)] == ["api", "worker", "serve"]


@pytest.mark.parametrize(
    ("host", "start"), [("127.0.0.1", "http://127.0.0.1:"), ("0.0.0.0", "http://127.0.0.1:"), ("localhost", "http://")]
)
def test_url_is_one_that_this_machine_reaches(host: str, start: str) -> None:
    with listening(host, 0) as listener:
        assert url_of(listener).startswith(start)
        port = int(url_of(listener).rpartition(":")[2])
        socket.create_connection((host.replace("0.0.0.0", "127.0.0.1"), port)).close()
