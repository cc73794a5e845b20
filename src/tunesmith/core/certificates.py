"""What was measured of a job, one promise each: from the process that measures it to whoever asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

CertificateName = Literal["data_accounted", "loss_mask", "template", "resume_exact", "adapter_applied", "same_tokens"]
CertificateState = Literal["passed", "failed", "pending", "not_applicable"]


@dataclass(frozen=True, slots=True)
class Measured:
    """One number; ``most`` is what it may be at most, None where any will do."""

    name: str
    value: float
    most: float | None = None


@dataclass(frozen=True, slots=True)
class Certificate:
    """``passed`` and ``failed`` rest on figures. ``pending``: not measured yet, and the sentence says when it will be."""

    name: CertificateName
    state: CertificateState
    sentence: str
    figures: tuple[Measured, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "figures": [asdict(figure) for figure in self.figures]}

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Certificate:
        return cls(raw["name"], raw["state"], raw["sentence"], tuple(Measured(**figure) for figure in raw["figures"]))
