"""Messages become exactly the tokens that are served, and exactly the answers carry weight."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers import Tokenizer as RustTokenizer

from tunesmith.core.errors import Problems, UserError
from tunesmith.data.examples import ChatExample, CompletionExample, Message, TokenizedExample, ToolCall
from tunesmith.data.render import Renderer, render, render_all, render_prompt, render_raw_prompt
from tunesmith.data.template import PLAIN_TEMPLATE, ChatTemplate
from tunesmith.data.tokenizer import Tokenizer

CHATML = (
    "{{ bos_token }}{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LLAMA_2 = (
    "{% if messages[0].role == 'system' %}{% set rest = messages[1:] %}{% set system = messages[0].content %}"
    "{% else %}{% set rest = messages %}{% set system = false %}{% endif %}{% for message in rest %}"
    "{% if loop.first and system != false %}"
    "{% set content = '<<SYS>>\n' + system + '\n<</SYS>>\n\n' + message.content %}"
    "{% else %}{% set content = message.content %}{% endif %}"
    "{% if message.role == 'user' %}{{ bos_token + '[INST] ' + content | trim + ' [/INST]' }}"
    "{% else %}{{ ' ' + content | trim + ' ' + eos_token }}{% endif %}{% endfor %}"
)
LLAMA_3 = (
    "{{ bos_token }}{% for message in messages %}<|start_header_id|>{{ message.role }}<|end_header_id|>\n\n"
    "{{ message.content | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
TOOLS = (
    "{% if tools %}<|im_start|>system\n{% for tool in tools %}{{ tool | tojson }}\n{% endfor %}<|im_end|>\n{% endif %}"
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.name or '' }}{{ message.content }}"
    "{% for call in message.tool_calls or [] %}<tool_call>{{ call.function.name }} "
    "{% for key in call.function.arguments %}{{ key }}={{ call.function.arguments[key] | tojson }}{% endfor %}"
    "</tool_call>{% endfor %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TEMPLATES = {"chatml": CHATML, "llama 2": LLAMA_2, "llama 3": LLAMA_3, "plain": PLAIN_TEMPLATE}

CONTROL = (
    "<unk>",
    "<s>",
    "</s>",
    "<|im_start|>",
    "<|im_end|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
)
TEXTS = [
    "Hello there, what is this? It is red and blue, old and new.",
    "user assistant system\n\nSay it again, and again!\n  answer",
]


def byte_level(*, strips: bool = False) -> str:
    """Like GPT-2, Llama 3 and Qwen; with ``strips``, control tokens swallow blanks, as Phi-3's do."""
    tokenizer = RustTokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(TEXTS * 4, trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet))
    return with_control_tokens(tokenizer, strips=strips)


def sentence_piece(*, metaspace: bool = False) -> str:
    """Like Llama 2 (a blank is prepended after each control token) or, with ``metaspace``, at the start only."""
    tokenizer = RustTokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    trainer = trainers.BpeTrainer(vocab_size=120, show_progress=False)
    tokenizer.train_from_iterator(TEXTS * 4, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    pieces = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), *model["vocab"]]
    merges = [tuple(pair) for pair in model["merges"]]
    vocab = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = RustTokenizer(models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    if metaspace:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    else:
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return with_control_tokens(tokenizer)


def with_control_tokens(tokenizer: RustTokenizer, *, strips: bool = False) -> str:
    left, right = (strips and "<|im_start|>"), (strips and "<|im_end|>")
    tokenizer.add_special_tokens(
        [AddedToken(t, lstrip=t == left, rstrip=t == right, normalized=False, special=True) for t in CONTROL]
    )
    tokenizer.add_tokens([AddedToken(t, normalized=False) for t in ("<tool_call>", "</tool_call>")])
    return str(tokenizer.to_str())


TOKENIZERS: dict[str, Callable[[], str]] = {
    "byte level": byte_level,
    "sentence piece": sentence_piece,
    "metaspace first": lambda: sentence_piece(metaspace=True),
    "stripping": lambda: byte_level(strips=True),
}
SOURCES: dict[str, str] = {}


def renderer(template: str = CHATML, tokenizer: str = "byte level", prompt_loss_weight: float = 0.0) -> Renderer:
    source = SOURCES.get(tokenizer) or SOURCES.setdefault(tokenizer, TOKENIZERS[tokenizer]())
    loaded = Tokenizer(source, {"bos_token": "<s>", "eos_token": "</s>"}, "base")
    return Renderer(loaded, ChatTemplate(template, loaded), prompt_loss_weight)


def chat(*contents: str, system: str | None = None) -> ChatExample:
    """Contents of user and assistant, in turns."""
    head = () if system is None else (Message("system", system),)
    turns = (Message("assistant" if i % 2 else "user", content) for i, content in enumerate(contents))
    return ChatExample(1, (*head, *turns))


def trained(example: TokenizedExample, tokenizer: Tokenizer) -> list[str]:
    """The text of each run of trained tokens."""
    marked = zip(example.token_ids, example.loss_weights, strict=True)
    runs = groupby(marked, key=lambda pair: pair[1] == 1)
    return [tokenizer.decode([token for token, _ in run], show_control=True) for is_trained, run in runs if is_trained]


# ---- what is trained on --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "template, end", [(CHATML, "<|im_end|>"), (LLAMA_2, " </s>"), (LLAMA_3, "<|eot_id|>"), (PLAIN_TEMPLATE, "</s>")]
)
@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_exactly_answers_and_their_end_tokens_are_trained(template: str, end: str, tokenizer: str) -> None:
    base = renderer(template, tokenizer)
    example = render(chat("Hi", "Hello, 你好 🙂", "Again?", "Again, and again!", system="Be brief."), base)
    texts = [text.removeprefix(" ") for text in trained(example, base.tokenizer)]
    assert texts == [f"Hello, 你好 🙂{end}", f"Again, and again!{end}"]


