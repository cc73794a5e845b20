"""The command line against `tunesmith up`: the words that a person types, and what they get."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ALPACA = [{"instruction": f"Say {word} {i}.", "output": f"{word} it is"} for i, word in enumerate(["red", "blue"] * 6)]


def until(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 120
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


@dataclass(frozen=True)
class CommandLine:
    platform: Any

    def environment(self) -> dict[str, str]:
        return {
            **os.environ, "TUNESMITH_SERVER": self.platform.url, "TUNESMITH_API_KEY": self.platform.key, "COLUMNS": "200",
        }  # fmt: skip

    def __call__(self, *words: object, code: int = 0) -> str:
        """Standard output; on failure, standard error too."""
        command = [sys.executable, "-m", "tunesmith", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=200, env=self.environment())
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout if code == 0 else done.stdout + done.stderr

    def json(self, *words: object) -> Any:
        return json.loads(self(*words, "--json"))


@pytest.fixture(scope="module")
def tunesmith(platform) -> CommandLine:
    return CommandLine(platform)


@pytest.fixture(scope="module")
def trained(tunesmith: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """`tunesmith train CONFIG.yaml --server URL` of an Alpaca file: what it printed, and the job."""
    folder = tmp_path_factory.mktemp("job")
    (folder / "alpaca.json").write_text(json.dumps(ALPACA, indent=1))
    (folder / "job.yaml").write_text(
        "base_model: starter\ntraining_file: alpaca.json\nmax_steps: 3\nbatch_size: 4\nlora_rank: 4\nseed: 5\n"
    )
    said = tunesmith("train", folder / "job.yaml", "--server", tunesmith.platform.url)
    job_id = re.search(r"Job (ftjob-\w+)", said)
    assert job_id, said
    return said, tunesmith.json("jobs", "show", job_id[1])


def test_train_follows_its_job_to_the_end(trained: tuple[str, dict[str, Any]]) -> None:
    said, job = trained
    assert "alpaca.jsonl is on the server: file-" in said
    assert re.search(r"step 3/3 \(100 %\): loss \d", said)
    assert "The job has successfully completed" in said
    assert job["fine_tuned_model"] in said


def test_every_key_of_the_yaml_arrives(trained: tuple[str, dict[str, Any]]) -> None:
    _, job = trained
    assert (job["seed"], job["resolved"]["lora_rank"]["value"], job["resolved"]["total_steps"]["value"]) == (5, 4, 3)


def test_job_is_shown_listed_and_told(tunesmith: CommandLine, trained: tuple[str, dict[str, Any]]) -> None:
    job = trained[1]
    assert job["fine_tuned_model"] in tunesmith("jobs", "show", job["id"])
    assert job["id"] in tunesmith("jobs", "list")
    events = tunesmith("jobs", "events", job["id"], "--all").splitlines()
    assert events[0].endswith(f"Created fine-tuning job: {job['id']}")
    assert events[-1].endswith("The job has successfully completed")
    names = [item["fine_tuned_model_checkpoint"] for item in tunesmith.json("jobs", "checkpoints", job["id"])]
    assert names
    assert names[0] in tunesmith("jobs", "checkpoints", job["id"])


def test_tuned_model_chats_and_is_listed(tunesmith: CommandLine, trained: tuple[str, dict[str, Any]]) -> None:
    model = trained[1]["fine_tuned_model"]
    said = tunesmith("chat", model, "--server", tunesmith.platform.url, "-m", "Say red 0.", "--max-tokens", 8)
    assert len(said) > 1
    assert model in tunesmith("models", "list")
    assert model in tunesmith("models", "show", model)


def test_file_goes_up_and_comes_back(tunesmith: CommandLine, rows_file: Path, tmp_path: Path) -> None:
    file = tunesmith.json("files", "upload", rows_file)
    assert file["id"] in tunesmith("files", "list")
    assert "processed" in tunesmith("files", "show", file["id"])
    tunesmith("files", "download", file["id"], "--out", tmp_path / "back.jsonl")
    assert (tmp_path / "back.jsonl").read_bytes() == rows_file.read_bytes()
    assert tunesmith("files", "delete", file["id"]) == f"{file['id']} is deleted.\n"
    assert "file-" in tunesmith("files", "show", file["id"], code=2)


def test_job_is_paused_resumed_and_cancelled(tunesmith: CommandLine, rows_file: Path) -> None:
    created = tunesmith.json(
        "jobs", "create", "--model", "starter", "--training-file", rows_file, "--set", "max_steps=500"
    )
    job_id = created["id"]
    until(lambda: tunesmith.json("jobs", "show", job_id)["step"] >= 1)
    tunesmith("jobs", "pause", job_id)
    until(
        lambda: any(
            "ckpt-step" in item["fine_tuned_model_checkpoint"] for item in tunesmith.json("jobs", "checkpoints", job_id)
        )
    )
    tunesmith("jobs", "resume", job_id)
    assert "cancelled" in tunesmith("jobs", "cancel", job_id)
    assert tunesmith.json("jobs", "show", job_id)["status"] == "cancelled"
    assert "cannot be resumed" in tunesmith("jobs", "resume", job_id, code=2)
    assert "is cancelled" in tunesmith("jobs", "watch", job_id, code=1)


def test_watch_goes_on_through_a_restart_of_the_server_and_ctrl_c_leaves_the_job(start, rows_file: Path) -> None:
    """The port stays the same over the restart, as it does for a person."""
    first = start()
    port = first.url.rpartition(":")[2]
    line = CommandLine(first)
    job_id = line.json("jobs", "create", "--model", "starter", "--training-file", rows_file, "--set", "max_steps=2000")[
        "id"
    ]
    command = [sys.executable, "-m", "tunesmith", "jobs", "watch", job_id]
    watching = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=line.environment()
    )
    try:
        said = read_until(watching, "is running")
        assert first.interrupt() == 0
        said += read_until(watching, "trying again")
        start(first.home, port=port)
        said += read_until(watching, "The server answers again.")
        watching.send_signal(signal.SIGINT)
        rest, _ = watching.communicate(timeout=60)
    finally:
        watching.kill()
        watching.wait()
    assert watching.returncode == 130
    assert f"jobs cancel {job_id}" in rest
    assert line.json("jobs", "show", job_id)["status"] in ("queued", "running")


def read_until(process: subprocess.Popen[str], words: str) -> str:
    said = ""
    for line in process.stdout or ():
        said += line
        if words in line:
            return said
    raise AssertionError(f"{words!r} was not said:\n{said}")


def test_bad_rows_fail_the_job_with_their_lines(tunesmith: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    good = json.dumps({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}) + "\n"
    path.write_text(good * 11 + '{"messages": []}\n')
    said = tunesmith("jobs", "create", "--model", "starter", "--training-file", path, "--watch", code=2)
    assert "failed" in said
    assert re.search(r"(line|Line|Example) 12", said)


def test_wrong_key_says_which_variable_to_set(tunesmith: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {**tunesmith.environment(), "TUNESMITH_API_KEY": "sk-wrong-and-long-enough"}
    command = [sys.executable, "-m", "tunesmith", "models", "list"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
    assert done.returncode == 2
    assert "set TUNESMITH_API_KEY" in done.stderr
    assert "sk-wrong-and-long-enough" not in done.stderr


def test_unknown_setting_is_refused_by_name(tunesmith: CommandLine, rows_file: Path) -> None:
    said = tunesmith("jobs", "create", "--model", "starter", "--training-file", rows_file, "--set", "lora_r=4", code=2)
    assert "lora_r" in said
    assert "lora_rank" in said


@pytest.mark.parametrize(
    ("model", "setting", "words"), [("nobody/s", "lora_rank=4", "nobody/s"), ("starter", "lora_rank=0", "lora_rank")]
)
def test_what_the_server_refuses_leaves_no_file_there(
    tunesmith: CommandLine, tmp_path: Path, model: str, setting: str, words: str
) -> None:
    (tmp_path / "refused.json").write_text(json.dumps(ALPACA))
    said = tunesmith(
        "jobs", "create", "--model", model, "--training-file", tmp_path / "refused.json", "--set", setting, code=2
    )
    assert words in said
    assert "nothing was sent" in said
    assert "refused.jsonl" not in tunesmith("files", "list", "--all")


def test_the_model_behind_an_alias_is_named(tunesmith: CommandLine) -> None:
    assert re.search(r"alias of +starter", tunesmith("models", "show", "gpt-4o-mini"))
    command = [sys.executable, "-m", "tunesmith", "chat", "gpt-4o-mini", "--server", tunesmith.platform.url, "-m", "Hi"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, env=tunesmith.environment())
    assert (done.returncode, done.stderr) == (0, "gpt-4o-mini is another name here: starter answers.\n")
