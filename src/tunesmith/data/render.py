"""Example → TokenizedExample: the one place that turns messages into token ids and loss weights.

The trainer and the server both call it, so they cannot differ: an answer is trained on after exactly
the tokens that ``render_prompt`` gives at serving time. Exactly the assistant's tokens and its end
token are trained on. Prompt and completion are raw text with the model's end token behind.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

from tunesmith.core.errors import MachineError, Problem, Problems, UserError
from tunesmith.data.examples import ChatExample, CompletionExample, Example, Message, TokenizedExample
from tunesmith.data.shapes import Plan, Plans, answer_end
from tunesmith.data.template import ChatTemplate, EndlessTemplate, load_template
from tunesmith.data.tokenizer import Piece, Tokenizer

# Stands for a message's content while the template's own text is told apart from it; begins with a tag
# of this character, repeated until the text has no such tag of its own.
_TAG = "\ue000"


@dataclass(frozen=True, slots=True)
class Renderer:
    """A tokenizer with its template, and the share of weight that prompt tokens get (usually 0)."""

    tokenizer: Tokenizer
    template: ChatTemplate
    prompt_loss_weight: float = 0.0
    plans: Plans = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "plans", Plans(self.template, self.tokenizer))

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
        except EndlessTemplate as error:
            raise EndlessTemplate(f"{file}:{example.line}: {error.message}", error.hint) from error
        except UserError as error:
            problems.append(Problem("not_renderable", error.message, error.hint, file=file, line=example.line))
    if problems:
        raise Problems(f"{file}: {len(problems)} examples cannot be rendered with the base model's template:", problems)
    return rendered


def render(example: Example, renderer: Renderer) -> TokenizedExample:
    if isinstance(example, CompletionExample):
        return _render_completion(example, renderer)
    return _render_chat(example, renderer)


@dataclass(frozen=True, slots=True)
class TokenCount:
    """How long a row is, in tokens, and how many of them are trained on."""

    num_tokens: int
    num_trained_tokens: int


def count_tokens(example: Example, renderer: Renderer) -> TokenCount:
    """What ``render`` gives, counted only."""
    if isinstance(example, ChatExample):
        contents = [message.content or "" for message in example.messages]
        _, plan = renderer.plans.find(example, contents)
        if plan is not None and not renderer.plans.is_sampled():
            return _count(plan, contents, example, renderer)
    tokenized = render(example, renderer)
    return TokenCount(len(tokenized.token_ids), tokenized.num_trained_tokens)


def render_prompt(messages: Sequence[Message], renderer: Renderer, tools: Sequence[dict[str, Any]] = ()) -> list[int]:
    """The tokens after which the assistant's answer begins."""
    _check_typed(messages, tools, renderer)
    wire = _wire(messages)
    text = renderer.template.render(wire, tools, for_answer=True)
    spans = _content_spans(messages, wire, tools, renderer, text, for_answer=True)
    starts = [start for start in _answer_starts(wire, tools, renderer, text).values() if start is not None]
    groups = [_cut(_pieces(text, spans), *border) for border in pairwise([0, *sorted(starts), len(text)])]
    return list(chain.from_iterable(renderer.tokenizer.encode_groups(groups)))


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
    contents = [message.content or "" for message in example.messages]
    shape, plan = renderer.plans.find(example, contents)
    if plan is not None:
        tokenized = _weighed(plan.groups(contents, renderer.tokenizer), example, renderer)
        if renderer.plans.is_sampled() and tokenized != _render_whole(example, renderer):
            raise MachineError(
                "This row, put together from what the chat template wrote for another one of its shape, differs from what "
                f"the template writes for it: {[(message.role, message.content) for message in example.messages]!r:.400}.",
                "this is a mistake of Tunesmith's: report it with the row and the chat template",
            )
        return tokenized
    rendered = _render_whole(example, renderer)
    if shape is not None:

        def is_right(made: Plan) -> bool:
            return _weighed(made.groups(contents, renderer.tokenizer), example, renderer) == rendered

        renderer.plans.add(shape, contents, _end_tokens(renderer), is_right)
    return rendered


