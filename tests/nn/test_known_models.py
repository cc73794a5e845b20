"""Names → base models; an alias is never silent."""

from __future__ import annotations

import pytest

from tunesmith.core.errors import UserError
from tunesmith.nn.known_models import ALIASES_SHOWN, KnownModel, KnownModels

BASES = {"smollm2": "/models/smollm2", "org/name": "org/name"}
KNOWN = KnownModels.of("smollm2", "starter", BASES, {"my-gpt": "org/name", "gpt-4o": "starter"})


def test_a_base_model_is_found_by_its_name() -> None:
    assert KNOWN.resolve("smollm2") == KnownModel("smollm2", "/models/smollm2")
    assert KNOWN.resolve("starter") == KnownModel("starter", "starter")


@pytest.mark.parametrize(
    "name",
    ["gpt-3.5-turbo", "gpt-3.5-turbo-0613", "gpt-3.5-turbo-1106", "gpt-3.5-turbo-0125", "gpt-3.5-turbo-16k",
     "gpt-3.5-turbo-16k-0613", "gpt-35-turbo", "gpt-35-turbo-0613", "gpt-35-turbo-1106", "gpt-4", "gpt-4-0613",
     "gpt-4-32k", "gpt-4-turbo", "gpt-4-turbo-2024-04-09", "gpt-4-1106-preview", "gpt-4o-2024-08-06", "gpt-4o-mini",
     "gpt-4o-mini-2024-07-18", "gpt-4.1", "gpt-4.1-2025-04-14", "gpt-4.1-mini", "gpt-4.1-mini-2025-04-14",
     "gpt-4.1-nano", "gpt-4.1-nano-2025-04-14", "chatgpt-4o-latest"],
)  # fmt: skip
def test_other_vendors_chat_models_mean_the_default(name: str) -> None:
    assert KNOWN.resolve(name) == KnownModel("smollm2", "/models/smollm2", alias=name)


@pytest.mark.parametrize(
    "name", ["babbage-002", "davinci-002", "davinci", "curie", "text-davinci-003", "gpt-3.5-turbo-instruct"]
)
def test_completion_models_mean_their_own_default(name: str) -> None:
    assert KNOWN.resolve(name) == KnownModel("starter", "starter", alias=name)


def test_the_operators_alias_wins_over_a_built_in_one() -> None:
    assert KNOWN.resolve("gpt-4o") == KnownModel("starter", "starter", alias="gpt-4o")
    assert KNOWN.resolve("my-gpt") == KnownModel("org/name", "org/name", alias="my-gpt")


def test_a_base_model_wins_over_an_alias() -> None:
    known = KnownModels.of(base_models={"gpt-4o": "/models/ours"})
    assert known.resolve("gpt-4o") == KnownModel("gpt-4o", "/models/ours")


@pytest.mark.parametrize(
    "name",
    ["", "gpt", "gpt-5", "gpt-4o-miny", "gpt-4o\n", "GPT-4o", "gpt-4o-mini-", "ft:starter:p::x", "claude", "x" * 400],
)
def test_any_other_name_means_nothing(name: str) -> None:
    assert KNOWN.resolve(name) is None


def test_a_long_name_is_judged_at_once() -> None:
    assert KNOWN.resolve("gpt-4" + "-1106" * 50_000 + "!") is None


def test_the_nearest_name_is_offered() -> None:
    assert KNOWN.nearest("gpt-4o-miny") == "gpt-4o-mini"
    assert KNOWN.nearest("smolm2") == "smollm2"
    assert KNOWN.nearest("zzzzzz") is None


def test_the_aliases_shown_are_aliases() -> None:
    assert [name for name in ALIASES_SHOWN if KNOWN.resolve(name) in (None, KnownModel(name, name))] == []


def test_the_starter_is_listed_first_and_always() -> None:
    assert [model.name for model in KNOWN.base_models()] == ["starter", "smollm2", "org/name"]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"default_model": "nope"}, "TUNESMITH_DEFAULT_MODEL: there is no base model 'nope'"),
        ({"default_completion_model": "nope"}, "TUNESMITH_DEFAULT_COMPLETION_MODEL: there is no"),
        ({"model_aliases": {"a": "b"}}, "TUNESMITH_MODEL_ALIASES, a: there is no base model 'b'"),
        ({"base_models": {"ft:x": "/m"}}, "'ft:x' cannot name a base model"),
        ({"base_models": {"a b": "/m"}}, "'a b' cannot name"),
        ({"model_aliases": {"": "starter"}}, "'' cannot name"),
    ],
)
def test_a_setting_that_leads_nowhere_is_refused(settings: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError) as raised:
        KnownModels.of(**settings)  # type: ignore[arg-type]
    assert sentence in str(raised.value)
