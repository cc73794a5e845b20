"""Whether a model answers as it was trained: before its first answer, on this machine, with the served weights.

Takes the model's folder and what is served (renderer, log-probabilities); gives a Certificate with its
figures, or raises NotCertified. A model that fails never answers in the base model's place.

Checked: the adapter moves the logits; the server's tokens are the trainer's for a fixed set of
conversations, one by one; its log-probabilities agree within what other kernels and roundings make.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from tunesmith.core.certificates import Certificate as JobCertificate
from tunesmith.core.certificates import CertificateName, Measured
from tunesmith.core.errors import TunesmithError, UserError
from tunesmith.data.examples import Message
from tunesmith.data.render import Renderer
from tunesmith.infer.protocol import Figure
from tunesmith.train import serving_check
from tunesmith.train.serving_check import Case, ServingCheck

# Token ids → the log-probability of each but the first, as the server computes them.
Logprobs = Callable[[Sequence[int]], Sequence[float]]

_OTHER_TOKENS = "conversations whose tokens differ"
_DIFFERENCE = "mean difference of log-probabilities, nats"
_LARGEST_CHANGE = "largest change by the adapter, nats"
_PROBE = (Message("user", "What is the capital of France? 你好 🙂"),)


class NotCertified(TunesmithError):
    """The model does not answer here as it was trained to; ``broken`` is the job's certificate that this fails."""

    def __init__(self, message: str, hint: str = "", broken: CertificateName = "same_tokens") -> None:
        super().__init__(message, hint)
        self.broken = broken


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was found, in a sentence and in figures."""

    sentence: str
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True)
class ServedModel:
    """What is served. ``base_logprobs`` are the same weights' without the adapter; None where there is none."""

    renderer: Renderer
    is_chat: bool
    dtype: str
    logprobs: Logprobs
    base_logprobs: Logprobs | None


def certify(folder: Path, served: ServedModel) -> Certificate:
    """Raises NotCertified. A model without a check file (made elsewhere, or before there was one) is judged by
    its adapter's effect alone, and the certificate says so."""
    if not (folder / serving_check.FILE).is_file():
        moved = _moved(served, [serving_check.tokens_of(_PROBE, served.renderer, is_chat=served.is_chat)])
        figures = () if moved is None else (_check_moved(moved, by_trainer=None),)
        return Certificate("no check file of the trainer's is there; the adapter's effect was checked", figures)
    try:
        check = serving_check.read(folder)
    except UserError as error:
        raise NotCertified(error.message, error.hint) from error
    return _certify_by(check, served)


def as_job_certificates(found: Certificate | NotCertified) -> tuple[JobCertificate, ...]:
    """What the job that made the model is told of it: how it answered when it was loaded."""
    if isinstance(found, NotCertified):
        return (JobCertificate(found.broken, "failed", found.message, (Measured("models_refused", 1, 0),)),)
    figures = {figure.name: figure for figure in found.figures}
    told = []
    if _OTHER_TOKENS in figures:
        measured = [Measured("conversations_with_other_tokens", figures[_OTHER_TOKENS].value, 0)]
        if difference := figures.get(_DIFFERENCE):
            measured.append(Measured("logprob_difference", difference.value, difference.most))
        sentence = f"As served: {found.sentence}."
        told.append(JobCertificate("same_tokens", "passed", sentence, tuple(measured)))
    if change := figures.get(_LARGEST_CHANGE):
        sentence = (
            "As served, the adapter changes the log-probabilities of fixed conversations by up to "
            f"{change.value:.3g} a token."
        )
        told.append(
            JobCertificate(
                "adapter_applied", "passed", sentence, (Measured("largest_change_by_adapter", change.value),)
            )
        )
    return tuple(told)


def _certify_by(check: ServingCheck, served: ServedModel) -> Certificate:
    if check.is_chat != served.is_chat:
        asked, given = ("chats", "raw prompts") if check.is_chat else ("raw prompts", "chats")
        raise NotCertified(f"The model was trained on {asked} and would be given {given}.", "train the model again")
    for number, case in enumerate(check.cases, start=1):
        _check_tokens(number, case, served)
    rows = [served.logprobs(case.token_ids) for case in check.cases]
    figures = [Figure(_OTHER_TOKENS, 0, 0)]
    if check.cases:
        figures.append(_check_logprobs(check, rows, served))
    moved = _moved(served, [case.token_ids for case in check.cases])
    if moved is not None:
        figures.append(_check_moved(moved, by_trainer=max((case.moved for case in check.cases), default=None)))
    return Certificate(
        f"same tokens and log-probabilities as the trainer in {len(check.cases)} conversations", tuple(figures)
    )


def _check_tokens(number: int, case: Case, served: ServedModel) -> None:
    try:
        ids = serving_check.tokens_of(case.messages, served.renderer, is_chat=served.is_chat)
    except UserError as error:
        raise NotCertified(
            f"Conversation {number} of the check cannot be rendered as in training: {error.message}", error.hint
        ) from error
    if ids == case.token_ids:
        return
    place = next(i for i, (ours, theirs) in enumerate(zip_longest(ids, case.token_ids)) if ours != theirs)
    tokenizer = served.renderer.tokenizer
    ours, theirs = (
        repr(tokenizer.token_text(row[place])) if place < len(row) else "the end" for row in (ids, case.token_ids)
    )
    raise NotCertified(
        f"Conversation {number} of the check gives other tokens here than in training: {len(ids)} instead of "
        f"{len(case.token_ids)}, the first difference at token {place + 1} ({ours} instead of {theirs}). "
        "The chat template or the tokenizer is another one.",
        "serve the model with the template and tokenizer that it was trained with",
    )


def _check_logprobs(check: ServingCheck, rows: Sequence[Sequence[float]], served: ServedModel) -> Figure:
    found = serving_check.compare(check, rows, served.dtype)
    if not found.is_close:
        raise NotCertified(
            f"The log-probabilities differ from the trainer's by {found.difference:.3g} a token on average "
            f"(tolerance {found.tolerance:.3g}; training itself moved them by {found.moved:.3g}).",
            "the weights or the adapter here are not those that were trained",
            "same_tokens" if served.base_logprobs is None else "adapter_applied",
        )
    return Figure(_DIFFERENCE, found.difference, found.tolerance)


def _moved(served: ServedModel, conversations: Sequence[Sequence[int]]) -> float | None:
    """By how much the adapter moves the log-probabilities at most; None where there is no adapter."""
    if served.base_logprobs is None or not conversations:
        return None
    return max(
        abs(ours - base)
        for ids in conversations
        for ours, base in zip(served.logprobs(ids), served.base_logprobs(ids), strict=True)
    )


def _check_moved(moved: float, by_trainer: float | None) -> Figure:
    """Training may have changed nothing, and then the trainer's own figures say so."""
    if moved == 0 and (by_trainer is None or by_trainer > 0):
        raise NotCertified(
            "The adapter does not change the model's answers: it was not applied, or there is nothing in it.",
            "train the model again, or use the base model that the adapter was trained on",
            "adapter_applied",
        )
    return Figure(_LARGEST_CHANGE, moved, float("inf"))
