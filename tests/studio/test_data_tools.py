"""What a person has becomes training data in the Studio, and is cleaned there: imported, without personal data and
duplicates, with its history. By roles and words, on files with markup in every cell and name.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from tests.acceptance.conftest import until
from tests.studio.conftest import HOSTILE, NARROW, chat_row

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.timeout(300)]

NAME_MARKUP = "<img src=x onerror='window.wasHere=1'>"


def upload(window: Any, name: str, content: str, look: str = "Look at it") -> None:
    window.page.locator("input[type=file]").first.set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": content.encode()}
    )
    window.page.get_by_role("link", name=look).first.click()
    window.page.get_by_role("heading", level=1, name=name).wait_for()


def open_made(window: Any, link: str = "Open the new file") -> None:
    before = window.page.url
    window.page.get_by_role("link", name=link).click()
    window.page.wait_for_url(lambda url: url != before)
    window.settle()


def seen_to(window: Any) -> None:
    """What every step must keep to."""
    assert window.axe() == []
    assert window.is_wider_than_the_screen() == []
    assert window.page.evaluate("() => window.wasHere") is None


def table() -> str:
    rows = [f'"Who is {i} {NAME_MARKUP}?","It is number {i}.","Remark {i} {NAME_MARKUP}"' for i in range(12)]
    return "\n".join(['Customer message,"Our reply",remark', *rows, ",nobody asked,"])


def mailbox() -> str:
    parts = []
    for i in range(4):
        parts += [
            f"From ann@example.com Mon Jan  5 10:0{i}:00 2026",
            f"From: Ann <ann@example.com>\nTo: Bo <bo@example.com>\nSubject: Part {i}\nMessage-ID: <q{i}@example.com>",
            f"Date: Mon, 5 Jan 2026 10:0{i}:00 +0000\nContent-Type: text/plain; charset=utf-8\n",
            f"Hello Bo, when will part number {i} of the order be here? {NAME_MARKUP}\n",
            f"From bo@example.com Mon Jan  5 11:0{i}:00 2026",
            f"From: Bo <bo@example.com>\nTo: Ann <ann@example.com>\nSubject: Re: Part {i}\nMessage-ID: <a{i}@example.com>",
            f"In-Reply-To: <q{i}@example.com>\nDate: Mon, 5 Jan 2026 11:0{i}:00 +0000\nContent-Type: text/plain; charset=utf-8\n",
            f"Hello Ann, part number {i} comes on Thursday by the usual truck.\n",
        ]
    return "\n".join(parts)


def test_a_table_becomes_conversations_as_its_columns_are_mapped(visit) -> None:
    window = visit("data")
    page = window.page
    upload(window, f"table {NAME_MARKUP}.csv", table())
    page.get_by_role("heading", name="Which column is what").wait_for()
    page.get_by_text("It is number 2.").wait_for()
    seen_to(window)
    for part, text in (("Question", "Customer message"), ("Answer", "{remark}: {Our reply}")):
        page.get_by_role("textbox", name=part, exact=True).or_(page.get_by_label(part, exact=True)).first.fill(text)
    page.get_by_text(f"Remark 3 {NAME_MARKUP}: It is number 3.").wait_for()
    page.get_by_role("button", name="Make the training file").click()
    page.get_by_text("12 rows were made").wait_for()
    assert page.evaluate("() => document.activeElement?.textContent ?? ''").startswith("12 rows were made")
    seen_to(window)
    open_made(window)
    page.get_by_role("tab", name="Rows").click()
    page.get_by_text("Remark 0").first.wait_for()
    seen_to(window)


def asked(window: Any) -> list[str]:
    """Kinds of the operations that the page asks for, from now on."""
    kinds: list[str] = []
    window.page.on(
        "request",
        lambda request: (
            kinds.append(request.post_data_json["kind"])
            if request.method == "POST" and request.url.endswith("/v1/data/operations")
            else None
        ),
    )
    return kinds


def test_a_table_of_a_known_format_can_be_mapped_and_its_button_is_in_sight(visit) -> None:
    rows = "".join(f'"Who is {i}?";"It is number {i}.";"note {i}"\n' for i in range(12))
    window = visit("data")
    page = window.page
    upload(window, "known.csv", f"question;answer;remark\n{rows}")
    page.get_by_text("The columns are those of “Questions and answers”").wait_for()
    page.get_by_text("It is number 3.").wait_for()
    make = page.get_by_role("button", name="Make the training file")
    assert make.bounding_box()["y"] < 800
    assert page.get_by_label("Cells are parted by").first.get_attribute("placeholder") == "Semicolon (as recognized)"
    seen_to(window)
    kinds = asked(window)
    question = (
        page.get_by_role("textbox", name="Question", exact=True).or_(page.get_by_label("Question", exact=True)).first
    )
    question.fill("")
    page.get_by_text("A row needs a question and an answer").wait_for()
    page.wait_for_timeout(800)
    assert (kinds, make.is_disabled()) == ([], True)
    question.fill("{remark}: {question}")
    page.get_by_text("note 3: Who is 3?").wait_for()
    assert kinds == ["preview_import"]
    make.click()
    page.get_by_text("12 rows were made").wait_for()


def test_a_table_is_read_as_its_settings_say(visit) -> None:
    window = visit("data", language="zh", scheme="dark")
    page = window.page
    upload(window, "bare.csv", "".join(f"What is part {i}?,It is number {i}.\n" for i in range(12)), "查看")
    page.get_by_role("heading", name="如何读取").wait_for()
    page.get_by_label("第一行").first.click()
    page.get_by_role("option", name="列名").click()
    page.get_by_text("单元格由逗号隔开").wait_for()
    page.wait_for_function("() => document.body.innerText.includes('What is part 0?')")
    seen_to(window)


def test_labels_are_listed_and_a_history_gives_what_is_chosen(visit) -> None:
    window = visit("data")
    page = window.page
    upload(
        window, "kinds.csv", "text,label\n" + "".join(f"text number {i},{('good', 'bad')[i % 2]}\n" for i in range(12))
    )
    page.get_by_text("Texts with classes").first.wait_for()
    page.get_by_role("switch", name="Name all classes in a system message").press("Space")
    page.get_by_text("Answer with one of these labels").first.wait_for()
    seen_to(window)
    events = [
        {"prefix": f"def f{i}(", "suffix": "", "completion": f"value_{i}): pass", "accepted": i % 2 == 0}
        for i in range(24)
    ]
    window.open("data")
    upload(window, "autocomplete.jsonl", "\n".join(map(json.dumps, events)))
    page.get_by_text("Continue (assistant’s history)").first.wait_for()
    page.get_by_role("switch", name="Also suggestions that were refused").press("Space")
    page.get_by_label("What becomes of the history").first.click()
    page.get_by_role("option", name="Prompt and completion").click()
    page.get_by_text("value_3").first.wait_for()
    seen_to(window)
    page.get_by_role("button", name="Make the training file").click()
    page.get_by_text("24 rows were made").wait_for()


def test_a_format_that_is_chosen_says_what_it_reads_and_its_columns_can_be_mapped(visit) -> None:
    rows = "".join(f'"Who is {i}?","note {i} {NAME_MARKUP}","It is number {i}."\n' for i in range(12))
    window = visit("data")
    page = window.page
    upload(window, "chosen.csv", f"instruction,remark,output\n{rows}")
    page.get_by_text("The question is read from “instruction” and “input”").wait_for()
    page.get_by_label("Read it as").first.click()
    page.get_by_role("option", name="Dolly").click()
    page.get_by_text("The file is read as “Dolly”.").wait_for()
    page.get_by_text("the answer from “response”").wait_for()
    page.get_by_text("Who is 3?").wait_for()
    seen_to(window)
    answer = page.get_by_role("textbox", name="Answer", exact=True).or_(page.get_by_label("Answer", exact=True)).first
    assert answer.input_value() == "output"
    answer.fill("{remark}: {output}")
    page.get_by_text(f"note 3 {NAME_MARKUP}: It is number 3.").wait_for()
    assert page.get_by_label("Read it as").first.input_value() == "Table"
    page.get_by_label("Read it as").first.click()
    page.get_by_role("option", name="Mail", exact=True).click()
    page.get_by_text("the mail that it replies to is its question").wait_for()
    page.get_by_role("heading", name="Which column is what").wait_for(state="detached")
    seen_to(window)


def test_a_preview_that_has_ended_when_it_is_overtaken_is_no_error(visit) -> None:
    window = visit("data")
    page, client = window.page, window.platform.client()
    upload(window, "quick.csv", "question,answer\n" + "".join(f"Who is {i}?,It is {i}.\n" for i in range(12)))
    answer = page.get_by_role("textbox", name="Answer", exact=True).or_(page.get_by_label("Answer", exact=True)).first
    page.get_by_text("It is 3.").wait_for()
    one = re.compile(r"/v1/data/operations/dataop-\w+$")
    page.route(one, lambda route: None)  # the page is not told how it stands
    with page.expect_request(one) as asking:
        answer.fill("{answer} first")
    ended = asking.value.url.rsplit("/", 1)[1]
    until(
        lambda: client.get(f"/data/operations/{ended}", cast_to=object)["status"] == "succeeded",  # type: ignore[index]
        "the end of what is overtaken",
    )
    with page.expect_response(lambda response: response.url.endswith(f"{ended}/cancel")) as cancelled:
        answer.fill("{answer} then")
    assert cancelled.value.status == 200
    page.unroute_all()
    page.get_by_text("It is 3. then").wait_for()
    assert window.take_problems() == []


def test_a_guess_that_is_not_sure_can_be_taken_as_it_stands(visit) -> None:
    lines = [f"2026-01-{i + 1:02},Maker {i},Bought part {i},{('tools', 'travel')[i % 2]}" for i in range(24)]
    window = visit("data", size=NARROW)
    page = window.page
    upload(window, "spend.csv", "\n".join(["Date,Supplier,Description,Classification", *lines]))
    page.get_by_role("button", name="Use these columns").wait_for()
    question = page.get_by_label("Question", exact=True).first
    assert question.input_value().startswith("Date: {Date}\\nSupplier: {Supplier}")
    seen_to(window)
    page.get_by_role("button", name="Use these columns").press("Enter")
    page.get_by_text("Description: Bought part 3").wait_for()
    seen_to(window)
    question.press("End")
    question.type("!")
    page.get_by_text("Description: Bought part 3!").wait_for()
    page.get_by_role("button", name="Make the training file").click()
    page.get_by_text("24 rows were made").wait_for()


def test_an_assistants_history_that_looks_like_training_data_can_be_read_as_what_it_is(visit) -> None:
    events = [
        {
            "eventName": "chatFeedback", "prompt": f"<user>\nWhat is {i}?\n", "completion": f"It is {i}. {HOSTILE}",
            "feedback": i % 2 == 0, "sessionId": str(i),
        }
        for i in range(24)
    ]  # fmt: skip
    window = visit("data")
    page = window.page
    upload(window, "chatFeedback.jsonl", "\n".join(map(json.dumps, events)))
    page.get_by_text("Some fields of its rows are not used").wait_for()
    page.get_by_role("button", name="Read it differently").press("Enter")
    page.get_by_text("Continue (assistant’s history)").first.wait_for()
    page.get_by_role("heading", name="Left out of the first pieces").wait_for()
    seen_to(window)
    page.get_by_role("button", name="Make the training file").click()
    page.get_by_text("12 rows were made").wait_for()
    page.get_by_role("heading", name="12 left out").wait_for()


def test_an_import_without_rows_names_the_file_and_what_to_change(visit) -> None:
    name = "mail-without-any-answer-" + "x" * 60 + ".mbox"
    window = visit("data", language="zh", size=NARROW)
    page = window.page
    upload(window, name, "\n".join(mailbox().split("From bo@")[:1]), "查看")
    page.get_by_text("开头部分还没有得到数据行").wait_for()
    page.get_by_role("button", name="生成训练文件").click()
    page.get_by_text("请更改读取方式，或修正所列的问题").wait_for()
    page.get_by_text(f"{name}没有得到任何数据行").wait_for()
    seen_to(window)


def test_names_left_open_have_a_field_each_and_those_of_later_rows_are_told(visit) -> None:
    rows = [f'"{{{{name}}}}, who is {i}?","It is number {i}."' for i in range(110)]
    rows += [f'"Who made {i}?","{{{{ author }}}} did."' for i in range(3)]
    window = visit("data", language="zh")
    page = window.page
    upload(window, "open.csv", "\n".join(["question,answer", *rows]), "查看")
    page.get_by_role("heading", name="未填的名称").wait_for()
    page.get_by_text("前 100 行中有 100 行出现").wait_for()
    page.get_by_label("{{name}}").fill("织机")
    page.get_by_text("织机, who is 3?").wait_for()
    seen_to(window)
    page.get_by_role("button", name="生成训练文件").click()
    page.get_by_text("生成了 113 行").wait_for()
    page.get_by_role("listitem").filter(has_text="{{ author }}").get_by_text("出现在 3 行中").wait_for()
    seen_to(window)
    page.get_by_role("button", name="换种方式导入").click()
    page.get_by_label("{{ author }}").fill("艾达")
    page.get_by_role("button", name="生成训练文件").click()
    page.get_by_text("生成了 113 行").wait_for()
    page.get_by_text("新文件中还有未填的名称").wait_for(state="detached")
    open_made(window, "打开新文件")
    assert "{{" not in page.locator("main").inner_text()
    page.get_by_role("tab", name="逐行查看").click()
    page.get_by_text("织机, who is 0?").first.wait_for()


def test_a_mailbox_becomes_pairs_in_chinese_too(visit) -> None:
    window = visit("data", language="zh", size=NARROW)
    page = window.page
    upload(window, "sent.mbox", mailbox(), "查看")
    page.get_by_text("识别为").wait_for()
    page.get_by_text("part number 2 comes on Thursday").wait_for()
    seen_to(window)
    page.get_by_role("textbox", name="要学习谁的回答？").fill("ann@example.com")
    page.get_by_text("comes on Thursday").first.wait_for(state="detached")
    page.get_by_role("textbox", name="要学习谁的回答？").fill("")
    page.get_by_text("comes on Thursday").first.wait_for()
    page.get_by_role("button", name="生成训练文件").click()
    page.get_by_text("生成了 4 行").wait_for()
    seen_to(window)
    open_made(window, "打开新文件")


def test_training_data_of_another_format_is_offered_an_import(visit) -> None:
    rows = [
        {"conversations": [{"from": "human", "value": f"Say {i} {HOSTILE}"}, {"from": "gpt", "value": f"{i} it is"}]}
        for i in range(12)
    ]
    window = visit("data")
    page = window.page
    upload(window, "share.jsonl", "\n".join(map(json.dumps, rows)))
    page.get_by_text("Recognized as").wait_for()
    page.get_by_text("ShareGPT").first.wait_for()
    page.get_by_text("7 it is").wait_for()
    seen_to(window)
    page.get_by_role("button", name="Make the training file").click()
    page.get_by_text("12 rows were made").wait_for()
    open_made(window)
    page.get_by_role("tab", name="History").click()
    page.get_by_text("Imported").wait_for()
    page.get_by_role("link", name="share.jsonl").wait_for()
    page.get_by_role("button", name="Compare with it").click()
    seen_to(window)


def test_what_holds_no_rows_says_so_and_how_to_go_on(visit) -> None:
    window = visit("data")
    page = window.page
    upload(window, "paper.pdf", "%PDF-1.4 nothing in it")
    page.get_by_text("It could not be told").wait_for()
    page.get_by_text("it is a PDF document").first.wait_for()
    assert page.get_by_role("button", name="Make the training file").is_disabled()
    seen_to(window)


def people() -> str:
    asked = [
        (f"Write to ann{i}@corp.test or call +1 212 555 01{i:02}.", f"I wrote to ann{i}@corp.test {HOSTILE}")
        for i in range(12)
    ]
    return "\n".join(chat_row(*each) for each in asked)


def test_personal_data_is_found_and_what_is_not_kept_is_cleaned(visit) -> None:
    window = visit("data")
    page = window.page
    upload(window, "people.jsonl", people())
    page.get_by_role("tab", name="Personal data").click()
    page.get_by_role("button", name="Look for personal data").click()
    found = page.get_by_role("list", name="What was found").get_by_role("listitem")
    found.first.wait_for()
    seen_to(window)
    found.filter(has_text="ann3@corp.test").first.get_by_role("button", name="Keep everywhere").click()
    page.reload()
    window.settle()
    page.get_by_role("button", name="Replace").first.wait_for()
    page.get_by_role("button", name="Look again").click()
    page.get_by_role("button", name="Cancel").wait_for(state="detached")
    page.get_by_role("button", name="Replace").first.wait_for()
    page.get_by_role("button", name="Write a cleaned copy").click()
    page.get_by_text("A cleaned copy of 12 rows is there").wait_for()
    seen_to(window)
    open_made(window)
    page.get_by_role("tab", name="Rows").click()
    page.get_by_text("[EMAIL]").first.wait_for()
    page.goto(page.url.split("?")[0] + "?tab=history")
    page.get_by_text("Personal data taken out").wait_for()
    page.get_by_role("button", name="Compare with it").click()
    page.get_by_text("changed").first.wait_for()
    page.get_by_text("ann4@corp.test").first.wait_for()
    seen_to(window)


def test_a_kind_is_listed_from_all_pages_and_what_is_nobodys_says_that_it_stays(visit) -> None:
    rows = [chat_row(f"Write to ann{i}@corp.test.", f"I wrote to ann{i}@corp.test.") for i in range(40)]
    rows.append(chat_row("Call +1 415 555 2671 or write to help@example.com.", "Done."))
    window = visit("data")
    page = window.page
    upload(window, "many.jsonl", "\n".join(rows))
    page.get_by_role("tab", name="Personal data").click()
    page.get_by_role("button", name="Look for personal data").click()
    found = page.get_by_role("list", name="What was found").get_by_role("listitem")
    found.first.wait_for()
    assert found.filter(has_text="415").count() == 0
    page.get_by_label("Kind", exact=True).first.click()
    page.get_by_role("option", name="Phone").click()
    found.filter(has_text="415").first.wait_for()
    page.get_by_text("of them stay: tags, invented values").wait_for()
    seen_to(window)
    page.get_by_label("Kind", exact=True).first.click()
    page.get_by_role("option", name="E-mail").click()
    page.get_by_role("button", name="Next").click()
    found.filter(has_text="help@example.com").get_by_text("stays: nobody’s").wait_for()
    seen_to(window)


def alike() -> str:
    same = "Please tell me at what time of the day the shop in the old town opens on Sundays in the winter"
    other = "How do I wash a coat of wool that a dog has slept on for a whole week without ruining it at all"
    rows = [chat_row(f"{same} {HOSTILE}{'?' * n}", "At ten in the morning, as on every other day.") for n in (1, 2)]
    rows += [chat_row(f"{other}{'?' * n}", "By hand, in cold water, with a soap made for wool.") for n in (1, 2)]
    words = ["apple", "bridge", "cloud", "drum", "eagle", "fern", "glass", "hill", "iron", "jug"]
    return "\n".join(
        rows
        + [
            chat_row(f"What is a {word}?", f"The {word} number {i} is one of many {word}s.")
            for i, word in enumerate(words)
        ]
    )


def test_duplicates_go_except_for_a_group_that_is_kept(visit) -> None:
    window = visit("data", language="zh")
    page = window.page
    upload(window, "alike.jsonl", alike(), "查看")
    page.get_by_role("tab", name="重复").click()
    page.get_by_role("button", name="查找重复").click()
    groups = page.get_by_role("list", name="重复的分组").get_by_role("listitem")
    groups.first.wait_for()
    assert groups.count() == 2
    groups.filter(has_text="wool").get_by_text("只有写法不同").wait_for()
    seen_to(window)
    groups.filter(has_text="wool").get_by_role("button", name="全部保留").click()
    page.reload()
    window.settle()
    groups.filter(has_text="wool").get_by_role("button", name="只留一行").wait_for()
    page.get_by_role("button", name="写出去重后的副本").click()
    page.get_by_text("已写出 13 行的副本").wait_for()
    open_made(window, "打开新文件")
    page.get_by_role("tab", name="来历").click()
    page.get_by_text("去重").wait_for()
    page.get_by_role("button", name="与它比较").click()
    page.get_by_text("删除 1 行").wait_for()
    seen_to(window)
