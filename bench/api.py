#!/usr/bin/env python3
"""Chat through the API: what it adds to the serving process alone, sixteen streams beside transformers, and how
long an answer takes while a job trains.

    python bench/api.py --rounds 3

The API and the serving process run as in production (`tunesmith api`, `tunesmith serve`) on a home of their own.
`latency`: the starter, answers of about 100 ms, asked over the socket and through the API in turn. `streams`: the
135M shape with random weights in bf16; sixteen streams at once through the API (SSE, each read to its end), and
transformers' generate on the same sixteen prompts as one batch. `training`: latency through the API while a niced
process multiplies matrices on every core, and without it. See bench/README.md.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import socket
import string
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import httpx2

import measure
import tables
from workload import SHAPES, write_model

PARTS = ("latency", "streams", "training")
STREAMS, PROMPT_LETTERS = 16, 48
AIMED_SECONDS = 0.1
NICENESS = 10  # as the worker gives it to a training process
SAID = "What is the weather in Paris?"
# So that an answer has exactly the tokens that were asked for.
NEVER_ENDS = {"1": -100}


def main() -> None:
    if len(sys.argv) == 2 and sys.argv[1].startswith("{"):
        run_contender(json.loads(sys.argv[1]))
        return
    options = parse_options()
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    folder = write_chat_model(options.shape, work)
    with platform(folder) as home:
        runs = [run for part in options.parts for run in MEASURED[part](home, folder, options, work)]
    document = {**measure.document("api-chat", runs), "rounds": options.rounds, "shape": options.shape}
    text = table(document)
    print("\n" + text)
    options.out.mkdir(parents=True, exist_ok=True)
    name = f"{document['date']}-{document['machine']}-api-chat"
    (options.out / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n")
    (options.out / f"{name}.md").write_text(text)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="(default: all)")
    parser.add_argument("--rounds", type=int, default=3, help="of streams (default: 3)")
    parser.add_argument("--requests", type=int, default=200, help="of latency, each way (default: 200)")
    parser.add_argument("--shape", choices=list(SHAPES), default="135M", help="of streams (default: 135M)")
    parser.add_argument("--new-tokens", type=int, default=64, help="that each stream makes (default: 64)")
    parser.add_argument("--quick", action="store_true", help="only show that it works: 3M, 1 round, 20 requests")
    parser.add_argument("--work", type=Path, default=Path("runs/bench"), help="weights (default: runs/bench)")
    parser.add_argument("--out", type=Path, default=Path("runs/bench/results"),
                        help="where the table and the raw numbers go (default: runs/bench/results)")  # fmt: skip
    options = parser.parse_args()
    if options.quick:
        options.shape, options.rounds, options.requests, options.new_tokens = "3M", 1, 20, 8
    return options


# --- the platform ----------------------------------------------------------------------------------------------------


class Home:
    """A running API and serving process: how to ask either."""

    def __init__(self, folder: Path, port: int, key: str) -> None:
        self.socket = folder / "run" / "serve.sock"
        self.port, self.url = port, f"http://127.0.0.1:{port}/v1"
        self.headers = {"authorization": f"Bearer {key}"}
        self.client = httpx2.Client(base_url=self.url, headers=self.headers, timeout=120, trust_env=False)

    def through_api(self, num_tokens: int) -> float:
        """Seconds of one whole answer."""
        started = time.perf_counter()
        answer = self.client.post("/chat/completions", json=body("starter", SAID, num_tokens))
        seconds = time.perf_counter() - started
        if answer.status_code != 200 or answer.json()["usage"]["completion_tokens"] != num_tokens:
            raise SystemExit(answer.text)
        return seconds

    def over_socket(self, num_tokens: int) -> float:
        """The same request to the serving process itself."""
        from tunesmith.data.examples import Message
        from tunesmith.infer.protocol import Chat, Done, Served, line_of, read_reply

        starter = Served("base", "starter", "starter", "starter")
        chat = Chat(starter, (Message("user", SAID),), 1, "bench", max_tokens=num_tokens, temperature=0.0,
                    logit_bias={1: -100.0}, whole=True)  # fmt: skip
        started = time.perf_counter()
        with socket.socket(socket.AF_UNIX) as door:
            door.connect(str(self.socket))
            door.sendall(line_of(chat))
            *_, last = (read_reply(line) for line in door.makefile("rb"))
        seconds = time.perf_counter() - started
        if not isinstance(last, Done) or last.completion_tokens != num_tokens:
            raise SystemExit(str(last))
        return seconds


def body(model: str, said: str, num_tokens: int, **more: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": said}]
    return {"model": model, "messages": messages, "max_tokens": num_tokens, "temperature": 0, "seed": 1,
            "logit_bias": NEVER_ENDS, **more}  # fmt: skip


@contextmanager
def platform(model: Path) -> Iterator[Home]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="tunesmith-") as folder:
        environment = {
            **os.environ, "TUNESMITH_HOME": folder, "TUNESMITH_PORT": str(port), "TUNESMITH_OFFLINE": "1",
            "TUNESMITH_BASE_MODELS": json.dumps({"random": str(model)}),
        }  # fmt: skip
        key = first_key(Path(folder))
        processes = [start(part, environment) for part in ("serve", "api")]
        try:
            home = Home(Path(folder), port, key)
            wait_until(lambda: is_up(home), processes)
            yield home
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(60)


def first_key(folder: Path) -> str:
    from tunesmith.core.settings import Settings
    from tunesmith.store.db import Database
    from tunesmith.store.keys import ensure_first_admin
    from tunesmith.store.migrate import upgrade

    database = Database(Settings(home=folder).sqlalchemy_url)
    upgrade(database)
    with database.write() as connection:
        key = ensure_first_admin(connection, None, int(time.time()))
    database.close()
    if key is None:
        raise SystemExit("the home was used before")
    return key


def start(part: str, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "tunesmith", part], env=dict(environment))


def is_up(home: Home) -> bool:
    try:
        return home.through_api(2) > 0
    except (httpx2.HTTPError, SystemExit):
        return False


def wait_until(condition: Callable[[], bool], processes: Sequence[subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        if time.monotonic() > deadline or any(process.poll() is not None for process in processes):
            raise SystemExit("the platform did not come up")
        time.sleep(0.1)


def write_chat_model(shape: str, work: Path) -> Path:
    """The shape's random weights with a tokenizer that has a text for every id, so that every token is a chunk."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    weights, target = write_model(shape, work), work / f"chat-{shape}"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for name in ("model.safetensors", "config.json"):
        (target / name).symlink_to(weights / name)
    special = ["<|bos|>", "<|end|>", "<|user|>", "<|assistant|>"]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = [f"w{n}" for n in range(SHAPES[shape].vocab_size - len(special) - len(letters))]
    vocabulary = {text: number for number, text in enumerate([*special, *letters, *words])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    tokenizer.save(str(target / "tokenizer.json"))
    named = {"bos_token": special[0], "eos_token": special[1], "tokenizer_class": "PreTrainedTokenizerFast"}
    (target / "tokenizer_config.json").write_text(json.dumps(named))
    (target / "chat_template.jinja").write_text(
        "{{ bos_token }}{% for m in messages %}{{ '<|' + m.role + '|>' + m.content + '<|end|>' }}{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|>{% endif %}"
    )
    return target


# --- latency ---------------------------------------------------------------------------------------------------------


def measure_latency(home: Home, folder: Path, options: argparse.Namespace, work: Path) -> list[dict[str, Any]]:
    num_tokens = tokens_for(home, AIMED_SECONDS)
    start_of_all = measure.moment()
    pairs = [(home.over_socket(num_tokens), home.through_api(num_tokens)) for _ in range(options.requests)]
    disturbance = measure.disturbance(start_of_all, measure.moment())
    direct, through = ([pair[side] for pair in pairs] for side in (0, 1))
    run = {"part": "latency", "tokens": num_tokens, "direct": direct, "api": through, **disturbance}
    ratio, added = median(through) / median(direct), median(through) - median(direct)
    print(f"latency: {1000 * median(direct):.1f} ms alone, {ratio:.3f} times through the API (+{1000 * added:.2f} ms)")
    return [run]


def tokens_for(home: Home, seconds: float) -> int:
    """How many tokens take about so long."""
    home.over_socket(16)
    one = min(home.over_socket(32) for _ in range(10)) / 32
    return max(4, round(seconds / one))


# --- streams ---------------------------------------------------------------------------------------------------------


def prompts() -> list[str]:
    rng = random.Random(3)
    return ["".join(rng.choices(string.ascii_lowercase, k=PROMPT_LETTERS)) for _ in range(STREAMS)]


def measure_streams(home: Home, folder: Path, options: argparse.Namespace, work: Path) -> list[dict[str, Any]]:
    asyncio.run(all_streams(home, options.new_tokens))  # loads and warms up
    runs = []
    for number in range(1, options.rounds + 1):
        for contender in ("api", "transformers") if number % 2 else ("transformers", "api"):
            if contender == "api":
                began = measure.moment()
                tokens = asyncio.run(all_streams(home, options.new_tokens))
                ended = measure.moment()
                result = {"seconds": ended.wall - began.wall, "new_tokens": tokens}
            else:
                asked = {"contender": "transformers", "folder": str(folder), "new_tokens": options.new_tokens}
                result = measure.run_child("api.py", asked, work)
            runs.append({"part": "streams", "round": number, "contender": contender, **result})
            print(f"streams, round {number}, {contender}: {speed(runs[-1]):,.1f} tokens/s", flush=True)
    return runs


async def all_streams(home: Home, new_tokens: int) -> int:
    """Sixteen at once, each read as its bytes come and looked into afterwards; → tokens made."""
    answers = await asyncio.gather(*(one_stream(home, said, new_tokens) for said in prompts()))
    return sum(tokens_of(answer, new_tokens) for answer in answers)


async def one_stream(home: Home, said: str, new_tokens: int) -> bytes:
    """Plain HTTP without a library: callers are on another machine, and theirs is not the time that is measured."""
    asked = json.dumps(body("random", said, new_tokens, stream=True, stream_options={"include_usage": True})).encode()
    headers = {**home.headers, "host": "127.0.0.1", "content-type": "application/json",
               "content-length": str(len(asked)), "connection": "close"}  # fmt: skip
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    reader, writer = await asyncio.open_connection("127.0.0.1", home.port)
    writer.write(f"POST /v1/chat/completions HTTP/1.1\r\n{head}\r\n".encode() + asked)
    answer = await reader.read()
    writer.close()
    return answer


def tokens_of(answer: bytes, new_tokens: int) -> int:
    """What the usage says, when it is what was asked for and came token by token."""
    chunks = [json.loads(line[6:]) for line in answer.splitlines() if line.startswith(b"data: {")]
    usage = chunks[-1].get("usage") if chunks else None
    texts = sum(bool(chunk["choices"] and chunk["choices"][0]["delta"].get("content")) for chunk in chunks)
    if usage is None or usage["completion_tokens"] != new_tokens or texts < new_tokens // 2:
        raise SystemExit(answer.decode()[-1000:])
    return int(usage["completion_tokens"])


def run_contender(request: Mapping[str, Any]) -> None:
    """transformers on the same prompts as one batch; warm."""
    import torch
    from transformers import AutoModelForCausalLM

    from tunesmith.data.examples import Message
    from tunesmith.data.render import Renderer, render_prompt

    folder = Path(request["folder"])
    renderer = Renderer.load(folder)
    ids = torch.tensor([render_prompt((Message("user", said),), renderer) for said in prompts()])
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).eval()
    options = {"do_sample": False, "max_new_tokens": request["new_tokens"], "eos_token_id": None, "pad_token_id": 1}

    def call() -> int:
        with torch.inference_mode():
            made = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), **options)
        return int(made[:, ids.shape[1] :].numel())

    call()
    began = measure.moment()
    tokens = call()
    ended = measure.moment()
    measure.hand_back({"seconds": ended.wall - began.wall, "new_tokens": tokens, **measure.disturbance(began, ended)})


