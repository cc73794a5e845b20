"""The recipe that made the starter: texts → tokenizer → three lessons with our own engine → this folder.

``python -m tunesmith.starter.pretrain --work DIR --corpus DIR`` runs it whole: it reads the corpus, learns the
byte-level BPE, writes the rows, trains from random weights (``pretrain-1-short-copies.yaml``, then ``-2-long-copies``,
then ``-3-texts``: dialogues and corpus shuffled together) and, with ``--install``, puts the result beside this file.
Interrupt it whenever; the same command goes on. ``--dialogues``, ``--corpus-tokens`` and ``--batch-size`` make a
longer training of it where there is a GPU.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from tunesmith.core import durable
from tunesmith.core.errors import TunesmithError, UserError
from tunesmith.data.chat_rows import read_chat
from tunesmith.data.examples import TokenizedExample
from tunesmith.data.render import Renderer, render
from tunesmith.data.tokenizer import Tokenizer as StarterTokenizer
from tunesmith.infer.loaded import load_model
from tunesmith.nn.catalog import STARTER_FOLDER, DecoderConfig, config_as_json
from tunesmith.starter.copying import write_copy_rows
from tunesmith.starter.corpus import FILES, Corpus, Kind, Row, Section, read_corpus
from tunesmith.starter.dialogues import conversations, dialogue, write_dialogues
from tunesmith.starter.passages import SHARES, corpus_rows, held_out_rows
from tunesmith.train.batches import in_order
from tunesmith.train.losses import token_losses
from tunesmith.train.run_folder import read_metrics

SEED = 20261120
NUM_SHORT_COPIES = 96 * 320
NUM_LONG_COPIES = 32 * 200
NUM_DIALOGUES = 85_000
NUM_CORPUS_TOKENS = 6_000_000
"""About; counted without a tokenizer (``passages.num_tokens_about``)."""
LESSONS = ("short-copies", "long-copies", "texts")
NUM_VALIDATION = 300
"""Rows of each kind to measure the loss on; a mix of them is looked at while training."""
NUM_FOR_TOKENIZER = 24_000
CHARS_FOR_TOKENIZER: dict[Kind, int] = {
    "prose_en": 3_000_000, "prose_zh": 400_000, "poems_zh": 200_000, "docs_en": 300_000, "docs_zh": 50_000,
}  # fmt: skip
VOCAB_SIZE = 8192
NAMED_TOKENS = (
    "<|bos|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>", "<|tool|>", "<|tools|>", "<|tool_call|>",
)  # fmt: skip
NUM_RESERVED = 16
"""Control tokens that nothing uses: for those who need their own."""
CONTROL_TOKENS = (*NAMED_TOKENS, *(f"<|reserved_{i}|>" for i in range(NUM_RESERVED)))
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
    intermediate_size=768,
    num_layers=8,
    num_heads=8,
    num_kv_heads=4,
    head_dim=32,
    max_position_embeddings=2048,
    rms_norm_eps=1e-5,
    rope_theta=10000.0,
    tie_word_embeddings=True,
)

# Tools stand before the messages, one a line; an assistant's calls stand behind its words, before its end token.
TEMPLATE = """\
{{- bos_token -}}
{%- if tools -%}
{{ '<|tools|>' }}
{%- for tool in tools -%}
{{ '' if loop.first else '\\n' }}
{{- (tool.function if tool.function is defined else tool) | tojson(separators=(',', ':')) }}
{%- endfor -%}
{{ '<|end|>' }}
{%- endif -%}
{%- for message in messages -%}
{%- set said = message.content if message.content else '' -%}
{%- if message.role in ('system', 'developer') -%}
{{ '<|system|>' + said + '<|end|>' }}
{%- elif message.role == 'user' -%}
{{ '<|user|>' + said + '<|end|>' }}
{%- elif message.role == 'assistant' -%}
{{ '<|assistant|>' + said }}
{%- for call in message.tool_calls or [] -%}
{%- set given = call.function.arguments -%}
{{ '<|tool_call|>{"name": ' + (call.function.name | tojson) + ', "arguments": ' }}
{{- (given if given is string else given | tojson) + '}' }}
{%- endfor -%}
{{ '<|end|>' }}
{%- elif message.role == 'tool' -%}
{{ '<|tool|>' + said + '<|end|>' }}
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
    try:
        return _run(options)
    except TunesmithError as error:
        print(error, file=sys.stderr)
        return error.exit_code


