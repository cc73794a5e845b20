"""The mathematics certificate: does the engine on this machine compute what it says?

Takes tiny models made in memory from a seed and a list of checks; gives one ``Finding`` for each check
of each model: a figure, its limit, and what a failure means. Checks run the code that training and
generation run; what they compare it with is the plain way of saying the same thing. Keeps nothing but a
temporary folder while it writes a checkpoint.

A figure is a relative error, max |a - b| / max |b| of the worst tensor, or a count of what differs. What
is not finite, missing or of another shape is infinitely wrong.

Shapes: T tokens, N streams, V vocabulary.
"""

from __future__ import annotations

import math
import random
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from tunesmith.core.errors import TunesmithError
from tunesmith.data.examples import TokenizedExample
from tunesmith.infer.engine import generate
from tunesmith.infer.sampling import Sampling
from tunesmith.nn import catalog
from tunesmith.nn.architectures import ARCHITECTURES
from tunesmith.nn.attention import Borders
from tunesmith.nn.foreign import empty_foreign, probe
from tunesmith.nn.lora import AdapterConfig, add_adapter, merge_adapter, target_kinds
from tunesmith.nn.prepared import prepare
from tunesmith.nn.transformer import CausalModel
from tunesmith.nn.weights import fill, linear_layers, named_weights, random_decoder
from tunesmith.specs.fine_tune import FineTuneSpec
from tunesmith.specs.resolve import Facts, ResolvedSpec, resolve
from tunesmith.train import checkpoint, losses
from tunesmith.train.batches import BatchPlan, make_batch
from tunesmith.train.device import can_compile, fingerprint
from tunesmith.train.fine_tune import load_state
from tunesmith.train.loop import LoopHooks, run_loop
from tunesmith.train.optim import Optimizer

SEED = 20
VOCABULARY = 96
# Long enough that a document of this length leaves the kernel that short ones take.
LONG_DOCUMENT = 640
# A row that holds every example, and one that holds one.
WHOLE_STEP, ONE_EXAMPLE = 1 << 30, 1
ROUNDING = 1e-5
"""What orders of summation may change in fp32, whose numbers are 6e-8 apart."""
ROUNDING_BF16 = 0.15
"""What bf16 may change: its numbers are 8e-3 apart, and a gradient passes through dozens of roundings."""


_TINY: Mapping[str, int | float | bool] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": LONG_DOCUMENT,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "tie_word_embeddings": True,
}


@dataclass(frozen=True, slots=True)
class Subject:
    """A tiny model to certify. ``make`` gives it anew, always with the same weights, all of them trained."""

    name: str
    make: Callable[[torch.dtype], CausalModel]


