import { beforeEach, expect, test } from "vitest";
import { type Decision, isDecision, keep, recalled as recalledAs } from "~/pages/data/operations/decisions";

beforeEach(() => localStorage.clear());

const recalled = (about: string) => recalledAs(about, isDecision);
const made = (...ids: string[]) => new Map<string, Decision>(ids.map((id) => [id, "reject"]));

test("decisions are there again, for the file that they are about", () => {
  keep("find.file-1", made("a", "b"));
  expect([...recalled("find.file-1").keys()]).toEqual(["a", "b"]);
  expect(recalled("find.file-2").size).toBe(0);
});

test("decisions that were all taken back leave nothing behind", () => {
  keep("find.file-1", made("a"));
  keep("find.file-1", made());
  expect(localStorage.length).toBe(0);
});

test("what somebody else wrote there is no decision", () => {
  localStorage.setItem("tunesmith.decisions.find.file-1", "{");
  localStorage.setItem("tunesmith.decisions.find.file-2", '{"decisions":[["a","maybe"],[1,"reject"]]}');
  expect([recalled("find.file-1").size, recalled("find.file-2").size]).toEqual([0, 0]);
});

test("only the newest lists are kept", () => {
  for (let index = 0; index < 12; index += 1) keep(`find.file-${index}`, made("a"));
  expect(localStorage.length).toBe(8);
});
