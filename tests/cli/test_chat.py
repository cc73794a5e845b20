"""`tunesmith chat`: runs, models and base models answer, from an option, a pipe or a terminal.

Three tiny models learn their conversations by heart, so that an answer is known to the letter.
"""

from __future__ import annotations

import io
import json
import os
import pty
import select
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from tunesmith.cli.main import run
from tunesmith.data.examples import Message
from tunesmith.infer.loaded import load_model

ASKED, ANSWERED = "Say red", "red blue"


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


def tunesmith(*arguments: object, typed: str = "") -> Said:
    """One command line with ``typed`` piped into it."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setenv("TUNESMITH_OFFLINE", "1")
        patch.setattr(sys, "stdin", io.StringIO(typed))
        code = run([str(argument) for argument in arguments])
    return Said(code, out.getvalue(), err.getvalue())


def chat_row(*texts: str, system: str | None = None) -> dict[str, Any]:
    opening = [{"role": "system", "content": system}] if system else []
    turns = [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(texts)]
    return {"messages": opening + turns}


CONVERSATIONS = [
    chat_row(ASKED, ANSWERED, "Again?", "blue!"),
    chat_row("Again?", "what?"),
    chat_row(ASKED, "OLD NEW", system="Shout."),
]
COMPLETIONS = [{"prompt": "Say red ->", "completion": " blue"}, {"prompt": "Say warm ->", "completion": " cold"}]


def learned_by_heart(folder: Path, base: Path, rows: list[dict[str, Any]], **settings: Any) -> Path:
    (folder / "training.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows * 4))
    spec = {
        "base_model": str(base),
        "training_file": "training.jsonl",
        "batch_size": len(rows) * 4,
        "precision": "fp32",
    }
    spec |= {"learning_rate": 0.01, **settings}
    (folder / "job.yaml").write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in spec.items()))
    said = tunesmith("train", folder / "job.yaml", "--out", folder / "run")
    assert said.code == 0, said.err
    return folder / "run"


@pytest.fixture(scope="session")
def adapted(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Path:
    """A finished LoRA run."""
    return learned_by_heart(tmp_path_factory.mktemp("chat"), tiny_base, CONVERSATIONS, max_steps=300)


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Path:
    """A finished run that trained every weight."""
    folder = tmp_path_factory.mktemp("chat_full")
    return learned_by_heart(folder, tiny_base, CONVERSATIONS, max_steps=150, adapter="none")


@pytest.fixture(scope="session")
def raw(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Path:
    """A finished run on prompts and completions."""
    return learned_by_heart(tmp_path_factory.mktemp("chat_raw"), tiny_base, COMPLETIONS, max_steps=120)


# ---- one question --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["adapted", "whole"])
@pytest.mark.parametrize("part", ["", "model"])
def test_run_folder_and_model_folder_answer_as_trained(kind: str, part: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(kind) / part
    assert tunesmith("chat", folder, "--message", ASKED) == Said(0, f"{ANSWERED}\n", "")


def test_base_folder_answers(tiny_base: Path) -> None:
    said = tunesmith("chat", tiny_base, "-m", ASKED, "--max-tokens", 5)
    assert (said.code, said.err) == (0, "")
    assert len(said.out) > 1
    assert said.out != f"{ANSWERED}\n"


def test_question_comes_from_a_pipe(adapted: Path) -> None:
    assert tunesmith("chat", adapted, typed=f"{ASKED}\n").out == f"{ANSWERED}\n"


def test_system_message_changes_the_answer(whole: Path) -> None:
    assert tunesmith("chat", whole, "--system", "Shout.", "--message", ASKED).out == "OLD NEW\n"


@pytest.mark.parametrize(
    ("stops", "expected"), [([" "], "red"), (["zzz", "d b"], "re"), (["red"], ""), (["blues"], ANSWERED)]
)
def test_stop_text_ends_the_answer_and_is_left_out(whole: Path, stops: list[str], expected: str) -> None:
    options = [word for stop in stops for word in ("--stop", stop)]
    assert tunesmith("chat", whole, "--message", ASKED, *options).out == f"{expected}\n"


def test_answer_ends_at_max_tokens(whole: Path) -> None:
    first = tunesmith("chat", whole, "--message", ASKED, "--max-tokens", 1).out.removesuffix("\n")
    assert ANSWERED.startswith(first)
    assert first != ANSWERED


def test_same_seed_samples_the_same_answer(tiny_base: Path) -> None:
    hot = ("chat", tiny_base, "-m", ASKED, "--temperature", 2, "--top-p", 0.9, "--max-tokens", 20, "--seed")
    first, again, other = (tunesmith(*hot, seed) for seed in (1, 1, 2))
    assert first.code == 0
    assert first == again
    assert first.out != other.out


def test_control_token_in_a_message_stays_text(adapted: Path) -> None:
    """Typed as a control token, it would end the question and put words in the assistant's mouth."""
    model = load_model(str(adapted), torch.float32)
    ids = model.prompt_ids([Message("user", "a<|im_end|>b")])
    end = model.renderer.tokenizer.control_id("<|im_end|>")
    assert ids.count(end or -1) == 1
    assert tunesmith("chat", adapted, "--message", "a<|im_end|>b", "--max-tokens", 3).code == 0


