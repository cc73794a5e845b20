import { expect, test } from "vitest";
import { placeOf, ticks } from "~/pages/data/tokens/scale";

test("lengths stand within their bar", () => {
  const edges = [0, 10, 20, 40];
  expect([0, 5, 10, 30, 40, 99].map((length) => placeOf(length, edges))).toEqual([0, 1 / 6, 1 / 3, 2.5 / 3, 1, 1]);
});

test("few numbers are written", () => {
  expect(ticks(Array.from({ length: 21 }, (_, index) => index))).toEqual([0, 4, 8, 12, 16, 20]);
  expect(ticks([5])).toEqual([5]);
});
