"""Named-entity models that the user installs: found as entry points of the group ``tunesmith.recognizers``, or named as
``module:name``. What is named is a recognizer, or something that gives one when called without arguments."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Final

from tunesmith.core.errors import UserError
from tunesmith.data.personal.spans import Recognizer

GROUP: Final = "tunesmith.recognizers"


def load_recognizers(names: Sequence[str]) -> tuple[Recognizer, ...]:
    """Each by the name of its entry point or as ``module:name``. Raises UserError where one cannot be had."""
    return tuple(_load(name) for name in names)


def installed_recognizers() -> tuple[str, ...]:
    return tuple(sorted(point.name for point in entry_points(group=GROUP)))


def _load(name: str) -> Recognizer:
    found = [point.load() for point in entry_points(group=GROUP, name=name)]
    value = found[0] if found else _imported(name)
    recognizer = value if hasattr(value, "find") and not isinstance(value, type) else value()
    if not hasattr(recognizer, "find"):
        raise UserError(
            f"The recognizer {name} has no find(texts).", "see docs/personal_data.md for what it has to give"
        )
    return recognizer  # type: ignore[no-any-return]


def _imported(name: str) -> Any:
    module, _, attribute = name.partition(":")
    if not attribute:
        known = ", ".join(installed_recognizers()) or "none is installed"
        raise UserError(f"There is no recognizer named {name}.", f"installed: {known}; or name one as module:name")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UserError(f"The recognizer {name} cannot be loaded: {error}.", "is its package installed here?") from None
