import { useCallback, useState } from "react";

export type Decision = "accept" | "reject";

/** What somebody decided of what was found, by id; what nobody decided is done as proposed. */
export function useDecisions() {
  const [decisions, setDecisions] = useState<ReadonlyMap<string, Decision>>(new Map());
  const decide = useCallback((ids: readonly string[], decision: Decision | null) => {
    setDecisions((before) => {
      const next = new Map(before);
      for (const id of ids) decision === null ? next.delete(id) : next.set(id, decision);
      return next;
    });
  }, []);
  const forget = useCallback(() => setDecisions(new Map()), []);
  return { decisions, decide, forget };
}

/** As an operation's settings have them. */
export function asSettings(decisions: ReadonlyMap<string, Decision>): Record<string, Decision> {
  return Object.fromEntries(decisions);
}
