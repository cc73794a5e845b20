import type { Schemas } from "~/api/client";

type Job = Schemas["JobWire"];
type Model = Pick<Schemas["ModelWire"], "id" | "base_model">;

/** What somebody would sensibly do next, with the job or model that it is about. */
export type NextStep =
  | { kind: "upload" }
  | { kind: "fineTune" }
  | { kind: "watch"; job: Job; numOthers: number }
  | { kind: "resume"; job: Job }
  | { kind: "mend"; job: Job }
  | { kind: "try"; model: string; base: string | null }
  | { kind: "look"; job: Job }
  | { kind: "wait" };

export type Standing = {
  hasFiles: boolean;
  /** Newest first. */
  jobs: readonly Job[];
  /** Newest first. */
  tunedModels: readonly Model[];
  may: (action: string) => boolean;
};

const AT_WORK = new Set<Job["status"]>(["validating_files", "queued", "running"]);
const FINAL = new Set<Job["status"]>(["succeeded", "failed", "cancelled"]);

export function isAtWork(job: Job): boolean {
  return AT_WORK.has(job.status);
}

export function isFinal(job: Job): boolean {
  return FINAL.has(job.status);
}

/** What runs goes first, then what stopped needs a hand, then what is finished is there to be used. */
export function nextStep({ hasFiles, jobs, tunedModels, may }: Standing): NextStep {
  const atWork = jobs.filter(isAtWork);
  const watched = atWork.find((job) => job.status === "running") ?? atWork[0];
  if (watched) return { kind: "watch", job: watched, numOthers: atWork.length - 1 };

  const newest = jobs[0];
  if (newest?.status === "paused" && may("job.control")) return { kind: "resume", job: newest };
  if (newest?.status === "failed") return { kind: "mend", job: newest };

  const model = tunedModels[0];
  if (model !== undefined && may("chat")) return { kind: "try", model: model.id, base: model.base_model ?? null };
  if (newest && !may("job.create")) return { kind: "look", job: newest };
  if (hasFiles && may("job.create")) return { kind: "fineTune" };
  return may("file.write") ? { kind: "upload" } : { kind: "wait" };
}
