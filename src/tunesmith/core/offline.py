"""Whether this installation stays offline, and how the libraries that could phone are told so.

The model hub's library is the only one that connects to anything by itself, and only when it is asked for a model.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from typing import Final

# Read as core.settings reads it, for code that has no settings: a local command, a training process.
_NO: Final = frozenset({"", "0", "false", "f", "no", "n", "off"})


def is_offline(environment: Mapping[str, str] = os.environ) -> bool:
    """What ``TUNESMITH_OFFLINE`` says."""
    return environment.get("TUNESMITH_OFFLINE", "").strip().lower() not in _NO


def library_variables(offline: bool) -> dict[str, str]:
    """No library reports on its use, ever; offline, none asks for anything."""
    quiet = {"HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1", "HF_HUB_DISABLE_UPDATE_CHECK": "1"}
    never = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TUNESMITH_OFFLINE": "1"}
    return quiet | (never if offline else {})


def quieten_libraries(offline: bool, environment: MutableMapping[str, str] = os.environ) -> None:
    """Must come before they are imported: they read it once."""
    environment.update(library_variables(offline))
