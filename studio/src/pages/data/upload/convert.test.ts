import { expect, test } from "vitest";
import { asLines, byPurpose, linesOfList } from "~/pages/data/upload/convert";

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

test("what is no JSON lines is data to make some of", () => {
  const [training, others] = byPurpose([new File([], "a.jsonl"), new File([], "b.csv"), new File([], "c.jsonl.gz"), new File([], "D.JSONL")]);
  expect(training.map((file) => file.name)).toEqual(["a.jsonl", "D.JSONL"]);
  expect(others.map((file) => file.name)).toEqual(["b.csv", "c.jsonl.gz"]);
});
