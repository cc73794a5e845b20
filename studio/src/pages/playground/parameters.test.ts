import { expect, test } from "vitest";
import { chatBody, NO_PARAMETERS, onWire, readStop, seedsFor, showStop } from "~/pages/playground/parameters";

test("what is not set is not sent", () => {
  expect(onWire({ ...NO_PARAMETERS, maxTokens: null })).toEqual({});
  expect(onWire({ ...NO_PARAMETERS, temperature: 0, topP: 0.5, seed: 0, stop: ["#"], presencePenalty: -1, frequencyPenalty: 0.2 })).toEqual({
    temperature: 0, top_p: 0.5, max_completion_tokens: 512, seed: 0, stop: ["#"], presence_penalty: -1, frequency_penalty: 0.2,
  });
});

test("a question streams with its usage and the likeliest tokens", () => {
  expect(chatBody("m", [], NO_PARAMETERS)).toMatchObject({ stream: true, stream_options: { include_usage: true }, logprobs: true, top_logprobs: 5 });
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