def test_every_answer_of_every_tiny_row_is_trained(tiny_base: Path, tiny_rows: list[dict[str, Any]]) -> None:
    base = Renderer.load(tiny_base)
    for row in tiny_rows:
        messages = tuple(Message(**message) for message in row["messages"])
        wanted = [f"{m.content}<|im_end|>" for m in messages if m.role == "assistant" and m.weight]
        assert trained(render(ChatExample(1, messages), base), base.tokenizer) == wanted


def test_answer_of_weight_zero_is_not_trained() -> None:
    base, example = renderer(), chat("Hi", "no", "Hi", "yes")
    messages = list(example.messages)
    messages[1] = replace(messages[1], weight=0)
    tokenized = render(replace(example, messages=tuple(messages)), base)
    assert trained(tokenized, base.tokenizer) == ["yes<|im_end|>"]
    assert set(tokenized.loss_weights) == {0.0, 1.0}


def test_prompt_tokens_carry_the_prompt_loss_weight() -> None:
    plain, weighted = (
        render(chat("Hi", "yes"), renderer()),
        render(chat("Hi", "yes"), renderer(prompt_loss_weight=0.25)),
    )
    assert weighted.token_ids == plain.token_ids
    assert weighted.loss_weights == tuple(0.25 if weight == 0 else weight for weight in plain.loss_weights)


def test_end_token_is_trained() -> None:
    for base, example in ((renderer(), chat("Hi", "yes")), (renderer(), CompletionExample(1, "Hi ", "yes"))):
        tokenized = render(example, base)
        end = base.chat_end_ids()[0] if isinstance(example, ChatExample) else base.raw_end_id
        assert (tokenized.token_ids[-1], tokenized.loss_weights[-1]) == (end, 1.0)


def test_nothing_follows_the_last_end_token() -> None:
    base = renderer()
    assert base.tokenizer.decode(render(chat("a", "b"), base).token_ids, show_control=True).endswith("b<|im_end|>")


def test_one_bos_begins_the_example() -> None:
    for template in TEMPLATES.values():
        base = renderer(template)
        assert render(chat("a", "b"), base).token_ids.count(base.tokenizer.bos_id) == 1


def test_two_bos_are_refused() -> None:
    with pytest.raises(UserError, match="BOS"):
        render(chat("a", "b"), renderer("{{ bos_token }}" + CHATML))


# ---- training and serving ------------------------------------------------------------------------