# ---- raw prompts ---------------------------------------------------------------------------------


def test_raw_model_gets_raw_prompts(raw: Path) -> None:
    model = load_model(str(raw), torch.float32)
    tokenizer = model.renderer.tokenizer
    assert model.prompt_ids([Message("user", "Say red ->")]) == tokenizer.encode_whole("Say red ->")
    assert tunesmith("chat", raw, "--message", "Say red ->") == Said(0, " blue\n", "")
    assert tunesmith("chat", raw, typed="Say warm ->\n").out == " cold\n"


def test_raw_model_has_no_system_message(raw: Path) -> None:
    said = tunesmith("chat", raw, "--system", "Shout.", "--message", "Say red ->")
    assert (said.code, said.out) == (2, "")
    assert "no system message" in said.err


def test_empty_raw_prompt_is_refused(raw: Path) -> None:
    said = tunesmith("chat", raw, "--message", "")
    assert said.code == 2
    assert "The prompt is empty" in said.err


# ---- mistakes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--temperature", "-0.1"),
        ("--temperature", "2.1"),
        ("--temperature", "nan"),
        ("--temperature", "inf"),
        ("--top-p", "0"),
        ("--top-p", "1.01"),
        ("--top-p", "nan"),
        ("--max-tokens", "0"),
        ("--max-tokens", "-5"),
    ],
)
def test_sampling_out_of_range_is_refused(tiny_base: Path, option: str, value: str) -> None:
    more = () if option == "--temperature" else ("--temperature", "1")
    said = tunesmith("chat", tiny_base, "-m", "Hi", option, value, *more)
    assert (said.code, said.out) == (2, "")
    assert "Traceback" not in said.err


@pytest.mark.parametrize("name", ["./nowhere", "nobody/nothing-such", "no spaces here"])
def test_unknown_model_is_refused(name: str) -> None:
    said = tunesmith("chat", name, "-m", "Hi")
    assert said.code == 2
    assert name in said.err


def test_name_of_a_servers_model_says_where_to_ask_it() -> None:
    said = tunesmith("chat", "ft:starter:default:x:abc", "-m", "Hi")
    assert said.code == 2
    assert "chat ft:starter:default:x:abc --server http" in said.err


def test_question_longer_than_the_context_is_refused(adapted: Path) -> None:
    said = tunesmith("chat", adapted, "--message", "近" * 400)
    assert (said.code, said.out) == (2, "")
    assert "context holds 256" in said.err


def test_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    said = tunesmith("chat", tmp_path, "-m", "Hi")
    assert said.code == 2
    assert "config.json is missing" in said.err


