import { best, type Curves, ending, pointsOf } from "./curves";
import type { Job } from "./queries";
import { isSameValidation } from "./validation";
import type { Points } from "~/chart/points";

/** One setting in every job. */
export type SettingRow = { name: string; values: readonly unknown[]; differs: boolean };

/** What the jobs were made with, side by side; what only some have is undefined in the others. */
export function settingRows(jobs: readonly Job[]): SettingRow[] {
  const given = jobs.map((job) => ({
    model: job.model,
    training_file: job.training_file,
    validation_file: job.validation_file,
    ...Object.fromEntries(Object.entries(job.resolved).map(([name, { value }]) => [name, value])),
  }) as Record<string, unknown>);
  const names = [...new Set(given.flatMap((settings) => Object.keys(settings)))];
  return names.map((name) => {
    const values = given.map((settings) => settings[name]);
    const texts = new Set(values.map((value) => JSON.stringify(value ?? null)));
    return { name, values, differs: texts.size > 1 };
  });
}

export type FinalName = "trainLoss" | "validLoss" | "bestValidLoss" | "accuracy" | "validAccuracy" | "tokens" | "seconds";
/** One figure in every job; `best` are the places of the best value, where a best one can be told. */
export type FinalRow = { name: FinalName; values: readonly (number | null)[]; best: readonly number[] };

const BETTER: Record<FinalName, "lower" | "higher" | null> = {
  trainLoss: "lower", validLoss: "lower", bestValidLoss: "lower", accuracy: "higher", validAccuracy: "higher", tokens: null, seconds: null,
};

const VALIDATED: readonly FinalName[] = ["validLoss", "bestValidLoss", "validAccuracy"];

/** How the jobs ended. No validation figure is best where the jobs were not validated on the same examples. */
export function finalRows(jobs: readonly Job[], curves: readonly (Curves | undefined)[]): FinalRow[] {
  const of: Record<FinalName, (job: Job, own: Curves | undefined) => number | null> = {
    trainLoss: (_, own) => ending(pointsOf(own, "train_loss")),
    validLoss: (_, own) => pointsOf(own, "valid_loss").mean.at(-1) ?? null,
    bestValidLoss: (_, own) => best(pointsOf(own, "valid_loss"), "lowest")?.value ?? null,
    accuracy: (_, own) => ending(pointsOf(own, "train_mean_token_accuracy")),
    validAccuracy: (_, own) => pointsOf(own, "valid_mean_token_accuracy").mean.at(-1) ?? null,
    tokens: (job) => job.trained_tokens,
    seconds: (job) => (job.finished_at === null ? null : job.finished_at - job.created_at),
  };
  const isSame = isSameValidation(jobs);
  return (Object.keys(of) as FinalName[]).map((name) => {
    const values = jobs.map((job, index) => of[name](job, curves[index]));
    return { name, values, best: isSame || !VALIDATED.includes(name) ? bestOf(values, BETTER[name]) : [] };
  });
}

function bestOf(values: readonly (number | null)[], better: "lower" | "higher" | null): number[] {
  const known = values.filter((value) => value !== null);
  if (better === null || known.length < 2) return [];
  const winner = better === "lower" ? Math.min(...known) : Math.max(...known);
  const places = values.flatMap((value, index) => (value === winner ? [index] : []));
  return places.length === values.length ? [] : places;
}

/** The same points over the share of training instead of steps, in percent. */
export function byShare(points: Points, total: number): Points {
  return total > 0 ? { ...points, x: points.x.map((step) => (step / total) * 100) } : points;
}
