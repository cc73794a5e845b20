"""One YAML file to a spec, or every problem with its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tunesmith.core.errors import Problem, Problems, UserError
from tunesmith.specs.fine_tune import FineTuneSpec
from tunesmith.specs.yaml_file import FOREIGN_KEYS, load_spec, spec_as_yaml

START = "base_model: starter\ntraining_file: train.jsonl\n"
Load = Callable[[str | bytes], FineTuneSpec]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load(content: str | bytes) -> FineTuneSpec:
        path = tmp_path / "job.yaml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return load_spec(path)

    return load


def problems(load: Load, content: str) -> tuple[Problem, ...]:
    with pytest.raises(Problems) as raised:
        load(content)
    return raised.value.problems


def refusal(load: Load, content: str | bytes) -> str:
    with pytest.raises(UserError) as raised:
        load(content)
    return str(raised.value)


def test_a_file_is_read_into_a_spec(load: Load) -> None:
    spec = load("# my job\n" + START + "lora_target_modules: [q_proj, v_proj]\nvalidation_split: 0.1\n")
    assert spec.base_model == "starter"
    assert spec.lora_target_modules == ["q_proj", "v_proj"]
    assert spec.validation_split == 0.1


@pytest.mark.parametrize("written", ["2e-5", "'2e-5'", '"2e-5"', "2E-5", "2.0e-5", "0.00002"])
def test_learning_rate_without_a_dot_is_a_number(load: Load, written: str) -> None:
    rate = load(f"{START}learning_rate: {written}\n").learning_rate
    assert type(rate) is float
    assert rate == 2e-5


def test_a_byte_order_mark_is_passed_over(load: Load) -> None:
    assert load(b"\xef\xbb\xbf" + START.encode()).base_model == "starter"


def test_every_foreign_name_leads_to_a_key_that_exists() -> None:
    assert set(FOREIGN_KEYS.values()) <= FineTuneSpec.model_fields.keys()
    assert not FOREIGN_KEYS.keys() & FineTuneSpec.model_fields.keys()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("lora_r", "lora_rank"),
        ("sequence_len", "max_seq_len"),
        ("num_train_epochs", "num_epochs"),
        ("per_device_train_batch_size", "batch_size"),
        ("learnin_rate", "learning_rate"),
        ("max_stesp", "max_steps"),
        ("adaptor", "adapter"),
    ],
)
def test_an_unknown_key_is_named_with_its_line_and_the_key_that_was_meant(load: Load, written: str, meant: str) -> None:
    (problem,) = problems(load, f"{START}\n# a remark\n{written}: 1\n")
    assert (problem.rule, problem.path, problem.line) == ("unknown_key", written, 5)
    assert problem.hint == f"did you mean {meant}?"


def test_a_key_that_resembles_none_is_answered_with_all_keys(load: Load) -> None:
    (problem,) = problems(load, START + "zzzzz: 1\n")
    assert all(key in problem.hint for key in FineTuneSpec.model_fields)


def test_all_problems_are_named_at_once_with_their_lines(load: Load) -> None:
    found = problems(load, "base_model: starter\nlora_r: 8\nbatch_size: 0\nmethod: dpo\nlr_schedule: step\n")
    assert {(problem.path, problem.line) for problem in found} == {
        ("training_file", None),
        ("lora_r", 2),
        ("batch_size", 3),
        ("method", 4),
        ("lr_schedule", 5),
    }
    assert all(problem.file and problem.file.endswith("job.yaml") and problem.hint for problem in found)


def test_a_bad_value_is_shown(load: Load) -> None:
    assert "(found 0)" in problems(load, START + "batch_size: 0\n")[0].message


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("method: dpo", "method dpo does not exist yet"),
        ("adapter: qlora", "adapter qlora arrives later"),
        ("num_epochs: 1\nmax_steps: 3", "give num_epochs or max_steps, not both"),
    ],
)
def test_what_does_not_exist_or_fit_together_is_refused_saying_so(load: Load, line: str, sentence: str) -> None:
    (problem,) = problems(load, f"{START}{line}\n")
    assert sentence in problem.message
    assert problem.line == 2 + len(line.splitlines())


def test_a_method_that_is_refused_is_not_offered(load: Load) -> None:
    (problem,) = problems(load, START + "method: dpo\n")
    assert "dpo" not in problem.hint


def test_hints_are_whole_sentences_of_code(load: Load) -> None:
    for problem in problems(load, START + "lora_target_modules: q_proj\nover_length: cut\n"):
        assert problem.hint.count("[") == problem.hint.count("]")


def test_a_missing_key_is_asked_for(load: Load) -> None:
    assert [p.path for p in problems(load, "seed: 1\n") if p.rule == "missing_key"] == ["base_model", "training_file"]


def test_a_duplicate_key_is_refused_with_its_place(load: Load) -> None:
    text = refusal(load, START + "seed: 1\nseed: 2\n")
    assert "job.yaml:4:1" in text
    assert 'duplicate key "seed"' in text


def test_broken_yaml_is_refused_with_its_place(load: Load) -> None:
    assert "job.yaml:3:" in refusal(load, START + "\tseed: 1\n")
    assert "job.yaml:4:" in refusal(load, START + "seed: [1\n")


@pytest.mark.parametrize("content", ["", "# nothing\n", "- a\n- b\n", "words\n", "3\n", "null\n"])
def test_what_is_no_mapping_is_refused(load: Load, content: str) -> None:
    assert "must hold keys and values" in refusal(load, content)


def test_a_file_that_is_not_utf8_is_refused_with_the_byte(load: Load) -> None:
    assert "not UTF-8 (byte 21)" in refusal(load, b"base_model: starter\n\xe9\n")


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no file"):
        load_spec(tmp_path / "none.yaml")
    with pytest.raises(UserError, match="is a folder"):
        load_spec(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        START + "seed: " + "9" * 5000,
        "[" * 500,
        "a\x00b: 1\n",
        START + "seed: !!python/object:os.system x\n",
        START + "1: one\n",
        START + "? [a, b]\n: 1\n",
        START + "learning_rate:\n",
        START + "---\nseed: 1\n",
        START + "common: &it {seed: 1}\n<<: *it\n",
    ],
)
def test_odd_files_are_refused_and_never_crash(load: Load, content: str) -> None:
    assert "job.yaml" in refusal(load, content)


@pytest.mark.parametrize(
    "content",
    [
        START,
        START + "learning_rate: 2e-5\nlora_alpha: 32\nlora_target_modules: [q_proj]\nnum_epochs: 0.5\n",
        START + "adapter: none\ninitialization: random\nmax_steps: 0x10\nweight_decay: 1e-30\n",
        "base_model: 'no'\ntraining_file: '2e-5'\nvalidation_file: >-\n  a: b # c é 你\n",
    ],
)
def test_a_spec_written_as_yaml_loads_back_the_same(load: Load, content: str) -> None:
    spec = load(content)
    assert load(spec_as_yaml(spec)) == spec
