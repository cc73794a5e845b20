"""Models through ``transformers``: the same numbers as the library's own, and documents that never see each other.

Everything is fp32 on one thread unless a test says otherwise. An error is the norm of a difference over
the norm of the reference.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tunesmith.core.errors import Problems, UserError
from tunesmith.data.examples import TokenizedExample
from tunesmith.infer.engine import generate
from tunesmith.infer.sampling import Sampling
from tunesmith.infer.scheduler import GenerationRequest, Scheduler, TokenStep
from tunesmith.nn import foreign
from tunesmith.nn.attention import Borders
from tunesmith.nn.catalog import BaseModel, ForeignConfig, config_as_json, parse_config, read_folder
from tunesmith.nn.foreign import ForeignDecoder, load_foreign, probe
from tunesmith.nn.lora import (
    Adapter,
    AdapterConfig,
    add_adapter,
    load_adapter,
    merge_adapter,
    save_adapter,
    target_kinds,
)
from tunesmith.nn.models import load_causal_model, random_causal_model
from tunesmith.nn.transformer import CausalModel, Decoder
from tunesmith.nn.weights import linear_layers, named_weights, owned, read_tensors, write_tensors
from tunesmith.train.batches import make_batch
from tunesmith.train.losses import backward

LENGTHS = (3, 17, 1, 40, 17, 9)
WINDOW = 6
SIZES: dict[str, Any] = {
    "vocab_size": 96, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 128, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
FAMILIES: dict[str, dict[str, Any]] = {
    "phi3": {"sliding_window": None},
    "phi3 with a window": {"sliding_window": WINDOW, "tie_word_embeddings": True},
    "gemma2": {
        "head_dim": 16, "sliding_window": WINDOW, "query_pre_attn_scalar": 12, "attn_logit_softcapping": 2.0,
        "final_logit_softcapping": 3.0,
    },
    "gemma3_text": {"head_dim": 8, "sliding_window": WINDOW, "query_pre_attn_scalar": 12, "sliding_window_pattern": 2},
    "granite": {"embedding_multiplier": 3.0, "logits_scaling": 2.0, "residual_multiplier": 0.7, "attention_multiplier": 0.4},
}  # fmt: skip
PROJECTIONS = {
    "phi3": ("qkv_proj", "o_proj", "gate_up_proj", "down_proj"),
    "gemma2": ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"),
}


def model_of(family: str, **changed: Any) -> Any:
    """The library's own model with its plain attention, and weights large enough that a wrong one shows."""
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(family.split()[0], **(SIZES | FAMILIES[family] | changed))
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for weight in model.parameters():
            noise = torch.randn(weight.shape, generator=generator)
            weight.copy_(0.18 * noise if weight.dim() > 1 else 0.6 + 0.2 * noise)
    return model