@dataclass(frozen=True, slots=True)
class Check:
    """A claim, how to measure what breaks it, and what it means when it does not hold."""

    name: str
    claim: str
    meaning: str
    advice: str
    limit: float
    measure: Callable[[Subject], float]
    unit: Literal["relative error", "differences"] = "relative error"
    is_slow: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found on one model. ``error`` is what the engine raised instead of a figure."""

    name: str
    subject: str
    claim: str
    figure: float
    limit: float
    unit: str
    passed: bool
    seconds: float
    error: str
    meaning: str
    advice: str

    def as_json(self) -> dict[str, str | float | bool | None]:
        """Its fields; an infinite figure, which JSON cannot say, is null."""
        return {**asdict(self), "figure": self.figure if math.isfinite(self.figure) else None}


_FAILURES = (
    TunesmithError, RuntimeError, ValueError, TypeError, LookupError, ArithmeticError, OSError, AttributeError,
    AssertionError, ImportError, MemoryError,
)  # fmt: skip


def judge(check: Check, subject: Subject) -> Finding:
    """Measure; an engine that raises instead of computing has failed the check."""
    started, error = time.monotonic(), ""
    try:
        figure = check.measure(subject)
    except _FAILURES as raised:
        figure, error = math.inf, " ".join(f"{type(raised).__name__}: {raised}".split())[:500]
    seconds = round(time.monotonic() - started, 3)
    passed = figure <= check.limit  # false also for what is not a number
    return Finding(
        check.name, subject.name, check.claim, figure, check.limit, check.unit, passed, seconds, error, check.meaning,
        check.advice,
    )  # fmt: skip


# ---- subjects ------------------------------------------------------------------------------------


def architectures(device: torch.device) -> tuple[Subject, ...]:
    """One model of each architecture that the engine knows. To certify another kind of model, add its Subject."""
    return tuple(_subject(_title(name), _config(name), device) for name in ARCHITECTURES)


def other_shapes(device: torch.device) -> tuple[Subject, ...]:
    """The first architecture in shapes that take other paths through the same code."""
    name = next(iter(ARCHITECTURES))
    shapes: dict[str, dict[str, int | bool]] = {
        "one key/value head": {"num_key_value_heads": 1},
        "wide heads": {"head_dim": 16},
        "untied head": {"tie_word_embeddings": False},
        "one layer": {"num_hidden_layers": 1},
    }
    window = _config("MistralForCausalLM", sliding_window=5)
    return (
        *(_subject(f"{_title(name)}, {s}", _config(name, **change), device) for s, change in shapes.items()),
        _subject("Mistral, a window of 5", window, device),
    )


def foreign_models(device: torch.device) -> tuple[Subject, ...]:
    """Models that go through transformers, where it is installed: plain ones, and capped scores with windows."""
    if find_spec("transformers") is None:
        return ()
    phi3 = {"model_type": "phi3", "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    gemma2 = {
        "model_type": "gemma2", "query_pre_attn_scalar": 16, "sliding_window": 5, "attn_logit_softcapping": 20.0,
        "final_logit_softcapping": 10.0, "hidden_activation": "gelu_pytorch_tanh",
    }  # fmt: skip
    return tuple(
        _foreign_subject(name, {"architectures": [f"{name}ForCausalLM"], **_TINY, **own}, device)
        for name, own in (("Phi3", phi3), ("Gemma2", gemma2))
    )


def _foreign_subject(name: str, raw: Mapping[str, object], device: torch.device) -> Subject:
    def make(dtype: torch.dtype) -> CausalModel:
        config = catalog.parse_config(raw, f"a tiny {name}")[0]
        model = empty_foreign(config, dtype)
        generator = torch.Generator().manual_seed(SEED)
        tensors = {n: 0.2 * torch.randn(w.shape, generator=generator) for n, w in named_weights(model)}
        fill(model, tensors, name, torch.float32, device)
        model.to(device)
        probe(model)
        return model.requires_grad_(True)

    return Subject(f"{name} through transformers", make)


def _title(architecture: str) -> str:
    return architecture.removesuffix("ForCausalLM")


def _config(architecture: str, **changes: int | bool) -> catalog.DecoderConfig:
    """A tiny ``config.json`` of the architecture, read as any other."""
    config = catalog.parse_config({"architectures": [architecture], **_TINY, **changes}, f"a tiny {architecture}")[0]
    if not isinstance(config, catalog.DecoderConfig):
        raise TypeError(f"{architecture} is not our decoder's")
    return config


def _subject(name: str, config: catalog.DecoderConfig, device: torch.device) -> Subject:
    def make(dtype: torch.dtype) -> CausalModel:
        decoder = random_decoder(config, dtype, SEED, device)
        generator = torch.Generator().manual_seed(SEED)
        with torch.no_grad():  # norms of exactly 1 and biases of 0 would hide a wrong one
            for _, weight in named_weights(decoder):
                if weight.dim() == 1:
                    weight.add_(0.2 * torch.randn(weight.shape, generator=generator).to(device))
        return decoder

    return Subject(name, make)


def examples() -> list[TokenizedExample]:
    """Eight examples of different lengths, with loss weights of 0, ½, 1 and 2, the last token always trained on."""
    draw = random.Random(SEED)
    made = []
    for line, length in enumerate((5, 33, 12, 2, 21, 60, 12, 8), start=1):
        weights = [0.0, *(draw.choice((0.0, 0.0, 0.5, 1.0, 2.0)) for _ in range(length - 2)), 1.0]
        made.append(TokenizedExample(line, tuple(draw.randrange(VOCABULARY) for _ in range(length)), tuple(weights)))
    return made


# ---- how wrong -----------------------------------------------------------------------------------

Measured = Mapping[str, Tensor]


def relative_error(ours: Measured, reference: Measured) -> float:
    """max |a - b| / max |b| of the worst tensor."""
    if ours.keys() != reference.keys():
        return math.inf
    return max(_relative(ours[name].detach(), reference[name].detach()) for name in reference)


def _relative(ours: Tensor, reference: Tensor) -> float:
    if ours.shape != reference.shape:
        return math.inf
    a, b = ours.double().cpu(), reference.double().cpu()
    difference, size = float((a - b).abs().max()), float(b.abs().max())
    if not (math.isfinite(difference) and math.isfinite(size)):
        return math.inf
    return difference / size if size else (math.inf if difference else 0.0)


def num_different_values(ours: Measured, reference: Measured) -> float:
    """How many numbers differ in at least one bit."""
    if ours.keys() != reference.keys():
        return math.inf
    return sum(_num_different(ours[name].detach(), reference[name].detach()) for name in reference)


def _num_different(ours: Tensor, reference: Tensor) -> float:
    if ours.shape != reference.shape or ours.dtype != reference.dtype:
        return math.inf
    a, b = (x.cpu().contiguous().reshape(-1, 1).view(torch.uint8) for x in (ours, reference))
    return float((a != b).any(dim=1).sum())


# ---- what is compared ----------------------------------------------------------------------------


def engine_step(decoder: CausalModel, batch: Sequence[TokenizedExample], budget_tokens: int) -> dict[str, Tensor]:
    """Mean loss and gradients as training computes them: packed rows, trained tokens only, in chunks."""
    decoder.zero_grad(set_to_none=True)
    step = make_batch(batch, budget_tokens, decoder.device)
    loss = sum(losses.backward(decoder, micro, step.total_weight).loss for micro in step.micro_batches)
    return _with_gradients(decoder, torch.tensor(loss / step.total_weight, dtype=torch.float64))


def plain_step(decoder: CausalModel, batch: Sequence[TokenizedExample]) -> dict[str, Tensor]:
    """The same by the book: each example alone, every logit, one weighted mean, one backward pass."""
    decoder.zero_grad(set_to_none=True)
    total = torch.zeros((), device=decoder.device, dtype=torch.float64)
    for example in batch:
        tokens_T = torch.tensor(example.token_ids, device=decoder.device)
        weights_T = torch.tensor(example.loss_weights, device=decoder.device, dtype=torch.float64)
        logits_TV = _logits(decoder, tokens_T)
        total = total + weights_T[1:] @ F.cross_entropy(logits_TV[:-1].double(), tokens_T[1:], reduction="none")
    loss = total / sum(weight for example in batch for weight in example.loss_weights[1:])
    loss.backward()
    return _with_gradients(decoder, loss)


def _with_gradients(decoder: CausalModel, loss: Tensor) -> dict[str, Tensor]:
    gradients = {name: w.grad.clone() for name, w in decoder.named_parameters() if w.grad is not None}
    return {"loss": loss.detach(), **gradients}


def _logits(decoder: CausalModel, tokens_T: Tensor) -> Tensor:
    """Logits of one document."""
    return decoder.logits(decoder(tokens_T, Borders.of([len(tokens_T)], tokens_T.device)))


def packed_logits(decoder: CausalModel) -> dict[str, Tensor]:
    """Logits of all examples in one row."""
    batch = examples()
    tokens_T = torch.tensor([token for example in batch for token in example.token_ids], device=decoder.device)
    borders = Borders.of([len(example.token_ids) for example in batch], tokens_T.device)
    with torch.no_grad():
        return {"logits": decoder.logits(decoder(tokens_T, borders))}


def _adapted(subject: Subject, *, fresh: bool = False) -> CausalModel:
    """The subject with a pair on every projection; unless fresh, with values in both halves."""
    decoder = subject.make(torch.float32)
    add_adapter(decoder, AdapterConfig(rank=4, alpha=8.0, target_modules=target_kinds(decoder)), SEED)
    generator = torch.Generator().manual_seed(SEED)
    for layer in linear_layers(decoder).values():
        if layer.lora_B is not None and not fresh:
            layer.lora_B.data = 0.1 * torch.randn(layer.lora_B.shape, generator=generator).to(layer.lora_B.device)
    return decoder


def _trained(subject: Subject) -> Iterator[CausalModel]:
    """The two ways to train it: every weight, and an adapter."""
    yield subject.make(torch.float32)
    yield _adapted(subject)


# ---- measures ------------------------------------------------------------------------------------


def packing(subject: Subject) -> float:
    return max(
        relative_error(engine_step(decoder, examples(), WHOLE_STEP), plain_step(decoder, examples()))
        for decoder in _trained(subject)
    )


def micro_batching(subject: Subject) -> float:
    """Eight rows of one example, and rows of a few, against one row of eight."""
    return max(
        relative_error(engine_step(decoder, examples(), budget), engine_step(decoder, examples(), WHOLE_STEP))
        for decoder in _trained(subject)
        for budget in (ONE_EXAMPLE, 64)
    )


def long_documents(subject: Subject) -> float:
    """A long document's beginning has the logits of the beginning alone: another kernel, and nothing ahead is seen."""
    decoder = subject.make(torch.float32)
    draw = torch.Generator().manual_seed(SEED)
    tokens_T = torch.randint(VOCABULARY, (LONG_DOCUMENT,), generator=draw).to(decoder.device)
    beginning = LONG_DOCUMENT // 2 - 7  # cut into other blocks than the whole
    with torch.no_grad():
        long, short = _logits(decoder, tokens_T)[:beginning], _logits(decoder, tokens_T[:beginning])
    return relative_error({"logits": long}, {"logits": short})


