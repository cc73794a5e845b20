"""A chat template comes from a stranger: it may write text, and neither escape nor exhaust the machine."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tunesmith.core.errors import UserError
from tunesmith.data import sandbox
from tunesmith.data.template import PLAIN_TEMPLATE, ChatTemplate, load_template
from tunesmith.data.tokenizer import Tokenizer

USER = {"role": "user", "content": "Hi"}
ANSWER = {"role": "assistant", "content": "Hello"}


@pytest.fixture(scope="module")
def tokenizer(tiny_base: Path) -> Tokenizer:
    return Tokenizer.load(tiny_base)


def show(source: str, tokenizer: Tokenizer, *messages: dict[str, Any], **more: Any) -> str:
    return ChatTemplate(source, tokenizer).render(messages or (USER, ANSWER), **more)


# ---- where a template comes from -----------------------------------------------------------------


def test_template_file_comes_before_the_tokenizer_settings(tmp_path: Path, tokenizer: Tokenizer) -> None:
    tokenizer = Tokenizer(tokenizer.source, {**tokenizer.settings, "chat_template": "settings"}, "base")
    assert load_template(tmp_path, tokenizer).source == "settings"
    (tmp_path / "chat_template.jinja").write_text("file")
    assert load_template(tmp_path, tokenizer).source == "file"


def test_default_is_taken_from_named_templates(tmp_path: Path, tokenizer: Tokenizer) -> None:
    named = [{"name": "tool_use", "template": "tools"}, {"name": "default", "template": "default"}]
    tokenizer = Tokenizer(tokenizer.source, {**tokenizer.settings, "chat_template": named}, "base")
    assert load_template(tmp_path, tokenizer).source == "default"


def test_model_without_template_gets_the_plain_one(tmp_path: Path, tokenizer: Tokenizer) -> None:
    template = load_template(tmp_path, tokenizer)
    assert template.is_plain
    assert template.render([{"role": "system", "content": "Be brief."}, USER, ANSWER]) == (
        "<|bos|>Be brief.\n\n### User:\nHi\n\n### Assistant:\nHello<|im_end|>\n\n"
    )
    assert template.render([USER], for_answer=True) == "<|bos|>### User:\nHi\n\n### Assistant:\n"


def test_model_without_template_and_end_token_is_refused(tmp_path: Path, tokenizer: Tokenizer) -> None:
    with pytest.raises(UserError, match="end token"):
        load_template(tmp_path, Tokenizer(tokenizer.source, {}, "base"))


def test_plain_template_has_no_place_for_tools(tokenizer: Tokenizer) -> None:
    with pytest.raises(UserError, match="no place for the role tool"):
        show(PLAIN_TEMPLATE, tokenizer, {"role": "tool", "content": "12"})


# ---- what a template may use, as in transformers -------------------------------------------------


@pytest.mark.parametrize(
    "source, text",
    [
        ("{% for m in messages %}\n{{ m.role }}\n{% endfor %}", "user\nassistant\n"),
        ("{% for m in messages %}{% if loop.index > 1 %}{% break %}{% endif %}{{ m.role }}{% endfor %}", "user"),
        ("{{ {'b': '<é>', 'a': [1]} | tojson }}", '{"b": "<é>", "a": [1]}'),
        ("{{ {'b': 1, 'a': 2} | tojson(sort_keys=true, separators=(',', ':')) }}", '{"a":2,"b":1}'),
        ("{% generation %}{{ messages[1].content }}{% endgeneration %}", "Hello"),
        ("{{ messages[0].nothing }}{{ nothing }}", ""),
        ("{{ '<b>' ~ bos_token }}", "<b><|bos|>"),
        (
            "{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 2 * 3 %}{% endfor %}{{ ns.n }}",
            "12",
        ),
        ("{% macro say(m) %}{{ m.content }}!{% endmacro %}{{ say(messages[0]) }}", "Hi!"),
    ],
)
def test_template_may_use(source: str, text: str, tokenizer: Tokenizer) -> None:
    assert show(source, tokenizer) == text


def test_template_may_ask_for_the_date(tokenizer: Tokenizer) -> None:
    year = datetime.now(UTC).year
    assert int(show("{{ strftime_now('%Y') }}", tokenizer)) in (year - 1, year, year + 1)


def test_template_hears_of_tools_and_of_the_coming_answer(tokenizer: Tokenizer) -> None:
    source = "{{ tools | tojson }}{{ add_generation_prompt }}"
    assert show(source, tokenizer, tools=[{"a": 1}], for_answer=True) == '[{"a": 1}]True'
    assert show(source, tokenizer) == "nullFalse"


def test_text_keeps_its_markup(tokenizer: Tokenizer) -> None:
    hostile = "<b>&amp; {{ bos_token }} {% raw %}"
    assert show("{{ messages[0].content }}", tokenizer, {"role": "user", "content": hostile}) == hostile


# ---- what a template may not do ------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "{% for %}",
        "{% if messages %}",
        "{{ 1 +",
        "{% nonsense %}",
        "{{ 1 | nonsense }}",
        "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
        "".join(f"{{% for x{n} in messages %}}" for n in range(40)) + "x" + "{% endfor %}" * 40,
    ],
    ids=["for", "open if", "open expression", "tag", "filter", "5,000 brackets", "40 loops"],
)
def test_template_that_does_not_parse_is_refused(source: str, tokenizer: Tokenizer) -> None:
    with pytest.raises(UserError):
        show(source, tokenizer)


def test_template_of_more_than_a_mebibyte_is_refused(tokenizer: Tokenizer) -> None:
    with pytest.raises(UserError, match="1 MiB"):
        show("x" * (1 << 20) + "x", tokenizer)


@pytest.mark.parametrize(
    "source",
    [
        "{{ raise_exception('Only user and assistant') }}",
        "{{ messages[0].content + 1 }}",
        "{{ 1 / 0 }}",
        "{{ messages.nothing.nothing }}",
        "{{ nothing() }}",
        "{% include 'other' %}",
        "{% import 'other' as other %}",
        "{% extends 'other' %}",
        "{{ strftime_now() }}",
        "{{ messages | tojson(indent=messages) }}",
        "{{ nothing | tojson }}",
        "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
    ],
)
def test_template_that_fails_is_the_users_to_mend(source: str, tokenizer: Tokenizer) -> None:
    with pytest.raises(UserError):
        show(source, tokenizer)


def test_refusal_says_what_the_template_said(tokenizer: Tokenizer) -> None:
    with pytest.raises(UserError, match="Only user and assistant roles"):
        show("{{ raise_exception('Only user and assistant roles') }}", tokenizer)


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ ''['__class__']['__mro__'] }}",
        "{{ messages | map(attribute='__class__') | list }}",
        "{{ messages[0] | attr('__class__') }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ joiner.__init__.__globals__.os.popen('id').read() }}",
        "{{ namespace.__init__.__globals__ }}",
        "{{ raise_exception.__globals__ }}",
        "{{ strftime_now.__globals__ }}",
        "{{ self.__init__.__globals__ }}",
        "{{ self._TemplateReference__context.environment }}",
        "{{ messages.append.__self__.__class__ }}",
        "{{ '{0.__class__.__mro__}'.format(1) }}",
        "{{ '{a.__class__}'.format_map({'a': 1}) }}",
        "{{ ('{0.__class__}' | format)(1) }}",
        "{% set f = raise_exception.__code__ %}{{ f.co_consts }}",
    ],
)
def test_no_way_leads_out_of_the_sandbox(source: str, tokenizer: Tokenizer) -> None:
    try:
        text = show(source, tokenizer)
    except UserError:
        return
    assert not re.search(r"class|function|module|object at|os\.|uid=", text), text


@pytest.mark.parametrize(
    "source",
    [
        "{{ messages.append(1) }}",
        "{{ messages.clear() }}",
        "{{ messages[0].update({'content': 'x'}) }}",
        "{{ messages[0].pop('content') }}",
        "{% set messages[0].content = 'x' %}",
        "{% do messages[0].clear() %}",
    ],
)
def test_template_cannot_change_the_messages(source: str, tokenizer: Tokenizer) -> None:
    messages = [dict(USER), dict(ANSWER)]
    with pytest.raises(UserError):
        show(source, tokenizer, *messages)
    assert messages == [USER, ANSWER]


CHILD = """
import json, resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, (3 << 29, 3 << 29))
resource.setrlimit(resource.RLIMIT_CPU, (8, 8))  # seconds of work, however busy the machine is
from pathlib import Path
from tunesmith.core.errors import UserError
from tunesmith.data.template import ChatTemplate
from tunesmith.data.tokenizer import Tokenizer
folder, source = json.loads(sys.stdin.read())
tokenizer = Tokenizer.load(Path(folder))
try:
    print(len(ChatTemplate(source, tokenizer).render([{"role": "user", "content": "ab" * 500}])))
