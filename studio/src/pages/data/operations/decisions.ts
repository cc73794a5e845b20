import { useCallback, useState } from "react";
import type { Operation } from "~/pages/data/operations/api";

export type Decision = "accept" | "reject";
type Decisions = ReadonlyMap<string, Decision>;

const PREFIX = "tunesmith.decisions.";
/** Lists before the newest few are forgotten: nobody comes back to them. */
const MOST_KEPT = 8;

/**
 * What somebody decided of what was found in a file, by id; what nobody decided is done as proposed. Kept in this browser,
 * for this kind of search: what is found again has the same id.
 */
export function useDecisions({ kind, input_file_ids: [fileId] }: Operation) {
  const about = `${kind}.${fileId}`;
  const [decisions, setDecisions] = useState<Decisions>(() => recalled(about));
  const decide = useCallback((ids: readonly string[], decision: Decision | null) => {
    setDecisions((before) => {
      const next = new Map(before);
      for (const id of ids) decision === null ? next.delete(id) : next.set(id, decision);
      keep(about, next);
      return next;
    });
  }, [about]);
  return { decisions, decide };
}

/** As an operation's settings have them. */
export function asSettings(decisions: Decisions): Record<string, Decision> {
  return Object.fromEntries(decisions);
}

export function recalled(about: string): Decisions {
  try {
    const kept = JSON.parse(localStorage.getItem(PREFIX + about) ?? "{}") as { decisions?: [string, Decision][] };
    return new Map((kept.decisions ?? []).filter(([id, said]) => typeof id === "string" && (said === "accept" || said === "reject")));
  } catch {
    return new Map();
  }
}

/** Ids alone: nothing of what was found is written down. */
export function keep(about: string, decisions: Decisions): void {
  try {
    if (decisions.size === 0) localStorage.removeItem(PREFIX + about);
    else localStorage.setItem(PREFIX + about, JSON.stringify({ at: Date.now(), decisions: [...decisions] }));
    for (const old of keptNewestFirst().slice(MOST_KEPT)) localStorage.removeItem(old);
  } catch {
    // The browser's store is full or closed: what was decided lives as long as the page does.
  }
}

function keptNewestFirst(): string[] {
  const at = (key: string) => Number(/^\{"at":(\d+)/.exec(localStorage.getItem(key) ?? "")?.[1] ?? 0);
  const keys = Array.from({ length: localStorage.length }, (_, index) => localStorage.key(index) ?? "").filter((key) => key.startsWith(PREFIX));
  return keys.sort((one, other) => at(other) - at(one));
}
