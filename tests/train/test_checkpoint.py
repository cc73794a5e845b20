"""A checkpoint is there whole or not at all; a damaged one is set aside and the one before is used."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError

from tunesmith.core.errors import MachineError
from tunesmith.nn import weights as weights_module
from tunesmith.train import checkpoint
from tunesmith.train.checkpoint import TrainState

FILES = ("weights.safetensors", "optimizer.safetensors", "random.safetensors", "manifest.json")
FINGERPRINT: dict[str, str | int] = {"torch": "2", "device": "cpu", "num_threads": 1}


def state(step: int) -> TrainState:
    generator = torch.Generator().manual_seed(step)
    weights = {"a": torch.randn(3, 4, generator=generator), "b.c": torch.randn(5, generator=generator)}
    optimizer = {f"{name}.exp_avg": weight * 2 for name, weight in weights.items()} | {
        "a.step": torch.tensor(float(step))
    }
    return TrainState(step, weights, optimizer, generator.get_state(), FINGERPRINT)


def same(left: TrainState, right: TrainState) -> bool:
    pairs = [(left.weights, right.weights), (left.optimizer, right.optimizer)]
    return (
        left.step == right.step
        and dict(left.fingerprint) == dict(right.fingerprint)
        and torch.equal(left.random, right.random)
        and all(a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a) for a, b in pairs)
    )


def found(folder: Path) -> TrainState | None:
    return checkpoint.restore(folder).state


def step_of(folder: Path) -> int | None:
    restored = found(folder)
    return restored.step if restored else None


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """In memory where the system has such a place: a busy disk's fsync would take most of the time."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="tunesmith-") as folder:
        yield Path(folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Checkpoints of steps 10 and 20."""
    for step in (10, 20):
        checkpoint.save(tmp_path / "checkpoints", state(step), keep=3)
    return tmp_path / "checkpoints"


def test_a_checkpoint_comes_back_to_the_last_bit(folder: Path) -> None:
    restored = checkpoint.restore(folder)
    assert restored.quarantined == ()
    assert restored.state is not None
    assert same(restored.state, state(20))


def test_a_checkpoint_is_safetensors_and_json_only(folder: Path) -> None:
    assert sorted(path.name for path in (folder / "step-000020").iterdir()) == sorted(FILES)
    manifest = json.loads((folder / "step-000020" / "manifest.json").read_bytes())
    assert (manifest["format"], manifest["step"], manifest["fingerprint"]) == (1, 20, FINGERPRINT)


def test_the_newest_are_kept(folder: Path) -> None:
    for step in (30, 40, 50):
        checkpoint.save(folder, state(step), keep=2)
    assert [path.name for path in checkpoint.checkpoints(folder)] == ["step-000040", "step-000050"]


def test_a_million_steps_come_after_fewer(folder: Path) -> None:
    for step in (999_999, 1_000_000):
        checkpoint.save(folder, state(step), keep=5)
    assert step_of(folder) == 1_000_000


def test_a_run_without_checkpoints_has_no_state(tmp_path: Path) -> None:
    assert checkpoint.restore(tmp_path / "none") == checkpoint.Restored(None, ())
    assert checkpoint.restore(tmp_path) == checkpoint.Restored(None, ())


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def swap(path: Path) -> None:
    other = path.with_name(FILES[(FILES.index(path.name) + 1) % len(FILES)])
    mine, others = path.read_bytes(), other.read_bytes()
    path.write_bytes(others)
    other.write_bytes(mine)


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 2)


def stale(path: Path) -> None:
    shutil.copyfile(path.parent.parent / "step-000010" / path.name, path)


DAMAGES: list[Callable[[Path], None]] = [
    flip,
    truncate,
    lambda path: os.truncate(path, 0),
    lambda path: path.write_bytes(b"\0" * path.stat().st_size) and None,
    lambda path: path.write_bytes(path.read_bytes() + b"\0") and None,
    swap,
    stale,
    Path.unlink,
]
NAMES = ["flip", "truncate", "empty", "zero", "append", "swap", "stale", "missing"]


@pytest.mark.parametrize("damage", DAMAGES, ids=NAMES)
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_checkpoint_is_set_aside_and_the_one_before_is_used(
    folder: Path, name: str, damage: Callable[[Path], None]
) -> None:
    damage(folder / "step-000020" / name)
    restored = checkpoint.restore(folder)
    assert restored.state is not None
    assert same(restored.state, state(10))
    assert len(restored.quarantined) == 1
    assert restored.quarantined[0].startswith("step-000020: ")
    assert [path.name for path in (folder / "quarantine").iterdir()] == ["step-000020"]
    assert checkpoint.restore(folder).quarantined == ()


def test_every_flipped_bit_is_noticed(folder: Path, tmp_path: Path) -> None:
    """200 of all bits, in every file; half of them in the manifest, which is the only file without a hash elsewhere."""
    choose = random.Random(0)
    for trial in range(200):
        name = "manifest.json" if trial % 2 else choose.choice(FILES)
        place = tmp_path / f"trial-{trial}"
        shutil.copytree(folder, place)
        content = bytearray((place / "step-000020" / name).read_bytes())
        bit = choose.randrange(8 * len(content))
        content[bit // 8] ^= 1 << bit % 8
        (place / "step-000020" / name).write_bytes(content)
        restored = found(place)
        assert restored is not None
        assert same(restored, state(10)), f"bit {bit} of {name} was flipped and not noticed"
        shutil.rmtree(place)


def test_when_all_are_damaged_there_is_no_state_and_all_are_named(folder: Path) -> None:
    for path in checkpoint.checkpoints(folder):
        flip(path / "weights.safetensors")
    restored = checkpoint.restore(folder)
    assert restored.state is None
    assert [text.split(":")[0] for text in restored.quarantined] == ["step-000020", "step-000010"]
    assert "weights.safetensors is damaged" in restored.quarantined[0]


def test_a_name_in_quarantine_is_never_taken_twice(folder: Path) -> None:
    for _ in range(3):
        checkpoint.save(folder, state(30), keep=3)
        flip(folder / "step-000030" / "random.safetensors")
        assert step_of(folder) == 20
    assert len(list((folder / "quarantine").iterdir())) == 3


def test_a_checkpoint_under_another_steps_name_is_set_aside(folder: Path) -> None:
    shutil.copytree(folder / "step-000010", folder / "step-000030")
    assert step_of(folder) == 20


def test_what_a_killed_process_left_is_swept_away(folder: Path) -> None:
    shutil.copytree(folder / "step-000010", folder / ".step-000030.77.tmp")
    assert step_of(folder) == 20
    assert sorted(os.listdir(folder)) == ["step-000010", "step-000020"]


class Faulty:
    """Makes the ``at``-th disk operation (from 0) of a save fail with ``code``, half done; counts all."""

    def __init__(self, patch: pytest.MonkeyPatch, at: int = -1, code: int = errno.ENOSPC) -> None:
        self.calls: list[str] = []
        self._at, self._code = at, code
        for owner, name in ((os, "fsync"), (os, "replace"), (Path, "write_bytes"), (weights_module, "save_file")):
            patch.setattr(owner, name, self._wrapped(name, getattr(owner, name)))

    def _wrapped(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls.append(name)
            if len(self.calls) - 1 != self._at:
                return real(*args, **kwargs)
            if name == "write_bytes":
                real(args[0], args[1][: len(args[1]) // 2])
            if name == "save_file":
                Path(args[1]).write_text("half")
                raise SafetensorError(f"I/O error: {os.strerror(self._code)} (os error {self._code})")
            raise OSError(self._code, os.strerror(self._code))

        return call


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("step", [30, 20], ids=["new", "replaced"])
def test_a_save_that_fails_at_any_point_leaves_the_old_checkpoints(folder: Path, step: int, code: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        count = Faulty(patch)
        checkpoint.save(folder.parent / "count", state(step), keep=3)
        checkpoint.save(folder.parent / "count", state(step), keep=3)
    points = len(count.calls) // 2 + 1 if step == 20 else len(count.calls) // 2
    assert points >= 12
    for at in range(points):
        place = folder.parent / f"fault-{at}"
        shutil.copytree(folder, place)
        with pytest.MonkeyPatch.context() as patch:
            Faulty(patch, at, code)
            with pytest.raises(MachineError) as raised:
                checkpoint.save(place, state(step), keep=3)
        assert ("The disk is full" in str(raised.value)) == (code == errno.ENOSPC)
        assert list(place.rglob("*.tmp")) == [], f"fault at operation {at}"
        kept = found(place)
        assert kept is not None
        assert same(kept, state(20)) or same(kept, state(step)), f"fault at operation {at}"
        assert same(checkpoint._read(place / "step-000010"), state(10))


@pytest.mark.parametrize("code", [errno.EMFILE, errno.EIO, errno.EACCES])
def test_a_sound_checkpoint_that_cannot_be_read_now_is_not_set_aside(
    folder: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(path: Path) -> str:
        raise OSError(code, os.strerror(code), str(path))

    with monkeypatch.context() as patched:
        patched.setattr(checkpoint.durable, "sha256_of", refuse)
        with pytest.raises(MachineError, match="could not be read"):
            checkpoint.restore(folder)
    assert step_of(folder) == 20
    assert not (folder / "quarantine").exists()


def test_a_checkpoint_too_many_goes_with_the_next_save(folder: Path) -> None:
    """A process killed between publishing and removing leaves one more than it keeps."""
    checkpoint.save(folder, state(30), keep=9)
    checkpoint.save(folder, state(40), keep=2)
    assert [path.name for path in checkpoint.checkpoints(folder)] == ["step-000030", "step-000040"]
