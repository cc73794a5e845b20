#!/usr/bin/env python3
"""A chat file validated, and made ready for training, beside the tools that people use for it.

    python bench/data.py --rounds 5

On one core and one file, generated from a seed: rows of one to four turns, some Chinese, quotes and line breaks, a few
with weights. In turn, round by round, a first round warms up; medians of processor seconds of this process, which says
more than the clock where the machine is not alone.

validate: what `tunesmith data check` does: strict parsing, control tokens, duplicates, figures, SHA-256.
judge: the same without figures and SHA-256.
msgspec, typed: each line decoded into a closed schema (a union by role), and nothing else.
plain loop: json.loads of each line, and the format checks and message counts of OpenAI's cookbook (chat fine-tuning data
preparation), without its token counts.

The rest on the file's first rows, with the starter's tokenizer, its loading included:
count tokens: what `tunesmith data check --base-model starter` does: every row judged, rendered, tokenized and masked; all
figures, those of tokens too.
cookbook: the plain loop, and the notebook's token counts: every text of every message encoded by a call of its own, the
assistant's once more, as it does; then of messages, tokens and the assistant's tokens the least, the most, mean, median
and the quantiles 0.1 and 0.9 (it calls them p5 and p95), and the tokens to pay for. It renders no template.
validate and tokenize: every row judged, rendered, tokenized and masked, and kept.
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
    parser.add_argument("--mebibytes", type=int, default=128, help="the file's size (default: 128)")
    parser.add_argument("--rows", type=int, default=2_000, help="rows to tokenize (default: 2000)")
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
    document = {**measure.document("data", runs), "mebibytes": options.mebibytes, "rows": options.rows}
    text = table(document)
    print("\n" + text)
    write(document, text, options.out, "data")


def measured(work: Path, options: argparse.Namespace) -> list[dict[str, Any]]:
    source, first = work / "rows.jsonl", work / "first.jsonl"
    write_rows(source, options.mebibytes * MIB)
    with source.open("rb") as file:
        first.write_bytes(b"".join(islice(file, options.rows)))
    works: dict[str, Callable[[], None]] = {
        "validate": lambda: validated(source), "judge": lambda: judged(source),
        "msgspec, typed": lambda: decoded(source), "plain loop": lambda: looped(source),
        "count tokens": lambda: counted(first), "cookbook": lambda: counted_by_cookbook(first),
        "validate and tokenize": lambda: tokenized(first), "datasets and TRL": lambda: prepared_by_trl(first, work),
    }  # fmt: skip
    runs = []
    for number in range(options.rounds + 1):
        for name, run in works.items():
            start = measure.moment()
            run()
            runs.append({"what": name, "round": number, **measure.disturbance(start, measure.moment())})
            print(f"round {number}, {name}: {runs[-1]['cpu_seconds']:.3f} s", flush=True)
    return runs


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


def validated(path: Path) -> None:
    if check_file(path, tally=Tally()).errors:
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


def judged(path: Path) -> None:
    judge_file(path, Nothing(), processes=1)


class Message(msgspec.Struct):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | None = None
    weight: int = 1
    name: str | None = None


class Chat(msgspec.Struct):
    messages: list[Message]


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


def counted(path: Path) -> None:
    model = ModelRead(Renderer.load(find_folder("starter")), None)
    tally = Tally()
    tokens = model.renderer.tokenizer.control_tokens
    report = check_file(path, None, tokens, tally, lambda found: RowMeasures(found, model, tally))
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


def table(document: dict[str, Any]) -> str:
    runs = [run for run in document["runs"] if run["round"] > 0]
    seconds = {
        name: [run["cpu_seconds"] for run in runs if run["what"] == name]
        for name in dict.fromkeys(run["what"] for run in runs)
    }
    lines = [tables.head(document, f"Data, {document['mebibytes']} MiB of chat"), "", "| what | processor s, median [min, max] | MiB/s |", "| --- | --- | --- |"]  # fmt: skip
    for name, each in seconds.items():
        is_whole = name in ("validate", "judge", "msgspec, typed", "plain loop")
        rate = f"{document['mebibytes'] / median(each):,.0f}" if is_whole else f"({document['rows']:,} rows)"
        lines.append(f"| {name} | {median(each):.3f} [{min(each):.3f}, {max(each):.3f}] | {rate} |")
    ratios = (
        ("msgspec, typed", "judge"), ("msgspec, typed", "validate"), ("plain loop", "validate"),
        ("cookbook", "count tokens"), ("datasets and TRL", "validate and tokenize"),
    )  # fmt: skip
    lines += ["", "| ratio of processor seconds, in the same round | median |", "| --- | --- |"]
    for peer, ours in ratios:
        each = [theirs / own for theirs, own in zip(seconds[peer], seconds[ours], strict=True)]
        lines.append(f"| {peer} ÷ {ours} | {median(each):.2f} |")
    others = median(run["others_cores"] for run in runs)
    return "\n".join([*lines, "", f"Other processes took {others:.2f} cores meanwhile (median)."]) + "\n"


if __name__ == "__main__":
    main()
