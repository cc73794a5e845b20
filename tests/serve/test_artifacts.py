"""Files of tuned models on this machine: whole, checked, used again, few."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from tunesmith.core.errors import MachineError
from tunesmith.serve.artifacts import drop_oldest, fetch_folder, hash_of


@dataclass(frozen=True)
class Ref:
    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


class Source:
    """Blobs in memory that count how often they are fetched."""

    def __init__(self, *refs: Ref) -> None:
        self.contents = {ref.sha256: ref.content for ref in refs}
        self.fetched: list[str] = []

    def fetch(self, sha256: str, to: Path) -> None:
        self.fetched.append(sha256)
        to.write_bytes(self.contents[sha256])


REFS = (Ref("adapter_config.json", b"{}"), Ref("deep/down/weights", b"12"))


def test_folder_holds_exactly_the_files_and_is_fetched_once(tmp_path: Path) -> None:
    source = Source(*REFS)
    folder = fetch_folder(REFS, source, tmp_path / "models")
    assert {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()} == {
        ref.name: ref.content for ref in REFS
    }
    assert fetch_folder(REFS[::-1], source, tmp_path / "models") == folder
    assert len(source.fetched) == 2


@pytest.mark.parametrize("harm", ["change", "remove", "add"])
def test_folder_that_was_touched_is_fetched_again(tmp_path: Path, harm: str) -> None:
    source = Source(*REFS)
    folder = fetch_folder(REFS, source, tmp_path)
    if harm == "change":
        (folder / "adapter_config.json").write_bytes(b"[]")
    elif harm == "remove":
        (folder / "adapter_config.json").unlink()
    else:
        (folder / "serving_check.json").write_bytes(b"{}")
    fetch_folder(REFS, source, tmp_path)
    assert {p.name for p in folder.rglob("*") if p.is_file()} == {"adapter_config.json", "weights"}
    assert (folder / "adapter_config.json").read_bytes() == b"{}"
    assert len(source.fetched) == 4


@pytest.mark.parametrize("name", ["../out", "/etc/out", "a/../../out", "..", "", "a\\..\\out"])
def test_name_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    ref = Ref(name, b"x")
    with pytest.raises(MachineError):
        fetch_folder((ref,), Source(ref), tmp_path / "models")
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_folders_used_longest_ago_are_dropped_unless_in_use(tmp_path: Path) -> None:
    folders = []
    for number in range(5):
        ref = Ref("file", str(number).encode())
        folders.append(fetch_folder((ref,), Source(ref), tmp_path))
        os.utime(folders[-1], (number, number))
    drop_oldest(tmp_path, {folders[0]}, most=2)
    assert [folder.is_dir() for folder in folders] == [True, False, False, True, True]


def test_hash_names_the_files_whatever_their_order() -> None:
    assert hash_of(REFS) == hash_of(REFS[::-1]) != hash_of(REFS[:1])
