"""Which base models an installation offers, and what other vendors' names mean here.

Takes the operator's settings and gives ``KnownModels``: a name → where its weights lie. An alias is never
silent: whoever resolves one sees it in ``KnownModel.alias``. No torch here.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tunesmith.core.errors import UserError

_NAME = re.compile(r"[A-Za-z0-9][\w.\-/]{0,99}")
# How the vendors date and size their models: gpt-4o-mini-2024-07-18, gpt-3.5-turbo-16k-0613, gpt-4-turbo-preview.
_VARIANT = r"(-(mini|nano|turbo|preview|vision|latest|16k|32k|\d{4}|\d{4}-\d\d-\d\d))*"
_CHAT_NAMES = re.compile(rf"(gpt-3\.5-turbo|gpt-35-turbo|gpt-4|gpt-4o|gpt-4\.1|gpt-41|chatgpt-4o){_VARIANT}")
_COMPLETION_NAMES = re.compile(
    r"(ada|babbage|curie|davinci|(babbage|davinci)-002|text-(ada|babbage|curie|davinci)-00[1-3]"
    r"|gpt-(3\.5|35)-turbo-instruct(-\d{4})?)"
)
# What is kept with a job or a chat has room for so many letters.
_LONGEST_ALIAS = 300
# Those of the above that people look up in a list.
ALIASES_SHOWN = (
    "gpt-3.5-turbo", "gpt-35-turbo", "gpt-4", "gpt-4-turbo", "gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini",
    "gpt-4.1-nano", "babbage-002", "davinci-002",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class KnownModel:
    """``location`` is what nn.catalog.locate takes; ``alias`` the name that was asked for, where it was another one."""

    name: str
    location: str
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class KnownModels:
    """``locations``: base model → location, ``starter`` first. ``aliases``: the operator's own."""

    locations: Mapping[str, str]
    aliases: Mapping[str, str]
    default_model: str
    default_completion_model: str

    @classmethod
    def of(
        cls,
        default_model: str = "starter",
        default_completion_model: str = "starter",
        base_models: Mapping[str, str] = MappingProxyType({}),
        model_aliases: Mapping[str, str] = MappingProxyType({}),
    ) -> KnownModels:
        """Raises UserError where a name cannot be one, or leads nowhere."""
        locations = {"starter": "starter", **base_models}
        for name in (*base_models, *model_aliases):
            _check_name(name)
        targets = {
            "TUNESMITH_DEFAULT_MODEL": default_model,
            "TUNESMITH_DEFAULT_COMPLETION_MODEL": default_completion_model,
            **{f"TUNESMITH_MODEL_ALIASES, {name}": target for name, target in model_aliases.items()},
        }
        for setting, target in targets.items():
            if target not in locations:
                known = ", ".join(locations)
                raise UserError(f"{setting}: there is no base model {target!r}.", f"the base models are {known}")
        return cls(
            MappingProxyType(locations), MappingProxyType(dict(model_aliases)), default_model, default_completion_model
        )

    def resolve(self, name: str) -> KnownModel | None:
        """A base model by its name or by an alias; None where the name means nothing here."""
        if name in self.locations:
            return KnownModel(name, self.locations[name])
        target = self._target_of(name)
        return None if target is None else KnownModel(target, self.locations[target], name)

    def base_models(self) -> tuple[KnownModel, ...]:
        return tuple(KnownModel(name, location) for name, location in self.locations.items())

    def nearest(self, name: str) -> str | None:
        """What somebody who wrote ``name`` may have meant."""
        near = difflib.get_close_matches(name, [*self.locations, *self.aliases, *ALIASES_SHOWN], n=1, cutoff=0.6)
        return near[0] if near else None

    def _target_of(self, alias: str) -> str | None:
        if alias in self.aliases:
            return self.aliases[alias]
        if len(alias) > _LONGEST_ALIAS:
            return None
        if _COMPLETION_NAMES.fullmatch(alias):
            return self.default_completion_model
        return self.default_model if _CHAT_NAMES.fullmatch(alias) else None


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise UserError(
            f"{name!r} cannot name a base model.",
            "use letters, digits, dots, hyphens, underscores and slashes, a letter or digit first; at most 100",
        )
