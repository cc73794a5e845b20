"""What is measured of a trained model: its folder is read back, as a server will read it, before it is handed over."""

from __future__ import annotations

from pathlib import Path

from tunesmith.core import durable
from tunesmith.core.certificates import Certificate, Measured
from tunesmith.core.errors import TunesmithError, UserError
from tunesmith.data.render import Renderer
from tunesmith.nn.lora import ADAPTER_CONFIG
from tunesmith.train import serving_check
from tunesmith.train.serving_check import ServingCheck

TEMPLATE_FILE = "chat_template.jinja"


def of_model(folder: Path, base_folder: Path) -> tuple[Certificate, ...]:
    """``base_folder`` is where training took its tokenizer and template from."""
    try:
        check = serving_check.read(folder)
        return _template(folder, base_folder, check), _same_tokens(folder, check), _adapter_applied(folder, check)
    except TunesmithError as error:
        sentence = f"The saved model could not be read back: {error.message}"
        return (Certificate("same_tokens", "failed", sentence, (Measured("models_unreadable", 1, 0),)),)


def _template(folder: Path, base_folder: Path, check: ServingCheck) -> Certificate:
    if not check.is_chat:
        return Certificate("template", "not_applicable", "Prompts and completions are raw text: there is no template.")
    trained_with = Renderer.load(base_folder).template
    saved = (folder / TEMPLATE_FILE).read_text(encoding="utf-8")
    differs = saved != trained_with.source
    sha256 = durable.sha256_of(folder / TEMPLATE_FILE)
    kind = "The plain template, as the base model has none," if trained_with.is_plain else "The base model's template"
    sentence = (
        "The template that was saved with the model is another one than training used."
        if differs
        else f"{kind} was trained with and is the one saved with the model (SHA-256 {sha256[:12]}…)."
    )
    return Certificate(
        "template", "failed" if differs else "passed", sentence, (Measured("templates_that_differ", float(differs), 0),)
    )


def _same_tokens(folder: Path, check: ServingCheck) -> Certificate:
    if not check.cases:
        return Certificate("same_tokens", "not_applicable", "The template takes none of the fixed conversations.")
    renderer = Renderer.load(folder)
    others = 0
    for case in check.cases:
        try:
            others += serving_check.tokens_of(case.messages, renderer, is_chat=check.is_chat) != case.token_ids
        except UserError:
            others += 1
    number = len(check.cases)
    sentence = (
        f"{others} of {number} fixed conversations become other tokens with the saved tokenizer than in training."
        if others
        else f"{number} fixed conversations become the same tokens with the saved tokenizer and template as in training."
    )
    figures = (Measured("conversations", number), Measured("conversations_with_other_tokens", others, 0))
    return Certificate("same_tokens", "failed" if others else "passed", sentence, figures)


def _adapter_applied(folder: Path, check: ServingCheck) -> Certificate:
    """What training did is known; whether the server does it too is measured there."""
    if not (folder / ADAPTER_CONFIG).is_file():
        return Certificate("adapter_applied", "not_applicable", "Every weight was trained: there is no adapter.")
    moved = max((case.moved for case in check.cases), default=0.0)
    sentence = (
        f"Training changed the log-probabilities of fixed conversations by {moved:.3g} a token. Whether serving changes "
        "them too is measured before the model's first answer."
    )
    return Certificate("adapter_applied", "pending", sentence, (Measured("moved_by_training", moved),))