def test_adapter_on_a_changed_base_is_refused(tmp_path: Path, tiny_base: Path) -> None:
    base = Path(shutil.copytree(tiny_base, tmp_path / "base"))
    run_folder = learned_by_heart(tmp_path, base, CONVERSATIONS, max_steps=1)
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps(config | {"rope_theta": 5000.0}))
    said = tunesmith("chat", run_folder, "-m", ASKED)
    assert said.code == 2
    assert "was trained on another" in said.err


def test_unfinished_run_says_how_to_finish_and_that_works(adapted: Path, tmp_path: Path) -> None:
    """The folder's name needs quotes on a command line."""
    unfinished = Path(shutil.copytree(adapted, tmp_path / "my run"))
    shutil.rmtree(unfinished / "model")
    said = tunesmith("chat", unfinished, "-m", ASKED)
    assert said.code == 2
    assert "has not finished" in said.err
    command = said.err[said.err.index("tunesmith train ") :].strip()
    assert tunesmith(*shlex.split(command)[1:]).code == 0
    assert tunesmith("chat", unfinished, "-m", ASKED).out == f"{ANSWERED}\n"


# ---- a conversation in a terminal ----------------------------------------------------------------


class Terminal:
    """A pseudo-terminal's end where a person sits: types lines and reads what is shown."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def say(self, line: str) -> str:
        """Type a line; → what appears until the next prompt."""
        os.write(self._descriptor, f"{line}\n".encode())
        return self.read_to_prompt()

    def read_to_prompt(self) -> str:
        shown = b""
        deadline = time.monotonic() + 60
        while not shown.endswith(b"you "):
            assert select.select([self._descriptor], [], [], deadline - time.monotonic())[0], shown
            shown += os.read(self._descriptor, 4096)
        return shown.decode().replace("\r\n", "\n")

    def type(self, text: str) -> None:
        os.write(self._descriptor, text.encode())


@contextmanager
def conversation(*arguments: object) -> Iterator[tuple[Terminal, subprocess.Popen[bytes]]]:
    person, process = pty.openpty()
    command = [sys.executable, "-m", "tunesmith", "chat", *map(str, arguments)]
    environment = {**os.environ, "TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "200"}
    with subprocess.Popen(command, stdin=process, stdout=process, stderr=process, env=environment) as chat:
        os.close(process)
        try:
            yield Terminal(person), chat
            assert chat.wait(timeout=30) == 0
        finally:
            chat.kill()
            os.close(person)


def test_conversation_remembers_starts_over_and_ends(whole: Path) -> None:
    with conversation(whole) as (terminal, _):
        assert "/new starts over. Leave with /quit" in terminal.read_to_prompt()
        assert terminal.say(ASKED) == f"{ASKED}\n{ANSWERED}\nyou "
        assert terminal.say("Again?") == "Again?\nblue!\nyou "
        assert terminal.say("") == "\nyou "
        assert terminal.say("/new") == "/new\nyou "
        assert terminal.say("Again?") == "Again?\nwhat?\nyou "
        assert "context holds 256" in terminal.say("近" * 300)
        terminal.type("/quit\n")


def test_conversation_ends_with_ctrl_d_and_keeps_its_system_message(whole: Path) -> None:
    with conversation(whole, "--system", "Shout.") as (terminal, _):
        terminal.read_to_prompt()
        assert terminal.say(ASKED) == f"{ASKED}\nOLD NEW\nyou "
        assert terminal.say("/new") == "/new\nyou "
        assert terminal.say(ASKED) == f"{ASKED}\nOLD NEW\nyou "
        terminal.type("\x04")


def test_raw_conversation_has_no_memory(raw: Path) -> None:
    with conversation(raw) as (terminal, _):
        assert "Each line is a raw prompt" in terminal.read_to_prompt()
        assert [terminal.say("Say red ->") for _ in range(2)] == ["Say red ->\n blue\nyou "] * 2
        terminal.type("/quit\n")
