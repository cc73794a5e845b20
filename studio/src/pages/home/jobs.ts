import type { Schemas } from "~/api/client";
import { isFinal } from "~/pages/home/next-step";

type Job = Schemas["JobWire"];

/** The list with this job as it is now: in the place it had, or in front where it is new. */
export function withJob(jobs: readonly Job[], changed: Job): Job[] {
  const place = jobs.findIndex((job) => job.id === changed.id);
  if (place >= 0) return jobs.with(place, changed);
  // What began before the others is one of the older jobs that still run.
  const behind = jobs.findIndex((job) => job.created_at <= changed.created_at);
  return behind < 0 ? [...jobs, changed] : jobs.toSpliced(behind, 0, changed);
}

/** What has not ended first, then the newest of the rest; each in the order given. */
export function shownJobs(jobs: readonly Job[], most: number): Job[] {
  return [...jobs.filter((job) => !isFinal(job)), ...jobs.filter(isFinal)].slice(0, most);
}

/** From 0 to 1; null where nothing can be said yet. */
export function progressOf(job: Job): number | null {
  if (job.status === "succeeded") return 1;
  if (!job.total_steps) return null;
  return Math.min(job.step / job.total_steps, 1);
}

/** Seconds until the job will be ready as the server reckons; null where it does not say. */
export function secondsLeft(job: Job, now: number): number | null {
  if (job.status !== "running" || job.estimated_finish === null) return null;
  return Math.max(job.estimated_finish - now, 0);
}
