"""One training run of one contender, in a process of its own: request (JSON) in, one line of JSON out.

Everyone starts from the same weights, takes the same examples in each step (``trl-packed`` alone moves step
borders: its sampler packs the whole data set), the same learning rate, clipping and optimizer. What differs
is what is compared: how the step is laid out and computed.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import measure
from workload import (
    BATCH_SIZE,
    LEARNING_RATE,
    LORA_ALPHA,
    LORA_RANK,
    MAX_GRAD_NORM,
    MAX_TOKENS,
    SHAPES,
    TokenRow,
    Work,
    least_flops,
    make_work,
    num_trained,
    write_model,
)

PAD_ID = 1


class StepClock:
    """Notes the end of every step; the first is timed apart, the others make the speed."""

    def __init__(self) -> None:
        self.begun = time.perf_counter()
        self.ends: list[measure.Moment] = []
        self.losses: list[float] = []

    def step_ended(self) -> None:
        self.ends.append(measure.moment())

    def result(self, steps: Sequence[Sequence[TokenRow]], shape: str, mode: Any) -> dict[str, Any]:
        """``steps`` are the rows of each step as it was run."""
        if len(steps) != len(self.ends):
            raise RuntimeError(f"{len(steps)} steps were asked for, {len(self.ends)} were run")
        walls = [self.begun, *(end.wall for end in self.ends)]
        return {
            "steps": [
                {
                    "tokens": sum(len(row.token_ids) for row in rows),
                    "trained_tokens": sum(num_trained(row) for row in rows),
                    "flops": least_flops(SHAPES[shape], rows, mode),
                    "seconds": end - start,
                }
                for rows, start, end in zip(steps, walls, walls[1:], strict=False)
            ],
            "first_step_seconds": walls[1] - walls[0],
            "losses": self.losses,
            "peak_rss_bytes": measure.peak_rss_bytes(),
            **measure.disturbance(self.ends[0], self.ends[-1]),
        }


# --- ours ----------------------------------------------------------------------------------------------------------


def run_ours(request: dict[str, Any], work: Work, folder: Path) -> dict[str, Any]:
    """The engine's own loop, with the settings it chooses for this model on this machine."""
    import torch

    from tunesmith.data.examples import TokenizedExample
    from tunesmith.nn.catalog import locate
    from tunesmith.nn.lora import AdapterConfig, add_adapter, target_kinds
    from tunesmith.nn.weights import load_decoder
    from tunesmith.specs.resolve import Facts, resolve
    from tunesmith.train import device
    from tunesmith.train.batches import Batch, BatchPlan, make_batch
    from tunesmith.train.loop import LoopHooks, run_loop, validate
    from tunesmith.train.optim import Optimizer
    from tunesmith.train.run_folder import StepMetrics

    def tokenized(row: TokenRow) -> TokenizedExample:
        weights = (0.0,) * row.prompt_tokens + (1.0,) * (len(row.token_ids) - row.prompt_tokens)
        return TokenizedExample(0, row.token_ids, weights)

    steps = [[tokenized(row) for row in rows] for rows in work.steps]
    lora = request["mode"] == "lora"
    place = torch.device("cpu")
    base = locate(str(folder))
    device.prepare()
    dtype = torch.bfloat16 if device.has_fast_bf16(place) else torch.float32
    decoder = load_decoder(base, dtype, place, train_all=not lora)
    facts = Facts(
        num_examples=len(steps) * BATCH_SIZE,
        longest_example_tokens=MAX_TOKENS,
        mean_example_tokens=sum(len(row.token_ids) for rows in steps for row in rows) / (len(steps) * BATCH_SIZE),
        has_validation=False,
        context_length=base.config.max_position_embeddings,
        hidden_size=base.config.hidden_size,
        num_parameters=base.config.num_parameters,
        linear_kinds=target_kinds(decoder),
        device="cpu",
        has_fast_bf16=device.has_fast_bf16(place),
        can_compile=device.can_compile(),
    )
    settings = resolve(our_spec(request, len(steps)), facts)
    if lora:
        adapter = AdapterConfig(settings.lora_rank, settings.lora_alpha, settings.lora_target_modules)
        add_adapter(decoder, adapter, settings.seed)
    if settings.compile:
        decoder.compile_layers()

    class GivenPlan(BatchPlan):
        """The bench's steps in their order, instead of the seed's."""

        def batch(self, step: int, device: torch.device | str = "cpu") -> Batch:
            return make_batch(steps[step], settings.micro_batch_tokens, device)

    trained = {name: weight for name, weight in decoder.named_parameters() if weight.requires_grad}
    optimizer = Optimizer(trained, settings)
    plan = GivenPlan([row for rows in steps for row in rows], BATCH_SIZE, settings.micro_batch_tokens, settings.seed)
    clock = StepClock()

    def report(metrics: StepMetrics) -> None:
        clock.step_ended()
        clock.losses.append(metrics.train_loss if metrics.train_loss is not None else float("nan"))

    hooks = LoopHooks(report, lambda step: None, lambda: False, time.monotonic)
    run_loop(decoder, optimizer, plan, (), settings, 0, hooks)
    result = clock.result(work.steps, request["shape"], request["mode"])
    held_out, _ = validate(decoder, [tokenized(row) for row in work.held_out], settings)
    return {
        **result,
        "held_out_loss": held_out,
        "layout": f"{settings.precision}, {settings.micro_batch_tokens} tokens",
    }