ODD = [
    *(" ", "\n", "  \n\n", "\t", "\u2028", "\u00a0", "\x1c", "\x00", "a", "Hello", " again", "it is", "é", "e\u0301"),
    *("🙂", "👩‍👩‍👧", "中文", "שלום", "\u202eabc", "\ue000", "\ue001", "\ue0000\ue001", "\ue0001\ue001"),
    *("<|im_end|>", "<|im_start|>assistant\n", "[/INST]", "[INST] ", "<</SYS>>", "</s>", "<s>", "### Assistant:\n"),
    *("<|eot_id|>", "{{ bos_token }}", "{% endfor %}", "<|", "|>", "▁", "Ġ", "<0x0A>", "<unk>", "<tool_call>"),
]
CONTENTS = st.lists(st.sampled_from(ODD), max_size=4).map("".join) | st.text(max_size=8)
CONVERSATIONS = st.builds(
    lambda system, turns: chat(*(content for turn in turns for content in turn), system=system),
    st.none() | CONTENTS,
    st.lists(st.tuples(CONTENTS, CONTENTS.filter(bool)), min_size=1, max_size=3),
)


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@pytest.mark.parametrize("template", TEMPLATES)
@given(example=CONVERSATIONS)
@settings(max_examples=60, deadline=None)
def test_training_tokens_begin_with_the_serving_prompt(template: str, tokenizer: str, example: ChatExample) -> None:
    is_blank_after_system = len(example.messages) % 2 == 1 and not (example.messages[1].content or "").strip()
    assume(template != "llama 2" or not is_blank_after_system)
    base = renderer(TEMPLATES[template], tokenizer)
    ids = render(example, base).token_ids
    for index, message in enumerate(example.messages):
        if message.role == "assistant":
            prompt = render_prompt(example.messages[:index], base)
            assert ids[: len(prompt)] == tuple(prompt)


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@given(prompt=CONTENTS, completion=CONTENTS.filter(bool))
@settings(max_examples=60, deadline=None)
def test_raw_training_tokens_begin_with_the_raw_prompt(tokenizer: str, prompt: str, completion: str) -> None:
    base = renderer(tokenizer=tokenizer)
    tokenized = render(CompletionExample(1, prompt, completion), base)
    served = render_raw_prompt(prompt, base)
    assert tokenized.token_ids[: len(served)] == tuple(served)
    assert set(tokenized.loss_weights[: len(served)]) <= {0.0}


@pytest.fixture(scope="module")
def reference() -> Callable[[Renderer, ChatExample], list[int]]:
    """The ids that transformers gives for a conversation."""
    transformers = pytest.importorskip("transformers")
    made: dict[str, Any] = {}

    def ids(base: Renderer, example: ChatExample) -> list[int]:
        if base.tokenizer.source not in made:
            rust = RustTokenizer.from_str(base.tokenizer.source)
            fast = transformers.PreTrainedTokenizerFast(tokenizer_object=rust, bos_token="<s>", eos_token="</s>")
            made[base.tokenizer.source] = fast
        messages = [{"role": message.role, "content": message.content} for message in example.messages]
        template = base.template.source
        encoded = made[base.tokenizer.source].apply_chat_template(messages, chat_template=template, tokenize=True)
        return list(encoded["input_ids"])

    return ids


HARMLESS = st.lists(st.sampled_from([text for text in ODD if not any(t in text for t in CONTROL)]), max_size=4)
PLAIN_TEXTS = HARMLESS.map("".join).filter(
    lambda text: "<tool_call>" not in text and not any(t in text for t in CONTROL)
)


@pytest.mark.parametrize("tokenizer", ["byte level", "sentence piece", "metaspace first"])
@pytest.mark.parametrize("template", ["chatml", "llama 3"])
def test_ids_equal_those_of_transformers(template: str, tokenizer: str, reference: Any) -> None:
    base = renderer(TEMPLATES[template], tokenizer)

    @given(user=PLAIN_TEXTS, answer=PLAIN_TEXTS.map(str.strip).filter(bool), system=st.none() | PLAIN_TEXTS)
    @settings(max_examples=60, deadline=None)
    def compare(user: str, answer: str, system: str | None) -> None:
        example = chat(user, answer, user, answer, system=system)
        ids = list(render(example, base).token_ids)
        assert reference(base, example)[: len(ids)] == ids

    compare()


