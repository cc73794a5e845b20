import { expect, test } from "vitest";
import { asLines, linesOfList } from "~/pages/data/upload/convert";

test("a list of objects becomes lines", () => {
  expect(linesOfList('[\n {"a": 1},\n {"b": [2, 3]}\n]')).toBe('{"a":1}\n{"b":[2,3]}\n');
});

test.each(["{}", "[]", "[1]", "[{}", "x"])("%s is left as it is", (text) => {
  expect(linesOfList(text)).toBeNull();
});

test("only .json files are looked into", async () => {
  const lines = new File(['[{"a": 1}]'], "a.jsonl");
  expect(await asLines(lines)).toBe(lines);
  expect((await asLines(new File(['[{"a": 1}]'], "a.json"))).name).toBe("a.jsonl");
});
