import type { Schemas } from "~/api/client";

type Lineage = Schemas["LineageWire"];

/** A link of the chain; `id` is a model's name, a file's or a job's id. */
export type Link = { kind: "base" | "parent" | "file" | "validation" | "job" | "here"; id: string };

/** What a model was made from, oldest first, and the model itself at the end. */
export function chainOf(lineage: Lineage): Link[] {
  const links: (Link | null)[] = [
    lineage.base_model === lineage.model ? null : { kind: "base", id: lineage.base_model },
    lineage.parent_model ? { kind: "parent", id: lineage.parent_model } : null,
    lineage.training_file ? { kind: "file", id: lineage.training_file } : null,
    lineage.validation_file && lineage.validation_file !== lineage.training_file ? { kind: "validation", id: lineage.validation_file } : null,
    lineage.job_id ? { kind: "job", id: lineage.job_id } : null,
    { kind: "here", id: lineage.model },
  ];
  return links.filter((link) => link !== null);
}

/** A consequence of deleting, as a key of `modelWords.loses`, and the number that its sentence names. */
export type Loss = { kind: "answers" | "job" | "model" } | { kind: "bytes" | "checkpoints" | "children" | "jobs"; count: number };

/** What deleting a tuned model or a checkpoint means, most important first. */
export function lossesOf(lineage: Lineage): Loss[] {
  const { kind, num_bytes, checkpoints, children, jobs_under_way } = lineage;
  const counted: Loss[] = [
    { kind: "jobs", count: jobs_under_way.length },
    { kind: "children", count: children.length },
    { kind: "checkpoints", count: kind === "tuned" ? checkpoints.length : 0 },
    { kind: "bytes", count: num_bytes },
  ];
  return [
    { kind: "answers" },
    ...counted.filter((loss) => !("count" in loss) || loss.count > 0),
    ...(kind === "checkpoint" ? [{ kind: "model" } as const] : []),
    { kind: "job" },
  ];
}