# ---- what a user typed stays text ----------------------------------------------------------------


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@pytest.mark.parametrize("template", TEMPLATES)
def test_control_tokens_typed_in_content_stay_text(template: str, tokenizer: str) -> None:
    base = renderer(TEMPLATES[template], tokenizer)
    control = {base.tokenizer.token_id(token) for token in base.tokenizer.control_tokens}
    harmless = [id for id in render(chat("a", "b", system="c"), base).token_ids if id in control]
    for typed in base.tokenizer.control_tokens:
        for contents in ((f"a{typed}z", "b", "c"), ("a", f"b{typed}z", "c"), ("a", "b", f"c{typed}z")):
            ids = render(chat(*contents[:2], system=contents[2]), base).token_ids
            assert [id for id in ids if id in control] == harmless
            assert typed + "z" in base.tokenizer.decode(ids, show_control=True)


def test_typed_end_token_does_not_end_the_answer() -> None:
    base = renderer()
    assert trained(render(chat("Hi", "a<|im_end|>b"), base), base.tokenizer) == ["a<|im_end|>b<|im_end|>"]


def test_control_token_typed_in_a_name_is_refused() -> None:
    message = Message("user", "Hi", name="<|im_end|>")
    for use in (lambda m: render(ChatExample(1, (m, Message("assistant", "b"))), renderer(TOOLS)), serve_with_name):
        with pytest.raises(UserError, match=r"<\|im_end\|>"):
            use(message)


def serve_with_name(message: Message) -> list[int]:
    return render_prompt([message], renderer(TOOLS))


# ---- templates that cannot be trusted ------------------------------------------------------------

END_OF_LAST = "{% if message.role == 'assistant' and loop.last %}<|im_end|>{% endif %}"


@pytest.mark.parametrize(
    "template, complaint",
    [
        (CHATML.replace("<|im_end|>", ""), "end token"),
        (CHATML.replace("<|im_end|>", END_OF_LAST), "end token"),
        (CHATML.replace("{{ message.content }}", "{{ message.content | upper }}"), "changes the text"),
        (CHATML.replace("{{ message.content }}", "{{ message.content[:3] }}"), "changes the text"),
        (CHATML.replace("{{ message.content }}", "{{ message.content | replace('e', 'a') }}"), "changes the text"),
        ("{{ messages | length }}" + CHATML, "rewrites earlier messages"),
        (CHATML.replace("assistant\n{% endif", "assistant\nWell, {% endif"), "rewrites earlier messages"),
        (CHATML.replace("{{ message.content }}", "{{ message.content if message.role != 'system' }}"), "leaves out"),
        (CHATML.replace("{{ message.content }}", "{{ message.content if message.role == 'user' }}"), "leaves out"),
    ],
    ids=["no end", "end of the last only", "upper", "cut", "replace", "count", "served start", "system", "answer"],
)
def test_template_is_refused(template: str, complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        render(chat("Well, hello", "yes, please", "Hi there", "and again", system="Be kind"), renderer(template))


def test_blank_message_whose_trimming_eats_the_templates_own_text_is_refused() -> None:
    with pytest.raises(UserError, match="changes the text"):
        render(chat(" ", "b", system="Be kind"), renderer(LLAMA_2))


def test_end_token_typed_by_the_next_user_ends_no_answer() -> None:
    template = CHATML.replace("<|im_end|>", END_OF_LAST).replace("<|im_start|>", "#")
    with pytest.raises(UserError, match="end token"):
        render(chat("a", "b", "c<|im_end|>", "d"), renderer(template))


def test_every_line_that_cannot_be_rendered_is_named() -> None:
    base = renderer(CHATML.replace("{{ message.content }}", "{{ message.content | replace('bad', 'good') }}"))
    examples = [replace(chat("a", answer), line=line) for line, answer in enumerate(["b", "bad", "c", "bad"], start=1)]
    with pytest.raises(Problems) as caught:
        render_all(examples, base, "train.jsonl")
    assert [(problem.file, problem.line) for problem in caught.value.problems] == [
        ("train.jsonl", 2),
        ("train.jsonl", 4),
    ]


# ---- tools ---------------------------------------------------------------------------------------

WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {}}}


def calling(arguments: str, content: str | None = None, tool: dict[str, Any] = WEATHER) -> ChatExample:
    asked = Message("assistant", content, tool_calls=(ToolCall("call_1", "weather", arguments),))
    told = Message("tool", "Rain.", tool_call_id="call_1")
    return ChatExample(1, (Message("user", "Rain?"), asked, told, Message("assistant", "Yes.")), (tool,))


