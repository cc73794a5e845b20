"""A choice as it grows: whole characters, stop strings, calls of tools, log-probabilities."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunesmith.data.render import Renderer
from tunesmith.data.tokenizer import Piece as Text
from tunesmith.infer.protocol import Call, Piece, TokenLogprob
from tunesmith.nn.catalog import STARTER_FOLDER
from tunesmith.serve.chat import Answer, AnswerRules, call_syntax


@pytest.fixture(scope="module")
def starter() -> Renderer:
    return Renderer.load(STARTER_FOLDER)


PLAIN = AnswerRules()


def ids_of(renderer: Renderer, text: str) -> list[int]:
    return renderer.tokenizer.encode([Text(text, is_control=True)])


def logprob(renderer: Renderer, token_id: int) -> TokenLogprob:
    data = renderer.tokenizer.token_bytes(token_id)
    return TokenLogprob(renderer.tokenizer.token_text(token_id), -1.0, None if data is None else list(data), [])


def grow(renderer: Renderer, ids: list[int], rules: AnswerRules = PLAIN) -> tuple[Answer, list[Piece]]:
    answer = Answer(0, renderer.tokenizer, [], rules)
    pieces = []
    for token_id in ids:
        pieces.append(answer.push(token_id, logprob(renderer, token_id)))
        if answer.is_stopped:
            break
    pieces.append(answer.finish())
    return answer, [piece for piece in pieces if piece is not None]


def said(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def test_characters_of_several_tokens_come_whole(starter: Renderer) -> None:
    text = "你好 🙂🙃 wörld 鿿"
    _, pieces = grow(starter, ids_of(starter, text))
    assert said(pieces) == text
    assert all("\ufffd" not in piece.text for piece in pieces)


def test_bytes_of_all_tokens_are_the_texts(starter: Renderer) -> None:
    text = "你好 🙂 plain"
    _, pieces = grow(starter, ids_of(starter, text))
    spelled = [byte for piece in pieces for token in piece.tokens for byte in token.bytes or []]
    assert bytes(spelled).decode() == text


@pytest.mark.parametrize("stop", ["lo wor", "o", "world", "好", "\n\n"])
def test_stop_string_ends_the_text_across_token_borders(starter: Renderer, stop: str) -> None:
    text = "hello world 你好\n\nmore"
    answer, pieces = grow(starter, ids_of(starter, text), AnswerRules(stop=(stop, "never")))
    assert said(pieces) == text[: text.index(stop)]
    assert answer.is_stopped
    assert answer.reason("length") == "stop"


def test_beginning_of_a_stop_string_is_held_back_and_given_at_the_end(starter: Renderer) -> None:
    answer, pieces = grow(starter, ids_of(starter, "one STO"), AnswerRules(stop=("STOP",)))
    assert said(pieces) == "one STO"
    assert answer.reason("stop") == "stop"
    assert sum(len(piece.tokens) for piece in pieces) == answer.num_tokens


def test_tokens_behind_a_stop_string_are_not_given(starter: Renderer) -> None:
    _, pieces = grow(starter, ids_of(starter, "one two three"), AnswerRules(stop=(" two",)))
    assert b"".join(bytes(token.bytes or []) for piece in pieces for token in piece.tokens) == b"one"


CALL = '<|tool_call|>{"name": "weather", "arguments": {"city": "Köln"}}'


def test_calls_of_tools_are_read(starter: Renderer) -> None:
    rules = AnswerRules(syntax=call_syntax(starter))
    answer, pieces = grow(starter, ids_of(starter, "Look: " + CALL + CALL), rules)
    calls = [call for piece in pieces for call in piece.calls]
    assert [(call.name, call.arguments) for call in calls] == [("weather", '{"city":"Köln"}')] * 2
    assert calls[0].id != calls[1].id
    assert said(pieces) == "Look: "
    assert answer.reason("stop") == "tool_calls"


def test_only_one_call_where_calls_are_not_parallel(starter: Renderer) -> None:
    answer, pieces = grow(
        starter, ids_of(starter, CALL + CALL), AnswerRules(syntax=call_syntax(starter), is_one_call=True)
    )
    assert len([call for piece in pieces for call in piece.calls]) == 1
    assert answer.is_stopped


@pytest.mark.parametrize(
    "written", ['{"name": "weather", "argu', "[1]", '{"arguments": {}}', '{"name": "x", "arguments": NaN}']
)
def test_what_cannot_be_read_as_a_call_stays_text(starter: Renderer, written: str) -> None:
    answer, pieces = grow(starter, ids_of(starter, "<|tool_call|>" + written), AnswerRules(syntax=call_syntax(starter)))
    assert said(pieces) == "<|tool_call|>" + written
    assert not any(piece.calls for piece in pieces)
    assert answer.reason("length") == "length"


def test_hermes_calls_are_read(tiny_base: Path, tmp_path: Path) -> None:
    renderer = _hermes(tiny_base, tmp_path)
    written = 'Well.\n<tool_call>\n{"name": "a", "arguments": {}}\n</tool_call>\n<tool_call>\n{"name": "b", "arguments": {"x": 1}}\n</tool_call>\n'
    answer, pieces = grow(renderer, ids_of(renderer, written), AnswerRules(syntax=call_syntax(renderer)))
    calls: list[Call] = [call for piece in pieces for call in piece.calls]
    assert [(call.name, call.arguments) for call in calls] == [("a", "{}"), ("b", '{"x":1}')]
    assert said(pieces) == "Well.\n"
    assert answer.reason("stop") == "tool_calls"


def _hermes(base: Path, folder: Path) -> Renderer:
    import json
    import shutil

    shutil.copytree(base, folder / "hermes")
    path = folder / "hermes" / "tokenizer.json"
    raw = json.loads(path.read_text())
    for number, text in enumerate(("<tool_call>", "</tool_call>")):
        token = {**raw["added_tokens"][0], "id": 1000 + number, "content": text, "special": False}
        raw["added_tokens"].append(token)
    path.write_text(json.dumps(raw))
    template = (
        "{% for m in messages %}{{ m.content }}{% if m.tool_calls %}<tool_call>{{ tools }}{% endif %}{% endfor %}"
    )
    (folder / "hermes" / "chat_template.jinja").write_text(template)
    return Renderer.load(folder / "hermes")


def test_template_without_tools_has_no_call_syntax(tiny_base: Path) -> None:
    assert call_syntax(Renderer.load(tiny_base)) is None
