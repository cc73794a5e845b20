import { expect, test } from "vitest";
import { paintMessages, shadeOf } from "~/pages/data/rows/paint";

const segments = [
  { text: "<|user|>Hi<|end|><|assistant|>", weight: 0, num_tokens: 4 },
  { text: "Hello there<|end|>", weight: 1, num_tokens: 3 },
];

test("each message is painted with its weights, and the template stands apart", () => {
  const painted = paintMessages(["Hi", "Hello there"], segments);
  expect(painted?.map(({ strokes, message }) => [message, strokes.map(({ text, weight }) => [text, weight])])).toEqual([
    [null, [["<|user|>", 0]]],
    [0, [["Hi", 0]]],
    [null, [["<|end|><|assistant|>", 0]]],
    [1, [["Hello there", 1]]],
    [null, [["<|end|>", 1]]],
  ]);
});

test("a text that the template changed is not painted", () => {
  expect(paintMessages(["hi"], segments)).toBeNull();
});

test("nothing is lost or doubled", () => {
  const painted = paintMessages(["", "Hello"], segments) ?? [];
  expect(painted.flatMap(({ strokes }) => strokes.map(({ text }) => text)).join("")).toBe(segments.map(({ text }) => text).join(""));
});

test("weights have three shades", () => {
  expect([0, 0.1, 1].map(shadeOf)).toEqual(["tokenNone", "tokenPartly", "tokenTrained"]);
});
