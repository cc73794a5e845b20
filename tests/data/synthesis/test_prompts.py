"""Prompts: the built-in ones can be filled, and a file that cannot be is refused with every place named."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from tunesmith.core.errors import Problems, UserError
from tunesmith.data.synthesis.asking import Language
from tunesmith.data.synthesis.prompts import Mode, built_in_prompt, prompt_file, read_prompt


@pytest.mark.parametrize("language", get_args(Language))
@pytest.mark.parametrize("mode", get_args(Mode))
def test_built_in_prompts_can_be_filled(mode: Mode, language: Language) -> None:
    names = ("about", "count", "examples", "passage", "document", "heading")
    system, user = built_in_prompt(mode, language).filled(dict.fromkeys(names, "§"))
    assert system
    assert "§" in user
    assert "{{" not in user


def test_unknown_and_missing_places_are_all_named_with_their_lines() -> None:
    with pytest.raises(Problems) as refused:
        read_prompt("[user]\nWrite {{cuont}} about\n  {{passage}}", "p.txt", "synthetic")
    found = [(one.rule, one.line, one.column) for one in refused.value.problems]
    assert found == [("unknown_placeholder", 2, 7), ("unknown_placeholder", 3, 3),
                     ("missing_placeholder", None, None), ("missing_placeholder", None, None)]  # fmt: skip
    assert "did you mean {{count}}?" in str(refused.value)


def test_what_is_filled_in_is_not_read_for_places() -> None:
    prompt = read_prompt("{{examples}} {{ count }}", "p.txt", "synthetic")
    assert prompt.filled({"examples": "{{count}} {{secret}}", "count": "3"}) == ("", "{{count}} {{secret}} 3")


def test_parts_may_stand_once_and_user_must() -> None:
    with pytest.raises(Problems) as refused:
        read_prompt("hello\n[system]\n{{examples}}{{count}}\n[system]\nx", "p.txt", "synthetic")
    assert {one.rule for one in refused.value.problems} == {"text_before_parts", "part_twice", "no_user_part"}


def test_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.txt"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match=r"UTF-8"):
        prompt_file(path, "synthetic")
