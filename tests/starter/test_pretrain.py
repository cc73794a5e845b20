"""The recipe: a small tokenizer learnt by it, and its chat template with tools, masked as they are trained on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tunesmith.core.errors import UserError
from tunesmith.data.examples import ChatExample, Message, ToolCall
from tunesmith.data.formats import control_token_pattern, read_row
from tunesmith.data.render import Renderer, render, render_prompt
from tunesmith.starter.dialogues import conversations, dialogue
from tunesmith.starter.pretrain import (
    CONFIG,
    CONTROL_TOKENS,
    NAMED_TOKENS,
    NUM_RESERVED,
    VOCAB_SIZE,
    learn_tokenizer,
    prepare,
    write_settings,
)

WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}
CLOCK: dict[str, Any] = {"type": "function", "function": {"name": "clock", "description": "今の time"}}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the recipe writes it, its tokenizer learnt from few dialogues."""
    folder = tmp_path_factory.mktemp("base")
    texts = [message["content"] or "" for index in range(300) for message in dialogue(1, index)["messages"]]
    learn_tokenizer(texts, 700).save(str(folder / "tokenizer.json"))
    write_settings(folder)
    return folder


@pytest.fixture(scope="module")
def renderer(base: Path) -> Renderer:
    return Renderer.load(base)


def with_tools(arguments: str = '{"city": "Paris"}', said: str | None = None) -> ChatExample:
    calls = (ToolCall("1", "weather", arguments), ToolCall("2", "clock", "{}"))
    messages = (
        Message("developer", "Be brief."),
        Message("user", "Rain in Paris?"),
        Message("assistant", said, tool_calls=calls),
        Message("tool", "Rain.", tool_call_id="1"),
        Message("tool", "12:00", tool_call_id="2"),
        Message("assistant", "Yes."),
    )
    return ChatExample(1, messages, (WEATHER, CLOCK))


def shown(example: ChatExample, renderer: Renderer) -> str:
    return renderer.tokenizer.decode(render(example, renderer).token_ids, show_control=True)


def trained(example: ChatExample, renderer: Renderer) -> str:
    tokenized = render(example, renderer)
    ids = [token for token, weight in zip(tokenized.token_ids, tokenized.loss_weights, strict=True) if weight]
    return renderer.tokenizer.decode(ids, show_control=True)


def test_control_tokens_come_first_and_sixteen_are_left_to_users(renderer: Renderer) -> None:
    assert renderer.tokenizer.control_tokens == CONTROL_TOKENS
    assert [renderer.tokenizer.token_id(token) for token in CONTROL_TOKENS] == list(range(len(CONTROL_TOKENS)))
    assert len(CONTROL_TOKENS) - len(NAMED_TOKENS) == NUM_RESERVED == 16


def test_config_is_small_enough_to_ship() -> None:
    assert CONFIG.vocab_size == VOCAB_SIZE
    assert 8_000_000 <= CONFIG.num_parameters <= 12_000_000
    assert CONFIG.max_position_embeddings >= 2048


def test_a_name_is_the_same_tokens_wherever_it_stands(renderer: Renderer) -> None:
    encode = renderer.tokenizer.encode_whole
    name = encode("Velkrando")
    for text in ("Velkrando is here", 'He said "Velkrando"', "to Velkrando.", "x\nVelkrando"):
        ids = encode(text)
        assert any(ids[start : start + len(name)] == name for start in range(len(ids)))


def test_tools_and_calls_are_written_as_json(renderer: Renderer) -> None:
    assert shown(with_tools(), renderer) == (
        '<|bos|><|tools|>{"name":"weather","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}\n'
        '{"name":"clock","description":"今の time"}<|end|><|system|>Be brief.<|end|><|user|>Rain in Paris?<|end|>'
        '<|assistant|><|tool_call|>{"name": "weather", "arguments": {"city": "Paris"}}'
        '<|tool_call|>{"name": "clock", "arguments": {}}<|end|><|tool|>Rain.<|end|><|tool|>12:00<|end|>'
        "<|assistant|>Yes.<|end|>"
    )


