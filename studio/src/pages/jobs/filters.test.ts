import { expect, it } from "vitest";
import type { Job } from "./queries";
import { fits, idsOf, listSearch, namesOf, pairOf, statusesOf, withJob } from "./filters";

function job(id: string, more: Partial<Job> = {}): Job {
  return { id, status: "running", model: "starter", requested_model: "starter", training_file: "file-1", created_at: 5, metadata: null, ...more } as Job;
}

it("an address keeps what it knows and drops the rest", () => {
  expect(listSearch({ q: 12, status: "failed", junk: "x", model: "" })).toEqual({ q: "12", status: "failed" });
  expect(statusesOf({ status: "failed,nonsense,queued" })).toEqual(["queued", "failed"]);
  expect(idsOf("a,a,b,,c,d,e,f,g")).toEqual(["a", "b", "c", "d", "e", "f"]);
});

it("a pair has a key", () => {
  expect(pairOf("team=ml=1")).toEqual({ key: "team", value: "ml=1" });
  expect(pairOf("=x")).toBeNull();
  expect(pairOf("team")).toBeNull();
});

it("text is looked for in names, files and metadata", () => {
  const one = job("ftjob-abc", { user_provided_suffix: "Support", metadata: { team: "blue" } });
  for (const q of ["ABC", "support", "file-1", "blue", ""]) expect(fits(one, { q })).toBe(true);
  expect(fits(one, { q: "green" })).toBe(false);
  expect(fits(one, { status: "failed" })).toBe(false);
  expect(fits(one, { metadata: "team=red" })).toBe(false);
});

it("jobs that are called the same are told apart by their ids", () => {
  expect(namesOf([job("ftjob-111111", { user_provided_suffix: "a" }), job("ftjob-222222", { user_provided_suffix: "a" }), job("ftjob-3")])).toEqual([
    "a · 111111", "a · 222222", "ftjob-3",
  ]);
});

it("a job that changed keeps its place; a new one comes first; an old one that is not loaded stays away", () => {
  const list = { pages: [{ data: [job("b"), job("a", { created_at: 3 })], has_more: false }] };
  expect(withJob(list, job("a", { status: "failed" }), () => true).pages[0]!.data.map((each) => each.status)).toEqual(["running", "failed"]);
  expect(withJob(list, job("c", { created_at: 6 }), () => true).pages[0]!.data.map(({ id }) => id)).toEqual(["c", "b", "a"]);
  expect(withJob(list, job("z", { created_at: 1 }), () => true)).toBe(list);
  expect(withJob(list, job("c", { created_at: 6 }), () => false)).toBe(list);
});