@pytest.mark.parametrize("content", [None, "Let me look. "])
def test_tool_call_is_trained_whole(content: str | None) -> None:
    base = renderer(TOOLS)
    call = f'{content or ""}<tool_call>weather city="Paris"</tool_call><|im_end|>'
    assert trained(render(calling('{"city": "Paris"}', content), base), base.tokenizer) == [call, "Yes.<|im_end|>"]


def test_training_with_tools_begins_with_the_serving_prompt() -> None:
    base, example = renderer(TOOLS), calling('{"city": "Paris", "when": [1, {"a": null}]}')
    ids = render(example, base).token_ids
    for index in (1, 3):
        prompt = render_prompt(example.messages[:index], base, example.tools)
        assert ids[: len(prompt)] == tuple(prompt)
    assert '"parameters"' in base.tokenizer.decode(ids)


def test_tool_answer_may_be_written_as_json() -> None:
    base = renderer(TOOLS.replace("{{ message.content }}", "{{ message.content | tojson }}"))
    for answer in ("Rain.", 'He said "rain",\nall day\\night 🙂 <|im_end|>'):
        messages = list(calling("{}", "Let me look.").messages)
        messages[2] = replace(messages[2], content=answer)
        text = base.tokenizer.decode(render(ChatExample(1, tuple(messages), (WEATHER,)), base).token_ids)
        assert json.dumps(answer, ensure_ascii=False) in text


def test_tools_are_refused_by_a_template_without_them() -> None:
    with pytest.raises(UserError, match="no place for them"):
        render(calling("{}"), renderer(CHATML))
    with pytest.raises(UserError, match="no place for them"):
        render_prompt([Message("user", "Rain?")], renderer(CHATML), [WEATHER])


@pytest.mark.parametrize(
    "example",
    [
        calling('{"city": "<|im_end|>"}'),
        calling('{"city": "<\\u007cim_end|>"}'),
        calling('{"<|im_end|>": 1}'),
        calling("{}", tool={"type": "function", "function": {"name": "weather", "description": "<|im_end|>"}}),
    ],
    ids=["value", "escaped", "key", "tool"],
)
def test_control_token_in_a_tool_is_refused(example: ChatExample) -> None:
    with pytest.raises(UserError, match="control token"):
        render(example, renderer(TOOLS))
    with pytest.raises(UserError, match="control token"):
        render_prompt(example.messages[:3], renderer(TOOLS), example.tools)


def test_marks_typed_in_a_tool_do_no_harm() -> None:
    base, marks = renderer(TOOLS), "\ue0000\ue001 \ue0001\ue001"
    ids = render(calling(json.dumps({"city": marks}, ensure_ascii=False)), base).token_ids
    assert marks in base.tokenizer.decode(ids)


# ---- raw prompt and completion -------------------------------------------------------------------


def test_raw_text_is_prompt_completion_and_end_token() -> None:
    base = renderer()
    tokenized = render(CompletionExample(1, "Say <s> ", "again <|im_end|>"), base)
    assert base.tokenizer.decode(tokenized.token_ids, show_control=True) == "Say <s> again <|im_end|></s>"
    assert trained(tokenized, base.tokenizer) == ["again <|im_end|></s>"]
    assert base.tokenizer.bos_id not in tokenized.token_ids


def test_raw_text_has_a_bos_where_the_tokenizer_adds_one() -> None:
    source = json.loads(byte_level())
    source["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {"<s>": {"id": "<s>", "ids": [token_id_of("<s>", source)], "tokens": ["<s>"]}},
    }
    adding = Tokenizer(json.dumps(source), {"bos_token": "<s>", "eos_token": "</s>"}, "base")
    base = Renderer(adding, ChatTemplate(CHATML, adding))
    ids = render(CompletionExample(1, "Say ", "again"), base).token_ids
    assert adding.decode(ids, show_control=True) == "<s>Say again</s>"
    assert render(chat("a", "b"), base).token_ids.count(adding.bos_id) == 1


def token_id_of(text: str, source: dict[str, Any]) -> int:
    return next(token["id"] for token in source["added_tokens"] if token["content"] == text)


def test_raw_text_without_an_end_token_is_refused() -> None:
    endless = Tokenizer(byte_level(), {"bos_token": "<s>"}, "base")
    with pytest.raises(UserError, match="names no end token"):
        render(CompletionExample(1, "a", "b"), Renderer(endless, ChatTemplate(CHATML, endless)))
