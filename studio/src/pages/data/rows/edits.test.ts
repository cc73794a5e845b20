import { beforeEach, expect, test } from "vitest";
import { Edits, forRevision, nameOfRevision, summary } from "~/pages/data/rows/edits";

beforeEach(() => localStorage.clear());

test("changes are kept over a reload and go as one line each", () => {
  const edits = new Edits("file-1");
  edits.write(7, '{\n "a": 2\n}', '{"a": 1}');
  edits.drop(3);
  const again = new Edits("file-1").snapshot();
  expect(forRevision(again)).toEqual([{ line: 3, text: null }, { line: 7, text: '{"a":2}' }]);
  expect(summary(again)).toEqual({ changed: 1, dropped: 1, broken: [] });
});

test("text that says the same is no change", () => {
  const edits = new Edits("file-1");
  edits.write(1, '{"a": 2}', '{"a": 1}');
  edits.write(1, '{\n  "a": 1\n}', '{"a": 1}');
  expect(edits.size).toBe(0);
  expect(localStorage.length).toBe(0);
});

test("a row that is not JSON yet is kept and named", () => {
  const edits = new Edits("file-1");
  edits.write(5, '{"a": ', '{"a": 1}');
  expect(summary(edits.snapshot()).broken).toEqual([5]);
});

test("damaged memory is no memory", () => {
  localStorage.setItem("tunesmith.edits.file-1", "{");
  expect(new Edits("file-1").size).toBe(0);
});

test("names count on", () => {
  expect(nameOfRevision("train.jsonl")).toBe("train-fixed.jsonl");
  expect(nameOfRevision("train-fixed.jsonl")).toBe("train-fixed-2.jsonl");
  expect(nameOfRevision("train-fixed-9.jsonl")).toBe("train-fixed-10.jsonl");
});
