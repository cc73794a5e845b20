"""TrainState ↔ Checkpoint: everything to resume, atomic and hashed.

A checkpoint is a folder ``step-000120`` with ``weights.safetensors`` (trained weights, fp32),
``optimizer.safetensors`` (moments), ``random.safetensors`` (generator state) and ``manifest.json``
(step, fingerprint, SHA-256 of each file). It is written beside, fsynced and renamed, so it is there
whole or not at all; one that is damaged later is moved to ``quarantine`` and the one before is used.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tunesmith.core import durable
from tunesmith.core.errors import MachineError, UserError
from tunesmith.nn.weights import read_tensors, write_tensors

WEIGHTS, OPTIMIZER, RANDOM, MANIFEST = (
    "weights.safetensors",
    "optimizer.safetensors",
    "random.safetensors",
    "manifest.json",
)


@dataclass(frozen=True, slots=True)
class TrainState:
    """The state after ``step`` optimizer steps."""

    step: int
    weights: Mapping[str, Tensor]
    optimizer: Mapping[str, Tensor]
    random: Tensor
    fingerprint: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Restored:
    """The newest sound state, and the names of damaged checkpoints that were moved away."""

    state: TrainState | None
    quarantined: tuple[str, ...]


def save(folder: Path, state: TrainState, keep: int) -> Path:
    """Write ``folder/step-…`` and delete all but the newest ``keep``."""
    path = folder / f"step-{state.step:06d}"
    durable.write_folder(path, lambda temporary: _write(temporary, state))
    for old in checkpoints(folder)[:-keep]:
        shutil.rmtree(old, ignore_errors=True)
    return path


def restore(folder: Path) -> Restored:
    """Read the newest checkpoint whose every hash is right."""
    if not folder.is_dir():
        return Restored(None, ())
    durable.sweep(folder)
    quarantined: list[str] = []
    for path in reversed(checkpoints(folder)):
        try:
            return Restored(_read(path), tuple(quarantined))
        except (UserError, FileNotFoundError, ValueError, KeyError, TypeError) as error:
            quarantined.append(f"{path.name}: {error}")
            _quarantine(path)
        except OSError as error:  # of the machine, not of the checkpoint: it may be sound
            raise MachineError(
                f"{path} could not be read: {error.strerror}.", "mend that, then --resume again"
            ) from error
    return Restored(None, tuple(quarantined))


def checkpoints(folder: Path) -> list[Path]:
    """All checkpoints, oldest first."""
    return sorted(folder.glob("step-*"), key=lambda path: (len(path.name), path.name))


def _write(folder: Path, state: TrainState) -> None:
    write_tensors(folder / WEIGHTS, state.weights)
    write_tensors(folder / OPTIMIZER, state.optimizer)
    write_tensors(folder / RANDOM, {"cpu": state.random})
    hashes = {name: durable.sha256_of(folder / name) for name in (WEIGHTS, OPTIMIZER, RANDOM)}
    manifest = {"format": 1, "step": state.step, "fingerprint": dict(state.fingerprint), "sha256": hashes}
    durable.write_json(folder / MANIFEST, {**manifest, "manifest_sha256": _hash_of(manifest)})


def _read(folder: Path) -> TrainState:
    manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
    own_hash = manifest.pop("manifest_sha256")
    if own_hash != _hash_of(manifest):
        raise ValueError(f"{MANIFEST} is damaged: its hash differs")
    if manifest["format"] != 1 or folder.name != f"step-{manifest['step']:06d}":
        raise ValueError("the manifest belongs to another checkpoint")
    for name in (WEIGHTS, OPTIMIZER, RANDOM):
        if durable.sha256_of(folder / name) != manifest["sha256"][name]:
            raise ValueError(f"{name} is damaged: its hash differs from the manifest's")
    return TrainState(
        step=int(manifest["step"]),
        weights=read_tensors(folder / WEIGHTS),
        optimizer=read_tensors(folder / OPTIMIZER),
        random=read_tensors(folder / RANDOM)["cpu"].to(torch.uint8),
        fingerprint=manifest["fingerprint"],
    )


def _hash_of(manifest: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def _quarantine(path: Path) -> None:
    target = path.parent / "quarantine"
    target.mkdir(exist_ok=True)
    number = 0
    while (place := target / f"{path.name}{f'-{number}' if number else ''}").exists():
        number += 1
    os.replace(path, place)
    durable.fsync_folder(path.parent)
