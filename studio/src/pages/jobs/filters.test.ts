import { expect, it } from "vitest";
import type { Job } from "./queries";
import { filterOf, fits, idsOf, type ListSearch, listSearch, namesOf, pairOf, statusesOf, withJob } from "./filters";

function job(id: string, more: Partial<Job> = {}): Job {
  return { id, status: "running", model: "starter", requested_model: "starter", training_file: "file-1", created_at: 5, metadata: null, ...more } as Job;
}

function idsIn(list: { pages: { data: readonly Job[] }[] }): string[] {
  return list.pages.flatMap(({ data }) => data.map(({ id }) => id));
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

it("text is looked for in names, as the API does it", () => {
  const one = job("ftjob-abc", { user_provided_suffix: "Support", fine_tuned_model: "ft:starter:x:Support:1", requested_model: "gpt-4o-mini", metadata: { team: "blue" } });
  const says = (search: ListSearch) => fits(one, filterOf(search));
  for (const q of ["ABC", " support ", "4o", "x:supp", ""]) expect(says({ q })).toBe(true);
  for (const q of ["green", "blue", "file-1", "%"]) expect(says({ q })).toBe(false);
  expect(says({ status: "failed" })).toBe(false);
  expect(says({ status: "failed,running", model: "starter" })).toBe(true);
  expect(says({ model: "start" })).toBe(false);
  expect(says({ metadata: "team=red" })).toBe(false);
});

it("jobs that are called the same are told apart by their ids", () => {
  expect(namesOf([job("ftjob-111111", { user_provided_suffix: "a" }), job("ftjob-222222", { user_provided_suffix: "a" }), job("ftjob-3")])).toEqual([
    "a · 111111", "a · 222222", "ftjob-3",
  ]);
});

it("a job that changed keeps its place; a new one comes first; an old one that is not loaded stays away", () => {
  const list = { pages: [{ data: [job("b"), job("a", { created_at: 3 })], has_more: true }] };
  const all = filterOf({});
  expect(withJob(list, job("a", { status: "failed" }), all).pages[0]!.data.map((each) => each.status)).toEqual(["running", "failed"]);
  for (const created_at of [5, 6]) expect(idsIn(withJob(list, job("c", { created_at }), all))).toEqual(["c", "b", "a"]);
  expect(withJob(list, job("z", { created_at: 1 }), all)).toBe(list);
  expect(withJob(list, job("c", { created_at: 6 }), filterOf({ q: "no such" }))).toBe(list);
});

it("an older job that comes to fit the filter stands where it belongs", () => {
  const pages = [{ data: [job("d", { created_at: 9 }), job("c", { created_at: 7 })], has_more: true }, { data: [job("a", { created_at: 3 })], has_more: false }];
  const succeeded = filterOf({ status: "succeeded" });
  const came = (id: string, created_at: number) => idsIn(withJob({ pages }, job(id, { created_at, status: "succeeded" }), succeeded));
  expect(came("x", 8)).toEqual(["d", "x", "c", "a"]);
  expect(came("x", 5)).toEqual(["d", "c", "x", "a"]);
  expect(came("x", 1)).toEqual(["d", "c", "a", "x"]);
  expect(idsIn(withJob({ pages: [{ data: [], has_more: false }] }, job("x", { status: "succeeded" }), succeeded))).toEqual(["x"]);
});
