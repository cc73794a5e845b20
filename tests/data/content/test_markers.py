"""Roles and HTML typed in a text are found; words and code that look like them are not."""

from __future__ import annotations

import pytest

from tunesmith.data.content.markers import find_mark_up, find_role_marker, may_hold_mark_up, may_hold_roles


@pytest.mark.parametrize(
    "text",
    [
        "### Instruction:\nSay hello",
        "Sure.\n### Response: hello",
        "User: hi\nAssistant: hello",
        "**User**: hi\n**Assistant**: hello",
        "Human: what is it?",
        "Yes.\n\nHuman: and now?\n\nAssistant: now this",
        "用户：你好\n助手：您好",
        "问：几点\n答：三点",
        "Q: why?\nA: because",
        "im_start|>user",
        "[|Human|] hi",
        "<human>: hi",
    ],
)
def test_role_typed_in_the_text_is_found(text: str) -> None:
    assert may_hold_roles(text)
    assert find_role_marker(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "Log in as\nUser: root",
        "The user: a person who uses it.",
        "### Question\nWhat is it?",
        "Human rights: a history",
        "note: the assistant: is named later",
        "<|im_start|>user",  # a whole token is judged as such elsewhere
        "用户可以在这里输入：名字",
    ],
)
def test_words_that_look_like_roles_are_left_alone(text: str) -> None:
    assert find_role_marker(text) is None


@pytest.mark.parametrize(
    "text", ["Tom &amp; Jerry", "It&#39;s", "a<br>b", "<p>Hello</p>", '<a href="x">y</a>', "x&nbsp;y"]
)
def test_html_left_over_is_found(text: str) -> None:
    assert may_hold_mark_up(text)
    assert find_mark_up(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "AT&T",
        "a < b and b > c",
        "<<48/2=24>>24",
        "use `<br>` for a break",
        "<!DOCTYPE html><p>page</p>",
        "f(&x); g(&y);",
        "x<y>z",
    ],
)
def test_code_and_comparisons_are_no_left_over_html(text: str) -> None:
    assert find_mark_up(text) is None


def test_endless_openings_cost_no_time() -> None:
    assert find_mark_up("<a " + "href=" * 100_000) is None
    assert find_role_marker("\n *" * 100_000 + ":") is None
