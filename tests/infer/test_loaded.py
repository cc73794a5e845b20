"""A model made answerable: a base, an adapter or a saved model, prompted as it was trained, its text streamed whole."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tunesmith.core.errors import UserError
from tunesmith.data.examples import Message
from tunesmith.data.render import Renderer, render_prompt, render_raw_prompt
from tunesmith.data.tokenizer import TextStream, Tokenizer
from tunesmith.infer.engine import generate
from tunesmith.infer.loaded import LoadedModel, load_model, until_stop
from tunesmith.infer.sampling import Sampling
from tunesmith.nn.attention import Borders
from tunesmith.nn.catalog import BaseModel, read_folder
from tunesmith.nn.lora import AdapterConfig, add_adapter, save_adapter
from tunesmith.nn.transformer import Decoder
from tunesmith.nn.weights import linear_layers, load_decoder
from tunesmith.train.result import save_model

CHAT = (Message("system", "You repeat words."), Message("user", "Say 近 and 🙂 <|im_end|>, twice."))
TEXTS = [
    "plain words",
    "近远近远，你好。",
    "🙂🙂 👩‍👩‍👧 e\u0301",
    "a🙂b近c\n\n  d",
    "\ufffd is a character too \ufffd",
    "naïve — “quoted”",
    "",
]
SAMPLING = Sampling(max_new_tokens=40)
TEXT = torch.randint(384, (30,), generator=torch.Generator().manual_seed(4))


@pytest.fixture(scope="session")
def base(tiny_base: Path) -> BaseModel:
    return read_folder(tiny_base, str(tiny_base))


@pytest.fixture(scope="session")
def renderer(tiny_base: Path) -> Renderer:
    return Renderer.load(tiny_base)


def adapted(base: BaseModel) -> tuple[Decoder, AdapterConfig]:
    decoder, config = load_decoder(base, torch.float32), AdapterConfig(4, 8, ("q_proj", "down_proj", "lm_head"))
    add_adapter(decoder, config, seed=2)
    for layer in linear_layers(decoder).values():
        if layer.lora_B is not None:
            layer.lora_B.data.normal_(0, 0.1, generator=torch.Generator().manual_seed(9))
    return decoder, config


@pytest.fixture(params=["adapter", "model"])
def save(
    request: pytest.FixtureRequest, base: BaseModel, renderer: Renderer, tmp_path: Path
) -> Callable[[bool], tuple[Path, Decoder]]:
    """Save a trained adapter or a whole trained model as a run does; → its folder and its decoder."""

    def save_one(is_chat: bool) -> tuple[Path, Decoder]:
        if request.param == "adapter":
            decoder, config = adapted(base)
            save_model(tmp_path / "run" / "model", decoder, config, base, renderer, is_chat=is_chat)
        else:
            decoder = load_decoder(base, torch.float32, train_all=True)
            decoder.model.norm.weight.data += 0.5
            save_model(tmp_path / "run" / "model", decoder, None, base, renderer, is_chat=is_chat)
        return tmp_path / "run" / "model", decoder

    return save_one


def logits(decoder: Decoder) -> Tensor:
    with torch.no_grad():
        return decoder.logits(decoder(TEXT, Borders.of([len(TEXT)])))


def stop_ids(renderer: Renderer) -> frozenset[int]:
    return frozenset({renderer.tokenizer.token_id("<|im_end|>") or -1})


def test_base_model_answers_chat(tiny_base: Path, renderer: Renderer) -> None:
    model = load_model(str(tiny_base), torch.float32)
    assert model.is_chat
    assert model.prompt_ids(CHAT) == render_prompt(CHAT, renderer)
    assert model.stop_token_ids == stop_ids(renderer)
    assert "".join(model.answer(CHAT, SAMPLING))


def test_saved_chat_model_is_prompted_and_stopped_as_it_was_trained(
    save: Callable[..., tuple[Path, Decoder]], renderer: Renderer
) -> None:
    folder, decoder = save(True)
    for name in (folder, folder.parent):
        model = load_model(str(name), torch.float32)
        assert model.is_chat
        assert model.prompt_ids(CHAT) == render_prompt(CHAT, renderer)
        assert model.stop_token_ids == stop_ids(renderer)
        assert torch.equal(logits(model.decoder), logits(decoder))


def test_saved_raw_model_gets_raw_text(save: Callable[..., tuple[Path, Decoder]], renderer: Renderer) -> None:
    model = load_model(str(save(False)[0]), torch.float32)
    prompt = [Message("user", "Say <|im_end|> 近")]
    assert not model.is_chat
    assert model.prompt_ids(prompt) == render_raw_prompt("Say <|im_end|> 近", renderer)
    assert renderer.tokenizer.token_id("<|im_end|>") not in model.prompt_ids(prompt)
    assert model.stop_token_ids == {renderer.raw_end_id}


def test_adapter_moves_the_logits_of_its_base(base: BaseModel, renderer: Renderer, tmp_path: Path) -> None:
    decoder, config = adapted(base)
    save_model(tmp_path / "model", decoder, config, base, renderer, is_chat=True)
    tuned = logits(load_model(str(tmp_path / "model"), torch.float32).decoder)
    assert not torch.allclose(tuned, logits(load_decoder(base, torch.float32)), atol=0.01)


def test_adapter_whose_base_has_changed_is_refused(make_base: Callable[..., Path], tmp_path: Path) -> None:
    folder = make_base(tmp_path / "base")
    base = read_folder(folder, str(folder))
    decoder, config = adapted(base)
    save_model(tmp_path / "model", decoder, config, base, Renderer.load(folder), is_chat=True)
    assert load_model(str(tmp_path / "model"), torch.float32).is_chat
    make_base(folder, seed=8)
    with pytest.raises(UserError, match="was trained on another"):
        load_model(str(tmp_path / "model"), torch.float32)


def test_adapter_without_our_facts_finds_its_base_by_pefts_config(base: BaseModel, tmp_path: Path) -> None:
    decoder, config = adapted(base)
    save_adapter(tmp_path, decoder, config, base.name)
    model = load_model(str(tmp_path), torch.float32)
    assert model.is_chat
    assert torch.equal(logits(model.decoder), logits(decoder))


def test_adapter_that_names_no_base_is_refused(base: BaseModel, tmp_path: Path) -> None:
    decoder, config = adapted(base)
    save_adapter(tmp_path, decoder, config, "")
    with pytest.raises(UserError, match="does not say which base model"):
        load_model(str(tmp_path), torch.float32)


def test_run_that_has_not_finished_is_refused(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    with pytest.raises(UserError, match="has not finished") as caught:
        load_model(str(tmp_path), torch.float32)
    assert "--resume" in caught.value.hint


def test_damaged_facts_are_refused(save: Callable[..., tuple[Path, Decoder]]) -> None:
    folder, _ = save(True)
    (folder / "tunesmith.json").write_text('{"prompt": "ra')
    with pytest.raises(UserError, match=r"tunesmith\.json is damaged"):
        load_model(str(folder), torch.float32)


def test_saved_model_keeps_one_template(tiny_base: Path, tmp_path: Path) -> None:
    """The one that was trained with, where the base had it inside tokenizer_config.json."""
    folder = Path(shutil.copytree(tiny_base, tmp_path / "base"))
    template = (folder / "chat_template.jinja").read_text()
    (folder / "chat_template.jinja").unlink()
    settings = json.loads((folder / "tokenizer_config.json").read_bytes())
    (folder / "tokenizer_config.json").write_text(json.dumps({**settings, "chat_template": template}))
    base = read_folder(folder, "it")
    save_model(tmp_path / "model", load_decoder(base, torch.float32), None, base, Renderer.load(folder), is_chat=True)
    assert (tmp_path / "model" / "chat_template.jinja").read_text() == template
    assert "chat_template" not in json.loads((tmp_path / "model" / "tokenizer_config.json").read_bytes())


def test_saved_tokenizer_names_no_code_of_its_authors(tiny_base: Path, tmp_path: Path) -> None:
    """Their file is not copied, so whoever opens the result must not be sent looking for it."""
    folder = Path(shutil.copytree(tiny_base, tmp_path / "base"))
    settings = json.loads((folder / "tokenizer_config.json").read_bytes())
    settings |= {"tokenizer_class": "EvilTokenizer", "auto_map": {"AutoTokenizer": ["evil.EvilTokenizer", None]}}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    base = read_folder(folder, "it")
    save_model(tmp_path / "model", load_decoder(base, torch.float32), None, base, Renderer.load(folder), is_chat=True)
    saved = json.loads((tmp_path / "model" / "tokenizer_config.json").read_bytes())
    assert "auto_map" not in saved
    assert saved["tokenizer_class"] == "PreTrainedTokenizerFast"


@pytest.mark.parametrize("facts", ['{"base_model": 5}', '{"base_model": ["x"]}', "[" * 5_000])
def test_facts_that_name_no_base_are_refused(facts: str, base: BaseModel, renderer: Renderer, tmp_path: Path) -> None:
    decoder, config = adapted(base)
    save_model(tmp_path / "model", decoder, config, base, renderer, is_chat=True)
    (tmp_path / "model" / "tunesmith.json").write_text(facts)
    with pytest.raises(UserError, match=r"tunesmith\.json is damaged"):
        load_model(str(tmp_path / "model"), torch.float32)


def test_saved_model_is_whole_for_transformers(base: BaseModel, renderer: Renderer, tmp_path: Path) -> None:
    """The same logits, prompt tokens and end token there as here."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    decoder = load_decoder(base, torch.float32, train_all=True)
    decoder.model.norm.weight.data += 0.5
    save_model(tmp_path / "model", decoder, None, base, renderer, is_chat=True)
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "model", dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "model")
    with torch.no_grad():
        theirs = model(input_ids=TEXT[None]).logits[0]
    assert float((logits(decoder) - theirs).norm() / theirs.norm()) < 1e-6
    messages = [{"role": "system", "content": "You repeat words."}, {"role": "user", "content": "Say 近 and 🙂."}]
    prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True)["input_ids"]
    ours = load_model(str(tmp_path / "model"), torch.float32)
    assert prompt == ours.prompt_ids([Message(m["role"], m["content"]) for m in messages])  # type: ignore[arg-type]
    assert model.generation_config.eos_token_id == sorted(ours.stop_token_ids)


