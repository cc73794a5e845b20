import { expect, it } from "vitest";
import { byShare, finalRows, settingRows } from "./compare";
import type { Curves } from "./curves";
import type { Job } from "./queries";

function job(id: string, resolved: Record<string, unknown>, more: Partial<Job> = {}): Job {
  const settings = Object.fromEntries(Object.entries(resolved).map(([name, value]) => [name, { value, reason: "as given" }]));
  return { id, model: "starter", training_file: "file-1", validation_file: null, requested_settings: {}, seed: 1, resolved: settings, trained_tokens: 5, created_at: 10, finished_at: 70, ...more } as Job;
}

function curves(values: number[]): Curves {
  const points = { x: values.map((_, index) => index + 1), mean: values, min: values, max: values };
  return { figures: { train_loss: points, valid_loss: points }, firstStep: 1, lastStep: values.length, numSteps: values.length };
}

it("settings that differ are told from those that do not, lists by what is in them", () => {
  const rows = settingRows([job("a", { rank: 8, targets: ["q"] }), job("b", { rank: 16, targets: ["q"], extra: 1 })]);
  expect(rows.filter(({ differs }) => differs).map(({ name }) => name)).toEqual(["rank", "extra"]);
  expect(rows.find(({ name }) => name === "extra")?.values).toEqual([undefined, 1]);
});

it("the best of a figure is marked, unless all are the same or there is but one", () => {
  const rows = finalRows([job("a", {}), job("b", {}), job("c", {})], [curves([3, 2]), curves([3, 1]), undefined]);
  expect(rows.find(({ name }) => name === "validLoss")).toEqual({ name: "validLoss", values: [2, 1, null], best: [1] });
  expect(rows.find(({ name }) => name === "seconds")?.best).toEqual([]);
  const same = finalRows([job("a", {}), job("b", {})], [curves([2]), curves([2])]);
  expect(same.find(({ name }) => name === "validLoss")?.best).toEqual([]);
});

it("figures of other validation examples are not set against each other", () => {
  const rows = finalRows([job("a", {}, { validation_file: "file-2" }), job("b", {}, { validation_file: "file-3" })], [curves([3, 2]), curves([3, 1])]);
  expect(rows.find(({ name }) => name === "validLoss")).toEqual({ name: "validLoss", values: [2, 1], best: [] });
  expect(rows.find(({ name }) => name === "trainLoss")?.best).toEqual([1]);
});

it("over the share of training, the last step is 100", () => {
  expect(byShare({ x: [0, 5, 10], mean: [], min: [], max: [] }, 10).x).toEqual([0, 50, 100]);
});