def _run(options: argparse.Namespace) -> int:
    work: Path = options.work
    prepare(work, options.corpus, options.dialogues, options.corpus_tokens)
    if options.rows_only:
        return 0
    for lesson in LESSONS:
        if code := _train(work, lesson, options.batch_size):
            return code
    durable.write_json(work / "losses.json", losses_by_kind(work / "texts" / "model", work / "validation"))
    if options.install:
        install(work, STARTER_FOLDER)
    return 0


def prepare(work: Path, folder: Path | None, num_dialogues: int, num_corpus_tokens: int) -> None:
    """Tokenizer and rows, unless they are there already. Raises UserError where they were made for other numbers."""
    wanted = {"format": 1, "seed": SEED, "dialogues": num_dialogues, "corpus_tokens": num_corpus_tokens}
    made = work / "rows.json"
    if made.is_file():
        found = json.loads(made.read_text(encoding="utf-8"))
        if {key: found.get(key) for key in wanted} != wanted:
            raise UserError(f"{work} holds rows of another size.", "name another folder with --work, or remove it")
        return
    if folder is None:
        raise UserError(
            "The rows are made from a corpus, which is not shipped.", f"--corpus DIR, with {', '.join(FILES.values())}"
        )
    corpus = read_corpus(folder)
    write_base(work, corpus)
    write_rows(work, corpus, num_dialogues, num_corpus_tokens)
    dropped: dict[str, dict[str, int]] = {}
    for (kind, rule), number in sorted(corpus.dropped.items()):
        dropped.setdefault(kind, {})[rule] = number
    tokens = {name: _num_tokens(work / f"{name}.jsonl", work / "base") for name in ("dialogues", "corpus")}
    print(f"rows are written; tokens, about: {tokens}", flush=True)
    facts = {"tokens_about": tokens, "paragraphs": dropped, "corpus_files_sha256": corpus.hashes}
    durable.write_json(made, {**wanted, **facts})


def _num_tokens(path: Path, base: Path) -> int:
    """Tokens of a file of rows, told from every tenth."""
    tokenizer = StarterTokenizer.load(base)
    lines = path.read_text(encoding="utf-8").split("\n")[:-1:10]
    return 10 * sum(2 + len(tokenizer.encode_whole(text)) for line in lines for text in strings_in(json.loads(line)))