def speed(run: Mapping[str, Any]) -> float:
    return float(run["new_tokens"] / run["seconds"])


# --- training --------------------------------------------------------------------------------------------------------

HUNGRY = """
import os, torch
os.nice(int(os.environ["NICENESS"]))
a, b = torch.randn(2048, 1536).bfloat16(), torch.randn(1536, 2048).bfloat16()
while True:
    a @ b
"""


def measure_training(home: Home, folder: Path, options: argparse.Namespace, work: Path) -> list[dict[str, Any]]:
    num_tokens = tokens_for(home, AIMED_SECONDS)
    quiet = [home.through_api(num_tokens) for _ in range(options.requests)]
    environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "NICENESS": str(NICENESS)}
    hungry = subprocess.Popen([sys.executable, "-c", HUNGRY], env=environment)
    try:
        wait_until(lambda: processor_seconds(hungry.pid) > 5, [hungry])
        beside = [home.through_api(num_tokens) for _ in range(options.requests)]
    finally:
        hungry.terminate()
        hungry.wait()
    print(f"training: {1000 * median(quiet):.0f} ms without, {1000 * median(beside):.0f} ms beside a niced process")
    return [{"part": "training", "tokens": num_tokens, "quiet": quiet, "beside": beside}]


def processor_seconds(process_id: int) -> float:
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


