"""``tunesmith data check`` and ``preview``: what is printed, and with which exit code it ends."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from typer.testing import CliRunner

from tunesmith.cli.data import data_app
from tunesmith.core.errors import TunesmithError

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder with a tokenizer that has one token a byte, and a ChatML template."""
    folder = tmp_path / "model"
    folder.mkdir()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: number for number, letter in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in ("<|im_start|>", "<|im_end|>")])
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"eos_token": "<|im_end|>", "chat_template": TEMPLATE}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder


def rows(count: int) -> list[dict[str, Any]]:
    return [
        {
            "messages": [
                {"role": "user", "content": f"{chr(65 + number)}i"},
                {"role": "assistant", "content": f"Hello 日 {'!' * number}"},
            ]
        }
        for number in range(count)
    ]


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows(12)))
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.jsonl"
    lines = [json.dumps(row) for row in rows(12)]
    lines[3], lines[7] = "{'messages': []}", '{"messages": []}'
    path.write_text("\n".join(lines) + "\n")
    return path


def run(*arguments: object) -> tuple[int, str]:
    """Exit code and output, errors turned into sentences as at the command's border."""
    result = CliRunner().invoke(data_app, [str(argument) for argument in arguments], env={"COLUMNS": "120"})
    if isinstance(result.exception, TunesmithError):
        return result.exception.exit_code, f"{result.output}{result.exception}"
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_good_file_passes_with_its_statistics(good: Path) -> None:
    code, output = run("check", good)
    assert code == 0
    assert "12 (0 exact duplicates)" in output
    assert "0 errors, 0 warnings; the file can be used" in output


def test_every_error_is_printed_with_its_line_and_ends_with_2(bad: Path) -> None:
    code, output = run("check", bad)
    assert code == 2
    assert f"{bad}:4:2: a single quote" in output
    assert f"{bad}:8:14 (messages): messages is an empty list [missing_messages_list]" in output
    assert "12 rows, 2 errors, 0 warnings; the file cannot be used as it is" in output
    assert "Traceback" not in output


def test_missing_file_is_one_sentence(tmp_path: Path) -> None:
    code, output = run("check", tmp_path / "gone.jsonl")
    assert code == 2
    assert "No such file" in output


def test_tokens_are_counted_with_a_base_model(good: Path, model: Path) -> None:
    code, output = run("check", good, "--base-model", model)
    assert code == 0
    assert "tokens a row" in output
    assert "█" in output


def test_rows_too_long_show_what_each_policy_costs(good: Path, model: Path) -> None:
    code, output = run("check", good, "--base-model", model, "--max-seq-len", 40)
    assert code == 0
    assert "longer than max_seq_len, 40 tokens" in output
    for policy in ("drop", "truncate_left", "truncate_right"):
        assert f"({policy}) costs" in output


def test_max_seq_len_without_a_base_model_is_refused(good: Path) -> None:
    code, output = run("check", good, "--max-seq-len", 40)
    assert code == 2
    assert "needs a base model" in output


@pytest.mark.parametrize("more", [[], ["--format", "chat"]])
def test_json_report_is_one_object(bad: Path, good: Path, model: Path, more: Sequence[str]) -> None:
    code, output = run("check", bad, "--json", *more)
    assert (code, json.loads(output)["num_errors"], json.loads(output)["statistics"]) == (2, 2, None)
    code, output = run("check", good, "--json", "--base-model", model, "--max-seq-len", 4096, *more)
    assert (code, json.loads(output)["statistics"]["tokens"]["num_over_length"]) == (0, 0)


def test_row_that_the_template_refuses_is_an_error_of_the_file(good: Path, model: Path) -> None:
    refusing = "{{ raise_exception('no systems') if messages[0].content == 'Hi' }}"
    (model / "chat_template.jinja").write_text(refusing)
    code, output = run("check", good, "--base-model", model, "--json")
    assert code == 2
    assert {problem["line"] for problem in json.loads(output)["problems"]} == set(range(1, 13))


def test_preview_marks_exactly_the_answer_and_its_end_token(good: Path, model: Path) -> None:
    code, output = run("preview", good, "--base-model", model, "--line", 3)
    assert code == 0
    assert "line 3: 34 tokens, 13 trained on" in output
    assert "<|im_start|>user\nCi<|im_end|>\n<|im_start|>assistant\n⟦Hello 日 !!<|im_end|>⟧" in output
    assert "line 4" not in output


def test_preview_shows_three_rows_unless_told(good: Path, model: Path) -> None:
    assert run("preview", good, "--base-model", model)[1].count("trained on\n") == 4
    assert run("preview", good, "--base-model", model, "--rows", 5)[1].count("trained on\n") == 6
    assert "line 6:" in run("preview", good, "--base-model", model, "--line", 5, "--rows", 2)[1]


def test_preview_of_a_line_without_example_says_which_there_are(good: Path, model: Path) -> None:
    code, output = run("preview", good, "--base-model", model, "--line", 99)
    assert code == 2
    assert "lines 1 to 12" in output


def test_preview_of_a_bad_file_names_its_errors(bad: Path, model: Path) -> None:
    code, output = run("preview", bad, "--base-model", model)
    assert code == 2
    assert "2 errors in 12 rows" in output


def test_weight_0_is_not_painted(tmp_path: Path, model: Path) -> None:
    path = tmp_path / "weights.jsonl"
    row = rows(1)[0]
    row["messages"] = [row["messages"][0], {**row["messages"][1], "weight": 0}, *row["messages"]]
    path.write_text(json.dumps(row))
    output = run("preview", path, "--base-model", model)[1]
    assert output.count("Hello") == 2
    assert output.split("\n", 1)[1].count("⟦") == 1


def test_escape_sequences_in_a_file_do_not_reach_the_terminal(tmp_path: Path, model: Path) -> None:
    path = tmp_path / "escape.jsonl"
    row = rows(1)[0]
    row["messages"][0]["content"] = "\x1b]0;owned\x07\u202e"
    path.write_text(json.dumps(row))
    output = run("preview", path, "--base-model", model)[1]
    assert "\x1b" not in output
    assert "␛]0;owned␇<U+202E>" in output
