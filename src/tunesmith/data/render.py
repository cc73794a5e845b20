"""Example → TokenizedExample: the one place that turns messages into token ids and loss weights.

The trainer and the server both call it, so they cannot differ: an answer is trained on after exactly
the tokens that ``render_prompt`` gives at serving time. Exactly the assistant's tokens and its end
token are trained on. Prompt and completion are raw text with the model's end token behind.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tunesmith.core.errors import Problem, Problems, UserError
from tunesmith.data.examples import ChatExample, CompletionExample, Example, Message, TokenizedExample
from tunesmith.data.template import ChatTemplate, load_template
from tunesmith.data.tokenizer import Piece, Tokenizer

# Stands for a message's content while the template's own text is told apart from it.
_MARK = "\ue000{}\ue001"


@dataclass(frozen=True, slots=True)
class Renderer:
    """A tokenizer with its template, and the share of weight that prompt tokens get (usually 0)."""

    tokenizer: Tokenizer
    template: ChatTemplate
    prompt_loss_weight: float = 0.0

    @classmethod
    def load(cls, folder: Path, prompt_loss_weight: float = 0.0) -> Renderer:
        tokenizer = Tokenizer.load(folder)
        return cls(tokenizer, load_template(folder, tokenizer), prompt_loss_weight)

    @property
    def raw_end_id(self) -> int:
        """The end token of prompt/completion text. Raises UserError where the model has none."""
        if self.tokenizer.eos_id is None:
            raise UserError(
                f"{self.tokenizer.where} names no end token, so a completion could never end.",
                'name one in tokenizer_config.json: "eos_token": "…"',
            )
        return self.tokenizer.eos_id

    def chat_end_ids(self) -> tuple[int, ...]:
        """The token that ends an assistant's message in this template."""
        probe = (Message("user", "a"), Message("assistant", "b"))
        return (_rendered_turns(self, ChatExample(0, probe))[-1].end_id,)


def render_all(examples: Iterable[Example], renderer: Renderer, file: str) -> list[TokenizedExample]:
    """Every example, or Problems naming every line that cannot be rendered."""
    rendered, problems = [], []
    for example in examples:
        try:
            rendered.append(render(example, renderer))
        except UserError as error:
            problems.append(Problem("not_renderable", error.message, error.hint, file=file, line=example.line))
    if problems:
        raise Problems(f"{file}: {len(problems)} examples cannot be rendered with the base model's template:", problems)
    return rendered


def render(example: Example, renderer: Renderer) -> TokenizedExample:
    if isinstance(example, CompletionExample):
        return _render_completion(example, renderer)
    return _render_chat(example, renderer)


def render_prompt(messages: Sequence[Message], renderer: Renderer, tools: Sequence[dict[str, Any]] = ()) -> list[int]:
    """The tokens after which the assistant's answer begins."""
    text = renderer.template.render(_wire(messages), tools, for_answer=True)
    return renderer.tokenizer.encode(_pieces(messages, tools, renderer, text, for_answer=True))


def render_raw_prompt(prompt: str, renderer: Renderer) -> list[int]:
    """The tokens of raw text, with the one BOS that the tokenizer adds, if it adds one."""
    tokenizer = renderer.tokenizer
    bos = [tokenizer.bos_id] if tokenizer.adds_bos and tokenizer.bos_id is not None else []
    return bos + tokenizer.encode([Piece(prompt, is_control=False)])


def _render_completion(example: CompletionExample, renderer: Renderer) -> TokenizedExample:
    prompt = render_raw_prompt(example.prompt, renderer)
    completion = renderer.tokenizer.encode([Piece(example.completion, is_control=False)], is_start=not example.prompt)
    answer = [*completion, renderer.raw_end_id]
    weights = [renderer.prompt_loss_weight] * len(prompt) + [1.0] * len(answer)
    return TokenizedExample(example.line, (*prompt, *answer), tuple(weights))


