import { expect, test } from "vitest";
import { compact, lineAndColumn, linesOf, nearest, pretty, replaced, scan, withElement, withoutElement } from "~/pages/data/rows/json";

const ROW = '{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}], "n": 12345678901234567890}';

test("values are found by the API's paths", () => {
  const { places } = scan(ROW);
  const span = places.get("messages[1].content");
  expect(span && ROW.slice(span.start, span.end)).toBe('"Hello"');
});

test("laid out and back is the same text without spaces", () => {
  expect(compact(pretty(ROW))).toBe(compact(ROW));
  expect(pretty(ROW)).toContain("\n      \"role\": \"user\",");
  expect(compact(ROW)).toContain('"n":12345678901234567890');
});

test("pretty agrees with the browser's own where both can", () => {
  const value = { a: [], b: {}, c: [1, -2.5e3, true, null, "x\\\"\n☃"], d: { e: [[1], [{}]] } };
  expect(pretty(JSON.stringify(value))).toBe(JSON.stringify(value, null, 2));
  expect(compact(JSON.stringify(value, null, 4))).toBe(JSON.stringify(value));
});

test("equal keys and escapes stay", () => {
  expect(compact('{"a": 1, "a": 2, "b": "\\u00e9"}')).toBe('{"a":1,"a":2,"b":"\\u00e9"}');
});

test.each([
  ['{"a": 1,}', "trailing", 7], ['{"a" 1}', "colon", 5], ["{'a': 1}", "key", 1], ['{"a": 1', "open", 7], ['{"a": "x', "open", 6],
  ['{"a": True}', "value", 6], ['{"a": 1} {"b": 2}', "after", 9], ['{"a": "\\x"}', "escape", 7], ['{"a": "x\ny"}', "control", 8],
  ["  ", "empty", 2], ['{"a": 01}', "number", 6], ["[1 2]", "comma", 3], ["NaN", "value", 0],
])("%s is told to be wrong", (text, kind, at) => {
  const scanned = scan(text);
  expect(scanned.ok).toBe(false);
  expect(!scanned.ok && scanned.fault).toEqual({ kind, at });
  expect(() => JSON.parse(text)).toThrow();
});

test("deep nesting is refused as the server does, not by a full stack", () => {
  const scanned = scan("[".repeat(100_000));
  expect(!scanned.ok && scanned.fault.kind).toBe("deep");
});

test("a missing value leads to what should hold it", () => {
  const text = pretty('{"messages": [{"role": "user"}]}');
  const { places } = scan(text);
  expect(nearest(places, "messages[0].content")).toEqual(places.get("messages[0]"));
  expect([...linesOf(text, places, ["messages[0].content", null])]).toEqual([3, 1]);
});

test("parts are replaced, removed and added in place", () => {
  expect(replaced(ROW, "messages[0].content", '"Hey"')).toContain('"content": "Hey"');
  expect(JSON.parse(withoutElement(ROW, "messages", 0)).messages).toEqual([{ role: "assistant", content: "Hello" }]);
  expect(JSON.parse(withoutElement(ROW, "messages", 1)).messages).toHaveLength(1);
  expect(JSON.parse(withElement(ROW, "messages", '{"role":"user"}')).messages[2]).toEqual({ role: "user" });
  expect(withElement('{"messages": []}', "messages", "1")).toBe('{"messages": [1]}');
});

test("lines and columns count from 1", () => {
  expect(lineAndColumn("a\nbc", 3)).toEqual({ line: 2, column: 2 });
});
