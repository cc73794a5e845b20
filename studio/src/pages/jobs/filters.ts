import type { Schemas } from "~/api/client";

type Job = Schemas["JobWire"];
export type Status = Job["status"];
export type Pair = { key: string; value: string };

export const STATUSES: readonly Status[] = ["validating_files", "queued", "running", "paused", "succeeded", "failed", "cancelled"];
export const MOST_COMPARED = 6;

/** What stands in the list's address. */
export type ListSearch = { status?: string; model?: string; q?: string; metadata?: string; selected?: string };

export function listSearch(raw: Record<string, unknown>): ListSearch {
  const search: ListSearch = {};
  for (const name of ["status", "model", "q", "metadata", "selected"] as const) {
    const value = raw[name];
    if (typeof value === "string" ? value !== "" : typeof value === "number" || typeof value === "boolean") search[name] = String(value);
  }
  return search;
}

export function statusesOf(search: ListSearch): Status[] {
  const asked = new Set((search.status ?? "").split(","));
  return STATUSES.filter((status) => asked.has(status));
}

export function idsOf(list: string | undefined): string[] {
  return [...new Set((list ?? "").split(",").filter(Boolean))].slice(0, MOST_COMPARED);
}

/** `key=value`; null for what is no pair yet. */
export function pairOf(text: string | undefined): Pair | null {
  const at = text?.indexOf("=") ?? -1;
  if (!text || at < 1) return null;
  return { key: text.slice(0, at).trim(), value: text.slice(at + 1).trim() };
}

/** Whether a job is among those that are asked for; the API has judged metadata already, the live stream has not. */
export function fits(job: Job, search: ListSearch): boolean {
  const statuses = statusesOf(search);
  if (statuses.length > 0 && !statuses.includes(job.status)) return false;
  if (search.model && job.model !== search.model) return false;
  const pair = pairOf(search.metadata);
  if (pair && job.metadata?.[pair.key] !== pair.value) return false;
  const wanted = (search.q ?? "").trim().toLowerCase();
  return wanted === "" || textOf(job).includes(wanted);
}

function textOf(job: Job): string {
  const { id, model, requested_model, fine_tuned_model, user_provided_suffix, training_file, validation_file, metadata } = job;
  const pairs = Object.entries(metadata ?? {}).flat();
  return [id, model, requested_model, fine_tuned_model, user_provided_suffix, training_file, validation_file, ...pairs].join("\n").toLowerCase();
}

/** What a job is called: its suffix, or its id. */
export function nameOf(job: Pick<Job, "id" | "user_provided_suffix">): string {
  return job.user_provided_suffix || job.id;
}

/** The jobs' names, with the end of the id where several are called the same. */
export function namesOf(jobs: readonly Pick<Job, "id" | "user_provided_suffix">[]): string[] {
  const names = jobs.map(nameOf);
  return names.map((name, index) => (names.indexOf(name) === names.lastIndexOf(name) ? name : `${name} · ${jobs[index]!.id.slice(-6)}`));
}

type Pages = { data: readonly Job[]; has_more: boolean }[];

/** The pages with a changed job in its place, or a new one in front; the same object where nothing changes. */
export function withJob<T extends { pages: Pages }>(list: T, job: Job, isWanted: (job: Job) => boolean): T {
  for (const [index, page] of list.pages.entries()) {
    const at = page.data.findIndex(({ id }) => id === job.id);
    if (at < 0) continue;
    const data = page.data.with(at, job);
    return { ...list, pages: list.pages.with(index, { ...page, data }) };
  }
  const [first, ...others] = list.pages;
  if (!first || !isWanted(job) || job.created_at < (first.data[0]?.created_at ?? 0)) return list;
  return { ...list, pages: [{ ...first, data: [job, ...first.data] }, ...others] };
}