@pytest.fixture(scope="session")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The family's model in the library's own layout, written once a session."""
    written: dict[str, Path] = {}

    def folder(family: str) -> Path:
        if family not in written:
            written[family] = tmp_path_factory.mktemp("foreign")
            model_of(family).save_pretrained(written[family])
        return written[family]

    return folder


@pytest.fixture(scope="session")
def base_of(folder_of: Callable[[str], Path]) -> Callable[[str], BaseModel]:
    return lambda family: read_folder(folder_of(family), family)


@pytest.fixture
def phi3(base_of: Callable[[str], BaseModel]) -> ForeignDecoder:
    return load_foreign(base_of("phi3"), torch.float32)


def documents(lengths: Sequence[int] = LENGTHS) -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randint(3, 96, (length,), generator=generator) for length in lengths]


def our_logits(decoder: CausalModel, texts: Sequence[Tensor]) -> Tensor:
    """Logits of several documents in one stream."""
    with torch.no_grad():
        return decoder.logits(decoder(torch.cat(list(texts)), Borders.of([len(text) for text in texts])))


def their_logits(model: Any, texts: Sequence[Tensor]) -> Tensor:
    """Logits of each document alone."""
    with torch.no_grad():
        return torch.cat([model(text[None]).logits[0] for text in texts])


def error(ours: Tensor, reference: Tensor) -> float:
    return float(((ours - reference).double().norm() / reference.double().norm()).detach())


def examples() -> list[TokenizedExample]:
    return [
        TokenizedExample(line, tuple(text.tolist()), (0.0,) + (1.0,) * (len(text) - 1))
        for line, text in enumerate(documents((5, 33, 12, 2, 21)))
    ]


def plain_loss(model: Any, texts: Sequence[Tensor]) -> Tensor:
    """The mean over all predicted tokens, each document alone."""
    losses = [F.cross_entropy(model(t[None]).logits[0, :-1].float(), t[1:], reduction="sum") for t in texts]
    total: Tensor = torch.stack(losses).sum() / sum(len(t) - 1 for t in texts)
    return total


def our_loss(decoder: CausalModel, budget_tokens: int) -> float:
    """Adds the gradients of one step over the examples; → its mean loss."""
    batch = make_batch(examples(), budget_tokens)
    return sum(backward(decoder, micro, batch.total_weight).loss for micro in batch.micro_batches) / batch.total_weight


# ---- the same numbers ----------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
def test_packed_logits_are_those_of_the_library_for_each_document_alone(base_of: Any, family: str) -> None:
    theirs = their_logits(model_of(family), documents())
    assert theirs.std() > 0.1
    assert error(our_logits(load_foreign(base_of(family), torch.float32), documents()), theirs) < 2e-6


@pytest.mark.parametrize("family", ["phi3", "phi3 with a window", "gemma2", "gemma3_text"])
@pytest.mark.parametrize("budget_tokens", [1 << 20, 30])
def test_gradients_of_packed_rows_are_those_of_the_library(base_of: Any, family: str, budget_tokens: int) -> None:
    model = model_of(family)
    loss = plain_loss(model, documents((5, 33, 12, 2, 21)))
    loss.backward()
    decoder = load_foreign(base_of(family), torch.float32, train_all=True)
    assert our_loss(decoder, budget_tokens) == pytest.approx(float(loss.detach()), rel=1e-5)
    theirs = {name: weight.grad for name, weight in model.named_parameters()}
    ours = {name: weight.grad for name, weight in decoder.named_parameters()}
    assert ours.keys() == theirs.keys()
    assert max(error(ours[name], theirs[name]) for name in ours) < 2e-5


@pytest.mark.parametrize("family", ["phi3", "gemma2"])
def test_one_step_moves_the_weights_as_in_the_library(base_of: Any, family: str) -> None:
    model = model_of(family)
    decoder = load_foreign(base_of(family), torch.float32, train_all=True)
    plain_loss(model, documents((5, 33, 12, 2, 21))).backward()
    our_loss(decoder, 1 << 20)
    for one in (model, decoder):
        torch.optim.SGD(one.parameters(), lr=0.1).step()
    before, after = model_of(family).state_dict(), model.state_dict()
    for name, weight in named_weights(decoder):
        assert error(weight.detach() - before[name], after[name] - before[name]) < 1e-4


@pytest.mark.parametrize("family", FAMILIES)
def test_greedy_tokens_are_those_of_the_library(base_of: Any, family: str) -> None:
    """Past the window, several streams at once."""
    model = model_of(family)
    prompts = [text.tolist() for text in documents((3, 17, 8))]
    expected = []
    for prompt in prompts:
        text = torch.tensor([prompt])
        out = model.generate(
            text, attention_mask=torch.ones_like(text), do_sample=False, max_new_tokens=14, eos_token_id=None
        )
        expected.append(out[0, len(prompt) :].tolist())
    decoder = load_foreign(base_of(family), torch.float32)
    got = generate(decoder, prompts, Sampling(temperature=0.0, max_new_tokens=14))
    assert [completion.token_ids for completion in got] == expected


@pytest.mark.parametrize("length", [40, 1100])
@pytest.mark.parametrize("softcap", [None, 2.0])
def test_blocks_of_queries_equal_one_masked_product(length: int, softcap: float | None, monkeypatch: Any) -> None:
    monkeypatch.setattr(foreign, "QUERY_BLOCK", 16 if length == 40 else 512)
    generator = torch.Generator().manual_seed(2)
    q, k, v = (torch.randn(2, length, heads, 4, generator=generator, requires_grad=True) for heads in (4, 2, 2))
    out = foreign._by_rule(q, k, v, foreign.Rule(0.3, softcap, 11))
    wide_k, wide_v = (x.repeat_interleave(2, dim=2).transpose(1, 2) for x in (k, v))
    scores = q.transpose(1, 2) @ wide_k.transpose(2, 3) * 0.3
    if softcap is not None:
        scores = softcap * torch.tanh(scores / softcap)
    seen = torch.ones(length, length, dtype=torch.bool).tril() & torch.ones(length, length, dtype=torch.bool).triu(-10)
    plain = (scores.masked_fill(~seen, float("-inf")).softmax(-1) @ wide_v).transpose(1, 2)
    assert error(out, plain) < 1e-6
    for ours, theirs in zip(*(torch.autograd.grad((x**2).sum(), (q, k, v)) for x in (out, plain)), strict=True):
        assert error(ours, theirs) < 1e-5


@pytest.mark.parametrize("family", ["phi3", "gemma2"])
def test_full_training_in_bf16_keeps_fp32_weights_and_computes_in_bf16(base_of: Any, family: str) -> None:
    exact = load_foreign(base_of(family), torch.float32, train_all=True)
    decoder = load_foreign(base_of(family), torch.bfloat16, train_all=True)
    assert {weight.dtype for weight in decoder.parameters()} == {torch.float32}
    text = documents((12,))[0]
    hidden = decoder(text, Borders.of([12]))
    assert (hidden.dtype, decoder.logits(hidden).dtype) == (torch.bfloat16, torch.bfloat16)
    our_loss(exact, 1 << 20)
    our_loss(decoder, 1 << 20)
    reference = dict(exact.named_parameters())
    assert {weight.grad.dtype for weight in decoder.parameters() if weight.grad is not None} == {torch.float32}
    assert max(error(weight.grad, reference[name].grad) for name, weight in decoder.named_parameters()) < 0.25


def test_frozen_weights_lie_in_the_compute_type_in_storage_of_their_own(base_of: Any) -> None:
    decoder = load_foreign(base_of("gemma2"), torch.bfloat16)
    weights = dict(decoder.named_parameters())
    assert {(weight.dtype, weight.requires_grad) for weight in weights.values()} == {(torch.bfloat16, False)}
    assert len({weight.untyped_storage().data_ptr() for weight in weights.values()}) == len(weights)
    assert not any(table.is_meta for table in decoder.buffers())


# ---- adapters ------------------------------------------------------------------------------------


def adapted(base: BaseModel, kinds: tuple[str, ...]) -> tuple[CausalModel, AdapterConfig]:
    decoder, config = load_causal_model(base, torch.float32), AdapterConfig(4, 12, kinds)
    add_adapter(decoder, config, seed=3)
    generator = torch.Generator().manual_seed(4)
    for layer in linear_layers(decoder).values():
        if layer.lora_B is not None:
            layer.lora_B.data.normal_(0.0, 0.2, generator=generator)
    return decoder, config


def test_projections_keep_the_names_that_the_family_gives_them(base_of: Any) -> None:
    for family, kinds in PROJECTIONS.items():
        assert set(target_kinds(load_foreign(base_of(family), torch.float32))) == {*kinds, "lm_head"}


class Heard:
    """A listener that keeps the tokens."""

    def __init__(self) -> None:
        self.ids: list[int] = []

    def token(self, step: TokenStep) -> None:
        self.ids.append(step.token_id)

    def finished(self, reason: str) -> None:
        assert reason == "length"

    def failed(self, error: Exception) -> None:
        raise error


@pytest.mark.parametrize("family", PROJECTIONS)
def test_adapters_on_one_foreign_model_share_its_weights_and_answer_as_each_alone(base_of: Any, family: str) -> None:
    base, sampling = base_of(family), Sampling(max_new_tokens=12)
    decoder, name = load_foreign(base, torch.float32), f"a {family}"
    tuned, config = adapted(base, PROJECTIONS[family])
    pairs = {n: (x.lora_A, x.lora_B) for n, x in linear_layers(tuned).items() if x.lora_A is not None}
    bound = 300 * 2 * 3 * 4 * 32 * 4
    scheduler = Scheduler(decoder, max_streams=4, max_cache_bytes=bound)
    scheduler.add_adapter(name, Adapter(config, pairs))  # type: ignore[arg-type]
    own = scheduler._adapters[name].model._model  # type: ignore[attr-defined]
    assert own.embedding_weight is decoder.embedding_weight
    assert all(layer.lora_A is None for layer in linear_layers(decoder).values())
    prompts, names, heard = [text.tolist() for text in documents()], [None, name] * 3, [Heard() for _ in LENGTHS]
    for prompt, adapter, listener in zip(prompts, names, heard, strict=True):
        scheduler.submit(GenerationRequest(tuple(prompt), sampling, adapter), listener)
        scheduler.step()
    while scheduler.step():
        assert scheduler.stats().peak_cache_bytes <= bound
    for prompt, adapter, listener in zip(prompts, names, heard, strict=True):
        alone = generate(tuned if adapter else decoder, [prompt], sampling)[0].token_ids
        assert listener.ids == alone


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("family", PROJECTIONS)
@pytest.mark.parametrize("with_head", [False, True])
def test_peft_gives_our_adapter_the_same_logits(base_of: Any, family: str, with_head: bool, tmp_path: Path) -> None:
    from peft import PeftModel

    base = base_of(family)
    decoder, config = adapted(base, (*PROJECTIONS[family], *(["lm_head"] if with_head else [])))
    save_adapter(tmp_path, decoder, config, base.name)
    theirs = their_logits(PeftModel.from_pretrained(model_of(family), tmp_path).eval(), documents())
    assert error(our_logits(decoder, documents()), theirs) < 2e-6
    assert error(our_logits(load_foreign(base, torch.float32), documents()), theirs) > 0.01


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("family", PROJECTIONS)
def test_adapter_of_peft_gives_the_same_logits(base_of: Any, family: str, tmp_path: Path) -> None:
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(0)
    targets = list(PROJECTIONS[family])
    settings = LoraConfig(r=4, lora_alpha=12, target_modules=targets, init_lora_weights=False, task_type="CAUSAL_LM")
    model = get_peft_model(model_of(family), settings).eval()
    model.save_pretrained(tmp_path)
    decoder = load_foreign(base_of(family), torch.float32)
    load_adapter(decoder, tmp_path)
    assert error(our_logits(decoder, documents()), their_logits(model, documents())) < 2e-6


@pytest.mark.parametrize("kinds", [PROJECTIONS["gemma2"], ("lm_head", "q_proj")], ids=["tied", "untied by the merge"])
def test_merged_model_opens_in_the_library_with_the_same_logits(base_of: Any, kinds: Any, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    decoder, _ = adapted(base_of("gemma2"), kinds)
    before = our_logits(decoder, documents())
    merge_adapter(decoder)
    assert error(our_logits(decoder, documents()), before) < 1e-5
    assert decoder.config.tie_word_embeddings == ("lm_head" not in kinds)
    write_tensors(tmp_path / "model.safetensors", dict(named_weights(decoder)))
    (tmp_path / "config.json").write_text(json.dumps(config_as_json(decoder.config, "float32")))
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path, attn_implementation="eager")
    assert error(their_logits(theirs, documents()), before) < 1e-5


# ---- what cannot be packed is refused ------------------------------------------------------------


class ShiftedMLP(nn.Module):
    """Mixes each token with the one before it, as token-shift and convolution layers do."""

    def __init__(self, mlp: nn.Module) -> None:
        super().__init__()
        self.mlp = mlp

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.mlp(x + 1e-6 * x.roll(1, dims=1))
        return out


def test_state_beside_attention_is_found_however_small(phi3: ForeignDecoder) -> None:
    layer = phi3.get_submodule("model.layers.1")
    layer.mlp = ShiftedMLP(layer.mlp)
    with pytest.raises(UserError, match="cannot be packed safely: what one token becomes depends on another document"):
        probe(phi3)


def test_attention_that_is_not_ours_is_found(phi3: ForeignDecoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign, "attend", lambda q, k, v, borders, window=None: v.repeat_interleave(2, dim=1))
    with pytest.raises(UserError, match="its attention is not the one that ours computes"):
        probe(phi3)


def test_window_that_attention_is_not_told_of_is_found(base_of: Any) -> None:
    decoder = load_foreign(base_of("gemma2"), torch.float32)
    decoder.get_submodule("model.layers.0.self_attn").sliding_window = WINDOW + 1
    with pytest.raises(UserError, match="its mask is not the causal one, or not the window"):
        probe(decoder)


def test_positions_that_differ_in_a_pack_are_found(phi3: ForeignDecoder, monkeypatch: pytest.MonkeyPatch) -> None:
    run = ForeignDecoder._run

    def run_stretched(self: ForeignDecoder, tokens: Tensor, positions: Tensor, this_pass: Any) -> Tensor:
        packed = this_pass.borders is not None and len(this_pass.borders.lengths) > 1
        return run(self, tokens, 2 * positions if packed else positions, this_pass)

    monkeypatch.setattr(ForeignDecoder, "_run", run_stretched)
    with pytest.raises(UserError, match="a packed document is not computed as it is alone"):
        probe(phi3)


@pytest.mark.parametrize(
    "model_type, architecture, changed, reason",
    [
        ("mamba", "MambaForCausalLM", {}, "attention does not go through"),
        ("mixtral", "MixtralForCausalLM", {}, "weights of more than two dimensions"),
        ("lfm2", "Lfm2ForCausalLM", {"layer_types": ["conv", "full_attention", "conv"]}, "more than two dimensions"),
        ("recurrent_gemma", "RecurrentGemmaForCausalLM", {}, "layers of the kinds linear_attention|more than two"),
        ("bert", "BertForMaskedLM", {}, "neither our decoder nor transformers has it"),
        ("phi3", "EvilForCausalLM", {}, "neither our decoder nor transformers has it"),
        ("gemma2", "Gemma2ForCausalLM", {"hidden_activation": "os_system"}, "cannot be built from its config"),
        ("gemma2", "Gemma2ForCausalLM", {"num_attention_heads": "four"}, "cannot be built from its config"),
    ],
)
def test_architecture_that_cannot_be_used_is_refused_with_the_reason(
    model_type: str, architecture: str, changed: dict[str, Any], reason: str
) -> None:
    raw = {**SIZES, "architectures": [architecture], "model_type": model_type, **changed}
    config, _ = parse_config(raw, "config.json")
    assert isinstance(config, ForeignConfig)
    with pytest.raises(UserError, match=reason) as caught:
        ForeignDecoder(config)
    assert architecture in caught.value.message


def test_random_weights_are_for_our_own_decoder(base_of: Any) -> None:
    with pytest.raises(UserError, match="initialization: random"):
        random_causal_model(base_of("phi3").config, torch.float32, 0)


# ---- the config stays closed ---------------------------------------------------------------------


def gemma2(**changed: Any) -> tuple[Any, tuple[str, ...]]:
    raw = {**SIZES, **FAMILIES["gemma2"], "architectures": ["Gemma2ForCausalLM"], "model_type": "gemma2", **changed}
    return parse_config(raw, "config.json")


@pytest.mark.parametrize(
    "key, value",
    [
        ("auto_map", {"AutoModelForCausalLM": "modeling.Evil"}),
        ("quantization_config", {"bits": 4}),
        ("trust_remote_code", True),
        ("custom_code", "evil.py"),
        ("text_config", {"vocab_size": 3}),
        ("rope_scaling", {"rope_type": "default", "auto_map": "evil"}),
        ("rope_parameters", {"full_attention": {"trust_remote_code": True}}),
        ("rope_parameters", {"full_attention": {"deeper": {"deepest": {"x": 1}}}}),
        ("layer_types", [{"auto_map": "x"}]),
        ("layer_types", ["full_attention"] * 5000),
        ("hidden_activation", "../evil"),
        ("eos_token_id", {"auto_map": "evil.Model"}),
        ("pad_token_id", 10**30),
        ("initializer_range", "../evil"),
        ("head_dim", 1 << 40),
        ("num_hidden_layers", 1 << 20),
    ],
)
def test_config_that_names_code_paths_or_absurd_sizes_is_refused(key: str, value: object) -> None:
    with pytest.raises(Problems) as caught:
        gemma2(**{key: value})
    assert [problem.path for problem in caught.value.problems] == [key]


def test_attention_kernels_that_a_config_asks_for_are_not_used(base_of: Any) -> None:
    raw = json.loads(base_of("phi3").config.settings) | {"attn_implementation": "flash", "_attn_implementation": "evil"}
    decoder = ForeignDecoder(replace(base_of("phi3").config, settings=json.dumps(raw)))
    assert decoder._library_config._attn_implementation == foreign.ATTENTION


def test_padding_beyond_the_vocabulary_is_refused_with_the_librarys_reason() -> None:
    """Where a Phi-3 config is silent, its padding token is the 32,000th."""
    raw = {**SIZES, "architectures": ["Phi3ForCausalLM"], "model_type": "phi3"}
    raw.pop("pad_token_id", None)
    config, _ = parse_config(raw, "config.json")
    with pytest.raises(UserError, match=r"cannot be built from its config: .*adding_idx"):
        foreign.empty_foreign(config)


def test_keys_that_the_librarys_config_does_not_know_are_left_out_and_said() -> None:
    config, remarks = gemma2(invented_by=3)
    assert remarks == ("Gemma2ForCausalLM goes through transformers.",)
    assert ForeignDecoder(config).remarks == ("Gemma2ForCausalLM: not read from its config: invented_by",)


def test_published_code_is_not_loaded_and_that_is_said() -> None:
    raw = {**SIZES, "architectures": ["Phi3ForCausalLM"], "model_type": "phi3", "auto_map": {"AutoConfig": "a_phi3.B"}}
    config, remarks = parse_config(raw, "config.json")
    assert "auto_map" not in config_as_json(config, "float32")
    assert "auto_map names code of the model's authors; it is not loaded" in remarks[0]
    with pytest.raises(Problems):
        parse_config({**raw, "auto_map": {"AutoConfig": "other/repository--a_phi3.B"}}, "config.json")


@pytest.mark.parametrize("kind", ["longrope", "dynamic"])
def test_context_ends_where_positions_would_begin_to_depend_on_the_longest_text(kind: str) -> None:
    scaling = {"type": kind, "original_max_position_embeddings": 64, "factor": 2.0}
    raw = {**SIZES, "architectures": ["Phi3ForCausalLM"], "model_type": "phi3", "rope_scaling": scaling}
    config, remarks = parse_config(raw, "config.json")
    assert config.max_position_embeddings == 64
    assert remarks[1].startswith("The context ends at 64 tokens")


def test_without_the_library_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunesmith.nn.catalog.find_spec", lambda name: None)
    with pytest.raises(UserError, match="does not know the architecture Gemma2ForCausalLM") as caught:
        gemma2()
    assert "pip install 'tunesmith[transformers]'" in caught.value.hint
    assert "LlamaForCausalLM" in caught.value.hint


def test_library_is_not_imported_before_it_is_needed() -> None:
    code = "import sys, tunesmith.cli.main, tunesmith.train.fine_tune, tunesmith.nn.models; print('transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


# ---- InternLM: a Llama under other names ---------------------------------------------------------


class InternLM2:
    """InternLM2 written down plainly after its report (Cai et al. 2024), one document at a time."""

    def __init__(self, weights: dict[str, Tensor], num_layers: int, heads: int, kv_heads: int, theta: float) -> None:
        self.w, self.num_layers, self.heads, self.kv_heads, self.theta = weights, num_layers, heads, kv_heads, theta

    def norm(self, name: str, x: Tensor) -> Tensor:
        return x * (x.pow(2).mean(-1, keepdim=True) + 1e-5).rsqrt() * self.w[f"{name}.weight"]

    def rotated(self, x: Tensor, position: int) -> Tensor:
        half = len(x) // 2
        angles = position / self.theta ** (torch.arange(half) / half)
        cos, sin = angles.cos(), angles.sin()
        return torch.cat((x[:half] * cos - x[half:] * sin, x[half:] * cos + x[:half] * sin))

    def attention(self, name: str, x: Tensor) -> Tensor:
        fused = F.linear(x, self.w[f"{name}.wqkv.weight"], self.w[f"{name}.wqkv.bias"])
        group = self.heads // self.kv_heads
        width = fused.shape[1] // (self.kv_heads * (group + 2))
        out = torch.zeros(len(x), self.heads * width)
        for h in range(self.heads):
            slot = (h // group) * (group + 2)
            columns = [slot + h % group, slot + group, slot + group + 1]
            q, k, v = (fused[:, c * width : (c + 1) * width] for c in columns)
            q, k = (torch.stack([self.rotated(row, t) for t, row in enumerate(rows)]) for rows in (q, k))
            scores = (q @ k.T / width**0.5).masked_fill(torch.ones(len(x), len(x)).triu(1).bool(), float("-inf"))
            out[:, h * width : (h + 1) * width] = scores.softmax(-1) @ v
        return F.linear(out, self.w[f"{name}.wo.weight"], self.w[f"{name}.wo.bias"])

    def logits(self, tokens: Tensor) -> Tensor:
        x = self.w["model.tok_embeddings.weight"][tokens]
        for i in range(self.num_layers):
            layer = f"model.layers.{i}"
            x = x + self.attention(f"{layer}.attention", self.norm(f"{layer}.attention_norm", x))
            y = self.norm(f"{layer}.ffn_norm", x)
            w1, w2, w3 = (self.w[f"{layer}.feed_forward.w{n}.weight"] for n in (1, 2, 3))
            x = x + (F.silu(y @ w1.T) * (y @ w3.T)) @ w2.T
        return self.norm("model.norm", x) @ self.w["output.weight"].T


@pytest.fixture
def internlm2(tmp_path: Path) -> tuple[Path, InternLM2]:
    """Six query heads share two key/value heads; biases beside the attention's projections, as ``bias`` says."""
    hidden, inner, layers, heads, kv_heads, width = 24, 40, 2, 6, 2, 4
    shapes = {
        "model.tok_embeddings.weight": (96, hidden),
        "model.norm.weight": (hidden,),
        "output.weight": (96, hidden),
    }
    for i in range(layers):
        name = f"model.layers.{i}"
        fused = (heads + 2 * kv_heads) * width
        shapes |= {f"{name}.attention.wqkv.weight": (fused, hidden), f"{name}.attention.wqkv.bias": (fused,)}
        shapes |= {f"{name}.attention.wo.weight": (hidden, hidden), f"{name}.attention.wo.bias": (hidden,)}
        shapes |= {f"{name}.feed_forward.w{n}.weight": (inner, hidden) for n in (1, 3)}
        shapes |= {f"{name}.feed_forward.w2.weight": (hidden, inner)}
        shapes |= {f"{name}.{norm}.weight": (hidden,) for norm in ("attention_norm", "ffn_norm")}
    generator = torch.Generator().manual_seed(6)
    weights = {name: 0.3 * torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    write_tensors(tmp_path / "model.safetensors", weights)
    config = {
        "architectures": ["InternLM2ForCausalLM"], "model_type": "internlm2", "vocab_size": 96, "hidden_size": hidden,
        "intermediate_size": inner, "num_hidden_layers": layers, "num_attention_heads": heads, "bias": True,
        "num_key_value_heads": kv_heads, "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "rope_theta": 1000.0,
        "rope_scaling": {"type": "dynamic", "factor": 2.0}, "attn_implementation": "eager", "hidden_act": "silu",
        "auto_map": {"AutoModelForCausalLM": "modeling_internlm2.InternLM2ForCausalLM"},
    }  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    return tmp_path, InternLM2(weights, layers, heads, kv_heads, 1000.0)


def test_internlm2_is_computed_by_our_own_decoder(internlm2: tuple[Path, InternLM2]) -> None:
    folder, reference = internlm2
    base = read_folder(folder, "internlm2")
    decoder = load_causal_model(base, torch.float32)
    assert type(decoder) is Decoder
    assert error(our_logits(decoder, documents()), torch.cat([reference.logits(t) for t in documents()])) < 2e-6
    assert any("InternLM2ForCausalLM is a Llama under other names" in remark for remark in base.remarks)
    assert config_as_json(decoder.config, "float32")["architectures"] == ["LlamaForCausalLM"]


def test_internlm2_whose_fused_projection_has_another_shape_is_refused(internlm2: tuple[Path, InternLM2]) -> None:
    folder, _ = internlm2
    weights = read_tensors(folder / "model.safetensors")
    name = "model.layers.0.attention.wqkv.weight"
    write_tensors(folder / "model.safetensors", {**weights, name: owned(weights[name][:-4])})
    with pytest.raises(UserError, match=r"wqkv\.weight has shape \(36, 24\)"):
        load_causal_model(read_folder(folder, "internlm2"), torch.float32)


@pytest.mark.parametrize("bias", [False, True])
def test_internlm3_is_computed_by_our_own_decoder(bias: bool, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, InternLM3Config

    model = AutoModelForCausalLM.from_config(InternLM3Config(**SIZES, head_dim=12, qkv_bias=bias, bias=bias)).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(0.2, 0.2, generator=torch.Generator().manual_seed(weight.numel()))
    model.save_pretrained(tmp_path)
    config = {
        **SIZES, "head_dim": 12, "qkv_bias": bias, "bias": bias, "architectures": ["InternLM3ForCausalLM"],
        "model_type": "internlm3", "rms_norm_eps": 1e-5, "rope_theta": 10000, "hidden_act": "silu",
        "auto_map": {"AutoModelForCausalLM": "modeling_internlm3.InternLM3ForCausalLM"},
        "rope_scaling": {"rope_type": "dynamic", "factor": 6.0},
    }  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    decoder = load_causal_model(read_folder(tmp_path, "internlm3"), torch.float32)
    assert type(decoder) is Decoder
    assert error(our_logits(decoder, documents()), their_logits(model, documents())) < 2e-6
