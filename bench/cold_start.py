#!/usr/bin/env python3
"""Cold start: a new process from nothing to the end of its first training step, and its end; and `--help`.

    python bench/cold_start.py --rounds 3

The same job for both: LoRA on the built-in starter, one step of 16 chat examples from a JSONL file, the adapter
saved. Ours is the `tunesmith train` of a terminal (checks, report and all); the peer is the shortest script that
does the job with transformers' Trainer and PEFT. Whole processes, in turn; processor seconds tell about
disturbance.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import measure
import tables
from train import write

NAMES = ("tunesmith --help", "tunesmith train", "Trainer script")
COLUMNS = ("process", "wall s, median [min, max]", "processor s", "our wall time ÷ its")

SPEC = """\
base_model: starter
training_file: rows.jsonl
adapter: lora
lora_rank: 16
lora_alpha: 32
lora_target_modules: all-linear
max_steps: 1
batch_size: 16
learning_rate: 1.0e-3
eval_examples: 0
"""


def main() -> None:
    if len(sys.argv) == 4 and sys.argv[1] == "--trainer-script":
        trainer_script(Path(sys.argv[2]), Path(sys.argv[3]))
        return
    options = parse_options()
    work = options.work.resolve() / "cold-start"
    write_job(work)
    runs = []
    for number in range(1, options.rounds + 1):
        turn = (number - 1) % len(NAMES)
        for name in [*NAMES[turn:], *NAMES[:turn]]:
            runs.append({"process": name, "round": number, **timed(command(name, work), work)})
            print(f"round {number}, {name}: {runs[-1]['wall_seconds']:.2f} s", flush=True)
    document = measure.document("cold-start", runs)
    text = table(document)
    print("\n" + text)
    write(document, text, options.out, "cold-start")


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="how often each process runs (default: 3)")
    parser.add_argument("--work", type=Path, default=Path("runs/bench"), help="where it works (default: runs/bench)")
    parser.add_argument("--out", type=Path, default=Path("runs/bench/results"),
                        help="where the table and the raw numbers go (default: runs/bench/results)")  # fmt: skip
    return parser.parse_args()


def write_job(folder: Path) -> None:
    """Sixteen short conversations and the job's YAML."""
    folder.mkdir(parents=True, exist_ok=True)
    words, rng = "red blue green old new warm cold near far".split(), random.Random(5)
    rows = []
    for number in range(16):
        said = [rng.choice(words) for _ in range(rng.randint(8, 40))]
        question, answer = f"Say number {number} backwards: {' '.join(said)}", " ".join(reversed(said))
        rows.append({"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]})
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "job.yaml").write_text(SPEC)


def command(name: str, work: Path) -> list[str]:
    """``-m tunesmith`` is what the installed script runs. What an earlier round wrote is removed first."""
    if name == "tunesmith --help":
        return [sys.executable, "-m", "tunesmith", "--help"]
    out = work / name.replace(" ", "-").lower()
    shutil.rmtree(out, ignore_errors=True)
    if name == "tunesmith train":
        return [sys.executable, "-m", "tunesmith", "train", str(work / "job.yaml"), "--out", str(out)]
    return [sys.executable, __file__, "--trainer-script", str(work / "rows.jsonl"), str(out)]


def timed(arguments: Sequence[str], work: Path) -> dict[str, float]:
    """Wall and processor seconds of the whole process, its children included."""
    offline = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error", "HF_HOME": str(work / "cache")}
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(arguments, capture_output=True, text=True, env={**os.environ, **offline}, timeout=600)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(arguments)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall_seconds": wall, "cpu_seconds": used}


def trainer_script(rows: Path, out: Path) -> None:
    """The peer, as short as it can be written: rows, template, mask, LoRA, one step, adapter saved."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer, DataCollatorForSeq2Seq, Trainer, TrainingArguments

    from tunesmith.nn.catalog import STARTER_FOLDER

    tokenizer = AutoTokenizer.from_pretrained(STARTER_FOLDER)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    model = AutoModelForCausalLM.from_pretrained(STARTER_FOLDER)
    lora = LoraConfig(r=16, lora_alpha=32, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM")
    model = get_peft_model(model, lora)
    dataset = []
    for line in rows.read_text().splitlines():
        messages = json.loads(line)["messages"]
        prompt = tokenizer.apply_chat_template(messages[:-1], tokenize=False, add_generation_prompt=True)
        whole = tokenizer.apply_chat_template(messages, tokenize=False)
        prompt_ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
        ids = tokenizer(whole, add_special_tokens=False)["input_ids"]
        dataset.append({"input_ids": ids, "labels": [-100] * len(prompt_ids) + ids[len(prompt_ids) :]})
    arguments = TrainingArguments(
        output_dir=str(out), per_device_train_batch_size=16, max_steps=1, learning_rate=1e-3, save_strategy="no",
        report_to="none", disable_tqdm=True, use_cpu=True,
    )  # fmt: skip
    trainer = Trainer(
        model=model, args=arguments, train_dataset=dataset, data_collator=DataCollatorForSeq2Seq(tokenizer)
    )
    trainer.train()
    model.save_pretrained(out)


def table(document: Mapping[str, Any]) -> str:
    lines = [tables.head(document, "Cold start"), "", "| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS)]
    ours = [run for run in document["runs"] if run["process"] == "tunesmith train"]
    for name in NAMES:
        runs = [run for run in document["runs"] if run["process"] == name]
        walls = [run["wall_seconds"] for run in runs]
        pairs = zip(sorted(ours, key=by_round), sorted(runs, key=by_round), strict=True)
        ratio = median(own["wall_seconds"] / run["wall_seconds"] for own, run in pairs)
        cells = [
            name,
            f"{median(walls):.2f} [{min(walls):.2f}, {max(walls):.2f}]",
            f"{median(run['cpu_seconds'] for run in runs):.2f}",
            "–" if name == "tunesmith --help" else f"{ratio:.2f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def by_round(run: Mapping[str, Any]) -> int:
    return int(run["round"])


if __name__ == "__main__":
    main()
