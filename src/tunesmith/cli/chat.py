"""`tunesmith chat MODEL`: a conversation in the terminal, or one question with `--message`."""

from __future__ import annotations

from tunesmith.cli.chat_options import ChatOptions
from tunesmith.cli.conversation import talk
from tunesmith.core.errors import UserError
from tunesmith.data.examples import Message
from tunesmith.infer.loaded import load_model
from tunesmith.infer.sampling import Sampling
from tunesmith.train.device import DTYPES, choose_device, has_fast_bf16


def run_chat(options: ChatOptions) -> None:
    sampling = Sampling(options.max_tokens, options.temperature, options.top_p, options.seed, stop=options.stop)
    device = choose_device()
    model = load_model(options.model, DTYPES["bf16" if has_fast_bf16(device) else "fp32"], device)
    if not model.is_chat and options.system is not None:
        raise UserError(f"{options.model} was trained on raw prompts and has no system message.", "leave --system out")
    opening = [Message("system", options.system)] if options.system is not None else []
    talk(model.name, opening, options.message, lambda asked: model.answer(list(asked), sampling), is_chat=model.is_chat)
