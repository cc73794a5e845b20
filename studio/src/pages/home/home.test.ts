import { expect, test } from "vitest";
import type { Schemas } from "~/api/client";
import { progressOf, secondsLeft, shownJobs, withJob } from "~/pages/home/jobs";
import { isDiskLow, usedShare } from "~/pages/home/machine";
import { choosable } from "~/pages/home/models";
import { nextStep, type Standing } from "~/pages/home/next-step";

type Job = Schemas["JobWire"];

function job(id: string, status: Job["status"], more: Partial<Job> = {}): Job {
  return { id, status, created_at: 0, model: "starter", step: 0, total_steps: null, estimated_finish: null, user_provided_suffix: null, ...more } as Job;
}

function standing(more: Partial<Standing>): Standing {
  return { hasFiles: true, jobs: [], tunedModels: [], may: () => true, ...more };
}

const MODEL = { id: "ft:starter:default:a:1", base_model: "starter" };
const viewer = (action: string) => action.endsWith(".read");

test("an empty project begins with a file", () => {
  expect(nextStep(standing({ hasFiles: false })).kind).toBe("upload");
});

test("files without a job are for fine-tuning", () => {
  expect(nextStep(standing({})).kind).toBe("fineTune");
});

test("what runs comes before what is finished, and the job that trains before those that wait", () => {
  const jobs = [job("new", "queued"), job("at work", "running"), job("old", "succeeded")];
  expect(nextStep(standing({ jobs, tunedModels: [MODEL] }))).toEqual({ kind: "watch", job: jobs[1], numOthers: 1 });
});

test("a newest job that failed or was paused wants a hand, an older one no more", () => {
  expect(nextStep(standing({ jobs: [job("a", "failed")], tunedModels: [MODEL] })).kind).toBe("mend");
  expect(nextStep(standing({ jobs: [job("a", "paused")], tunedModels: [MODEL] })).kind).toBe("resume");
  expect(nextStep(standing({ jobs: [job("b", "succeeded"), job("a", "failed")], tunedModels: [MODEL] })).kind).toBe("try");
});

test("a finished model is tried beside the one that it came from", () => {
  expect(nextStep(standing({ jobs: [job("a", "succeeded")], tunedModels: [MODEL] }))).toEqual({ kind: "try", model: MODEL.id, base: "starter" });
});

test("a viewer is never sent where the key would be refused", () => {
  expect(nextStep(standing({ hasFiles: false, may: viewer })).kind).toBe("wait");
  expect(nextStep(standing({ may: viewer })).kind).toBe("wait");
  expect(nextStep(standing({ jobs: [job("a", "succeeded")], tunedModels: [MODEL], may: viewer })).kind).toBe("look");
  expect(nextStep(standing({ jobs: [job("a", "paused")], may: viewer })).kind).toBe("look");
});

test("a job that is heard of takes its own place, a new one the place of its time", () => {
  const [b, a] = [job("b", "running", { created_at: 2 }), job("a", "running", { created_at: 1 })];
  expect(withJob([b, a], { ...a, step: 5 }).map(({ id, step }) => [id, step])).toEqual([["b", 0], ["a", 5]]);
  expect(withJob([b, a], job("c", "queued", { created_at: 3 })).map(({ id }) => id)).toEqual(["c", "b", "a"]);
  expect(withJob([b, a], job("old", "running", { created_at: 0 })).map(({ id }) => id)).toEqual(["b", "a", "old"]);
});

test("what has not ended is shown first", () => {
  const jobs = [job("d", "succeeded"), job("c", "failed"), job("b", "paused"), job("a", "running")];
  expect(shownJobs(jobs, 3).map(({ id }) => id)).toEqual(["b", "a", "d"]);
});

test("progress and time left are said only where they are known", () => {
  expect(progressOf(job("a", "running"))).toBeNull();
  expect(progressOf(job("a", "running", { step: 30, total_steps: 40 }))).toBe(0.75);
  expect(progressOf(job("a", "running", { step: 50, total_steps: 40 }))).toBe(1);
  expect(secondsLeft(job("a", "running", { estimated_finish: 100 }), 40)).toBe(60);
  expect(secondsLeft(job("a", "running", { estimated_finish: 100 }), 140)).toBe(0);
  expect(secondsLeft(job("a", "paused", { estimated_finish: 100 }), 40)).toBeNull();
});

test("the newest tuned model is offered first", () => {
  const model = (id: string, created: number, base_model?: string) => ({ object: "model", owned_by: "", id, created, base_model }) as const;
  const models = [model("starter", 0), model("ft:1", 10, "starter"), model("ft:2", 20, "starter")];
  expect(choosable(models)).toEqual({ tuned: ["ft:2", "ft:1"], base: ["starter"] });
});

test("a disk is low by share or by bytes, and never where its size is unknown", () => {
  expect(isDiskLow({ disk_total_bytes: 1e12, disk_free_bytes: 4e10 })).toBe(true);
  expect(isDiskLow({ disk_total_bytes: 2e10, disk_free_bytes: 4e9 })).toBe(true);
  expect(isDiskLow({ disk_total_bytes: 1e12, disk_free_bytes: 5e11 })).toBe(false);
  expect(isDiskLow({ disk_total_bytes: 0, disk_free_bytes: 0 })).toBe(false);
  expect(usedShare({ disk_total_bytes: 100, disk_free_bytes: 25 })).toBe(0.75);
});