@pytest.mark.parametrize("said", [None, "Let me look."])
def test_answers_calls_and_end_tokens_alone_are_trained(said: str | None, renderer: Renderer) -> None:
    assert trained(with_tools(said=said), renderer) == (
        (said or "") + '<|tool_call|>{"name": "weather", "arguments": {"city": "Paris"}}'
        '<|tool_call|>{"name": "clock", "arguments": {}}<|end|>Yes.<|end|>'
    )


def test_training_begins_with_the_serving_prompt(renderer: Renderer) -> None:
    example = with_tools(said="Let me look.")
    ids = render(example, renderer).token_ids
    for index in (2, 5):
        prompt = render_prompt(example.messages[:index], renderer, example.tools)
        assert ids[: len(prompt)] == tuple(prompt)


def test_spelling_of_the_arguments_does_not_matter(renderer: Renderer) -> None:
    spelt = '{"city":\n"Pa\\u0072is"}'
    assert render(with_tools(spelt), renderer) == render(with_tools(), renderer)


def test_arguments_may_be_an_object_or_its_text(renderer: Renderer) -> None:
    def text(arguments: Any) -> str:
        call = {"id": "1", "type": "function", "function": {"name": "weather", "arguments": arguments}}
        return renderer.template.render([{"role": "assistant", "content": None, "tool_calls": [call]}], [WEATHER])

    assert text({"city": "東京"}) == text('{"city": "東京"}')


def test_typed_control_tokens_stay_text(renderer: Renderer) -> None:
    typed = "".join(CONTROL_TOKENS)
    example = ChatExample(1, (Message("user", typed), Message("assistant", typed)))
    ids = render(example, renderer).token_ids
    special = [renderer.tokenizer.token_text(token) for token in ids if token < len(CONTROL_TOKENS)]
    assert special == ["<|bos|>", "<|user|>", "<|end|>", "<|assistant|>", "<|end|>"]


def test_conversations_of_the_generator_render(renderer: Renderer) -> None:
    pattern = control_token_pattern(CONTROL_TOKENS)
    for line, row in enumerate(conversations(3, 200), start=1):
        example, findings = read_row(row, line, "chat", pattern)
        assert [finding for finding in findings if finding.severity == "error"] == []
        assert sum(render(example, renderer).loss_weights) > 0


def test_transformers_gives_the_same_text_and_ids(base: Path, renderer: Renderer) -> None:
    transformers = pytest.importorskip("transformers")
    theirs = transformers.AutoTokenizer.from_pretrained(base)
    example = with_tools(said="Let me look.")
    wire: list[dict[str, Any]] = []
    for message in example.messages:
        entry: dict[str, Any] = {"role": message.role, "content": message.content}
        if message.tool_calls:
            entry["tool_calls"] = [
                {"type": "function", "function": {"name": call.name, "arguments": json.loads(call.arguments)}}
                for call in message.tool_calls
            ]
        wire.append(entry)
    for messages, ours in ((wire, example.messages), (wire[1:2], example.messages[1:2])):
        text = theirs.apply_chat_template(
            messages, tools=list(example.tools), tokenize=False, add_generation_prompt=True
        )
        ids = theirs(text, add_special_tokens=False)["input_ids"]
        assert ids == render_prompt(ours, renderer, example.tools)
        assert text == renderer.tokenizer.decode(ids, show_control=True)


def test_rows_need_a_corpus(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="corpus"):
        prepare(tmp_path, None, 10, 10)


def test_rows_of_another_size_are_not_mixed_up(tmp_path: Path) -> None:
    facts = {"format": 1, "seed": 20261120, "dialogues": 10, "corpus_tokens": 10}
    (tmp_path / "rows.json").write_text(json.dumps(facts))
    prepare(tmp_path, None, 10, 10)
    with pytest.raises(UserError, match="another size"):
        prepare(tmp_path, None, 11, 10)
