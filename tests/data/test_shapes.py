"""A row that is put together from its shape has the tokens and weights that the template itself would give it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, decoders, models, pre_tokenizers, trainers
from tokenizers import Tokenizer as RustTokenizer

from tunesmith.core.errors import MachineError, UserError
from tunesmith.data import sandbox, traced_template
from tunesmith.data.examples import ChatExample, Message, TokenizedExample
from tunesmith.data.render import Renderer, count_tokens, render
from tunesmith.data.template import PLAIN_TEMPLATE, ChatTemplate
from tunesmith.data.tokenizer import Tokenizer

CONTROL = (
    *("<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    *("<start_of_turn>", "<end_of_turn>", "[INST]", "[/INST]", "<|user|>", "<|assistant|>", "<|system|>", "<|end|>"),
    *("<think>", "</think>", "<tool_response>", "</tool_response>"),
)
TEMPLATES = {
    "chatml": (
        "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
        "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    ),
    "llama 2": (
        "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}"
        "{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}"
        "{% set system_message = false %}{% endif %}{% for message in loop_messages %}"
        "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}"
        "{% if loop.index0 == 0 and system_message != false %}"
        "{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}"
        "{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}"
        "{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}"
        "{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}"
    ),
    "llama 3": (
        "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + "
        "message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}"
        "{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
    ),
    "llama 3.2": (
        "{{- bos_token }}{%- if not tools_in_user_message is defined %}{%- set tools_in_user_message = true %}{%- endif %}"
        "{%- if not date_string is defined %}{%- if strftime_now is defined %}"
        "{%- set date_string = strftime_now('%d %b %Y') %}{%- else %}{%- set date_string = '26 Jul 2024' %}{%- endif %}{%- endif %}"
        "{%- if messages[0]['role'] == 'system' %}{%- set system_message = messages[0]['content']|trim %}"
        "{%- set messages = messages[1:] %}{%- else %}{%- set system_message = '' %}{%- endif %}"
        "{{- '<|start_header_id|>system<|end_header_id|>\n\n' }}{{- 'Today Date: ' + date_string + '\n\n' }}"
        "{{- system_message }}{{- '<|eot_id|>' }}{%- for message in messages %}"
        "{%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}"
        "{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' }}"
        "{%- endif %}{%- endfor %}{%- if add_generation_prompt %}"
        "{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{%- endif %}"
    ),
    "qwen 2.5": (
        "{%- if tools %}{{- '<|im_start|>system\n' }}{%- for tool in tools %}{{- tool | tojson }}{%- endfor %}{{- '<|im_end|>\n' }}"
        "{%- else %}{%- if messages[0]['role'] == 'system' %}"
        "{{- '<|im_start|>system\n' + messages[0]['content'] + '<|im_end|>\n' }}{%- else %}"
        "{{- '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' }}{%- endif %}{%- endif %}"
        "{%- for message in messages %}{%- if (message.role == 'user') or (message.role == 'system' and not loop.first) or "
        "(message.role == 'assistant' and not message.tool_calls) %}"
        "{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}"
        "{%- elif message.role == 'assistant' %}{{- '<|im_start|>' + message.role }}{%- if message.content %}"
        "{{- '\n' + message.content }}{%- endif %}{%- for tool_call in message.tool_calls %}{{- tool_call | tojson }}{%- endfor %}"
        "{{- '<|im_end|>\n' }}{%- endif %}{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}"
    ),
    "qwen 3": (
        "{%- if messages[0].role == 'system' %}{{- '<|im_start|>system\n' + messages[0].content + '<|im_end|>\n' }}{%- endif %}"
        "{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}"
        "{%- for message in messages[::-1] %}{%- set index = (messages|length - 1) - loop.index0 %}"
        "{%- if ns.multi_step_tool and message.role == 'user' and message.content is string and "
        "not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}"
        "{%- set ns.multi_step_tool = false %}{%- set ns.last_query_index = index %}{%- endif %}{%- endfor %}"
        "{%- for message in messages %}{%- if message.content is string %}{%- set content = message.content %}"
        "{%- else %}{%- set content = '' %}{%- endif %}"
        "{%- if (message.role == 'user') or (message.role == 'system' and not loop.first) %}"
        "{{- '<|im_start|>' + message.role + '\n' + content + '<|im_end|>' + '\n' }}"
        "{%- elif message.role == 'assistant' %}{%- set reasoning_content = '' %}"
        "{%- if message.reasoning_content is string %}{%- set reasoning_content = message.reasoning_content %}{%- else %}"
        "{%- if '</think>' in content %}"
        "{%- set reasoning_content = content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') %}"
        "{%- set content = content.split('</think>')[-1].lstrip('\n') %}{%- endif %}{%- endif %}"
        "{%- if loop.index0 > ns.last_query_index %}{%- if loop.last or (not loop.last and reasoning_content) %}"
        "{{- '<|im_start|>' + message.role + '\n<think>\n' + reasoning_content.strip('\n') + '\n</think>\n\n' + content.lstrip('\n') }}"
        "{%- else %}{{- '<|im_start|>' + message.role + '\n' + content }}{%- endif %}"
        "{%- else %}{{- '<|im_start|>' + message.role + '\n' + content }}{%- endif %}{{- '<|im_end|>\n' }}{%- endif %}"
        "{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}"
    ),
    "mistral": (
        "{%- if messages[0]['role'] == 'system' %}{%- set system_message = messages[0]['content'] %}"
        "{%- set loop_messages = messages[1:] %}{%- else %}{%- set loop_messages = messages %}{%- endif %}{{- bos_token }}"
        "{%- for message in loop_messages %}{%- if message['role'] == 'user' %}"
        "{%- if loop.first and system_message is defined %}{{- '[INST] ' + system_message + '\n\n' + message['content'] + '[/INST]' }}"
        "{%- else %}{{- '[INST] ' + message['content'] + '[/INST]' }}{%- endif %}{%- elif message['role'] == 'assistant' %}"
        "{{- ' ' + message['content']|trim + eos_token}}{%- endif %}{%- endfor %}"
    ),
    "gemma": (
        "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{% set first = messages[0]['content'] | trim + '\n\n' %}"
        "{% set loop_messages = messages[1:] %}{% else %}{% set first = '' %}{% set loop_messages = messages %}{% endif %}"
        "{% for message in loop_messages %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}"
        "{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '\n' + (first if loop.first else '') }}"
        "{% if message['content'] is string %}{{ message['content'] | trim }}{% elif message['content'] is iterable %}"
        "{% for item in message['content'] %}{{ item['text'] | trim }}{% endfor %}{% endif %}{{ '<end_of_turn>\n' }}"
        "{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}"
    ),
    "zephyr": (
        "{% for message in messages %}\n{% if message['role'] == 'user' %}\n{{ '<|user|>\n' + message['content'] + eos_token }}\n"
        "{% elif message['role'] == 'system' %}\n{{ '<|system|>\n' + message['content'] + eos_token }}\n"
        "{% elif message['role'] == 'assistant' %}\n{{ '<|assistant|>\n'  + message['content'] + eos_token }}\n{% endif %}\n"
        "{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}"
    ),
    "deepseek": (
        "{% set ns = namespace(is_first=false, system_prompt='') %}{%- for message in messages %}"
        "{%- if message['role'] == 'system' %}{% set ns.system_prompt = message['content'] %}{%- endif %}{%- endfor %}"
        "{{bos_token}}{{ns.system_prompt}}{%- for message in messages %}{%- if message['role'] == 'user' %}"
        "{{'<|user|>' + message['content']}}{%- endif %}{%- if message['role'] == 'assistant' and message['content'] is not none %}"
        "{% set content = message['content'] %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}"
        "{% endif %}{{'<|assistant|>' + content + '<|end|>'}}{%- endif %}{%- endfor -%}"
        "{% if add_generation_prompt %}{{'<|assistant|>'}}{% endif %}"
    ),
    "macro": (
        "{%- macro said(content) %}{%- if content is string %}{{- content }}{%- else %}{%- for item in content %}{{- item.text }}"
        "{%- endfor %}{%- endif %}{%- endmacro %}{%- for message in messages %}{%- set content = said(message.content) | trim %}"
        "{{- '<|im_start|>' ~ message.role ~ '\n' ~ content ~ '<|im_end|>\n' }}{%- endfor %}"
        "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}"
    ),
    "blocks": (
        "{% for message in messages %}{% set said %}{{ message.content }}{% endset %}<|im_start|>{{ message.role }}\n"
        "{% generation %}{{ said or 'nothing' }}{% endgeneration %}{% filter trim %} <|im_end|> {% endfilter %}\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    ),
    "plain": PLAIN_TEMPLATE,
}


def byte_level(*, strips: bool = False) -> Tokenizer:
    rust = RustTokenizer(models.BPE())
    rust.pre_tokenizer, rust.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    texts = ["user system assistant Hello there, again and again!\n\n" * 3]
    rust.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=320, initial_alphabet=alphabet, show_progress=False))
    sides = {"lstrip": strips, "rstrip": strips}
    rust.add_special_tokens([AddedToken(text, normalized=False, **sides) for text in CONTROL])
    return Tokenizer(rust.to_str(), {"bos_token": "<s>", "eos_token": "</s>"}, "base")


TOKENIZERS = {"byte level": byte_level(), "stripping": byte_level(strips=True)}


def renderer(template: str, tokenizer: str = "byte level", prompt_loss_weight: float = 0.0) -> Renderer:
    loaded = TOKENIZERS[tokenizer]
    return Renderer(loaded, ChatTemplate(template, loaded), prompt_loss_weight)


def rendered(example: ChatExample, base: Renderer) -> TokenizedExample | str:
    try:
        return render(example, base)
    except UserError as error:
        return error.message


TYPED = [
    *(
        " ",
        "\n",
        "  \n",
        "a",
        "Hello",
        " again",
        "7",
        "<b>",
        "中文",
        "🙂",
        "e\u0301",
        "\x1c",
        "\u2028",
        "{{ bos_token }}",
    ),
    *(
        "<|im_end|>",
        "</s>",
        "<|im_start|>assistant\n",
        "[/INST]",
        "<think>",
        "</think>",
        "\ue000",
        "\ue0000;",
        "%s",
        "\\",
    ),
]
SAID = st.lists(st.sampled_from(TYPED), max_size=4).map("".join)


def turns(contents: list[str], system: str | None, weights: list[int]) -> ChatExample:
    head = () if system is None else (Message("system", system),)
    said = []
    for place, content in enumerate(contents):
        weight = weights[place % len(weights)] if place % 2 else 1
        said.append(Message("assistant" if place % 2 else "user", content or None, weight))
    return ChatExample(1, (*head, *said))


ROWS = st.lists(
    st.builds(
        turns,
        st.integers(1, 3).flatmap(lambda count: st.lists(SAID, min_size=2 * count, max_size=2 * count)),
        st.none() | SAID,
        st.lists(st.integers(0, 1), min_size=1, max_size=3),
    ),
    min_size=2,
    max_size=5,
)


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@pytest.mark.parametrize("name", TEMPLATES)
@given(rows=ROWS, prompt_loss_weight=st.sampled_from([0.0, 0.5]))
@settings(max_examples=12, deadline=None)
def test_row_of_a_known_shape_is_the_row_of_the_template(
    name: str, tokenizer: str, rows: list[ChatExample], prompt_loss_weight: float
) -> None:
    base = renderer(TEMPLATES[name], tokenizer, prompt_loss_weight)
    for row in rows:
        wanted = rendered(row, renderer(TEMPLATES[name], tokenizer, prompt_loss_weight))  # knows no shape yet
        assert rendered(row, base) == rendered(row, base) == wanted
        if isinstance(wanted, TokenizedExample):
            count = count_tokens(row, base)
            assert (count.num_tokens, count.num_trained_tokens) == (len(wanted.token_ids), wanted.num_trained_tokens)


@pytest.mark.parametrize("name", TEMPLATES)
def test_usual_rows_have_plans(name: str) -> None:
    base = renderer(TEMPLATES[name])
    for system in ("Be kind.", None):
        render(turns(["Hi", "Hello"], system, [1]), base)
        other = turns(["What is this?", "It is a test."], system, [1])
        shape, plan = base.plans.find(other, [message.content or "" for message in other.messages])
        assert (shape, plan is None) == (None, False)


def test_row_of_a_known_shape_is_built_without_the_template(monkeypatch: pytest.MonkeyPatch) -> None:
    base = renderer(TEMPLATES["chatml"])
    for text in ("a", "b"):
        render(turns([text, text], None, [1]), base)
    monkeypatch.setattr(ChatTemplate, "render", None)
    assert base.tokenizer.decode(render(turns(["c", "d"], None, [1]), base).token_ids).count("d") == 1


def test_typed_control_token_stays_text_in_a_row_of_a_known_shape() -> None:
    base = renderer(TEMPLATES["chatml"])
    render(turns(["a", "b"], None, [1]), base)
    end = base.tokenizer.control_id("<|im_end|>")
    assert render(turns(["<|im_end|>", "<|im_end|>"], None, [1]), base).token_ids.count(end) == 2


@pytest.mark.parametrize("more", [{"name": "Ann"}, {"tool_call_id": "call_1"}], ids=["name", "tool call id"])
def test_row_with_more_than_texts_has_no_shape(more: dict[str, Any]) -> None:
    base = renderer(TEMPLATES["chatml"].replace("message['role']", "(message.name or message['role'])"))
    row = turns(["a", "b"], None, [1])
    for _ in range(2):
        render(row, base)
    named = ChatExample(1, (replace(row.messages[0], **more), row.messages[1]))
    text = base.tokenizer.decode(render(named, base).token_ids)
    assert text.startswith("Ann\na" if "name" in more else "user\na")


# ---- templates that look at what is said ---------------------------------------------------------

LOOKS = [
    *("c | length", "c | length > 3", "c in 'abcd'", "'b' in c", "c == 'a'", "c != 'bbbb'", "c > 'b'", "c < 'b'"),
    *("c in ['a', '7']", "{'a': 1}[c]", "{'a': 1}.get(c, 2)", "{c: 1} | length", "{c: 1, 'a': 2} | length", "[c, 'a'] | unique | list | length"),
    *("('%s' % c) | length", "('%s' | format(c)) | length", "'{}'.format(c) | length", "(c ~ 'x') | length", "(c + 'x') | length"),
    *("c | int", "c | int(5)", "c | float", "c | float(2)", "c | string | length", "c | list | length", "c | join('-')", "[c] | join | length"),
    *("messages | tojson | length", "messages | map(attribute='content') | join | length", "messages | string | length"),
    *("messages | selectattr('content', 'equalto', 'a') | list | length", "messages | selectattr('content', 'in', 'abc') | list | length"),
    *("messages | sort(attribute='content') | first | length", "(messages | sort(attribute='content'))[0].role"),
    *("messages | groupby('content') | length", "messages | unique(attribute='content') | list | length", "messages | map(attribute='content') | map('length') | list | first"),
    *("c is lower", "c is upper", "c is sameas 'a'", "c is in 'abc'", "c is eq 'a'", "c is gt 'b'", "c is divisibleby 2", "c is escaped"),
    *("c is iterable", "c is sequence", "c is mapping", "c is number", "c is boolean", "c is none", "c is callable", "c is filter"),
    *("c.upper() == c", "c.isdigit()", "c.split('b') | length", "c.find('b')", "c.count('b')", "c.startswith('b')", "c.endswith('a')", "c.strip('b')"),
    *("c.nothing is defined", "c['upper'] is defined", "c[0]", "c[:2]", "c[-1] == 'a'", "c[9] is defined", "c | first", "c | last", "c | reverse"),
    *("c * 2", "c.replace('b', '') | length", "'abcd'.startswith(c)", "'abcd'.find(c)", "'-a-7-'.split(c) | length", "'x'.join([c, c]) | length", "'x'.join(c)"),
    *("c | default('x') | length", "(c or 'x') | length", "(c if c else 'x') | length", "c | trim | length", "(c | trim) == 'a'", "c | trim('b')", "c | trim('b') | length"),
    *("c | e", "c | escape | length", "c | safe | length", "c | upper", "c | replace('b', 'x')", "c | truncate(2)", "c | wordcount", "c | indent", "c | striptags", "c | urlencode"),
    *("namespace(x=c).x | length", "dict(x=c).x | length", "dict([[c, 1]]) | length", "cycler(c).next() | length", "joiner(c)()"),
    *("c | tojson", "c | batch(2) | list | length", "c | slice(2) | list | length", "c | random", "c | min", "c | map('upper') | join", "c | select | list | length"),
    *("range(c)", "range(c | length) | list | length", "strftime_now(c)", "raise_exception(c)", "c()", "-c", "c and 1", "not c", "c | abs", "c | attr('upper') is defined"),
    *("[[c]] | tojson | length", "[[c]] | string | length", "(messages | last).content | length", "messages[0]['content'] | length", "messages[0].get('content') | length"),
    *("loop.changed(c)", "loop.cycle(c, c) | length", "loop.previtem.content | length if not loop.first", "message.values() | list | length", "message.items() | list | string | length"),
    *("message | string | length", "message | length", "message == {'role': 'user', 'content': 'a'}", "message in [{'role': 'user', 'content': 'a'}]", "messages.index(message)"),
    *("c.__class__", "c | attr('__len__')", "'%c' % c", "c % 1", "c // 1", "c ** 2", "c - 1", "1 + c", "[c] + ['a'] | length", "(c, 'a') | max", "(c,) == ('a',)", "[c] == ['a']", "[c] < ['b']"),
]  # fmt: skip
STATEMENTS = [
    "{% set x %}{{ c }}{% endset %}{{ x | length }}",
    "{% macro m(t) %}{{ t }}{% endmacro %}{{ m(c) | length }}",
    "{% macro m() %}{{ caller() | length }}{% endmacro %}{% call m() %}{{ c }}{% endcall %}",
    "{% filter length %}{{ c }}{% endfilter %}",
    "{% filter upper %}{{ c }}{% endfilter %}",
    "{% for letter in c %}x{% endfor %}",
    "{% for each in [c] recursive %}{{ loop(['a']) | length if each == 'bbbb' }}{% endfor %}",
    "{% for each in [c] if each == 'a' %}x{% else %}y{% endfor %}",
    "{% set ns = namespace(n=0) %}{% set ns.n = c %}{{ ns.n | length }}",
    "{% with t = c %}{{ t | length }}{% endwith %}",
    "{% autoescape true %}{{ c }}{% endautoescape %}",
    "{% if c == 'a' %}x{% elif 'b' in c %}y{% endif %}",
    "{% set a, b = c, c %}{{ (a ~ b) | length }}",
    "{% set a, b = c %}{{ a }}",
    "{% set ns = namespace(a='x', bbbb='yy') %}{{ ns[c] }}",
    "{{ loop[c] }}{{ messages[c] }}{{ 'abc'[c] }}{{ cycler('a')[c] }}",
]


@pytest.mark.parametrize("look", [*(f"{{{{ {look} }}}}" for look in LOOKS), *STATEMENTS])
def test_template_that_looks_at_a_text_is_rendered_as_ever(look: str) -> None:
    template = TEMPLATES["chatml"].replace(
        "{{'<|im_start|>'", "{% set c = message.content %}" + look + "{{'<|im_start|>'"
    )
    base = renderer(template)
    texts = ["a", "bbbb", "A", "7", "<b>", " a ", "bab", "%d", "", "ab", "a"]
    for first, second in pairwise(texts):
        row = turns([first, second or "x"], None, [1])
        assert rendered(row, base) == rendered(row, renderer(template))


class Days:
    """A clock that is set by hand."""

    day = 1

    @classmethod
    def now(cls) -> datetime:
        return datetime(2026, 1, cls.day, tzinfo=UTC)


def test_row_is_dated_when_it_is_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traced_template, "datetime", Days)
    monkeypatch.setattr(sandbox, "datetime", Days)
    base, row = renderer(TEMPLATES["llama 3.2"]), turns(["a", "b"], None, [1])
    for day in (1, 1, 2, 2, 1):
        monkeypatch.setattr(Days, "day", day)
        assert f"Date: 0{day} Jan 2026" in base.tokenizer.decode(render(row, base).token_ids)


def test_row_that_differs_from_the_templates_stops_the_job_with_the_row(monkeypatch: pytest.MonkeyPatch) -> None:
    base = renderer(TEMPLATES["chatml"])
    render(turns(["a", "b"], None, [1]), base)
    monkeypatch.setattr(traced_template.Said, "of", lambda self, contents: "wrong")
    monkeypatch.setattr("tunesmith.data.shapes.Section.text", lambda self, contents: "wrong")
    with pytest.raises(MachineError, match=r"put together.*'what it says'"):
        render(turns(["what it says", "b"], None, [1]), base)


def test_starter_has_plans(tmp_path: Path) -> None:
    from tunesmith.nn.catalog import find_folder

    base = Renderer.load(find_folder("starter"))
    render(turns(["a", "b"], "c", [1]), base)
    row = turns(["Say 你好", "你好，世界"], "Be kind", [1])
    assert base.plans.find(row, [message.content or "" for message in row.messages])[1] is not None
    assert render(row, base) == render(row, Renderer.load(find_folder("starter")))
