import { expect, test } from "vitest";
import type { Schemas } from "~/api/client";
import { recommend, roundedUp } from "~/pages/data/tokens/recommend";

type Tokens = Schemas["TokenFiguresWire"];
const cost = (policy: "drop" | "truncate_left" | "truncate_right", trained_tokens_lost = 0, rows_dropped = 0) => ({
  policy, rows_dropped, tokens_cut: 10, trained_tokens_lost, end_tokens_lost: 0,
});
const tokens = (change: Partial<Tokens>): Tokens => ({
  model: "m", context_length: 1024, max_seq_len: 1024, total_tokens: 1, trained_tokens: 1, bucket_edges: [], bucket_counts: [],
  lengths: { min: 1, mean: 1, median: 1, p95: 1, max: 5000 }, num_over_length: 20,
  over_length_costs: [cost("drop", 100, 20), cost("truncate_left"), cost("truncate_right", 100)], ...change,
});

test("nothing to do where all fit", () => {
  expect(recommend(tokens({ num_over_length: 0 }), 100)).toBeNull();
});
test("a limit below what the model reads is raised", () => {
  expect(recommend(tokens({ lengths: { min: 1, mean: 1, median: 1, p95: 1, max: 900 }, max_seq_len: 512 }), 100)?.kind).toBe("raise");
});
test("few rows are left out", () => {
  expect(recommend(tokens({}), 2000)?.policy).toBe("drop");
});
test("a cut that costs no learned token is taken", () => {
  expect(recommend(tokens({}), 100)?.kind).toBe("left");
});
test("where most rows do not fit, no choice is good", () => {
  expect(recommend(tokens({ num_over_length: 80, over_length_costs: [cost("truncate_left", 5)] }), 100)?.kind).toBe("shorten");
});
test("limits are round and no more than the model reads", () => {
  expect([roundedUp(100, 9999), roundedUp(513, 9999), roundedUp(5000, 9999), roundedUp(5000, 5001)]).toEqual([128, 768, 5120, 5001]);
});
