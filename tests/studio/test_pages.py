"""Every page, on every kind of screen: nothing sticks out, axe-core finds nothing serious, and text stays text.

The world that the pages show (conftest.py) is full of markup and of words without end.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from tests.studio.conftest import HOSTILE

pytestmark = pytest.mark.needs("chromium")

# Address → with what of the world it is filled.
PAGES = [
    "", "data", "data/{file}", "data/{file}?tab=rows&line=1", "data/{file}?tab=tokens&line=4", "data/{broken_file}",
    "data/{file}?tab=generate", "data/{broken_file}?severity=error", "data/{broken_file}?tab=rows&line=15",
    "fine-tune", "fine-tune?step=data&training_file={file}", "fine-tune?step=settings&model=starter&training_file={file}",
    "fine-tune?step=review&model=starter&training_file={broken_file}", "fine-tune?from_job={job}",
    "jobs", "jobs/{job}", "jobs/{job}?tab=checkpoints", "jobs/{job}?tab=events", "jobs/{job}?tab=settings", "jobs/{job}?tab=report",
    "jobs/{other_job}", "jobs/compare?jobs={job},{other_job}",
    "models", "models/starter", "models/{model}", "playground", "playground?models={model}",
    "settings", "settings/projects", "settings/members", "settings/keys", "settings/roles", "settings/audit", "settings/webhooks",
    "settings/email",
]  # fmt: skip
SCREENS = [(1280, "light", "en"), (1280, "dark", "zh"), (390, "dark", "en"), (390, "light", "zh")]


def address(page: str, world: Any) -> str:
    return page.format(**{name: quote(getattr(world, name), safe="") for name in world.__dataclass_fields__})


@pytest.fixture(scope="module")
def screens(shared_visit) -> dict[str, Any]:
    """A window on each, with what browsers keep between pages."""
    return {
        f"{width} {scheme} {language}": shared_visit(
            None, size={"width": width, "height": 844}, scheme=scheme, language=language
        )
        for width, scheme, language in SCREENS
    }


@pytest.mark.needs("studio")  # axe-core
@pytest.mark.parametrize("page", PAGES)
def test_page_fits_is_accessible_and_runs_no_text(screens, world, page: str) -> None:
    found = []
    for screen, window in screens.items():
        window.open(address(page, world))
        told = [f"wider than the screen: {each}" for each in window.is_wider_than_the_screen()] + window.axe()
        if window.page.evaluate("() => window.wasHere"):
            told.append("text of the world was run")
        found += [f"{screen}: {each}" for each in told + window.take_problems()]
    if found:
        pytest.fail("\n".join(found), pytrace=False)


@pytest.mark.parametrize(
    "page",
    [
        "data", "data/{file}?tab=rows&line=1&view=json", "fine-tune?step=settings&model=starter&training_file={file}",
        "fine-tune?step=review&model=starter&training_file={file}", "jobs", "jobs/{job}?tab=settings", "models",
        "playground?models=starter,{model}", "settings/keys", "settings/webhooks",
    ],
)  # fmt: skip
def test_markup_that_is_typed_stays_text(visit, world, page: str) -> None:
    """Into every field that is there; what the server says of it may be a refusal, but nothing runs, and nothing breaks."""
    window = visit(address(page, world))
    window.allow("status of 400", "status of 404")
    fields = window.page.get_by_role("textbox").or_(window.page.get_by_role("searchbox"))
    for index in range(fields.count()):
        field = fields.nth(index)
        if field.is_visible() and field.is_editable():
            field.fill(HOSTILE)
            field.press("Tab")
    if page.startswith("playground"):
        window.page.get_by_role("textbox", name="Prompt", exact=True).fill(HOSTILE)
        window.page.get_by_role("button", name="Send", exact=True).click()
        window.page.get_by_role("article").first.wait_for()
    window.page.wait_for_timeout(1000)
    assert window.page.evaluate("() => window.wasHere") is None
    assert window.page.get_by_role("heading", level=1).count() == 1
