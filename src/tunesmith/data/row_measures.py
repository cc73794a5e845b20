"""The rows that can be used, rendered for a base model as they are read, and measured.

Keeps no example: a few numbers of each go to its ``Tally``, what the model cannot be trained on to the findings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tunesmith.core.errors import UserError
from tunesmith.data.examples import AnyExample, ChatExample, CompletionExample, Example
from tunesmith.data.findings import Finding
from tunesmith.data.judge import Findings
from tunesmith.data.render import Renderer, TokenCount, count_tokens, render
from tunesmith.data.statistics import Tally
from tunesmith.data.template import EndlessTemplate


@dataclass(frozen=True, slots=True)
class ModelRead:
    """A base model, as far as rows are measured by it. ``max_seq_len`` None: its context; with neither,
    no row is too long."""

    renderer: Renderer
    context_length: int | None
    max_seq_len: int | None = None

    @property
    def limit(self) -> int | None:
        return self.max_seq_len or self.context_length


class RowMeasures:
    """``note_unfit`` hears the line of each row that the model cannot be trained on."""

    def __init__(
        self, found: Findings, model: ModelRead, tally: Tally, note_unfit: Callable[[int], object] = lambda line: None
    ) -> None:
        self._found, self._note_unfit, self._tally = found, note_unfit, tally
        self._renderer: Renderer | None = model.renderer
        self._limit = model.limit
        self._num_rendered = self.num_unfit = 0

    def fits(self, example: AnyExample) -> tuple[int, int] | None:
        """How many tokens it has, and how many are trained on, where nothing is to be said of them: for processes that only count, and leave the rest to ``keep``."""
        if self._renderer is None:
            return None
        if not isinstance(example, ChatExample | CompletionExample):
            return 0, 0
        try:
            count = count_tokens(example, self._renderer)
        except UserError as error:
            if isinstance(error, EndlessTemplate):
                self._renderer = None
            return None
        is_long = self._limit is not None and count.num_tokens > self._limit
        return None if is_long or not count.num_trained_tokens else (count.num_tokens, count.num_trained_tokens)

    def keep(self, example: AnyExample) -> None:
        if self._renderer is None or self._found.has_errors:
            return
        if isinstance(example, ChatExample | CompletionExample):
            self._render(example, self._renderer)

    def _render(self, example: Example, renderer: Renderer) -> None:
        try:
            count = self._counted(example, renderer)
        except UserError as error:
            message = error.message.replace(renderer.tokenizer.where, "the base model")
            self._refuse(Finding("not_renderable", message, error.hint), example.line)
            if isinstance(error, EndlessTemplate):
                self._renderer = None  # its own fault: no other row is worth a second of waiting
            return
        if not count.num_trained_tokens:
            hint = "give at least one assistant message weight 1"
            self._refuse(Finding("no_trained_tokens", "nothing to train on", hint), example.line)
        if self._limit is not None and (length := count.num_tokens) > self._limit:
            message = f"{length:,} tokens, and max_seq_len is {self._limit:,}"
            hint = "shorten the row, raise max_seq_len if the base model allows it, or choose what over_length does"
            self._found.note(Finding("over_length", message, hint, severity="warning"), example.line)

    def _counted(self, example: Example, renderer: Renderer) -> TokenCount:
        """The tokens themselves are made where more than their number matters: the first row, and one that is too long."""
        if self._num_rendered:
            count = count_tokens(example, renderer)
            if self._limit is None or count.num_tokens <= self._limit:
                self._tally.add_lengths(count.num_tokens, count.num_trained_tokens)
                return count
        rendered = render(example, renderer)
        if not self._num_rendered:
            self._tally.keep_first_token = rendered.token_ids[:1] == (renderer.tokenizer.bos_id,)
        self._num_rendered += 1
        self._tally.add_tokens(rendered)
        return TokenCount(len(rendered.token_ids), rendered.num_trained_tokens)

    def _refuse(self, finding: Finding, line: int) -> None:
        self._note_unfit(line)
        self.num_unfit += 1
        self._found.note(finding, line)