def activation_checkpointing(subject: Subject) -> float:
    worst = 0.0
    for decoder in _trained(subject):
        kept = engine_step(decoder, examples(), 64)
        decoder.activation_checkpointing = True
        worst = max(worst, relative_error(engine_step(decoder, examples(), 64), kept))
    return worst


def adapter_start(subject: Subject) -> float:
    return relative_error(
        packed_logits(_adapted(subject, fresh=True)), packed_logits(subject.make(torch.float32).requires_grad_(False))
    )


def merged_adapter(subject: Subject) -> float:
    decoder = _adapted(subject)
    before = packed_logits(decoder)
    merge_adapter(decoder)
    return relative_error(packed_logits(decoder), before)


def checkpoint_round_trip(subject: Subject) -> float:
    """Stopped after two steps and resumed from disk for a third, against three steps in one go."""
    settings = _settings()
    with tempfile.TemporaryDirectory(prefix="tunesmith-doctor-") as folder:
        whole = _adapted(subject)
        saved = _train(whole, Optimizer(_trained_weights(whole), settings), settings, 0, Path(folder))
        shutil.rmtree(checkpoint.checkpoints(Path(folder))[-1])
        state = checkpoint.restore(Path(folder)).state
    if state is None or state.step != 2:
        return math.inf
    resumed = _adapted(subject, fresh=True)
    optimizer = Optimizer(_trained_weights(resumed), settings)
    load_state(state, _trained_weights(resumed), optimizer)
    again = _state(2, resumed, optimizer)
    read_back = num_different_values(_tensors(again), _tensors(saved[2]))
    last = _train(resumed, optimizer, settings, 2, None)[3]
    return read_back + num_different_values(_tensors(last), _tensors(saved[3]))


