"""The list of jobs: the server searches it, the address says what for."""

from __future__ import annotations

import re
from typing import Any

import pytest

pytestmark = pytest.mark.needs("chromium")


def test_the_server_searches_and_the_address_keeps_what_for(visit, world) -> None:
    window = visit("jobs")
    page, asked = window.page, []
    page.on("request", lambda request: asked.append(request.url) if "/v1/fine_tuning/jobs?" in request.url else None)
    field = page.get_by_role("textbox", name="Find")
    field.press_sequentially("SECOND", delay=20)
    page.wait_for_url(re.compile(r"q=SECOND"))
    row(page, "first").wait_for(state="detached")
    row(page, "second").wait_for()
    assert [url for url in asked if "search=" in url] == [url for url in asked if url.endswith("search=second")] != []
    field.fill("")
    row(page, "first").wait_for()
    assert field.evaluate("field => field === document.activeElement")
    window.open("jobs?q=SECOND&status=cancelled")
    row(page, "second").wait_for()
    window.open("jobs?q=second&status=succeeded")
    page.get_by_text("No job fits these filters").wait_for()
    assert window.take_problems() == []


def row(page: Any, suffix: str) -> Any:
    return page.get_by_role("link", name=suffix, exact=True)
