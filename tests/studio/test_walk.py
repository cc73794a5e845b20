"""The whole way, as somebody goes it who has data and a question: upload, see what is wrong and mend it, choose, train, watch,
compare, try. By roles and words only, in both languages.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.timeout(600)]

PATIENCE_MS = 120_000


@dataclass(frozen=True)
class Words:
    """What stands on buttons and headings on the way."""

    look: str
    edit_assistant: str
    text: str
    done: str
    drop_row: str
    changes: str
    save: str
    nothing_wrong: str
    fine_tune: str
    back: str
    next: str
    split: str
    suffix: str
    start: str
    succeeded: str
    clone: str
    jobs: str
    compare: str
    compared: str
    try_model: str
    prompt: str
    send: str
    answer_of: str


WORDS = {
    "en": Words(
        look="Look at it", edit_assistant="Edit: assistant", text="Text", done="Done",
        drop_row="Drop the row", changes="Changes to this file", save="Save as a new file",
        nothing_wrong="Nothing is wrong with this file", fine_tune="Fine-tune with this file", back="Back", next="Next",
        split="Hold out a part of the training file", suffix="Suffix",
        start="Start the fine-tuning", succeeded="succeeded", clone="Clone",
        jobs="Jobs", compare="Compare", compared="Compare jobs", try_model="Try the model",
        prompt="Prompt", send="Send", answer_of="Answer of",
    ),
    "zh": Words(
        look="查看", edit_assistant="编辑: 助手", text="文本", done="完成",
        drop_row="删去这一行", changes="对这个文件的修改", save="另存为新文件",
        nothing_wrong="这个文件没有问题", fine_tune="用这个文件微调", back="上一步", next="下一步",
        split="从训练文件中留出一部分", suffix="后缀",
        start="开始微调", succeeded="成功", clone="复制任务",
        jobs="任务", compare="对比", compared="对比任务", try_model="试用模型",
        prompt="提示", send="发送", answer_of="的回答",
    ),
}  # fmt: skip

EMPTY_LINE, TORN_LINE = 5, 9


def training_file() -> bytes:
    """Sixty good rows, but for one whose answer is empty and one that is torn."""
    colours = ["red", "blue", "green", "warm"]
    lines = [
        json.dumps({"messages": [{"role": "user", "content": f"Say {colours[i % 4]} {i}."}, {"role": "assistant", "content": f"{colours[i % 4]} it is"}]})
        for i in range(60)
    ]  # fmt: skip
    lines[EMPTY_LINE - 1] = lines[EMPTY_LINE - 1].replace("red it is", "")
    lines[TORN_LINE - 1] = lines[TORN_LINE - 1][:40]
    return "\n".join(lines).encode()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_from_a_file_with_mistakes_to_an_answer(visit, language: str) -> None:
    say = WORDS[language]
    window = visit("data", language=language)
    window.page.set_default_timeout(PATIENCE_MS)
    upload(window, say, f"colours-{language}.jsonl")
    mend(window, say)
    window.page.get_by_role("link", name=say.fine_tune).click()
    job = choose_and_start(window, say, f"walk-{language}")
    watch(window, say)
    window.page.get_by_role("link", name=say.clone, exact=True).click()
    other = start(window, say, f"again-{language}")
    assert other != job
    watch(window, say)
    compare(window, say, [f"walk-{language}", f"again-{language}"])
    window.open(f"jobs/{job}")
    window.page.get_by_role("link", name=say.try_model).click()
    talk(window, say)


def upload(window: Any, say: Words, name: str) -> None:
    window.page.locator("input[type=file]").first.set_input_files(
        {"name": name, "mimeType": "application/jsonl", "buffer": training_file()}
    )
    window.page.get_by_role("link", name=say.look).first.click()
    window.page.get_by_role("heading", level=1, name=name).wait_for()


def mend(window: Any, say: Words) -> None:
    """The empty answer is written, the torn row is dropped; both go into one new file, which is whole."""
    page = window.page
    page.get_by_role("link", name=re.compile(rf"(\b|第 ){EMPTY_LINE}(\b| 行)")).first.click()
    page.get_by_role("button", name=say.edit_assistant).click()
    page.get_by_role("textbox", name=say.text, exact=True).fill("red it is")
    page.get_by_role("button", name=say.done).click()
    page.reload()  # what was changed is not lost
    page.get_by_role("region", name=say.changes).wait_for()
    page.goto(page.url.replace(f"line={EMPTY_LINE}", f"line={TORN_LINE}"))
    page.get_by_role("button", name=say.drop_row).click()
    page.get_by_role("region", name=say.changes).get_by_role("button", name=say.save).click()
    before = page.url
    page.get_by_role("dialog").get_by_role("button", name=say.save).click()
    page.wait_for_url(lambda url: url != before)
    page.get_by_text(say.nothing_wrong).wait_for()


def choose_and_start(window: Any, say: Words, suffix: str) -> str:
    page = window.page
    page.wait_for_url(re.compile("/fine-tune"))
    page.get_by_role("heading", level=1).wait_for()
    for _ in range(6):  # from wherever it begins to the first step
        back = page.get_by_role("button", name=say.back)
        if not back.is_enabled():
            break
        back.click()
    starter = page.get_by_role("radio", name="starter", exact=True)
    starter.check()
    page.reload()
    starter.wait_for()
    assert starter.is_checked()
    for step in ("method", "data", "validation"):
        page.get_by_role("button", name=say.next).click()
        page.wait_for_url(re.compile(f"step={step}"))
    page.get_by_role("radio", name=say.split).check()
    for step in ("settings", "review"):
        page.get_by_role("button", name=say.next).click()
        page.wait_for_url(re.compile(f"step={step}"))
    return start(window, say, suffix)


def start(window: Any, say: Words, suffix: str) -> str:
    """→ the job's id."""
    page = window.page
    page.get_by_role("textbox", name=say.suffix).fill(suffix)
    page.get_by_role("button", name=say.start).click()
    page.wait_for_url(re.compile(r"/jobs/ftjob-"))
    return str(re.search(r"ftjob-\w+", page.url)[0])  # type: ignore[index]


