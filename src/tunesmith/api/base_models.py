"""``GET /v1/base_models``: the base models that this installation offers, each with its card."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from starlette.responses import Response

from tunesmith.api.auth import permit
from tunesmith.api.installation_wire import BaseModelList, BaseModelWire
from tunesmith.api.services import ServicesOf
from tunesmith.api.wire import answer
from tunesmith.core.errors import TunesmithError
from tunesmith.data.render import Renderer
from tunesmith.nn.catalog import BaseModel, locate
from tunesmith.nn.known_models import ALIASES_SHOWN, KnownModel, KnownModels
from tunesmith.nn.shapes import shape_of, weight_bytes
from tunesmith.store.principals import Action, Principal

router = APIRouter(tags=["Models"])

# Where a model's folder says what it is, in the Hugging Face layout: YAML between two lines of dashes.
_CARDS = ("MODEL_CARD.md", "README.md")
_FRONT = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_MOST_CARD_CHARACTERS = 100_000


@router.get("/v1/base_models", response_model=BaseModelList)
def list_base_models(principal: Annotated[Principal, permit(Action.MODEL_READ)], services: ServicesOf) -> Response:
    """In the order in which ``GET /v1/models`` has them. One that is not on this machine yet says so."""
    known = services.known_models
    return answer(BaseModelList(data=[_card(model, known) for model in known.base_models()]))


def _card(model: KnownModel, known: KnownModels) -> BaseModelWire:
    names = [name for name in (*known.aliases, *ALIASES_SHOWN) if _means(known, name, model.name)]
    common: dict[str, Any] = {"id": model.name, "aliases": names, "is_default": model.name == known.default_model}
    try:
        return BaseModelWire(**common, **_facts(model.location), is_available=True, why_not=None)
    except TunesmithError as error:
        hint = f" ({error.hint})" if error.hint else ""
        return BaseModelWire(
            **common, family="", kind="completion", context_length=0, num_parameters=0, num_bytes=0, vocab_size=0,
            licence=None, languages=[], writes_tool_calls=False, remarks=[], is_available=False,
            why_not=f"{error.message}{hint}",
        )  # fmt: skip


def _means(known: KnownModels, alias: str, name: str) -> bool:
    found = known.resolve(alias)
    return found is not None and found.alias is not None and found.name == name


def _facts(location: str) -> dict[str, Any]:
    """Raises UserError where the files cannot be used. No weight is read."""
    base = locate(location, offline=True)
    return dict(_facts_of_folder(base, (base.folder / "config.json").stat().st_mtime_ns))


@lru_cache(maxsize=64)
def _facts_of_folder(base: BaseModel, changed_at: int) -> tuple[tuple[str, Any], ...]:
    template = Renderer.load(base.folder).template
    front = _front_matter(base.folder)
    return (
        ("family", base.config.architecture.removesuffix("ForCausalLM").lower()),
        ("kind", "completion" if template.is_plain else "instruct"),
        ("context_length", base.config.max_position_embeddings),
        ("num_parameters", shape_of(base).num_parameters),
        ("num_bytes", weight_bytes(base)),
        ("vocab_size", base.config.vocab_size),
        ("licence", _text(front.get("license_name")) or _text(front.get("license"))),
        ("languages", _texts(front.get("language"))),
        ("writes_tool_calls", template.renders_tools),
        ("remarks", base.remarks),
    )


def _front_matter(folder: Path) -> dict[str, Any]:
    """What the model's card says of itself; empty where it says nothing that can be read."""
    for name in _CARDS:
        try:
            with (folder / name).open(encoding="utf-8") as file:
                found = _FRONT.match(file.read(_MOST_CARD_CHARACTERS))
            front = YAML(typ="safe", pure=True).load(found[1]) if found else None
        except (OSError, ValueError, YAMLError):
            continue
        if isinstance(front, dict):
            return front
    return {}


def _text(value: object) -> str | None:
    return value[:100] if isinstance(value, str) and value else None


def _texts(value: object) -> Sequence[str]:
    values = value if isinstance(value, list) else [value]
    return tuple(each[:20] for each in values[:50] if isinstance(each, str))
