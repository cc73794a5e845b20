#!/usr/bin/env python3
"""A chat file validated, and made ready for training, beside the tools that people use for it.

    python bench/data.py --rounds 5
    python bench/data.py --file chats.jsonl    # your own chats instead of generated ones

One file, generated from a seed: rows of one to four turns, of 40,000 made-up words by Zipf's law, some Chinese, quotes and
line breaks, a few with weights. In turn, round by round; a first round warms up. Told are the processor's seconds and
the clock's; ratios are of the processor's seconds where one core works, which says more than the clock where the machine
is not alone, and of the clock's where all do.

validate: what `tunesmith data check` does before it looks at what is said: strict parsing, control tokens, duplicates, figures,
SHA-256; on one core.
judge: the same without figures and SHA-256.
judge, all cores: by as many processes as there are cores; so with the other two.
msgspec, typed: each line decoded into a closed schema (a union by role), and nothing else.
plain loop: json.loads of each line, and the format checks and message counts of OpenAI's cookbook (chat fine-tuning data
preparation), without its token counts.

The rest on the file's first rows, with the starter's tokenizer, its loading included:
count tokens: what `tunesmith data check --base-model starter` does: every row judged, rendered, tokenized and masked; all
figures, those of tokens too; on one core.
cookbook: the plain loop, and the notebook's token counts: every text of every message encoded by a call of its own, the
assistant's once more, as it does; then of messages, tokens and the assistant's tokens the least, the most, mean, median
and the quantiles 0.1 and 0.9 (it calls them p5 and p95), and the tokens to pay for. It renders no template.
validate and tokenize: every row judged, rendered, tokenized and masked, and kept; on one core.
datasets and TRL: load_dataset, then a map of apply_chat_template with tokenize, as SFTTrainer prepares rows without
assistant_only_loss; no cache. It judges nothing and builds no mask of the answers; it writes the tokens to disk.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from itertools import accumulate, islice
from pathlib import Path
from statistics import median
from typing import Any, Literal

import msgspec
from tokenizers import Tokenizer

import measure
import tables
from train import write
from tunesmith.core.machine import num_cores
from tunesmith.data.examples import ChatExample, CompletionExample
from tunesmith.data.findings import Finding
from tunesmith.data.render import Renderer, render
from tunesmith.data.row_measures import ModelRead, RowMeasures
from tunesmith.data.statistics import Tally
from tunesmith.data.validate import check_file, judge_file, validate_file
from tunesmith.nn.catalog import find_folder

MIB = 1 << 20
SYLLABLES = (
    "a al an ar at be can cer com con da de di do e ed en er es ex fa for ful ga ge gen ha he i in ing ion is it ja jo ka la le li "
    "ly ma man me ment mi mo na ne ni no o of on or ou pa per pi po pre pro qua ra re ri ro s sa se si so sta ta te tel ter "
    "th the ti tion to tra un up ur us va ve vi vo wa we wi y za"
).split()
HAN = "的一是不了人我在有他这为之大来以个中上们到说国和地也子时道出而要于就下得可你年生自会那后能对着事其里所去行过家十用发天如然作方成者"


@cache
def vocabulary() -> tuple[list[str], list[float]]:
    """40,000 words of one to five syllables, some with capitals or digits, and their frequencies by Zipf's law."""
    chance = random.Random(2)
    words = list(
        dict.fromkeys("".join(chance.choices(SYLLABLES, k=chance.choice((1, 2, 2, 3, 3, 4, 5)))) for _ in range(48_000))
    )
    words = [word.title() if chance.random() < 0.1 else word for word in words][:39_000] + [
        str(chance.randrange(10 ** chance.randint(1, 5))) for _ in range(1_000)
    ]
    chance.shuffle(words)
    return words, list(accumulate(1 / rank for rank in range(1, len(words) + 1)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured (default: 5)")
    parser.add_argument("--mebibytes", type=int, default=512, help="the file's size (default: 512)")
    parser.add_argument("--rows", type=int, default=5_000, help="rows to tokenize (default: 5000)")
    parser.add_argument("--file", type=Path, help="a chat file to take instead of a generated one")
    parser.add_argument("--work", type=Path, default=Path("runs/bench"), help="where it works (default: runs/bench)")
    parser.add_argument("--out", type=Path, default=Path("runs/bench/results"), help="where the table goes")
    options = parser.parse_args()
    work = options.work.resolve() / "data"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        runs = measured(work, options)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    document = measure.document("data", runs)
    text = table(document)
    print("\n" + text)
    write(document, text, options.out, "data")


def measured(work: Path, options: argparse.Namespace) -> list[dict[str, Any]]:
    source, first = options.file or work / "rows.jsonl", work / "first.jsonl"
    if options.file is None:
        write_rows(source, options.mebibytes * MIB)
    with source.open("rb") as file:
        first.write_bytes(b"".join(islice(file, options.rows)))
    works: dict[str, tuple[Path, Callable[[], None]]] = {
        "validate": (source, lambda: validated(source, 1)),
        "validate, all cores": (source, lambda: validated(source, num_cores())),
        "judge": (source, lambda: judged(source, 1)),
        "judge, all cores": (source, lambda: judged(source, num_cores())),
        "msgspec, typed": (source, lambda: decoded(source)),
        "count tokens": (first, lambda: counted(first, 1)),
        "count tokens, all cores": (first, lambda: counted(first, num_cores())),
        "validate and tokenize": (first, lambda: tokenized(first)),
    }  # fmt: skip
    runs = []
    peers = {"plain loop": source, "cookbook": first, "datasets and TRL": first}
    # What they load and leave behind would make this process slow to be forked.
    with ProcessPoolExecutor(1) as peer:
        for number in range(options.rounds + 1):
            for name, (path, run) in works.items():
                runs.append({"what": name, "round": number, "bytes": path.stat().st_size, **timed(run)})
                say(runs[-1])
            for name, path in peers.items():
                taken = peer.submit(time_peer, name, path, work).result()
                runs.append({"what": name, "round": number, "bytes": path.stat().st_size, **taken})
                say(runs[-1])
    return runs


def timed(run: Callable[[], object]) -> dict[str, float]:
    start = measure.moment()
    run()
    return measure.disturbance(start, measure.moment())


def time_peer(name: str, path: Path, work: Path) -> dict[str, float]:
    """In a process of its own."""
    peers: dict[str, Callable[[], object]] = {
        "plain loop": lambda: looped(path),
        "cookbook": lambda: counted_by_cookbook(path),
        "datasets and TRL": lambda: prepared_by_trl(path, work),
    }
    return timed(peers[name])


def say(run: dict[str, Any]) -> None:
    what, cpu, clock = run["what"], run["cpu_seconds"], run["wall_seconds"]
    print(f"round {run['round']}, {what}: {cpu:.3f} s, {clock:.3f} by the clock", flush=True)


def write_rows(path: Path, num_bytes: int) -> None:
    random.seed(1)
    written = 0
    with path.open("wb") as file:
        while written < num_bytes:
            written += file.write(json.dumps(row(), ensure_ascii=False).encode() + b"\n")


def row() -> dict[str, Any]:
    messages: list[dict[str, Any]] = [{"role": "system", "content": said(30)}] if random.random() < 0.6 else []
    for _ in range(random.choice([1, 1, 1, 2, 2, 3, 4])):
        messages += [{"role": "user", "content": said(45)}, {"role": "assistant", "content": said(130)}]
    if random.random() < 0.01:
        messages[-1]["weight"] = 1
    return {"messages": messages}


def said(num_words: int) -> str:
    words, frequencies = vocabulary()
    chosen = random.choices(words, cum_weights=frequencies, k=max(1, int(num_words * random.lognormvariate(0, 0.6))))
    for place in range(random.randrange(6, 14), len(chosen), random.randrange(8, 16)):
        chosen[place] += random.choice((",", ".", ".", ":", "?"))
    if random.random() < 0.1:
        chosen.insert(0, "".join(random.choices(HAN, k=40)) + "。")
    if random.random() < 0.1:
        chosen.append('\n\n"Yes," he said.\n')
    return " ".join(chosen)


def validated(path: Path, processes: int) -> None:
    if check_file(path, tally=Tally(), processes=processes).errors:
        raise SystemExit("the file is not sound")


class Nothing:
    has_errors = False

    def wants(self, finding: Finding) -> bool:
        return True

    def add(self, finding: Finding, *place: int | None) -> None:
        if finding.severity == "error":
            raise SystemExit(str(finding))

    def note(self, finding: Finding, line: int | None) -> None:
        self.add(finding, line)


def judged(path: Path, processes: int) -> None:
    judge_file(path, Nothing(), processes=processes)


class Message(msgspec.Struct, tag_field="role"):
    content: str


class System(Message, tag="system"):
    name: str | None = None


class Developer(Message, tag="developer"):
    name: str | None = None


class User(Message, tag="user"):
    name: str | None = None


class Assistant(Message, tag="assistant"):
    weight: Literal[0, 1] = 1
    name: str | None = None


class Chat(msgspec.Struct):
    messages: list[System | Developer | User | Assistant]


def decoded(path: Path) -> None:
    decoder = msgspec.json.Decoder(Chat)
    with path.open("rb") as file:
        for line in file:
            decoder.decode(line)


def looped(path: Path) -> list[dict[str, Any]]:
    """The cookbook's format checks and counts, one dict after the other → the rows."""
    with path.open(encoding="utf-8") as file:
        dataset = [json.loads(line) for line in file]
    errors: defaultdict[str, int] = defaultdict(int)
    missing_system = missing_user = 0
    lengths = []
    for example in dataset:
        messages = example.get("messages") if isinstance(example, dict) else None
        if not messages:
            errors["missing_messages_list"] += 1
            continue
        for message in messages:
            if "role" not in message or "content" not in message:
                errors["message_missing_key"] += 1
            if any(key not in ("role", "content", "name", "function_call", "weight") for key in message):
                errors["message_unrecognized_key"] += 1
            if message.get("role") not in ("system", "user", "assistant", "function"):
                errors["unrecognized_role"] += 1
            content = message.get("content")
            if (not content and not message.get("function_call")) or not isinstance(content, str):
                errors["missing_content"] += 1
        if not any(message.get("role") == "assistant" for message in messages):
            errors["example_missing_assistant_message"] += 1
        missing_system += not any(message["role"] == "system" for message in messages)
        missing_user += not any(message["role"] == "user" for message in messages)
        lengths.append(len(messages))
    if errors:
        raise SystemExit(str(dict(errors)))
    return dataset


def counted_by_cookbook(path: Path) -> None:
    """The token counts of the cookbook's notebook, with another encoding."""
    import numpy

    encoding = Tokenizer.from_file(str(find_folder("starter") / "tokenizer.json"))
    num_messages, lengths, said = [], [], []
    for example in looped(path):
        num_messages.append(len(example["messages"]))
        num_tokens = num_said = 0
        for message in example["messages"]:
            num_tokens += 3
            for key, value in message.items():
                if isinstance(value, str):  # the notebook expects texts only; a weight is none
                    num_tokens += len(encoding.encode(value).ids)
                num_tokens += key == "name"
            if message["role"] == "assistant":
                num_said += len(encoding.encode(message["content"]).ids)
        lengths.append(num_tokens + 3)
        said.append(num_said)
    for values in (num_messages, lengths, said):
        min(values), max(values), numpy.mean(values), numpy.median(values)
        numpy.quantile(values, 0.1), numpy.quantile(values, 0.9)  # what the notebook prints as p5 and p95
    sum(length > 16_385 for length in lengths), sum(min(16_385, length) for length in lengths)


def counted(path: Path, processes: int) -> None:
    model = ModelRead(Renderer.load(find_folder("starter")), None)
    tally = Tally()
    tokens = model.renderer.tokenizer.control_tokens
    report = check_file(path, None, tokens, tally, lambda found: RowMeasures(found, model, tally), processes=processes)
    if report.errors or tally.statistics().tokens is None:
        raise SystemExit("the file is not sound")


def tokenized(path: Path) -> None:
    renderer = Renderer.load(find_folder("starter"))
    dataset = validate_file(path, control_tokens=renderer.tokenizer.control_tokens).dataset
    if dataset is None:
        raise SystemExit("the file is not sound")
    for example in dataset.examples:
        if isinstance(example, ChatExample | CompletionExample):
            render(example, renderer)


def prepared_by_trl(path: Path, work: Path) -> None:
    os.environ["HF_DATASETS_OFFLINE"] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    import datasets
    from transformers import AutoTokenizer

    datasets.disable_progress_bars()
    tokenizer = AutoTokenizer.from_pretrained(find_folder("starter"))
    cache = work / f"cache{time.monotonic_ns()}"
    loaded = datasets.load_dataset("json", data_files=str(path), split="train", cache_dir=str(cache))

    def tokenize(example: dict[str, Any]) -> dict[str, Any]:
        return dict(tokenizer.apply_chat_template(example["messages"], tokenize=True, return_dict=True))

    loaded.map(tokenize, remove_columns=["messages"])


RATIOS = (
    ("msgspec, typed", "judge", "cpu_seconds"), ("msgspec, typed", "validate", "cpu_seconds"),
    ("judge", "judge, all cores", "wall_seconds"), ("validate", "validate, all cores", "wall_seconds"),
    ("msgspec, typed", "judge, all cores", "wall_seconds"),
    ("plain loop", "validate", "cpu_seconds"), ("plain loop", "validate, all cores", "wall_seconds"),
    ("cookbook", "count tokens", "cpu_seconds"), ("cookbook", "count tokens, all cores", "wall_seconds"),
    ("datasets and TRL", "validate and tokenize", "cpu_seconds"), ("datasets and TRL", "validate and tokenize", "wall_seconds"),
)  # fmt: skip


def table(document: dict[str, Any]) -> str:
    runs = [run for run in document["runs"] if run["round"] > 0]
    by_name: dict[str, list[dict[str, Any]]] = {name: [] for name in dict.fromkeys(run["what"] for run in runs)}
    for run in runs:
        by_name[run["what"]].append(run)
    head = "| what | MiB | processor s, median [min, max] | by the clock | MiB/s by the clock | others' cores |"
    lines = [tables.head(document, "Data: chat validated and tokenized"), "", head, "| --- |" + " --- |" * 5]
    for name, each in by_name.items():
        cpu, clock = ([run[key] for run in each] for key in ("cpu_seconds", "wall_seconds"))
        size, others = each[0]["bytes"] / MIB, median(run["others_cores"] for run in each)
        lines.append(
            f"| {name} | {size:.0f} | {median(cpu):.3f} [{min(cpu):.3f}, {max(cpu):.3f}] "
            f"| {median(clock):.3f} [{min(clock):.3f}, {max(clock):.3f}] | {size / median(clock):,.0f} | {others:.2f} |"
        )
    lines += ["", "| ratio, in the same round | of seconds | median |", "| --- | --- | --- |"]
    for peer, ours, seconds in RATIOS:
        ratios = [theirs[seconds] / own[seconds] for theirs, own in zip(by_name[peer], by_name[ours], strict=True)]
        kind = "the processor's" if seconds == "cpu_seconds" else "the clock's"
        lines.append(f"| {peer} ÷ {ours} | {kind} | {median(ratios):.2f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
