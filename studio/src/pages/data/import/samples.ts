import type { Sample } from "~/pages/data/import/preview";
import { forPages } from "~/pages/data/operations/Problems";

export type LeftHere = { message: string; hint: string; count: number; place: string; record: Record<string, unknown> | null };

/** Left out for the same reason: once, with the first place. That columns are not clear, the choice of columns says. */
export function leftHere(samples: readonly Sample[]): LeftHere[] {
  const found = new Map<string, LeftHere>();
  for (const { left, place, record } of samples) {
    if (left === null || left.rule === "mapping_needed") continue;
    const before = found.get(left.message);
    if (before) before.count += 1;
    else found.set(left.message, { message: left.message, hint: forPages(left.hint), count: 1, place, record });
  }
  return [...found.values()].sort((one, other) => other.count - one.count);
}