def ids_of(model: LoadedModel, sampling: Sampling) -> list[int]:
    sampling = replace(sampling, stop_token_ids=model.stop_token_ids)
    return generate(model.decoder, [model.prompt_ids(CHAT)], sampling)[0].token_ids


@pytest.mark.parametrize("seed", range(6))
def test_answer_is_the_text_of_its_tokens(tiny_base: Path, seed: int) -> None:
    """Tokens drawn at random are full of broken characters; the pieces still join to the whole text."""
    model = load_model(str(tiny_base), torch.float32)
    sampling = Sampling(max_new_tokens=80, temperature=2.0, seed=seed)
    tokens = ids_of(model, sampling)
    assert "".join(model.answer(CHAT, sampling)) == model.renderer.tokenizer.decode(tokens)
    assert len(tokens) > 5


def test_stop_string_is_found_across_tokens_and_not_given_out(tiny_base: Path) -> None:
    model = load_model(str(tiny_base), torch.float32)
    pieces = list(model.answer(CHAT, SAMPLING))
    whole = "".join(pieces)
    borders = [len("".join(pieces[:i])) for i in range(3, 12)]
    for border in borders:
        stop = whole[border - 2 : border + 2]
        assert "".join(model.answer(CHAT, replace(SAMPLING, stop=(stop,)))) == whole[: whole.index(stop)]


