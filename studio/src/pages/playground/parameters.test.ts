import { expect, test } from "vitest";
import { chatBody, firstSystemPrompt, NO_PARAMETERS, onWire, readStop, seedsFor, showStop, withUsual } from "~/pages/playground/parameters";

test("what is not set is not sent", () => {
  expect(onWire({ ...NO_PARAMETERS, maxTokens: null })).toEqual({});
  expect(onWire({ ...NO_PARAMETERS, temperature: 0, topP: 0.5, seed: 0, stop: ["#"], presencePenalty: -1, frequencyPenalty: 0.2 })).toEqual({
    temperature: 0, top_p: 0.5, max_completion_tokens: 512, seed: 0, stop: ["#"], presence_penalty: -1, frequency_penalty: 0.2,
  });
});

test("a question streams with its usage and the likeliest tokens", () => {
  expect(chatBody("m", [], NO_PARAMETERS)).toMatchObject({ stream: true, stream_options: { include_usage: true }, logprobs: true, top_logprobs: 5 });
});

test("beside a tuned model the temperature is 0 unless another one is set; base models have the server's own", () => {
  const tuned = ["starter", "ft:starter:default:mine:abc"];
  expect(withUsual(NO_PARAMETERS, tuned).temperature).toBe(0);
  expect(withUsual(NO_PARAMETERS, ["ft:starter:default:mine:abc:ckpt-step-5"]).temperature).toBe(0);
  expect(withUsual({ ...NO_PARAMETERS, temperature: 1 }, tuned).temperature).toBe(1);
  expect(withUsual(NO_PARAMETERS, ["starter"]).temperature).toBeNull();
});

test("the system prompt of a row is its first message, where that is one", () => {
  expect(firstSystemPrompt({ messages: [{ role: "system", content: "Be brief." }, { role: "user", content: "Hi" }] })).toBe("Be brief.");
  for (const row of [null, undefined, "text", { prompt: "a" }, { messages: [] }, { messages: [{ role: "user", content: "Hi" }] }, { messages: [null] }]) {
    expect(firstSystemPrompt(row)).toBeNull();
  }
});

test("columns share a seed, or each has the next one", () => {
  expect(seedsFor(3, 7, true)).toEqual([7, 7, 7]);
  expect(seedsFor(3, 7, false)).toEqual([7, 8, 9]);
  expect(new Set(seedsFor(2, null, true, () => 0.5)).size).toBe(1);
});

test("a stop sequence is typed in one line and comes back as it was", () => {
  for (const stop of ["\n", "a\\nb", "\t###\r\n", "\\"]) expect(readStop(showStop(stop))).toBe(stop);
  expect(readStop("\\n\\n")).toBe("\n\n");
});
