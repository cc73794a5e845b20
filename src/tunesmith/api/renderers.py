"""Base models' tokenizers and templates, as far as the API needs them: to show rows as a model sees them. No torch."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from anyio import CapacityLimiter

from tunesmith.api.errors import ApiError, bad_request
from tunesmith.core.errors import UserError
from tunesmith.data.render import Renderer
from tunesmith.nn.catalog import find_folder
from tunesmith.nn.known_models import KnownModel

# A large vocabulary takes some hundred megabytes.
MOST_LOADED: Final = 3
MOST_PAINTERS: Final = 2
_FILES: Final = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "config.json")

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Renderers:
    """The renderers used last. One for each process; for any thread."""

    painters: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(MOST_PAINTERS))
    """Rows are painted a few at a time, so that threads stay for the other routes."""
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _loaded: OrderedDict[tuple[str, str], Renderer] = field(default_factory=OrderedDict)

    def version(self, model: KnownModel) -> str:
        """Changes when the model's files do; raises ApiError 400 where it is not on this machine."""
        folder = _folder(model)
        facts = []
        for name in _FILES:
            try:
                found = (folder / name).stat()
            except OSError:
                continue
            facts.append((name, found.st_size, found.st_mtime_ns))
        return hashlib.sha256(repr((model.name, str(folder), facts)).encode()).hexdigest()[:16]

    def get(self, model: KnownModel) -> Renderer:
        """Raises ApiError 400 where it cannot be read."""
        key = (model.name, self.version(model))
        with self._turn:
            renderer = self._loaded.get(key)
            if renderer is None:
                renderer = self._loaded[key] = _load(model)
            self._loaded.move_to_end(key)
            while len(self._loaded) > MOST_LOADED:
                self._loaded.popitem(last=False)
        return renderer


def _load(model: KnownModel) -> Renderer:
    try:
        return Renderer.load(_folder(model))
    except UserError as error:
        raise _unreadable(model, error) from None


def _folder(model: KnownModel) -> Path:
    try:
        return find_folder(model.location, offline=True)
    except UserError as error:
        raise _unreadable(model, error) from None


def _unreadable(model: KnownModel, error: UserError) -> ApiError:
    """The log has the sentence, which names folders of this machine."""
    log.warning("The base model %s cannot be read: %s", model.name, error)
    return bad_request(
        f"The base model {model.name} cannot be read on this machine: its files are missing or damaged.", "model"
    )