def our_spec(request: dict[str, Any], num_steps: int) -> Any:
    """What a user would write for this job. ``compile`` is the one setting that the contenders of ours differ in."""
    from tunesmith.specs.fine_tune import FineTuneSpec

    lora = request["mode"] == "lora"
    compiled = request["contender"] == "ours-compiled"
    return FineTuneSpec(
        base_model="bench", training_file="bench", adapter="lora" if lora else "none", lora_rank=LORA_RANK,
        lora_alpha=LORA_ALPHA, lora_target_modules="all-linear", max_steps=num_steps, batch_size=BATCH_SIZE,
        learning_rate=LEARNING_RATE[request["mode"]], lr_schedule="constant", warmup_ratio=0.0, weight_decay=0.0,
        max_grad_norm=MAX_GRAD_NORM, save_every_steps=num_steps, eval_examples=0, compile=compiled,
    )  # fmt: skip


def can_compile() -> bool:
    from tunesmith.train import device

    return device.can_compile()


# --- the peers -----------------------------------------------------------------------------------------------------


def run_trainer(request: dict[str, Any], work: Work, folder: Path) -> dict[str, Any]:
    """transformers' Trainer. Default: its own settings, a padding collator. Tuned: the whole step in one
    micro-batch of similar lengths, weights in pure bf16 (adapters in fp32, as PEFT makes them). Its variants show
    that the tuned one is tuned well: micro-batches of 8 or 4, autocast on top, torch.compile."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

    contender = request["contender"]
    tuned = contender != "trainer-default"
    if tuned:
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16)
    else:
        model = AutoModelForCausalLM.from_pretrained(folder)
    model.config.use_cache = False
    if request["mode"] == "lora":
        model = get_peft_model(model, LoraConfig(**_lora()))
    micro = {"trainer-tuned-8": 8, "trainer-tuned-4": 4}.get(contender, BATCH_SIZE if tuned else 8)
    extra = {"trainer-autocast": {"bf16": True}, "trainer-compiled": {"torch_compile": True}}.get(contender, {})
    arguments = TrainingArguments(**_arguments(request, work, micro), **extra)
    clock = StepClock()
    trainer = Trainer(
        model=model, args=arguments, train_dataset=_rows(work), data_collator=_padded, callbacks=[_callback(clock)]
    )
    return _train(trainer, clock, work.steps, work, request, _layout(model, arguments))


def run_trl(request: dict[str, Any], work: Work, folder: Path) -> dict[str, Any]:
    """TRL's SFTTrainer. Default: as its documentation calls it. Tuned: weights in bf16, no checkpointing, and
    either batches of similar lengths (``trl-grouped``) or best-fit packing (``trl-packed``), a row of 512 tokens at
    a time, because on a CPU its attention over a row is a dense product of row by row."""
    import torch
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM
    from trl import SFTConfig, SFTTrainer

    contender = request["contender"]
    options: dict[str, Any] = {}
    steps = work.steps
    if contender == "trl-default":
        model, micro = str(folder), 8
    else:
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16)
        options = {"gradient_checkpointing": False}
        micro = BATCH_SIZE
    dataset = _masked_rows(work)
    if contender == "trl-packed":
        options |= {"packing": True, "packing_strategy": "bfd", "max_length": MAX_TOKENS}
        micro = 1
    arguments = SFTConfig(**_arguments(request, work, micro), completion_only_loss=True, **options)
    clock = StepClock()
    trainer = SFTTrainer(
        model=model, args=arguments, train_dataset=dataset, callbacks=[_callback(clock)],
        peft_config=LoraConfig(**_lora()) if request["mode"] == "lora" else None,
    )  # fmt: skip
    if contender == "trl-packed":
        steps = _packed_steps(trainer, work)
    return _train(trainer, clock, steps, work, request, _layout(trainer.model, arguments))


def _train(trainer: Any, clock: StepClock, steps: Any, work: Work, request: dict[str, Any], layout: str) -> Any:
    clock.begun = time.perf_counter()
    trainer.train()
    clock.losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    result = clock.result(steps, request["shape"], request["mode"])
    return {**result, "held_out_loss": _held_out_loss(trainer.model, work.held_out), "layout": layout}


def _packed_steps(trainer: Any, work: Work) -> list[list[TokenRow]]:
    """Packing moves step borders: share the packed rows over as many steps as the others take, and say which
    examples each holds."""
    packed = trainer.train_dataset
    rows_a_step = -(-len(packed) // len(work.steps))
    trainer.args.gradient_accumulation_steps = rows_a_step
    trainer.args.max_steps = -(-len(packed) // rows_a_step)
    rows = []
    for ids, labels, lengths in zip(packed["input_ids"], packed["labels"], packed["seq_lengths"], strict=True):
        start, examples = 0, []
        for length in lengths:
            prompt = sum(label == -100 for label in labels[start : start + length])
            examples.append(TokenRow(tuple(ids[start : start + length]), prompt))
            start += length
        rows.append(examples)
    starts = range(0, len(rows), rows_a_step)
    return [[row for examples in rows[start : start + rows_a_step] for row in examples] for start in starts]


def _lora() -> dict[str, Any]:
    return {
        "r": LORA_RANK,
        "lora_alpha": LORA_ALPHA,
        "lora_dropout": 0.0,
        "target_modules": "all-linear",
        "task_type": "CAUSAL_LM",
    }


def _arguments(request: dict[str, Any], work: Work, micro: int) -> dict[str, Any]:
    """What is the same for all: examples a step and their order, optimizer, rate, clipping; nothing saved."""
    return {
        "output_dir": str(Path(request["work"]) / "trainer"),
        "per_device_train_batch_size": micro,
        "gradient_accumulation_steps": BATCH_SIZE // micro,
        "max_steps": len(work.steps),
        "train_sampling_strategy": "sequential",
        "learning_rate": LEARNING_RATE[request["mode"]],
        "lr_scheduler_type": "constant",
        "weight_decay": 0.0,
        "max_grad_norm": MAX_GRAD_NORM,
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "use_cpu": True,
    }


def _rows(work: Work) -> list[dict[str, list[int]]]:
    """The rows of all steps in order, as ids and labels."""
    return [{"input_ids": list(row.token_ids), "labels": row.labels} for step in work.steps for row in step]


def _masked_rows(work: Work) -> Any:
    """The same as TRL takes tokenised rows: ids with a completion mask."""
    from datasets import Dataset

    rows = _rows(work)
    masks = [[int(label != -100) for label in row["labels"]] for row in rows]
    return Dataset.from_dict({"input_ids": [row["input_ids"] for row in rows], "completion_mask": masks})


def _padded(rows: list[dict[str, list[int]]]) -> dict[str, Any]:
    """Padding to the longest of the micro-batch."""
    import torch

    width = max(len(row["input_ids"]) for row in rows)

    def filled(values: list[int], filler: int) -> list[int]:
        return [*values, *[filler] * (width - len(values))]

    return {
        "input_ids": torch.tensor([filled(row["input_ids"], PAD_ID) for row in rows]),
        "attention_mask": torch.tensor([filled([1] * len(row["input_ids"]), 0) for row in rows]),
        "labels": torch.tensor([filled(row["labels"], -100) for row in rows]),
    }


def _callback(clock: StepClock) -> Any:
    from transformers import TrainerCallback

    class Steps(TrainerCallback):
        def on_step_end(self, *_: Any, **__: Any) -> None:
            clock.step_ended()

    return Steps()


def _layout(model: Any, arguments: Any) -> str:
    """How the peer computes, read from what it made of its settings."""
    frozen = next(iter(model.parameters())).dtype
    trained = {str(p.dtype).removeprefix("torch.") for p in model.parameters() if p.requires_grad}
    parts = [f"{str(frozen).removeprefix('torch.')} weights", f"{'/'.join(sorted(trained))} trained"]
    parts += ["bf16 autocast"] if arguments.bf16 else []
    parts += ["compiled"] if arguments.torch_compile else []
    parts += ["checkpointing"] if arguments.gradient_checkpointing else []
    micro, times = arguments.per_device_train_batch_size, arguments.gradient_accumulation_steps
    return ", ".join([*parts, f"{micro} × {times}"])


def _held_out_loss(model: Any, rows: Sequence[TokenRow]) -> float:
    """Mean loss over the trained tokens of rows that nobody trained on, one row at a time."""
    import torch
    import torch.nn.functional as F

    model.eval()
    total, count = 0.0, 0
    with torch.no_grad():
        for row in rows:
            logits = model(input_ids=torch.tensor([row.token_ids])).logits[0].float()
            labels = torch.tensor(row.labels[1:])
            total += float(F.cross_entropy(logits[:-1], labels, ignore_index=-100, reduction="sum"))
            count += int((labels != -100).sum())
    return total / count


CONTENDERS: dict[str, Callable[[dict[str, Any], Work, Path], dict[str, Any]]] = {
    "ours-eager": run_ours,
    "ours-compiled": run_ours,
    "trainer-tuned": run_trainer,
    "trl-packed": run_trl,
    "ours-default": run_ours,
    "trainer-default": run_trainer,
    "trl-default": run_trl,
    "trl-grouped": run_trl,
    "trainer-tuned-8": run_trainer,
    "trainer-tuned-4": run_trainer,
    "trainer-autocast": run_trainer,
    "trainer-compiled": run_trainer,
}
VARIANTS = (
    "trl-grouped",
    "trainer-tuned-8",
    "trainer-tuned-4",
    "trainer-autocast",
    "trainer-compiled",
)  # run when asked for
# As a user gets them, steps hold examples in the order in which they arrive; the tuned ones group by length.
DEFAULTS = ("ours-default", "trainer-default", "trl-default")
TUNED_PEERS = ("trainer-tuned", "trl-packed", *VARIANTS)
# Known to be far behind: fewer rounds are enough to see it.
SLOW = (*DEFAULTS, "trl-packed", "trl-grouped")
COMPILED = ("ours-compiled", "trainer-compiled")


def main() -> None:
    request = json.loads(sys.argv[1])
    if request["contender"] == "prepare":  # weights once, in a process of their own
        write_model(request["shape"], Path(request["work"]))
        measure.hand_back({"can_compile": can_compile(), "versions": measure.versions()})
        return
    if request["contender"] == "peak":
        measure.hand_back({"matmul_rate": measure.matmul_rate(SHAPES[request["shape"]])})
        return
    order = "arrival" if request["contender"] in DEFAULTS else "grouped"
    work = make_work(request["shape"], order, request["steps"])
    folder = write_model(request["shape"], Path(request["work"]))
    result = CONTENDERS[request["contender"]](request, work, folder)
    import torch

    measure.hand_back({"order": order, **result, "threads": torch.get_num_threads()})


if __name__ == "__main__":
    main()