def write_rows(work: Path, corpus: Corpus, num_dialogues: int, num_corpus_tokens: int) -> None:
    """The rows of all lessons and some to validate on: pure functions of SEED, tokenizer and corpus."""
    tokenizer = StarterTokenizer.load(work / "base")
    for name, count, longest in (("short_copies", NUM_SHORT_COPIES, 8), ("long_copies", NUM_LONG_COPIES, 60)):
        write_copy_rows(work / f"{name}.jsonl", tokenizer, SEED, count, longest)
        write_copy_rows(work / f"{name}.validation.jsonl", tokenizer, SEED + 1, 200, longest)
    write_dialogues(work / "dialogues.jsonl", SEED, num_dialogues)
    _write(work / "corpus.jsonl", corpus_rows(corpus, SEED, num_corpus_tokens))
    _shuffle((work / "dialogues.jsonl", work / "corpus.jsonl"), work / "texts.jsonl")
    (work / "validation").mkdir(exist_ok=True)
    looked_at: list[Row] = []
    for name, rows in validation_rows(corpus).items():
        _write(work / "validation" / f"{name}.jsonl", rows)
        looked_at += rows[: NUM_VALIDATION if name.startswith("dialogues") else NUM_VALIDATION // 4]
    _write(work / "texts.validation.jsonl", looked_at)


def validation_rows(corpus: Corpus) -> dict[str, list[Row]]:
    """Rows by kind, of dialogues and texts that no lesson holds."""
    dialogues: dict[str, list[Row]] = {"dialogues_en": [], "dialogues_zh": []}
    for row in conversations(SEED + 1, 12 * NUM_VALIDATION):
        text = "".join(message.get("content") or "" for message in row["messages"])
        kind = "dialogues_zh" if len(_HAN.findall(text)) * 5 > len(text) else "dialogues_en"
        dialogues[kind] += [row] * (len(dialogues[kind]) < NUM_VALIDATION)
    return {**dialogues, **{kind: held_out_rows(corpus, SEED + 1, kind, NUM_VALIDATION) for kind in SHARES}}


_HAN = re.compile(r"[\u4e00-\u9fff]")


def _write(path: Path, rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _shuffle(sources: Sequence[Path], path: Path) -> None:
    """The lines of several files in one, in an order of their own."""
    lines = [line for source in sources for line in source.read_text(encoding="utf-8").split("\n") if line]
    random.Random(f"shuffle:{SEED}").shuffle(lines)
    durable.write_text(path, "".join(f"{line}\n" for line in lines))


def _train(work: Path, lesson: str, batch_size: int | None) -> int:
    """One lesson, in a process of its own; one that is finished is left alone."""
    config, out = f"pretrain-{LESSONS.index(lesson) + 1}-{lesson}.yaml", work / lesson
    if (out / "model").is_dir():
        return 0
    text = (STARTER_FOLDER / config).read_text(encoding="utf-8")
    if batch_size and lesson == LESSONS[-1]:
        text = re.sub(r"(?m)^batch_size: .*$", f"batch_size: {batch_size}", text)
    durable.write_text(work / config, text)
    resume = ["--resume"] if (out / "checkpoints").is_dir() else []
    command = [sys.executable, "-m", "tunesmith", "train", str(work / config), "--out", str(out), *resume]
    return subprocess.run(command, check=False).returncode


def losses_by_kind(model: Path, folder: Path) -> dict[str, float]:
    """Mean loss in nats over the answers' tokens of each file in ``folder``, by its name."""
    loaded = load_model(str(model), torch.float32)
    return {
        path.stem: _mean_loss(loaded.decoder, _examples(path, loaded.renderer))
        for path in sorted(folder.glob("*.jsonl"))
    }


def _examples(path: Path, renderer: Renderer) -> list[TokenizedExample]:
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    rendered = (render(read_chat(row, line, []), renderer) for line, row in enumerate(rows, 1))
    return [example for example in rendered if len(example.token_ids) <= CONFIG.max_position_embeddings]


def _mean_loss(decoder: Any, examples: Sequence[TokenizedExample]) -> float:
    loss = count = 0.0
    with torch.inference_mode():
        for _, micro in in_order(examples, 8192, "cpu"):
            tokens = token_losses(decoder, micro).losses_M
            loss, count = loss + float(tokens.sum()), count + tokens.numel()
    return round(loss / max(count, 1), 4)


def write_base(work: Path, corpus: Corpus) -> None:
    """A folder to start from: config, tokenizer and template, no weights."""
    base = work / "base"
    base.mkdir(parents=True, exist_ok=True)
    texts = [*_texts_of_dialogues(NUM_FOR_TOKENIZER), *_texts_of_corpus(corpus)]
    learn_tokenizer(texts, VOCAB_SIZE).save(str(base / "tokenizer.json"))
    write_settings(base)


def write_settings(base: Path) -> None:
    """What lies beside a tokenizer: the model's config, the tokenizer's settings, the chat template."""
    durable.write_json(base / "config.json", config_as_json(CONFIG, "bfloat16"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<|bos|>",
        "eos_token": "<|end|>",
        "pad_token": "<|end|>",
    }
    durable.write_json(base / "tokenizer_config.json", {**settings, "model_max_length": CONFIG.max_position_embeddings})
    durable.write_text(base / "chat_template.jinja", TEMPLATE)


def learn_tokenizer(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """A byte-level BPE of ``vocab_size`` tokens, the control tokens first among them."""
    tokenizer = Tokenizer(models.BPE())
    split = pre_tokenizers.Split(Regex(WORDS), behavior="isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    control = [AddedToken(text, special=True, normalized=False) for text in CONTROL_TOKENS]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size, special_tokens=control, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def install(work: Path, folder: Path) -> None:
    """Put the trained model beside the recipe, with the facts of its training and its loss curve."""
    for name in INSTALLED_FILES:
        durable.write_bytes(folder / name, (work / "texts" / "model" / name).read_bytes())
    rows = read_metrics(work / "texts" / "metrics.csv")
    made = json.loads((work / "rows.json").read_text(encoding="utf-8"))
    facts = {
        **made,
        "parameters": CONFIG.num_parameters,
        "losses": json.loads((work / "losses.json").read_text(encoding="utf-8")),
        "short_copies_sha256": durable.sha256_of(work / "short_copies.jsonl"),
        "long_copies_sha256": durable.sha256_of(work / "long_copies.jsonl"),
        "dialogues_sha256": durable.sha256_of(work / "dialogues.jsonl"),
        "corpus_rows_sha256": durable.sha256_of(work / "corpus.jsonl"),
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


def _texts_of_dialogues(count: int) -> Iterator[str]:
    for index in range(count):
        for text in strings_in(dialogue(SEED, index)):
            yield _without_names(text, index)


def _texts_of_corpus(corpus: Corpus) -> Iterator[str]:
    """So many characters of each kind, from all over the corpus, nothing that is held out."""
    for kind, most in CHARS_FOR_TOKENIZER.items():
        sections = [section for section in corpus.sections if section.kind == kind and not section.is_held_out]
        random.Random(f"tokenizer:{SEED}:{kind}").shuffle(sections)
        for index, text in enumerate(map(_text_of, sections)):
            if most <= 0:
                break
            most -= len(text)
            yield _without_names(text, index)


def _text_of(section: Section) -> str:
    return "\n".join(section.paragraphs)


def _without_names(text: str, index: int) -> str:
    """What people write, with most capitalised words left out: made-up names would eat the vocabulary."""
    return text if index % 8 == 0 else re.sub(r"[A-Z][a-z]+", "", text)


def strings_in(value: Any) -> Iterator[str]:
    """Every string in a row: contents, and the tools and calls of a row that has them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for entry in value:
            yield from strings_in(entry)
    elif isinstance(value, dict):
        for key, entry in value.items():
            if key != "role":
                yield from strings_in(entry)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tunesmith.starter.pretrain", description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder for the rows and the runs")
    parser.add_argument("--corpus", type=Path, help=f"folder with {', '.join(FILES.values())}; needed to make the rows")
    parser.add_argument("--dialogues", type=int, default=NUM_DIALOGUES, help="how many dialogues (default %(default)s)")
    parser.add_argument(
        "--corpus-tokens",
        type=int,
        default=NUM_CORPUS_TOKENS,
        help="about how much of the corpus (default %(default)s)",
    )
    parser.add_argument("--batch-size", type=int, help="examples in a step of the last lesson, if not as in its file")
    parser.add_argument("--rows-only", action="store_true", help="stop when the tokenizer and the rows are written")
    parser.add_argument("--install", action="store_true", help="put the trained model beside the recipe")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
