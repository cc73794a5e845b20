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

/** What the API is asked for; the same for two addresses that ask for the same. */
export type ListFilter = { statuses: readonly Status[]; model: string; text: string; pair: Pair | null };

/** No name is longer, and the API takes no longer text. */
const LONGEST_TEXT = 300;

export function filterOf(search: ListSearch): ListFilter {
  return {
    statuses: statusesOf(search), model: search.model ?? "", text: (search.q ?? "").trim().toLowerCase().slice(0, LONGEST_TEXT), pair: pairOf(search.metadata),
  };
}

/** Whether a job is among those that are asked for, as the API judges it: what the live stream tells is not filtered. */
export function fits(job: Job, { statuses, model, text, pair }: ListFilter): boolean {
  if (statuses.length > 0 && !statuses.includes(job.status)) return false;
  if (model && job.model !== model) return false;
  if (pair && job.metadata?.[pair.key] !== pair.value) return false;
  const names = [job.id, job.user_provided_suffix, job.fine_tuned_model, job.model, job.requested_model];
  return names.some((name) => name?.toLowerCase().includes(text));
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

/** The pages with a changed job in its place, or one that has come to fit where it belongs; the same object where nothing changes. */
export function withJob<T extends { pages: Pages }>(list: T, job: Job, filter: ListFilter): T {
  for (const [index, page] of list.pages.entries()) {
    const at = page.data.findIndex(({ id }) => id === job.id);
    if (at >= 0) return { ...list, pages: list.pages.with(index, { ...page, data: page.data.with(at, job) }) };
  }
  const place = fits(job, filter) ? placeOf(list.pages, job) : null;
  if (!place) return list;
  const page = list.pages[place.page]!;
  return { ...list, pages: list.pages.with(place.page, { ...page, data: page.data.toSpliced(place.at, 0, job) }) };
}

/** Where a job stands among those that are loaded, newest first; null where its page is not loaded yet. */
function placeOf(pages: Pages, job: Job): { page: number; at: number } | null {
  if (job.created_at === pages[0]?.data[0]?.created_at) return { page: 0, at: 0 };
  for (const [page, { data }] of pages.entries()) {
    const at = data.findIndex((other) => other.created_at < job.created_at);
    if (at >= 0) return { page, at };
  }
  const last = pages.at(-1);
  return last && !last.has_more ? { page: pages.length - 1, at: last.data.length } : null;
}
