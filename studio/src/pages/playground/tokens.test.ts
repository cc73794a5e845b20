import { expect, test } from "vitest";
import { levelOf, textOf, type Token, visible, withTokens } from "~/pages/playground/tokens";

const token = (bytes: number[] | null, logprob = -0.1, text = "�"): Token => ({ token: text, logprob, bytes, top_logprobs: [] });
const utf8 = (text: string) => [...new TextEncoder().encode(text)];

test("bytes of one character that came in several tokens are one span", () => {
  const [first = 0, second = 0, third = 0, fourth = 0] = utf8("🙂");
  const spans = withTokens([], [token(utf8("a")), token([first, second]), token([third]), token([fourth, ...utf8("!")])]);
  expect(spans.map((span) => span.text)).toEqual(["a", "🙂!"]);
  expect(spans[1]?.tokens).toHaveLength(3);
  expect(spans[1]?.logprob).toBeCloseTo(-0.3);
});

test("a character that is not whole yet is not shown, and the next call completes it", () => {
  const [first = 0, ...rest] = utf8("你");
  const begun = withTokens([], [token([...utf8("x"), first])]);
  expect(begun[0]?.text).toBe("x");
  expect(textOf(withTokens(begun, [token(rest)]))).toBe("x你");
});

test("earlier spans stay the same objects", () => {
  const before = withTokens([], [token(utf8("one")), token(utf8(" two"))]);
  const after = withTokens(before, [token(utf8(" three"))]);
  expect(after[0]).toBe(before[0]);
  expect(after[1]).toBe(before[1]);
});

test("bytes that are no UTF-8 become the replacement sign and hold nothing up", () => {
  const spans = withTokens([], [token([0xff]), token([0x80]), token(utf8("ok"))]);
  expect(spans.map((span) => span.text)).toEqual(["�", "�", "ok"]);
});

test("a control token is a span of its own and no text", () => {
  const spans = withTokens([], [token(utf8("hi")), token(null, -0.2, "<|end|>")]);
  expect(spans[1]).toMatchObject({ text: "<|end|>", isControl: true });
  expect(textOf(spans)).toBe("hi");
});

test("levels go from a surprise to what was expected", () => {
  expect([0.01, 0.05, 0.3, 0.6, 0.95, 1].map((probability) => levelOf(Math.log(probability)))).toEqual([0, 1, 2, 3, 4, 4]);
});

test("spaces, line ends, bytes alone and hidden signs are made visible", () => {
  const shown = (text: string) => visible({ token: text, logprob: 0, bytes: utf8(text) });
  expect(shown(" a\n")).toBe("␣a↵");
  expect(shown("\u202e\u0000")).toBe("\\u202e\\u0000");
  expect(visible({ token: "�", logprob: 0, bytes: [0xe4, 0xbd] })).toBe("\\xe4\\xbd");
});