def _settings() -> ResolvedSpec:
    spec = FineTuneSpec(
        base_model="-", training_file="-", max_steps=3, batch_size=4, learning_rate=1e-2, save_every_steps=1,
        micro_batch_tokens=64, precision="fp32", warmup_ratio=0.0, compile=False,
    )  # fmt: skip
    facts = Facts(
        num_examples=8, longest_example_tokens=60, has_validation=False, context_length=LONG_DOCUMENT, hidden_size=32,
        num_parameters=20_000, linear_kinds=("q_proj",), device="cpu", has_fast_bf16=False,
        mean_example_tokens=19.0, can_compile=False,
    )  # fmt: skip
    return resolve(spec, facts)


def _train(
    decoder: CausalModel, optimizer: Optimizer, settings: ResolvedSpec, first_step: int, folder: Path | None
) -> dict[int, checkpoint.TrainState]:
    """The training loop itself; → the state after each step, in memory and, where a folder is given, on disk."""
    states: dict[int, checkpoint.TrainState] = {}

    def save(step: int) -> None:
        states[step] = _state(step, decoder, optimizer)
        if folder:
            checkpoint.save(folder, states[step], keep=3)

    hooks = LoopHooks(lambda metrics: None, save, lambda: False, time.monotonic)
    plan = BatchPlan(examples(), settings.batch_size, settings.micro_batch_tokens, settings.seed)
    run_loop(decoder, optimizer, plan, (), settings, first_step, hooks)
    return states