def _weighed(
    groups: Iterable[tuple[list[int], list[int], int]], example: ChatExample, renderer: Renderer
) -> TokenizedExample:
    """``groups``: the ids before each answer, the answer's, and the answer's message."""
    ids: list[int] = []
    weights: list[float] = []
    for before, answer, index in groups:
        ids += before
        ids += answer
        weights += [renderer.prompt_loss_weight] * len(before)
        weights += [float(example.messages[index].weight)] * len(answer)
    _one_bos(ids, renderer.tokenizer)
    return TokenizedExample(example.line, tuple(ids), tuple(weights))


def _count(plan: Plan, contents: Sequence[str], example: ChatExample, renderer: Renderer) -> TokenCount:
    """As ``_weighed``; the first token of a row is nobody's target."""
    _one_bos(plan.head(contents, renderer.tokenizer), renderer.tokenizer)
    num_tokens = num_trained = 0
    is_prompt_trained = renderer.prompt_loss_weight > 0
    for before, answer, index in plan.lengths(contents, renderer.tokenizer):
        is_trained = example.messages[index].weight > 0
        first = 0 if num_tokens else 1
        num_tokens += before + answer
        num_trained += max(0, before - first) * is_prompt_trained + (answer - (first if not before else 0)) * is_trained
    return TokenCount(num_tokens, num_trained)


def _render_whole(example: ChatExample, renderer: Renderer) -> TokenizedExample:
    """By the template, whatever the row holds."""
    turns = _rendered_turns(renderer, example)
    encoded = renderer.tokenizer.encode_groups([group for turn in turns for group in (turn.before, turn.answer)])
    indexes = [turn.index for turn in turns]
    return _weighed(zip(encoded[::2], encoded[1::2], indexes, strict=True), example, renderer)


@dataclass(frozen=True, slots=True)
class _Turn:
    """What stands before an answer, and the answer up to and with its end token."""

    before: list[Piece]
    answer: list[Piece]
    index: int
    end_id: int


def _rendered_turns(renderer: Renderer, example: ChatExample) -> list[_Turn]:
    """Cut the rendered text at every answer's first character and behind its end token."""
    messages, tools = example.messages, example.tools
    _check_typed(messages, tools, renderer)
    wire = _wire(messages)
    text = renderer.template.render(wire, tools)
    spans = _content_spans(messages, wire, tools, renderer, text)
    pieces, ends = _pieces(text, spans), _end_tokens(renderer)
    turns: list[_Turn] = []
    position = 0
    for index, start in _answer_starts(wire, tools, renderer, text).items():
        if start is None or start < position:
            raise UserError(
                f"The chat template rewrites earlier messages, so answer {index + 1} would be trained on after other "
                "text than it is served after.",
                "split this conversation so that each row ends with the answer to learn",
            )
        said = max(start, spans[index][1]) if index in spans else start
        until = min((span[0] for owner, span in spans.items() if owner > index), default=len(text))
        end = answer_end(renderer.tokenizer, text[:until], said, ends)
        if end is None:
            raise UserError(
                "The chat template writes no end token after an answer, so the model would never learn to stop.",
                "end the assistant's part of the template with eos_token",
            )
        before, answer = _cut(pieces, position, start), _cut(pieces, start, end.position)
        turns.append(_Turn(before, answer, index, end.token_id))
        position = end.position
    return turns


def _answer_starts(
    wire: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]], renderer: Renderer, text: str
) -> dict[int, int | None]:
    """Each answer's message index → where in ``text`` it begins: behind the prompt that it is served after.

    None where the text does not begin with that prompt. Text is encoded in parts cut here, when training
    and when serving, so that no token reaches from a prompt into its answer.
    """
    starts: dict[int, int | None] = {}
    for index, message in enumerate(wire):
        if message["role"] == "assistant":
            prompt = renderer.template.render(wire[:index], tools, for_answer=True)
            starts[index] = len(prompt) if text.startswith(prompt) else None
    return starts


@lru_cache(maxsize=8)
def _end_tokens(renderer: Renderer) -> frozenset[str]:
    """The model's own end token, and the one that this template writes after a plain answer."""
    probe = (Message("user", "a"), Message("assistant", "b"))
    wire = _wire(probe)
    text = renderer.template.render(wire)
    span = _content_spans(probe, wire, (), renderer, text)[1]
    found = renderer.tokenizer.first_control_token(text[span[1] :])
    return frozenset(token for token in (found[0] if found else None, renderer.tokenizer.eos_token) if token)