def _render_chat(example: ChatExample, renderer: Renderer) -> TokenizedExample:
    turns = _rendered_turns(renderer, example)
    encoded = renderer.tokenizer.encode_groups([group for turn in turns for group in (turn.before, turn.answer)])
    ids: list[int] = []
    weights: list[float] = []
    for turn, before, answer in zip(turns, encoded[::2], encoded[1::2], strict=True):
        ids += before + answer
        weights += [renderer.prompt_loss_weight] * len(before) + [float(turn.weight)] * len(answer)
    _one_bos(ids, renderer.tokenizer)
    return TokenizedExample(example.line, tuple(ids), tuple(weights))


@dataclass(frozen=True, slots=True)
class _Turn:
    """What stands before an answer, and the answer up to and with its end token."""

    before: list[Piece]
    answer: list[Piece]
    weight: int
    end_id: int


def _rendered_turns(renderer: Renderer, example: ChatExample) -> list[_Turn]:
    """Cut the rendered text at every answer's first character and behind its end token."""
    _check_tools(example, renderer)
    messages, template = example.messages, renderer.template
    text = template.render(_wire(messages), example.tools)
    pieces = _pieces(messages, example.tools, renderer, text)
    content_ends = _content_ends(messages, example.tools, renderer, text)
    turns: list[_Turn] = []
    position = 0
    for index, message in enumerate(messages):
        if message.role != "assistant":
            continue
        prompt = template.render(_wire(messages[:index]), example.tools, for_answer=True)
        if not text.startswith(prompt) or len(prompt) < position:
            raise UserError(
                f"The chat template rewrites earlier messages, so answer {index + 1} would be trained on after other "
                "text than it is served after.",
                "split this conversation so that each row ends with the answer to learn",
            )
        end = _answer_end(renderer.tokenizer, text, content_ends.get(index, len(prompt)))
        before, answer = _cut(pieces, position, len(prompt)), _cut(pieces, len(prompt), end.position)
        turns.append(_Turn(before, answer, message.weight, end.token_id))
        position = end.position
    return turns


@dataclass(frozen=True, slots=True)
class _AnswerEnd:
    position: int
    token_id: int


def _answer_end(tokenizer: Tokenizer, text: str, content_end: int) -> _AnswerEnd:
    found = tokenizer.first_control_token(text[content_end:])
    token_id = tokenizer.control_id(found[0]) if found else None
    if found is None or token_id is None:
        raise UserError(
            "The chat template writes no end token after an answer, so the model would never learn to stop.",
            "end the assistant's part of the template with eos_token",
        )
    return _AnswerEnd(content_end + found[1], token_id)


def _pieces(
    messages: Sequence[Message], tools: Sequence[dict[str, Any]], renderer: Renderer, text: str, *, for_answer: bool = False
) -> list[Piece]:
    """``text`` cut into what the template wrote and what a user typed."""
    pieces: list[Piece] = []
    position = 0
    for start, end in _content_spans(messages, tools, renderer, text, for_answer)[1]:
        pieces += [Piece(text[position:start], is_control=True), Piece(text[start:end], is_control=False)]
        position = end
    return [*pieces, Piece(text[position:], is_control=True)]


def _content_ends(
    messages: Sequence[Message], tools: Sequence[dict[str, Any]], renderer: Renderer, text: str
) -> dict[int, int]:
    owners, spans = _content_spans(messages, tools, renderer, text, False)
    return {owner: end for owner, (_, end) in zip(owners, spans, strict=True)}


