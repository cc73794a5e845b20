"""``tunesmith data synthesize``: examples that a model writes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from tunesmith.cli.synthesis_options import DEFAULT_ENDPOINT, SynthesisOptions


def synthesize(
    out: Annotated[
        Path | None, typer.Argument(help="The file to write: rows, or drafts in mode semi-synthetic.")
    ] = None,
    mode: Annotated[
        Literal["synthetic", "semi-synthetic", "documents"] | None,
        typer.Option(help="documents with --documents, else synthetic; semi-synthetic asks for questions alone."),
    ] = None,
    seeds: Annotated[Path | None, typer.Option(help="Examples to start from; .txt holds a question a line.")] = None,
    documents: Annotated[Path | None, typer.Option(help="A document (.txt, .md, .html, .jsonl), or a folder.")] = None,
    against: Annotated[list[Path] | None, typer.Option(help="Rows that new ones must differ from, too.")] = None,
    endpoint: Annotated[
        str, typer.Option(envvar="OPENAI_BASE_URL", help="Base URL of an OpenAI-compatible endpoint.")
    ] = DEFAULT_ENDPOINT,
    model: Annotated[str, typer.Option(help="The model that writes, as the endpoint calls it.")] = "starter",
    key_variable: Annotated[
        str | None, typer.Option(help="The environment variable that holds the key [default: OPENAI_API_KEY].")
    ] = None,
    allow_private: Annotated[bool, typer.Option("--allow-private", help="Let it reach your own networks.")] = False,
    count: Annotated[int | None, typer.Option(min=1, help="Rows wanted [default: 100; all of the documents].")] = None,
    per_request: Annotated[int, typer.Option(min=1, help="Rows that one request asks for.")] = 5,
    seeds_per_request: Annotated[int, typer.Option(min=1, help="Seeds that one request shows.")] = 4,
    passage_tokens: Annotated[int, typer.Option(min=50, help="About how long a passage is.")] = 500,
    about: Annotated[str, typer.Option(help="What the examples are for, in a sentence.")] = "",
    language: Annotated[Literal["en", "zh"], typer.Option(help="Of the built-in prompt.")] = "en",
    prompt: Annotated[Path | None, typer.Option(help="Your own prompt; see --save-prompt.")] = None,
    save_prompt: Annotated[Path | None, typer.Option(help="Write the built-in prompt there, to be edited.")] = None,
    show_prompt: Annotated[bool, typer.Option("--show-prompt", help="Print the first requests; ask nothing.")] = False,
    temperature: Annotated[float, typer.Option(min=0, max=2, help="Of the model.")] = 0.9,
    max_tokens: Annotated[int, typer.Option(min=1, help="The longest answer to one request.")] = 1500,
    seed: Annotated[int, typer.Option(help="Seeds and the order of passages are drawn with it.")] = 1,
    with_proposals: Annotated[
        bool, typer.Option("--with-proposals", help="Semi-synthetic: let the model propose answers.")
    ] = False,
    system: Annotated[str, typer.Option(help="A system message for every row.")] = "",
    to: Annotated[Literal["chat", "prompt_completion"], typer.Option(help="The rows' format.")] = "chat",
    max_similarity: Annotated[float, typer.Option(help="Of a question to any other; more is refused.")] = 0.7,
    min_support: Annotated[float, typer.Option(help="Share of an answer's words that its passage holds.")] = 0.5,
    min_answer_words: Annotated[int, typer.Option(min=0, help="Shorter answers are refused.")] = 1,
    max_answer_words: Annotated[int, typer.Option(min=1, help="Longer answers are refused.")] = 2000,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Requests at once.")] = 4,
    timeout_seconds: Annotated[float, typer.Option(min=1, help="How long one answer may take.")] = 180,
    price_prompt: Annotated[float, typer.Option(min=0, help="Price of a million prompt tokens.")] = 0,
    price_completion: Annotated[float, typer.Option(min=0, help="Price of a million completion tokens.")] = 0,
    max_requests: Annotated[int | None, typer.Option(min=1, help="Budget: stop before more requests.")] = None,
    max_total_tokens: Annotated[int | None, typer.Option(min=1, help="Budget: stop before more tokens.")] = None,
    max_cost: Annotated[float | None, typer.Option(min=0, help="Budget: stop before it costs more.")] = None,
    review: Annotated[Path | None, typer.Option(help="Answer, approve or reject the drafts of this file.")] = None,
    drafts: Annotated[Path | None, typer.Option(help="Write the rows of this drafts file's decided drafts.")] = None,
    restart: Annotated[bool, typer.Option("--restart", help="Throw the saved answers away.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether the estimate is all right.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Let a model write examples: from seeds, as questions for you to answer, or about documents.

    Says what it will cost before the first request. Every answer is saved beside OUT; the same command goes on where
    it was interrupted.
    """
    from tunesmith.cli.synthesis_pages import run_synthesis

    run_synthesis(
        SynthesisOptions(
            out, mode or ("documents" if documents is not None else "synthetic"), seeds, documents,
            tuple(against or ()), endpoint, model, key_variable, allow_private, count, per_request, seeds_per_request,
            passage_tokens, about, language, prompt, save_prompt, show_prompt, temperature, max_tokens, seed,
            with_proposals, system, to, max_similarity, min_support, min_answer_words, max_answer_words, concurrency,
            timeout_seconds, price_prompt, price_completion, max_requests, max_total_tokens, max_cost, review, drafts,
            restart, overwrite, yes, as_json,
        )
    )  # fmt: skip
