import type { Schemas } from "~/api/client";

type Tokens = Schemas["TokenFiguresWire"];
type Policy = Schemas["OverLengthCostWire"]["policy"];

export type Advice = { kind: "raise" | "drop" | "left" | "leftSome" | "shorten"; policy: Policy | null };

/** Few enough rows that leaving them out teaches about the same. */
const FEW = 0.01;

/** What to do about rows that are too long; null where all fit. */
export function recommend(tokens: Tokens, numRows: number): Advice | null {
  if (tokens.num_over_length === 0) return null;
  if (tokens.lengths.max <= tokens.context_length) return { kind: "raise", policy: null };
  if (tokens.num_over_length <= FEW * numRows) return { kind: "drop", policy: "drop" };
  const left = tokens.over_length_costs.find((cost) => cost.policy === "truncate_left");
  if (!left) return { kind: "drop", policy: "drop" };
  if (left.rows_dropped === 0 && left.trained_tokens_lost === 0) return { kind: "left", policy: "truncate_left" };
  if (tokens.num_over_length > 0.5 * numRows) return { kind: "shorten", policy: null };
  return { kind: "leftSome", policy: "truncate_left" };
}

/** Round limits that people choose, from `length` on. */
export function roundedUp(length: number, most: number): number {
  const step = length > 4096 ? 1024 : length > 512 ? 256 : 64;
  return Math.min(Math.ceil(length / step) * step, most);
}
