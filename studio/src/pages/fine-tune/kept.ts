import { type Draft, EMPTY, type Step, STEPS } from "~/pages/fine-tune/draft";
import { asDraft } from "~/pages/fine-tune/taken";

/** What this browser keeps of the wizard, for one project: its files and models mean nothing in another. */
export type Kept = {
  draft: Draft;
  /** The job that this very draft was started as. */
  startedAs: string | null;
  /** The key under which the draft was sent, until the server has answered. */
  attempt: { fingerprint: string; key: string } | null;
  /** The steps that were looked at and left. */
  seen: readonly Step[];
};

export type NamedDraft = { name: string; savedAt: number; draft: Draft };

const place = (projectId: string) => `tunesmith.fine-tune.${projectId}`;
const shelf = (projectId: string) => `tunesmith.fine-tune.saved.${projectId}`;

export function recall(projectId: string): Kept {
  const kept = read(place(projectId)) as Partial<Kept> | null;
  const attempt = kept?.attempt;
  return {
    draft: kept?.draft ? asDraft(kept.draft) : EMPTY,
    startedAs: typeof kept?.startedAs === "string" ? kept.startedAs : null,
    attempt: attempt && typeof attempt.key === "string" && typeof attempt.fingerprint === "string" ? attempt : null,
    seen: STEPS.filter((step) => Array.isArray(kept?.seen) && kept.seen.includes(step)),
  };
}

export function keep(projectId: string, kept: Kept): void {
  write(place(projectId), kept);
}

/** Newest first. */
export function savedDrafts(projectId: string): NamedDraft[] {
  const saved = read(shelf(projectId));
  if (!Array.isArray(saved)) return [];
  return saved
    .filter((each): each is NamedDraft => typeof (each as NamedDraft | null)?.name === "string")
    .map(({ name, savedAt, draft }) => ({ name, savedAt: Number(savedAt) || 0, draft: asDraft(draft) }));
}

/** A setup of the same name is replaced. */
export function saveDraft(projectId: string, name: string, draft: Draft, now: number): void {
  write(shelf(projectId), [{ name, savedAt: now, draft }, ...savedDrafts(projectId).filter((each) => each.name !== name)]);
}

export function forgetDraft(projectId: string, name: string): void {
  write(shelf(projectId), savedDrafts(projectId).filter((each) => each.name !== name));
}

/** Random, also where the page came over plain http and the browser gives no `randomUUID`. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function read(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

function write(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // The browser's store is full or closed: the page works on, it only cannot be taken up after a reload.
  }
}
