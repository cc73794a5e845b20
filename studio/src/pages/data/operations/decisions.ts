import { useCallback, useState } from "react";
import type { Operation } from "~/pages/data/operations/api";

export type Decision = "accept" | "reject";
type Decisions<D> = ReadonlyMap<string, D>;

const PREFIX = "tunesmith.decisions.";
/** Lists before the newest few are forgotten: nobody comes back to them. */
const MOST_KEPT = 8;

/**
 * What somebody decided of what was found in a file, by id; what nobody decided is done as proposed. Kept for this kind of
 * search: what is found again has the same id. Ids alone: nothing of what was found is written down.
 */
export function useDecisions({ kind, input_file_ids: [fileId] }: Operation) {
  const { decisions, change } = useKept(`${kind}.${fileId}`, isDecision);
  const decide = useCallback((ids: readonly string[], decision: Decision | null) => {
    change((before) => {
      const next = new Map(before);
      for (const id of ids) decision === null ? next.delete(id) : next.set(id, decision);
      return next;
    });
  }, [change]);
  return { decisions, decide };
}

/** Decisions about something, by id, that outlive a reload: they are kept in this browser until they are forgotten. */
export function useKept<D>(about: string, isOne: (said: unknown) => said is D) {
  const [decisions, setDecisions] = useState<Decisions<D>>(() => recalled(about, isOne));
  const change = useCallback((by: (before: Decisions<D>) => Decisions<D>) => {
    setDecisions((before) => {
      const next = by(before);
      keep(about, next);
      return next;
    });
  }, [about]);
  /** They stay as long as the page does. */
  const forget = useCallback(() => keep(about, new Map()), [about]);
  return { decisions, change, forget };
}

/** As an operation's settings have them. */
export function asSettings(decisions: Decisions<Decision>): Record<string, Decision> {
  return Object.fromEntries(decisions);
}

export function isDecision(said: unknown): said is Decision {
  return said === "accept" || said === "reject";
}

export function recalled<D>(about: string, isOne: (said: unknown) => said is D): Decisions<D> {
  try {
    const kept = JSON.parse(localStorage.getItem(PREFIX + about) ?? "{}") as { decisions?: [unknown, unknown][] };
    return new Map((kept.decisions ?? []).filter((each): each is [string, D] => typeof each[0] === "string" && isOne(each[1])));
  } catch {
    return new Map();
  }
}

export function keep(about: string, decisions: Decisions<unknown>): void {
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
