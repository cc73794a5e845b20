import type { Failure } from "~/api/failure";
import { type Span, type Token, withTokens } from "~/pages/playground/tokens";

export type Problem = {
  status: number;
  message: string;
  code: string | null;
  param: string | null;
  requestId: string | null;
  /** The instant, in milliseconds, from which asking again may help. */
  retryAt: number | null;
};

/** One column's answer in one turn, as far as it has come. Times are seconds since it was asked for. */
export type Answer = {
  state: "waiting" | "writing" | "done" | "stopped" | "failed";
  text: string;
  spans: readonly Span[];
  finish: string | null;
  promptTokens: number | null;
  completionTokens: number | null;
  firstAt: number | null;
  lastAt: number | null;
  seed: number | null;
  /** The base model that answered to an alias. */
  answeredBy: string | null;
  problem: Problem | null;
};

export function askedFor(seed: number | null): Answer {
  return {
    state: "waiting", text: "", spans: [], finish: null, promptTokens: null, completionTokens: null, firstAt: null, lastAt: null, seed,
    answeredBy: null, problem: null,
  };
}

export type Chunk =
  | { kind: "piece"; text: string; tokens: Token[]; finish: string | null }
  | { kind: "usage"; promptTokens: number; completionTokens: number }
  | { kind: "problem"; message: string; code: string | null; param: string | null }
  | { kind: "end" };

type WireChunk = {
  choices?: { delta?: { content?: string | null }; logprobs?: { content?: Token[] | null } | null; finish_reason?: string | null }[];
  usage?: { prompt_tokens: number; completion_tokens: number } | null;
  error?: { message?: string; code?: string | null; param?: string | null };
};

/** The data of one event of a chat's stream. What cannot be read is a problem, never silence. */
export function readChunk(data: string): Chunk[] {
  if (data.trim() === "[DONE]") return [{ kind: "end" }];
  let wire: WireChunk | null;
  try {
    wire = JSON.parse(data) as WireChunk | null;
  } catch {
    return [{ kind: "problem", message: data.slice(0, 300), code: null, param: null }];
  }
  if (wire === null || typeof wire !== "object") return [];
  if (wire.error) {
    const { message, code, param } = wire.error;
    return [{ kind: "problem", message: message ?? data.slice(0, 300), code: code ?? null, param: param ?? null }];
  }
  const chunks: Chunk[] = (wire.choices ?? []).map((choice) => ({
    kind: "piece",
    text: choice.delta?.content ?? "",
    tokens: choice.logprobs?.content ?? [],
    finish: choice.finish_reason ?? null,
  }));
  if (wire.usage) chunks.push({ kind: "usage", promptTokens: wire.usage.prompt_tokens, completionTokens: wire.usage.completion_tokens });
  return chunks;
}

/** The answer after one more chunk that came `at` seconds after the question. */
export function withChunk(answer: Answer, chunk: Chunk, at: number): Answer {
  switch (chunk.kind) {
    case "piece": {
      const isText = chunk.text !== "" || chunk.tokens.length > 0;
      return {
        ...answer,
        state: isText || answer.state === "writing" ? "writing" : answer.state,
        text: answer.text + chunk.text,
        spans: chunk.tokens.length > 0 ? withTokens(answer.spans, chunk.tokens) : answer.spans,
        finish: chunk.finish ?? answer.finish,
        firstAt: answer.firstAt ?? (isText ? at : null),
        lastAt: isText ? at : answer.lastAt,
      };
    }
    case "usage":
      return { ...answer, promptTokens: chunk.promptTokens, completionTokens: chunk.completionTokens };
    case "problem":
      return {
        ...answer, state: "failed",
        problem: { status: 200, message: chunk.message, code: chunk.code, param: chunk.param, requestId: null, retryAt: null },
      };
    case "end":
      return answer.state === "failed" ? answer : { ...answer, state: "done" };
  }
}

export function failed(answer: Answer, failure: Failure, now: number): Answer {
  const { status, message, code, param, requestId, retryAfterSeconds } = failure;
  const retryAt = retryAfterSeconds === null ? null : now + retryAfterSeconds * 1000;
  return { ...answer, state: "failed", problem: { status, message, code, param, requestId, retryAt } };
}

/** What came until then stays, with its count: the server tells none any more. */
export function stopped(answer: Answer): Answer {
  return { ...answer, state: "stopped", completionTokens: answer.completionTokens ?? (numTokens(answer) || null) };
}

export function isUnderWay(answer: Answer | undefined): boolean {
  return answer?.state === "waiting" || answer?.state === "writing";
}

/** How many tokens it has: as the server counted, or, while it is written, as they came. */
export function numTokens(answer: Answer): number {
  return answer.completionTokens ?? answer.spans.reduce((sum, span) => sum + span.tokens.length, 0);
}

/** Between the first token and the last; null where there are not two. */
export function tokensPerSecond(answer: Answer): number | null {
  const count = numTokens(answer) - 1;
  if (count < 1 || answer.firstAt === null || answer.lastAt === null || answer.lastAt <= answer.firstAt) return null;
  return count / (answer.lastAt - answer.firstAt);
}