def _content_spans(
    messages: Sequence[Message], tools: Sequence[dict[str, Any]], renderer: Renderer, text: str, for_answer: bool
) -> tuple[list[int], list[tuple[int, int]]]:
    """Where each message's content stands in ``text``: render once more with marks in its place.

    Templates may trim content; whatever they do to its edges, the text between two pieces of the
    template is the content. Raises UserError where the text cannot be told apart.
    """
    slots = _slots(messages)
    marked = renderer.template.render(_wire(_with_marks(messages, slots)), tools, for_answer=for_answer)
    owners: list[int] = []
    spans: list[tuple[int, int]] = []
    position, rest = 0, marked
    for number, (owner, content) in enumerate(slots):
        before, found, rest = rest.partition(_MARK.format(number))
        if not found:
            rest = before + rest  # the template leaves this content out
            continue
        variants = dict.fromkeys((content, content.strip(), content.lstrip(), content.rstrip()))
        start = position + len(before)
        if not text.startswith(before, position):
            raise _not_told_apart(owner)
        following = rest[: rest.find("\ue000")] if "\ue000" in rest else rest
        fitting = [v for v in variants if text.startswith(v + following, start)]
        if not fitting:
            raise _not_told_apart(owner)
        owners.append(owner)
        spans.append((start, start + len(fitting[0])))
        position = spans[-1][1]
    if text[position:] != rest:
        raise _not_told_apart(len(messages) - 1)
    return owners, spans


def _slots(messages: Sequence[Message]) -> list[tuple[int, str]]:
    """Everything a user typed: (message index, text) of contents, in order."""
    return [(index, message.content) for index, message in enumerate(messages) if message.content]


def _with_marks(messages: Sequence[Message], slots: Sequence[tuple[int, str]]) -> list[Message]:
    numbers = {owner: number for number, (owner, _) in enumerate(slots)}
    return [
        replace(message, content=_MARK.format(numbers[index])) if index in numbers else message
        for index, message in enumerate(messages)
    ]


def _not_told_apart(index: int) -> UserError:
    return UserError(
        f"The chat template changes the text of message {index + 1}, so what was typed cannot be told from the template.",
        "use a template that writes message.content as it is",
    )


def _cut(pieces: Sequence[Piece], start: int, end: int) -> list[Piece]:
    """The part of the text from ``start`` to ``end``, as pieces."""
    kept: list[Piece] = []
    position = 0
    for piece in pieces:
        low, high = max(start - position, 0), min(end - position, len(piece.text))
        if low < high:
            kept.append(Piece(piece.text[low:high], piece.is_control))
        position += len(piece.text)
    return kept


def _check_tools(example: ChatExample, renderer: Renderer) -> None:
    calls = [call for message in example.messages for call in message.tool_calls]
    if not example.tools and not calls:
        return
    if not renderer.template.renders_tools:
        raise UserError(
            "This row uses tools, and the base model's chat template has no place for them: they would be lost.",
            "choose a base model whose template knows tools, or take the tools out of the rows",
        )
    typed = json.dumps(example.tools, ensure_ascii=False) + "".join(call.name + call.arguments for call in calls)
    if found := renderer.tokenizer.first_control_token(typed):
        raise UserError(
            f"The control token {found[0]} is typed inside a tool or its call, where it would take effect.",
            "take it out of the row",
        )


def _one_bos(ids: Sequence[int], tokenizer: Tokenizer) -> None:
    bos = tokenizer.bos_id
    if bos is not None and bos != tokenizer.eos_id and list(ids[:2]) == [bos, bos]:
        raise UserError("The chat template and the tokenizer both write a BOS token.", "mend the template: one BOS is right")


def _wire(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Messages as templates expect them: the wire's dictionaries, call arguments as objects."""
    wire: list[dict[str, Any]] = []
    for message in messages:
        entry: dict[str, Any] = {"role": message.role, "content": message.content if message.content is not None else ""}
        if message.name is not None:
            entry["name"] = message.name
        if message.tool_call_id is not None:
            entry["tool_call_id"] = message.tool_call_id
        if message.tool_calls:
            entry["tool_calls"] = [
                {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": json.loads(c.arguments)}}
                for c in message.tool_calls
            ]
        wire.append(entry)
    return wire