MEASURED = {"latency": measure_latency, "streams": measure_streams, "training": measure_training}


# --- the table -------------------------------------------------------------------------------------------------------


def table(document: Mapping[str, Any]) -> str:
    lines = [tables.head(document, "Chat through the API"), ""]
    for run in document["runs"]:
        if run["part"] == "latency":
            lines += latency_table("An answer over the socket and through the API", run, ("direct", "api"))
        if run["part"] == "training":
            lines += latency_table("An answer through the API while nothing and while a niced process works", run,
                                   ("quiet", "beside"))  # fmt: skip
    streams = [run for run in document["runs"] if run["part"] == "streams"]
    if streams:
        lines += streams_table(streams, document["shape"])
    return "\n".join(lines) + "\n"


def latency_table(title: str, run: Mapping[str, Any], sides: Sequence[str]) -> list[str]:
    lines = [f"## {title}", "", f"The starter, {run['tokens']} tokens, {len(run[sides[0]])} answers each.", ""]
    lines += ["| | median ms | p95 ms | times | added ms |", "| --- | --- | --- | --- | --- |"]
    first = median(run[sides[0]])
    for side in sides:
        ordered = sorted(run[side])
        middle, late = median(ordered), ordered[int(len(ordered) * 0.95)]
        times, added = middle / first, 1000 * (middle - first)
        lines.append(f"| {side} | {1000 * middle:.1f} | {1000 * late:.1f} | {times:.3f} | {added:.2f} |")
    return [*lines, ""]


def streams_table(runs: Sequence[Mapping[str, Any]], shape: str) -> list[str]:
    lines = [f"## {STREAMS} streams, {shape}, bf16, greedy", "", "| contender | tok/s median [min, max] | ours ÷ it |"]
    lines += ["| --- | --- | --- |"]
    ours = [run["seconds"] for run in runs if run["contender"] == "api"]
    for contender in ("api", "transformers"):
        own = [run for run in runs if run["contender"] == contender]
        speeds = [speed(run) for run in own]
        ratios = [run["seconds"] / seconds for run, seconds in zip(own, ours, strict=True)]
        spread = f"{median(speeds):,.1f} [{min(speeds):,.1f}, {max(speeds):,.1f}]"
        lines.append(f"| {contender} | {spread} | {median(ratios):.2f} |")
    return [*lines, ""]


if __name__ == "__main__":
    main()
