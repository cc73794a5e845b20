import { best, type Curves, pointsOf } from "./curves";
import type { Job } from "./queries";

export type AtStep = { step: number; value: number };
/** What the validation loss was: before training (where that was measured), at its lowest, and newest. */
export type Validation = { start: number | null; lowest: AtStep; last: AtStep };

export function validationOf(curves: Curves | undefined): Validation | null {
  const points = pointsOf(curves, "valid_loss");
  const lowest = best(points, "lowest");
  const step = points.x.at(-1);
  if (lowest === null || step === undefined) return null;
  return { start: points.x[0] === 0 ? points.mean[0]! : null, lowest, last: { step, value: points.mean.at(-1)! } };
}

/** A few hundredths more than the lowest are chance; beyond that the model has begun to learn by heart. */
const SLIGHTLY = 0.05;

/**
 * What is wrong with the newest validation loss: it has `risen` since its lowest, it stands above what it was before
 * training (`above_start`), or both; `never_fell` where no step was better than none.
 */
export type Trouble = "risen" | "above_start" | "never_fell";

export function troublesOf({ start, lowest, last }: Validation): Trouble[] {
  if (last.step === 0) return [];
  const isAboveStart = start !== null && last.value > start;
  if (isAboveStart && lowest.step === 0) return ["never_fell"];
  const hasRisen = last.value > lowest.value * (1 + SLIGHTLY);
  return [...(hasRisen ? ["risen" as const] : []), ...(isAboveStart ? ["above_start" as const] : [])];
}

/** Figures of one validation, told by two ways of the server: the curve's and the checkpoint's. */
export function isSameLoss(one: number, other: number): boolean {
  return Math.abs(one - other) <= 1e-6 * Math.abs(other);
}

type Validated = Pick<Job, "validation_file" | "training_file" | "requested_settings" | "seed">;

/** The share of the training file that is held out; null where nothing is, or where a file of its own is given. */
export function heldOutShare(job: Validated): number | null {
  const share = job.requested_settings.validation_split;
  return job.validation_file === null && typeof share === "number" ? share : null;
}

/** Whether those jobs that are validated at all are so on the same examples: only then their figures can be compared. */
export function isSameValidation(jobs: readonly Validated[]): boolean {
  const data = jobs.flatMap((job) => {
    const share = heldOutShare(job);
    if (job.validation_file !== null) return [job.validation_file];
    return share === null ? [] : [JSON.stringify([job.training_file, share, job.seed])];
  });
  return new Set(data).size <= 1;
}
