"""The recipe that made the starter: dialogues → tokenizer → pre-training by our own engine → this folder.

``python -m tunesmith.starter.pretrain --work DIR`` runs it whole: it writes the dialogues, learns the
byte-level BPE from them, trains from random weights with ``pretrain.yaml`` and, with ``--install``, puts
the result beside this file. Interrupt it whenever; ``--resume`` goes on.
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
from tunesmith.nn.catalog import STARTER_FOLDER, DecoderConfig, config_as_json
from tunesmith.starter.dialogues import dialogue, write_dialogues

SEED = 20261120
NUM_DIALOGUES = 96_000
NUM_VALIDATION = 500
NUM_FOR_TOKENIZER = 24_000
VOCAB_SIZE = 4096
NAMED_TOKENS = ("<|bos|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>", "<|tool|>")
CONTROL_TOKENS = (*NAMED_TOKENS, *(f"<|reserved_{i}|>" for i in range(16 - len(NAMED_TOKENS))))
INSTALLED_FILES = ("model.safetensors", "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja")

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
WORDS = (
    r"\p{Lu}+\p{Ll}*| ?\p{Ll}+|\p{N}|[\p{Han}]+| ?[^\s\p{L}\p{N}]{1,3}|\p{L}+|\s+"
)


def main() -> int:
    options = _options()
    work: Path = options.work
    write_corpus(work)
    write_base(work)
    resume = ["--resume"] if options.resume else []
    command = [sys.executable, "-m", "tunesmith", "train", str(work / "pretrain.yaml"), "--out", str(work / "run"), *resume]
    code = subprocess.run(command, check=False).returncode
    if code == 0 and options.install:
        install(work / "run" / "model", STARTER_FOLDER)
    return code


def write_corpus(work: Path) -> None:
    """The dialogues to learn from and some to validate on, each a pure function of (SEED, index)."""
    work.mkdir(parents=True, exist_ok=True)
    write_dialogues(work / "dialogues.jsonl", SEED, NUM_DIALOGUES)
    write_dialogues(work / "validation.jsonl", SEED + 1, NUM_VALIDATION)
    shutil.copyfile(STARTER_FOLDER / "pretrain.yaml", work / "pretrain.yaml")


def write_base(work: Path) -> None:
    """A folder to start from: config, tokenizer and template, no weights."""
    base = work / "base"
    base.mkdir(parents=True, exist_ok=True)
    learn_tokenizer().save(str(base / "tokenizer.json"))
    durable.write_json(base / "config.json", config_as_json(CONFIG, "bfloat16"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<|bos|>", "eos_token": "<|end|>", "pad_token": "<|end|>"}
    durable.write_json(base / "tokenizer_config.json", {**settings, "model_max_length": CONFIG.max_position_embeddings})
    durable.write_text(base / "chat_template.jinja", TEMPLATE)


def learn_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    split = pre_tokenizers.Split(Regex(WORDS), behavior="isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    control = [AddedToken(text, special=True, normalized=False) for text in CONTROL_TOKENS]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=VOCAB_SIZE, special_tokens=control, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(_texts(NUM_FOR_TOKENIZER), trainer)
    return tokenizer


def install(model: Path, folder: Path) -> None:
    """Put a trained model's files beside the recipe."""
    for name in INSTALLED_FILES:
        durable.write_bytes(folder / name, (model / name).read_bytes())


def _texts(count: int) -> Iterator[str]:
    """What people write, with most capitalised words left out: made-up names would eat the vocabulary."""
    for index in range(count):
        for message in dialogue(SEED, index)["messages"]:
            yield message["content"] if index % 8 == 0 else re.sub(r"[A-Z][a-z]+", "", message["content"])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tunesmith.starter.pretrain", description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder for the dialogues and the run")
    parser.add_argument("--resume", action="store_true", help="go on with an interrupted run")
    parser.add_argument("--install", action="store_true", help="put the trained model beside the recipe")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
