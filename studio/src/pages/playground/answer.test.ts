import { expect, test } from "vitest";
import { Failure } from "~/api/failure";
import { askedFor, failed, numTokens, readChunk, stopped, tokensPerSecond, withChunk } from "~/pages/playground/answer";

const wire = (choice: object, usage: object | null = null) => JSON.stringify({ choices: [{ index: 0, ...choice }], usage });

test("a chunk's text, log-probabilities and end are read", () => {
  const content = [{ token: "Hi", logprob: -0.5, bytes: [72, 105], top_logprobs: [] }];
  expect(readChunk(wire({ delta: { content: "Hi" }, logprobs: { content }, finish_reason: null }))).toEqual([
    { kind: "piece", text: "Hi", tokens: content, finish: null },
  ]);
  expect(readChunk(wire({ delta: {}, logprobs: null, finish_reason: "length" }))).toEqual([{ kind: "piece", text: "", tokens: [], finish: "length" }]);
  expect(readChunk('{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}')).toEqual([{ kind: "usage", promptTokens: 3, completionTokens: 4 }]);
  expect(readChunk("[DONE]")).toEqual([{ kind: "end" }]);
});

test("an error in the stream and a line that is no JSON are problems", () => {
  expect(readChunk('{"error":{"message":"Gone.","code":"serving_unavailable","param":null}}')).toEqual([
    { kind: "problem", message: "Gone.", code: "serving_unavailable", param: null },
  ]);
  expect(readChunk("<html>")[0]).toMatchObject({ kind: "problem", message: "<html>" });
  expect(readChunk("null")).toEqual([]);
});

test("an answer gathers text, times and counts", () => {
  const lines = [
    wire({ delta: { role: "assistant", content: "" } }), wire({ delta: { content: "a" } }), wire({ delta: { content: "b" } }),
    wire({ delta: {}, finish_reason: "stop" }), '{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":3}}', "[DONE]",
  ];
  let answer = askedFor(7);
  lines.forEach((line, index) => readChunk(line).forEach((chunk) => (answer = withChunk(answer, chunk, index))));
  expect(answer).toMatchObject({ state: "done", text: "ab", finish: "stop", firstAt: 1, lastAt: 2, promptTokens: 3, completionTokens: 3, seed: 7 });
  expect(numTokens(answer)).toBe(3);
  expect(tokensPerSecond(answer)).toBe(2);
});

test("what was written before an error stays", () => {
  let answer = withChunk(askedFor(null), { kind: "piece", text: "half", tokens: [], finish: null }, 1);
  answer = withChunk(answer, { kind: "problem", message: "Gone.", code: null, param: null }, 2);
  expect(withChunk(answer, { kind: "end" }, 3)).toMatchObject({ state: "failed", text: "half", problem: { message: "Gone." } });
});

test("a refusal says from when on to ask again", () => {
  const failure = new Failure(429, "Slow down.", "rate_limit_exceeded", null, "req_1", 2.5);
  expect(failed(askedFor(null), failure, 1000).problem).toMatchObject({ status: 429, retryAt: 3500, requestId: "req_1" });
});

test("one token has no speed", () => {
  expect(tokensPerSecond({ ...askedFor(null), completionTokens: 1, firstAt: 1, lastAt: 1 })).toBeNull();
});

test("an answer that was stopped keeps the count of what came", () => {
  const tokens = [1, 2].map((byte) => ({ token: "x", logprob: 0, bytes: [96 + byte], top_logprobs: [] }));
  const answer = withChunk(askedFor(null), { kind: "piece", text: "ab", tokens, finish: null }, 1);
  expect(stopped(answer)).toMatchObject({ state: "stopped", text: "ab", completionTokens: 2 });
  expect(stopped(askedFor(null)).completionTokens).toBeNull();
});
