"""The recipe that made the starter: texts → tokenizer → three lessons with our own engine → this folder.

``python -m tunesmith.starter.pretrain --work DIR`` runs it whole: it writes the rows, learns the
byte-level BPE, trains from random weights (``pretrain-1-short-copies.yaml``, then ``-2-long-copies``,
then ``-3-dialogues``) and, with ``--install``, puts the result beside this file. Interrupt it
whenever; the same command goes on.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from tunesmith.core import durable
from tunesmith.data.tokenizer import Tokenizer as StarterTokenizer
from tunesmith.nn.catalog import STARTER_FOLDER, DecoderConfig, config_as_json
from tunesmith.starter.copying import write_copy_rows
from tunesmith.starter.dialogues import dialogue, write_dialogues
from tunesmith.train.run_folder import read_metrics

SEED = 20261120
NUM_SHORT_COPIES = 96 * 320
NUM_LONG_COPIES = 32 * 200
NUM_DIALOGUES = 72_000
LESSONS = ("short-copies", "long-copies", "dialogues")
NUM_VALIDATION = 500
NUM_FOR_TOKENIZER = 24_000
VOCAB_SIZE = 4096
NAMED_TOKENS = ("<|bos|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>", "<|tool|>")
CONTROL_TOKENS = (*NAMED_TOKENS, *(f"<|reserved_{i}|>" for i in range(16 - len(NAMED_TOKENS))))
INSTALLED_FILES = (
    "model.safetensors",
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
)

CONFIG = DecoderConfig(
    architecture="LlamaForCausalLM",
    vocab_size=VOCAB_SIZE,
    hidden_size=256,
    intermediate_size=704,
    num_layers=6,
    num_heads=8,
    num_kv_heads=4,
    head_dim=32,
    max_position_embeddings=1024,
    rms_norm_eps=1e-5,
    rope_theta=10000.0,
    tie_word_embeddings=True,
)

TEMPLATE = """\
{{- bos_token -}}
{%- for message in messages -%}
{%- if message.role in ('system', 'developer') -%}
{{ '<|system|>' + message.content + '<|end|>' }}
{%- elif message.role == 'user' -%}
{{ '<|user|>' + message.content + '<|end|>' }}
{%- elif message.role == 'assistant' -%}
{{ '<|assistant|>' + message.content + '<|end|>' }}
{%- else -%}
{{ raise_exception('the starter has no place for the role ' + message.role) }}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{ '<|assistant|>' }}
{%- endif -%}
"""

# A capital letter and a digit each begin a token of their own, and the blank before a capital stands
# alone: a name is the same tokens at the start of a line, after a blank, and in quotes, so that copying
# it is copying tokens.
WORDS = r"\p{Lu}+\p{Ll}*| ?\p{Ll}+|\p{N}|[\p{Han}]+| ?[^\s\p{L}\p{N}]{1,3}|\p{L}+|\s+"


def main() -> int:
    options = _options()
    work: Path = options.work
    write_base(work)
    write_rows(work)
    for lesson in LESSONS:
        if code := _train(work, lesson):
            return code
    if options.install:
        install(work, STARTER_FOLDER)
    return 0


def write_rows(work: Path) -> None:
    """The rows of all lessons and some to validate on, each a pure function of (SEED, index)."""
    tokenizer = StarterTokenizer.load(work / "base")
    for name, count, longest in (("short_copies", NUM_SHORT_COPIES, 8), ("long_copies", NUM_LONG_COPIES, 60)):
        write_copy_rows(work / f"{name}.jsonl", tokenizer, SEED, count, longest)
        write_copy_rows(work / f"{name}.validation.jsonl", tokenizer, SEED + 1, 200, longest)
    write_dialogues(work / "dialogues.jsonl", SEED, NUM_DIALOGUES)
    write_dialogues(work / "dialogues.validation.jsonl", SEED + 1, NUM_VALIDATION)


def _train(work: Path, lesson: str) -> int:
    """One lesson, in a process of its own; one that is finished is left alone."""
    config, out = f"pretrain-{LESSONS.index(lesson) + 1}-{lesson}.yaml", work / lesson
    if (out / "model").is_dir():
        return 0
    shutil.copyfile(STARTER_FOLDER / config, work / config)
    resume = ["--resume"] if (out / "checkpoints").is_dir() else []
    command = [sys.executable, "-m", "tunesmith", "train", str(work / config), "--out", str(out), *resume]
    return subprocess.run(command, check=False).returncode


def write_base(work: Path) -> None:
    """A folder to start from: config, tokenizer and template, no weights."""
    base = work / "base"
    base.mkdir(parents=True, exist_ok=True)
    learn_tokenizer().save(str(base / "tokenizer.json"))
    durable.write_json(base / "config.json", config_as_json(CONFIG, "bfloat16"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<|bos|>",
        "eos_token": "<|end|>",
        "pad_token": "<|end|>",
    }
    durable.write_json(base / "tokenizer_config.json", {**settings, "model_max_length": CONFIG.max_position_embeddings})
    durable.write_text(base / "chat_template.jinja", TEMPLATE)


def learn_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    split = pre_tokenizers.Split(Regex(WORDS), behavior="isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    control = [AddedToken(text, special=True, normalized=False) for text in CONTROL_TOKENS]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE, special_tokens=control, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(_texts(NUM_FOR_TOKENIZER), trainer)
    return tokenizer


def install(work: Path, folder: Path) -> None:
    """Put the trained model beside the recipe, with the facts of its training and its loss curve."""
    for name in INSTALLED_FILES:
        durable.write_bytes(folder / name, (work / "dialogues" / "model" / name).read_bytes())
    rows = read_metrics(work / "dialogues" / "metrics.csv")
    facts = {
        "format": 1,
        "parameters": CONFIG.num_parameters,
        "dialogues": NUM_DIALOGUES,
        "short_copies_sha256": durable.sha256_of(work / "short_copies.jsonl"),
        "long_copies_sha256": durable.sha256_of(work / "long_copies.jsonl"),
        "dialogues_sha256": durable.sha256_of(work / "dialogues.jsonl"),
        "steps": rows[-1].step,
        "tokens": sum(row.num_tokens or 0 for row in rows),
        "valid_loss": rows[-1].valid_loss,
        "valid_mean_token_accuracy": rows[-1].valid_mean_token_accuracy,
    }
    durable.write_json(folder / "CARD.json", facts)
    shown = [row for row in rows if row.step % 20 == 0 or row.valid_loss is not None]
    lines = [f"{r.step},{_short(r.train_loss)},{_short(r.valid_loss)}" for r in shown]
    durable.write_text(folder / "loss_curve.csv", "\n".join(["step,train_loss,valid_loss", *lines]) + "\n")


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _texts(count: int) -> Iterator[str]:
    """What people write, with most capitalised words left out: made-up names would eat the vocabulary."""
    for index in range(count):
        for message in dialogue(SEED, index)["messages"]:
            yield message["content"] if index % 8 == 0 else re.sub(r"[A-Z][a-z]+", "", message["content"])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tunesmith.starter.pretrain", description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder for the dialogues and the run")
    parser.add_argument("--install", action="store_true", help="put the trained model beside the recipe")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
