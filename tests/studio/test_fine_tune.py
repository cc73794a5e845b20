"""The wizard before the job: a file that would validate itself is told, and what the job will take."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.needs("chromium")


def test_a_file_that_would_validate_itself_is_refused_there_and_then(visit, world) -> None:
    window = visit(f"fine-tune?step=validation&model=starter&training_file={world.file}")
    page = window.page
    page.get_by_role("radio", name="A file of its own").check()
    page.get_by_role("radio", name=re.compile("^rows ")).first.check()
    page.get_by_text("the job would be refused").wait_for()
    assert window.axe() == []
    page.get_by_role("button", name="Hold out a part instead").click()
    page.get_by_text("the job would be refused").wait_for(state="detached")
    assert page.get_by_role("radio", name="Hold out a part of the training file").is_checked()
    assert window.take_problems() == []


@pytest.mark.parametrize(("language", "time"), [("en", "Time to train: about"), ("zh", "训练用时：约")])
def test_the_review_tells_how_long_it_takes(visit, world, language: str, time: str) -> None:
    window = visit(f"fine-tune?step=review&model=starter&training_file={world.file}", language=language)
    window.page.get_by_text(time).wait_for()
    assert window.axe() == []
    assert window.take_problems() == []
