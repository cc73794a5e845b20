import pytest

from tunesmith.evaluate.graders import exact_match


@pytest.mark.parametrize(
    "answer, reference",
    [("Paris", "Paris"), ("  Paris\n", "Paris"), ("Paris", "Paris\n"), ("cafe\u0301", "caf\u00e9"), ("", " \n")],
)
def test_outer_space_and_unicode_form_do_not_matter(answer: str, reference: str) -> None:
    assert exact_match(answer, reference)


@pytest.mark.parametrize(
    "answer, reference",
    [("paris", "Paris"), ("Paris.", "Paris"), ("New  York", "New York"), ("１２", "12"), ("", "Paris")],
)
def test_everything_else_matters(answer: str, reference: str) -> None:
    assert not exact_match(answer, reference)