def _pieces(text: str, spans: dict[int, tuple[int, int]]) -> list[Piece]:
    """``text`` cut into what the template wrote and what a user typed."""
    pieces: list[Piece] = []
    position = 0
    for start, end in spans.values():
        pieces += [Piece(text[position:start], is_control=True), Piece(text[start:end], is_control=False)]
        position = end
    return [*pieces, Piece(text[position:], is_control=True)]


def _content_spans(
    messages: Sequence[Message],
    wire: Sequence[dict[str, Any]],
    tools: Sequence[dict[str, Any]],
    renderer: Renderer,
    text: str,
    *,
    for_answer: bool = False,
) -> dict[int, tuple[int, int]]:
    """Where each message's content stands in ``text``, in order: render once more with marks in its place.

    Templates may trim content; whatever they do to its edges, the text between two pieces of the
    template is the content. Raises UserError where the text cannot be told apart.
    """
    tag = _TAG
    while tag in text:
        tag += _TAG
    marked = [{**each, "content": f"{tag}{index};"} if each["content"] else each for index, each in enumerate(wire)]
    rest = renderer.template.render(marked, tools, for_answer=for_answer)
    spans: dict[int, tuple[int, int]] = {}
    position = 0
    for index, content in ((index, message.content) for index, message in enumerate(messages) if message.content):
        before, found, rest = rest.partition(f"{tag}{index};")
        if not found:
            raise UserError(
                f"The chat template leaves out the text of message {index + 1}, so it would be lost.",
                "take the message out, or use a template that writes it",
            )
        start = position + len(before)
        following = rest[: rest.find(tag)] if tag in rest else rest
        as_json = json.dumps(content, ensure_ascii=False)[1:-1]  # tool answers, by many templates
        variants = dict.fromkeys((content, content.strip(), content.lstrip(), content.rstrip(), as_json))
        fitting = [variant for variant in variants if text.startswith(variant + following, start)]
        if not fitting or not text.startswith(before, position):
            raise _not_told_apart(index)
        position = start + len(fitting[0])
        spans[index] = (start, position)
    if text[position:] != rest:
        raise _not_told_apart(len(messages) - 1)
    return spans


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


def _check_typed(messages: Sequence[Message], tools: Sequence[dict[str, Any]], renderer: Renderer) -> None:
    """What the template writes beside contents (tools, calls, names) holds no control token."""
    calls = [call for message in messages for call in message.tool_calls]
    if (tools or calls) and not renderer.template.renders_tools:
        raise UserError(
            "This row uses tools, and the base model's chat template has no place for them: they would be lost.",
            "choose a base model whose template knows tools, or take the tools out of the rows",
        )
    if not tools and not calls and not any(each.name or each.tool_call_id for each in messages):
        return
    named = [name for message in messages for name in (message.name, message.tool_call_id) if name]
    called = [text for call in calls for text in (call.id, call.name, call.arguments)]
    decoded = [*tools, *(json.loads(call.arguments) for call in calls)]
    typed = "\n".join([*named, *called, json.dumps(decoded, ensure_ascii=False)])
    if found := renderer.tokenizer.first_control_token(typed):
        raise UserError(
            f"The control token {found[0]} is typed inside a name, a tool or its call, where it would take effect.",
            "take it out of the row",
        )


def _one_bos(ids: Sequence[int], tokenizer: Tokenizer) -> None:
    bos = tokenizer.bos_id
    if bos is not None and bos != tokenizer.eos_id and list(ids[:2]) == [bos, bos]:
        raise UserError(
            "The chat template and the tokenizer both write a BOS token.", "mend the template: one BOS is right"
        )


def _wire(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Messages as templates expect them: the wire's dictionaries, call arguments as objects."""
    wire: list[dict[str, Any]] = []
    for message in messages:
        entry: dict[str, Any] = {
            "role": message.role,
            "content": message.content if message.content is not None else "",
        }
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
