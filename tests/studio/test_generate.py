"""Examples that a model writes, in the Studio: the request is seen first, drafts are decided about by keyboard, a file comes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.acceptance.conftest import Platform, starting
from tests.data.synthesis.conftest import Reply, ScriptedEndpoint
from tests.studio.conftest import visiting

pytestmark = pytest.mark.needs("chromium")


@pytest.fixture(scope="module")
def writer() -> Iterator[ScriptedEndpoint]:
    endpoint = ScriptedEndpoint()
    yield endpoint
    endpoint.close()


@pytest.fixture(scope="module")
def asking(writer: ScriptedEndpoint) -> Iterator[Platform]:
    """A platform whose operator has set an endpoint."""
    with starting() as start:
        yield start(
            TUNESMITH_SYNTHESIS_URL=writer.url, TUNESMITH_SYNTHESIS_MODEL="big", TUNESMITH_SYNTHESIS_KEY="sk-secret",
            TUNESMITH_ALLOW_PRIVATE_ADDRESSES="1",
        )  # fmt: skip


def test_drafts_become_a_file_by_a_persons_yes(browser: Any, asking: Platform, writer: ScriptedEndpoint) -> None:
    client = asking.client()
    seeds = "".join(json.dumps({"prompt": f"Where is parcel {n}?", "completion": f"At {n}."}) + "\n" for n in range(12))
    file_id = client.files.create(file=("seeds.jsonl", seeds.encode()), purpose="fine-tune").id
    with visiting(browser, asking) as visit:
        window = visit(f"data/{file_id}?tab=generate")
        page = window.page
        page.get_by_text("may cost money").wait_for()
        page.get_by_label("How many").fill("10")
        page.get_by_role("button", name="Preview the request").click()
        page.get_by_text('"question":"Where is parcel').first.wait_for()
        assert writer.asked == []
        assert window.axe() == []
        page.get_by_role("button", name="Write 10 examples").click()
        page.get_by_text("0 approved, 0 rejected, 10 open").wait_for()
        assert window.axe() == []
        page.get_by_role("button", name="Reject").first.press("Enter")
        page.get_by_role("button", name="Rewrite").nth(1).press("Enter")
        page.get_by_label("Answer").fill("I wrote <b>this</b>.")
        page.get_by_role("button", name="Save").press("Enter")
        page.get_by_role("button", name="Approve all shown").press("Enter")
        page.get_by_text("9 approved, 1 rejected, 0 open").wait_for()
        page.reload()
        page.get_by_text("9 approved, 1 rejected, 0 open").wait_for()
        page.get_by_text("I wrote <b>this</b>.").wait_for()
        page.get_by_role("button", name="Add 9 to a new file").press("Enter")
        page.get_by_text("The new file has 21 rows").wait_for()
        page.reload()
        page.get_by_text("0 approved, 0 rejected, 10 open").wait_for()
        assert window.take_problems() == []
    made = next(file for file in client.files.list() if file.filename == "seeds.more.jsonl")
    rows = [json.loads(line) for line in client.files.content(made.id).content.splitlines()[12:]]
    assert rows[0]["completion"] == "I wrote <b>this</b>."
    assert [row["metadata"]["provenance"] for row in rows] == ["semi-synthetic", *["synthetic"] * 8]


def test_questions_about_a_document_become_a_file_of_their_own(
    browser: Any, asking: Platform, writer: ScriptedEndpoint
) -> None:
    said = "A lamp may be returned within 30 days of its delivery, if it was not used."
    text = (
        f"# Returns\n\n{said} The shop pays the postage of every return inside the country, and sends the money back.\n"
    )
    pair = {"question": "Until when may a lamp be returned to the shop?", "answer": said}
    usual, writer.answer = writer.answer, lambda _, number: Reply(json.dumps([pair]))
    with visiting(browser, asking) as visit:
        window = visit("data", language="zh", scheme="dark")
        page = window.page
        page.locator("input[type=file]").first.set_input_files(
            {"name": "returns.md", "mimeType": "text/markdown", "buffer": text.encode()}
        )
        page.get_by_role("link", name="查看").first.click()
        page.get_by_role("tab", name="针对内容写问答").wait_for()
        page.get_by_label("数量").fill("1")
        page.get_by_role("button", name="预览请求").click()
        page.get_by_text("有 1 段可以提问").wait_for()
        page.get_by_text(said).first.wait_for()
        assert window.axe() == []
        page.get_by_role("button", name="写 1 条示例").click()
        page.get_by_role("button", name="显示文段").click()
        page.get_by_text("The shop pays the postage").wait_for()
        assert window.axe() == []
        assert window.is_wider_than_the_screen() == []
        page.get_by_role("button", name="批准本页全部").click()
        page.get_by_role("button", name="用 1 条生成文件").click()
        page.get_by_text("新文件有 1 行").wait_for()
    writer.answer = usual
    client = asking.client()
    made = next(file for file in client.files.list() if file.filename == "returns.questions.jsonl")
    (row,) = map(json.loads, client.files.content(made.id).content.splitlines())
    assert [message["content"] for message in row["messages"]] == [pair["question"], said]
