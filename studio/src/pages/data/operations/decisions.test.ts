import { beforeEach, expect, test } from "vitest";
import { type Decision, keep, recalled } from "~/pages/data/operations/decisions";

beforeEach(() => localStorage.clear());

const made = (...ids: string[]) => new Map<string, Decision>(ids.map((id) => [id, "reject"]));

test("decisions are there again, for the operation that they are about", () => {
  keep("op-1", made("a", "b"));
  expect([...recalled("op-1").keys()]).toEqual(["a", "b"]);
  expect(recalled("op-2").size).toBe(0);
});

test("decisions that were all taken back leave nothing behind", () => {
  keep("op-1", made("a"));
  keep("op-1", made());
  expect(localStorage.length).toBe(0);
});

test("what somebody else wrote there is no decision", () => {
  localStorage.setItem("tunesmith.decisions.op-1", "{");
  localStorage.setItem("tunesmith.decisions.op-2", '{"decisions":[["a","maybe"],[1,"reject"]]}');
  expect([recalled("op-1").size, recalled("op-2").size]).toEqual([0, 0]);
});

test("only the newest lists are kept", () => {
  for (let index = 0; index < 12; index += 1) keep(`op-${index}`, made("a"));
  expect(localStorage.length).toBe(8);
});