def test_stop_string_that_never_comes_loses_no_text(tiny_base: Path) -> None:
    model = load_model(str(tiny_base), torch.float32)
    whole = "".join(model.answer(CHAT, SAMPLING))
    stops = (whole[-2:] + "never", whole[5:9] + "never", "absent")
    assert "".join(model.answer(CHAT, replace(SAMPLING, stop=stops))) == whole


@pytest.mark.parametrize(
    "pieces, stops, text",
    [
        (["ab", "cd", "ef"], ["cd"], "ab"),
        (["ab", "cd", "ef"], ["bc"], "a"),
        (["a", "b", "c", "d"], ["abcd"], ""),
        (["ab", "cd"], ["dx", "cd"], "ab"),
        (["ab", "cd"], ["bcd", "ab"], ""),
        (["aa", "ab", "c"], ["aab"], "a"),
        (["ab", "", "c"], ["bc"], "a"),
        (["ab", "c"], ["bx"], "abc"),
        (["ab", "c"], ["", "zz"], "abc"),
        (["ab", "c"], [], "abc"),
        (["🙂近", "远🙂"], ["近远"], "🙂"),
        ([], ["x"], ""),
    ],
)
def test_text_ends_before_the_first_stop_string(pieces: list[str], stops: list[str], text: str) -> None:
    assert "".join(until_stop(iter(pieces), stops)) == text


