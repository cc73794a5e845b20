"""The starter: its files, its shape, and the proof that the quickstart's task is in none of its training data."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tunesmith.data.examples import Message
from tunesmith.data.render import Renderer
from tunesmith.infer.loaded import load_model
from tunesmith.infer.sampling import Sampling
from tunesmith.nn.catalog import STARTER_FOLDER, locate
from tunesmith.starter.copying import copy_rows
from tunesmith.starter.dialogues import conversations, dialogue
from tunesmith.starter.graph_query import (
    SYSTEM,
    held_out_rows,
    is_weft,
    names_in,
    training_rows,
    unseen_relation_rows,
)
from tunesmith.starter.pretrain import (
    CONFIG,
    CONTROL_TOKENS,
    INSTALLED_FILES,
    LESSONS,
    NUM_FOR_TOKENIZER,
    NUM_LONG_COPIES,
    NUM_SHORT_COPIES,
    SEED,
    strings_in,
)

ROOT = Path(__file__).parents[2]

CARD = json.loads((STARTER_FOLDER / "CARD.json").read_text(encoding="utf-8"))
RECIPE = (
    "quickstart.yaml",
    *(f"pretrain-{place}-{lesson}.yaml" for place, lesson in enumerate(LESSONS, 1)),
    "CARD.json",
)


def test_files_are_there_and_small() -> None:
    names = [*INSTALLED_FILES, *RECIPE]
    assert [name for name in names if not (STARTER_FOLDER / name).is_file()] == []
    assert sum(path.stat().st_size for path in STARTER_FOLDER.iterdir() if path.is_file()) <= 25_000_000


def test_starter_is_found_by_its_name() -> None:
    base = locate("starter")
    assert (base.folder, base.config, base.remarks) == (STARTER_FOLDER, CONFIG, ())
    assert base.config.num_parameters == CARD["parameters"]
    assert base.weight_files == (STARTER_FOLDER / "model.safetensors",)


def test_weights_fill_the_config() -> None:
    """Loading names every weight that is missing, unknown, misshapen or not finite."""
    decoder = load_model("starter", torch.float32).decoder
    assert sum(weight.numel() for weight in decoder.parameters()) == CONFIG.num_parameters


def test_tokenizer_fills_the_embeddings_and_has_its_control_tokens() -> None:
    tokenizer = Renderer.load(STARTER_FOLDER).tokenizer
    assert tokenizer.vocab_size == CONFIG.vocab_size
    assert tokenizer.control_tokens == CONTROL_TOKENS


def test_instruction_of_the_task_is_short() -> None:
    assert len(Renderer.load(STARTER_FOLDER).tokenizer.encode_whole(SYSTEM)) <= 40


@pytest.mark.parametrize(
    "text", ["Hello!", "Zyk 近🙂\n\tèé", "  blanks  ", 'seek film <~ directed "Mara"', "\u200b\x00"]
)
def test_tokenizer_gives_every_text_back(text: str) -> None:
    tokenizer = Renderer.load(STARTER_FOLDER).tokenizer
    assert tokenizer.decode(tokenizer.encode_whole(text)) == text


@pytest.mark.parametrize("greeting", ["Hello!", "Hi there", "你好"])
def test_starter_answers_a_greeting_and_stops(greeting: str) -> None:
    model = load_model("starter", torch.float32)
    answer = "".join(model.answer([Message("user", greeting)], Sampling(max_new_tokens=100)))
    assert answer.strip()
    assert len(model.renderer.tokenizer.encode_whole(answer)) < 100
    assert re.search(r"[^\W\d_]", answer)


def test_starter_copies_a_word_that_it_has_never_seen() -> None:
    """What the quickstart builds on: an unknown name is repeated letter by letter."""
    model = load_model("starter", torch.float32)
    asked = [Message("user", "Repeat exactly: Velkrando Misturbe")]
    assert "Velkrando Misturbe" in "".join(model.answer(asked, Sampling(max_new_tokens=40)))


# ---- what it was trained on ----------------------------------------------------------------------


def task_names() -> set[str]:
    rows = [*training_rows(), *held_out_rows(), *unseen_relation_rows()]
    return {name.lower() for name in names_in(rows)}


def words_of(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]+", text.lower()))


def task_in(text: str, names: set[str]) -> Iterator[str]:
    """Whatever of the task stands in the text: its arrows, a line of its language, one of its names."""
    yield from (arrow for arrow in ("~>", "<~") if arrow in text)
    yield from (line for line in map(str.strip, text.splitlines()) if is_weft(line))
    yield from names & words_of(text)


def test_the_search_finds_the_task_where_it_is() -> None:
    row = training_rows()[0]
    question, query = (row["messages"][place]["content"] for place in (1, 2))
    assert set(task_in(question.upper(), task_names()))
    assert query in set(task_in(f"Here it is:\n  {query}\nDone.", set()))
    assert set(task_in("Hello! How are you?", task_names())) == set()


def test_the_task_is_in_no_training_data() -> None:
    """All dialogues, made again: the very bytes that the starter learned from, and nothing of the task in them."""
    names, digest = task_names(), hashlib.sha256()
    found: set[str] = set()
    count = 0
    for count, row in enumerate(conversations(SEED, CARD["dialogues"]), start=1):  # noqa: B007
        digest.update((json.dumps(row, ensure_ascii=False) + "\n").encode())
        found.update(task_in("\n".join(strings_in(row)), names))
    assert found == set()
    assert count > CARD["dialogues"] // 2
    assert len(names) > 1000
    assert digest.hexdigest() == CARD["dialogues_sha256"]


@pytest.mark.parametrize(("count", "longest"), [(NUM_SHORT_COPIES, 8), (NUM_LONG_COPIES, 60)])
def test_the_task_is_in_no_copying_lesson(count: int, longest: int) -> None:
    """The rows of the first two lessons, made again from the tokenizer that was installed."""
    names, tokenizer = task_names(), Renderer.load(STARTER_FOLDER).tokenizer
    rows = list(copy_rows(tokenizer, SEED, count, longest))
    by_chance = {"<~", "~>"}  # two signs that may meet in a random row; a line of the language may not
    assert {part for row in rows for part in task_in(row["messages"][0]["content"], names)} <= by_chance
    content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    lesson = "short_copies" if count == NUM_SHORT_COPIES else "long_copies"
    assert hashlib.sha256(content.encode()).hexdigest() == CARD[f"{lesson}_sha256"]


def test_the_task_is_in_nothing_that_the_tokenizer_learned_from() -> None:
    names = task_names()
    made = (text for index in range(NUM_FOR_TOKENIZER) for text in strings_in(dialogue(SEED, index)))
    assert {part for text in made for part in task_in(text, names)} == set()


def test_no_token_is_a_name_of_the_task() -> None:
    """A token of four letters or more that were one of its names would show that the tokenizer had met it."""
    tokenizer = Renderer.load(STARTER_FOLDER).tokenizer
    tokens = {tokenizer.decode([number]).strip().lower() for number in range(tokenizer.vocab_size)}
    assert tokens & task_names() == set()


# ---- the wheel -----------------------------------------------------------------------------------


def test_nothing_keeps_the_files_out_of_the_wheel() -> None:
    """Hatch takes every file below the package that neither pyproject.toml nor .gitignore excludes."""
    hatch = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    assert hatch["targets"]["wheel"] == {"packages": ["src/tunesmith"]}
    assert set(hatch) == {"targets"}
    patterns = [line for line in (ROOT / ".gitignore").read_text().split() if not line.startswith("#")]
    inside = [str((STARTER_FOLDER / name).relative_to(ROOT)) for name in (*INSTALLED_FILES, *RECIPE)]
    caught = [
        (path, p) for path in inside for p in patterns if Path(path).match(p.strip("/")) or f"/{p.strip('/')}/" in path
    ]
    assert caught == []


@pytest.mark.soak
def test_wheel_carries_the_starter(tmp_path: Path) -> None:
    """Builds the wheel; pip fetches the build backend from the registry where it is not installed."""
    command = [sys.executable, "-m", "pip", "wheel", str(ROOT), "--no-deps", "--quiet", "-w", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(tmp_path.glob("tunesmith-*.whl"))) as wheel:
        packed = set(wheel.namelist())
        assert {f"tunesmith/starter/{name}" for name in (*INSTALLED_FILES, *RECIPE)} <= packed
        weights = wheel.read("tunesmith/starter/model.safetensors")
    assert weights == (STARTER_FOLDER / "model.safetensors").read_bytes()
    assert len(weights) <= 25_000_000