except UserError as error:
    print("refused:", error)
"""
DOUBLED = "{% set ns = namespace(x='aaaaaaaa') %}{% for i in range(60) %}{% set ns.x = DOUBLE %}{% endfor %}{{ ns.x }}"


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'a' * 1000000000 }}",
        "{{ [1] * 1000000000 }}",
        "{{ 1000000000 * 'a' }}",
        "{{ 9 ** 9 ** 9 ** 9 }}",
        "{{ range(1000000000) | list }}",
        "{% for i in range(1000000000) %}x{% endfor %}",
        "{{ 'a' | center(100000000000) }}",
        "{{ 'a'.ljust(100000000000) }}",
        "{{ '%0100000000000d' % 1 }}",
        "{{ '%0100000000000d' | format(1) }}",
        "{{ '{:0100000000000d}'.format(1) }}",
        DOUBLED.replace("DOUBLE", "ns.x ~ ns.x"),
        DOUBLED.replace("DOUBLE", "ns.x + ns.x"),
        DOUBLED.replace("DOUBLE", "ns.x.replace('a', 'aa')"),
        DOUBLED.replace("DOUBLE", "[ns.x, ns.x] | join"),
        "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% for a in messages recursive %}{{ loop(messages) }}{{ loop(messages) }}{% endfor %}",
        "{% macro twice(n) %}{% if n %}{{ twice(n - 1) }}{{ twice(n - 1) }}{% endif %}{% endmacro %}{{ twice(90) }}",
        "{{ lipsum(n=100000000) }}",
    ],
)
def test_template_cannot_exhaust_the_machine(source: str, tiny_base: Path) -> None:
    given = json.dumps([str(tiny_base), source])
    done = subprocess.run([sys.executable, "-c", CHILD], input=given, capture_output=True, text=True, timeout=280)
    assert done.stdout.startswith("refused:"), done.stderr[-300:]


def test_pause_of_the_process_is_not_the_templates_work(tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count(0, 0.7)  # each look at the clock finds most of a second gone
    monkeypatch.setattr(sandbox, "thread_time", lambda: next(clock))
    assert show("{% for m in messages %}{{ m.content }}{% endfor %}", tokenizer, USER, USER) == 2 * USER["content"]


def test_template_may_write_a_mebibyte_beside_what_the_messages_say(tokenizer: Tokenizer) -> None:
    long = {"role": "user", "content": "x" * (3 << 20)}
    assert len(show("{{ messages[0].content }}", tokenizer, long)) == 3 << 20
    source = "{% for _ in range(600) %}" + "y" * 4096 + "{% endfor %}"
    with pytest.raises(UserError, match="more than 1 MiB of text beside"):
        show(source, tokenizer, USER)