def test_tokenizer_with_ids_beyond_the_embedding_is_not_served(tiny_base: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_base, tmp_path / "base"))
    raw = json.loads((folder / "tokenizer.json").read_text())
    raw["model"]["vocab"]["<|pad|>"] = 384
    raw["added_tokens"].append({**raw["added_tokens"][0], "id": 384, "content": "<|pad|>"})
    (folder / "tokenizer.json").write_text(json.dumps(raw))
    with pytest.raises(UserError, match=r"ids up to 384 \('<\|pad\|>'\), and the model's embedding has 384 rows"):
        load_model(str(folder), torch.float32)


def test_text_is_held_back_only_while_a_stop_string_may_begin() -> None:
    assert list(until_stop(iter(["abc", "x", "ab", "y", "a"]), ["abz"])) == ["abc", "x", "aby", "a"]


def test_nothing_is_asked_for_after_a_stop_string() -> None:
    def pieces() -> object:
        yield "one STOP"
        raise AssertionError("asked for more")

    assert list(until_stop(pieces(), ["STOP"])) == ["one "]  # type: ignore[arg-type]


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
@pytest.mark.parametrize("prompt", ["", "Say 近", "<|im_start|>assistant\n"])
def test_streamed_text_never_splits_a_character(tiny_base: Path, text: str, prompt: str) -> None:
    tokenizer = Tokenizer.load(tiny_base)
    tokens = tokenizer.encode_whole(text)
    stream = TextStream(tokenizer, tokenizer.encode_whole(prompt))
    pieces = [*(stream.push(token) for token in tokens), stream.finish()]
    assert "".join(pieces) == text
    assert len(tokens) > len(text.split()) or not text
    if "\ufffd" not in text:
        assert not any("\ufffd" in piece for piece in pieces)
        assert all(text.startswith("".join(pieces[:n])) for n in range(len(pieces)))


def test_streamed_text_of_any_tokens_joins_to_the_whole(tiny_base: Path) -> None:
    tokenizer, draw = Tokenizer.load(tiny_base), random.Random(0)
    prompt = tokenizer.encode_whole("<|im_start|>assistant\n")
    for _ in range(60):
        tokens = [draw.randrange(384) for _ in range(draw.randrange(80))]
        stream = TextStream(tokenizer, prompt)
        pieces = [*(stream.push(token) for token in tokens), stream.finish()]
        assert "".join(pieces) == tokenizer.decode(tokens)