def _trained_weights(decoder: CausalModel) -> dict[str, torch.nn.Parameter]:
    return {name: weight for name, weight in decoder.named_parameters() if weight.requires_grad}


def _state(step: int, decoder: CausalModel, optimizer: Optimizer) -> checkpoint.TrainState:
    """A copy of everything that a resume needs."""
    weights = {name: weight.detach().clone() for name, weight in _trained_weights(decoder).items()}
    moments = {name: moment.detach().clone() for name, moment in optimizer.state().items()}
    return checkpoint.TrainState(step, weights, moments, torch.get_rng_state(), fingerprint(decoder.device, "fp32"))


def _tensors(state: checkpoint.TrainState) -> dict[str, Tensor]:
    moments = {f"optimizer {name}": moment for name, moment in state.optimizer.items()}
    return {**state.weights, **moments, "random": state.random}


PROMPTS = ((3, 14, 15), (9,), (26, 5, 35, 8, 9, 79, 3, 23, 84))
NEW_TOKENS = 12


def cached_tokens(subject: Subject) -> float:
    """Greedy generation with the cache, against computing the whole text again for each token."""
    decoder = subject.make(torch.float32)
    completions = generate(decoder, PROMPTS, Sampling(max_new_tokens=NEW_TOKENS))
    different = 0
    for prompt, completion in zip(PROMPTS, completions, strict=True):
        text = list(prompt)
        with torch.no_grad():
            for _ in range(NEW_TOKENS):
                text.append(int(_logits(decoder, torch.tensor(text, device=decoder.device))[-1].argmax()))
        expected, ours = text[len(prompt) :], completion.token_ids
        different += abs(len(ours) - len(expected)) + sum(a != b for a, b in zip(ours, expected, strict=False))
    return different


def cached_logits(subject: Subject) -> float:
    """Logits of given texts, read token by token through the cache, against the whole text at once."""
    decoder = subject.make(torch.float32)
    device, prepared = decoder.device, prepare(decoder)
    texts = [torch.tensor([*prompt, *range(1, NEW_TOKENS + 1)], device=device) for prompt in PROMPTS]
    lengths = [len(prompt) for prompt in PROMPTS]
    with torch.no_grad():
        cache = prepared.new_cache(len(texts), max(len(text) for text in texts))
        start_T = torch.cat([text[:length] for text, length in zip(texts, lengths, strict=True)])
        prepared.prefill(start_T, Borders.of(lengths, device), cache, range(len(texts)))
        cache.lengths_N = torch.tensor(lengths, device=device)
        steps = []
        for step in range(NEW_TOKENS):
            tokens_N = torch.stack([text[n + step] for text, n in zip(texts, lengths, strict=True)])
            steps.append(prepared.logits(prepared.decode(tokens_N, cache)))
        ours = torch.stack(steps, dim=1)
        whole = torch.stack([_logits(decoder, text)[-NEW_TOKENS:] for text in texts])
    return relative_error({"logits": ours}, {"logits": whole})


def fp32(subject: Subject) -> float:
    return _number_type(subject, torch.float32, torch.float64)


def bf16(subject: Subject) -> float:
    return _number_type(subject, torch.bfloat16, torch.float32)


def _number_type(subject: Subject, dtype: torch.dtype, finer: torch.dtype) -> float:
    """A training step in a number type, as training computes it, against the plain step in a finer one."""
    return relative_error(
        engine_step(subject.make(dtype), examples(), WHOLE_STEP), plain_step(subject.make(finer), examples())
    )


def compiled(subject: Subject) -> float:
    """Compiled by ``torch.compile``, forwards and backwards, against uncompiled."""
    eager = engine_step(subject.make(torch.float32), examples(), WHOLE_STEP)
    decoder = subject.make(torch.float32)
    decoder.compile_layers()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the compiler thinks aloud
        return relative_error(engine_step(decoder, examples(), WHOLE_STEP), eager)