def watch(window: Any, say: Words) -> None:
    """Without a reload, until it has succeeded."""
    page = window.page
    page.evaluate("() => { window.sameDocument = true }")
    page.get_by_text(say.succeeded, exact=True).first.wait_for()
    assert page.evaluate("() => window.sameDocument") is True
    page.locator("canvas").first.wait_for()
    page.get_by_role("link", name=say.try_model).wait_for()


def compare(window: Any, say: Words, suffixes: list[str]) -> None:
    page = window.page
    page.get_by_role("link", name=say.jobs, exact=True).click()
    page.get_by_role("heading", level=1, name=say.jobs).wait_for()
    for suffix in suffixes:
        page.get_by_role("checkbox", name=re.compile(suffix)).first.check()
    page.get_by_role("link", name=re.compile(rf"{say.compare}.*2")).click()
    page.get_by_role("heading", level=1, name=say.compared).wait_for()
    page.locator("canvas").first.wait_for()
    for suffix in suffixes:
        page.get_by_text(suffix).first.wait_for()


def talk(window: Any, say: Words) -> None:
    """Base and tuned model, side by side."""
    page = window.page
    page.wait_for_url(re.compile("/playground"))
    page.get_by_role("textbox", name=say.prompt, exact=True).wait_for()
    page.get_by_role("textbox", name=say.prompt, exact=True).fill("Say blue 5.")
    page.get_by_role("button", name=say.send, exact=True).click()
    answers = page.get_by_role("article", name=re.compile(say.answer_of))
    page.wait_for_function(
        "() => document.querySelectorAll('article').length >= 2 && !document.querySelector('article[aria-busy=true]')"
    )
    texts = [answers.nth(index).inner_text() for index in range(answers.count())]
    assert len(texts) == 2
    assert all(len(text) > 3 for text in texts)