# ---- the list ------------------------------------------------------------------------------------

_REINSTALL = (
    "install the torch version of constraints.txt anew; if it fails again, report it with `tunesmith doctor --json`"
)

CHECKS: tuple[Check, ...] = (
    Check(
        "packing",
        "a packed row gives the loss and the gradients of each of its examples alone",
        "Examples in one row change each other, so training learns from texts that nobody wrote.",
        _REINSTALL,
        ROUNDING,
        packing,
    ),
    Check(
        "micro-batching",
        "eight rows of one example, a few rows, and one row of eight give the same step",
        "micro_batch_tokens would change what is learned, not only memory and speed.",
        _REINSTALL,
        ROUNDING,
        micro_batching,
    ),
    Check(
        "long documents",
        "a long text's beginning has the logits of the beginning alone",
        "The kernel for long texts disagrees with the one for short texts, or sees what comes later.",
        "set max_seq_len: 512 until this is mended; " + _REINSTALL,
        ROUNDING,
        long_documents,
    ),
    Check(
        "activation checkpointing",
        "activations computed again give the gradients of activations that were kept",
        "activation_checkpointing: true would change what is learned, not only memory and speed.",
        "leave activation_checkpointing: false; " + _REINSTALL,
        ROUNDING,
        activation_checkpointing,
    ),
    Check(
        "adapter at step 0",
        "a fresh adapter changes no logit of the base model, not by a bit",
        "Training would not start from the base model.",
        _REINSTALL,
        0.0,
        adapter_start,
    ),
    Check(
        "merged adapter",
        "an adapter merged into the weights answers as the adapter beside them",
        "A merged model would be another one than the one that was trained and scored.",
        "serve the adapter unmerged; " + _REINSTALL,
        ROUNDING,
        merged_adapter,
    ),
    Check(
        "checkpoint",
        "a checkpoint read back has every bit, and the next step after it is the same",
        "A resumed run would differ from one that was never stopped.",
        "check the disk that holds the temporary folder (TMPDIR); " + _REINSTALL,
        0,
        checkpoint_round_trip,
        "differences",
    ),
    Check(
        "generated tokens",
        "answers with the cache are those without it, token by token",
        "Answers would depend on how they are computed, in chats and in scores.",
        _REINSTALL,
        0,
        cached_tokens,
        "differences",
    ),
    Check(
        "generated logits",
        "logits read through the cache are those of the whole text",
        "Answers would drift from what the model says.",
        _REINSTALL,
        ROUNDING,
        cached_logits,
    ),
    Check(
        "fp32",
        "loss and gradients in fp32 agree with plain float64",
        "Losses, gradients or kernels of this machine are wrong in fp32.",
        _REINSTALL,
        ROUNDING,
        fp32,
    ),
    Check(
        "bf16",
        "loss and gradients in bf16 agree with plain fp32, as far as bf16 reaches",
        "The bf16 kernels of this machine are wrong.",
        "set precision: fp32; " + _REINSTALL,
        ROUNDING_BF16,
        bf16,
    ),
)
"""The plain run: seconds."""

COMPILED = Check(
    "compiled",
    "torch.compile gives the loss and the gradients of the uncompiled engine",
    "The compiler of this machine changes what is learned.",
    "leave torch.compile off, and update the C++ compiler; " + _REINSTALL,
    ROUNDING,
    compiled,
    is_slow=True,
)
"""Half a minute for each model, so for the whole run alone."""


def plan(device: torch.device, *, whole: bool = False) -> tuple[tuple[Check, Subject], ...]:
    """What to judge: the plain run, or all that this machine can do."""
    chosen = [(check, subject) for subject in architectures(device) for check in CHECKS]
    if whole:
        chosen += [(check, subject) for subject in other_shapes(device) for check in CHECKS]
        unlike = {"activation checkpointing"}  # refused for models that go through transformers
        chosen += [(check, model) for model in foreign_models(device) for check in CHECKS if check.name not in unlike]
    if whole and can_compile():
        chosen += [(COMPILED, subject) for subject in architectures(device)]
    return tuple(chosen)
