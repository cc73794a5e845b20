import { describe, expect, it } from "vitest";
import { appended, joined, lowerBound, nearest, NO_POINTS, type Points, reduced, smoothed, within } from "~/chart/points";

function line(values: readonly number[], every = 1): Points {
  return { x: values.map((_, index) => 1 + index * every), mean: values, min: values, max: values };
}

describe("reduced", () => {
  it("keeps the spike that a mean would hide", () => {
    const values = Array.from({ length: 10_000 }, () => 1);
    values[7_777] = 50;
    const few = reduced(line(values), 200);
    expect(few.x.length).toBeLessThanOrEqual(200);
    expect(Math.max(...few.max)).toBe(50);
    expect(Math.min(...few.min)).toBe(1);
  });
  it("has the mean of the steps, however many a point stands for", () => {
    const uneven: Points = { x: [0, 9, 10, 11], mean: [1, 11, 5, 5], min: [0, 11, 5, 5], max: [2, 11, 5, 5] };
    expect(reduced(uneven, 1).mean[0]).toBeCloseTo((9 * 1 + 11 + 5 + 5) / 12);
  });
  it("leaves what is short enough as it is", () => {
    const few = line([1, 2, 3]);
    expect(reduced(few, 3)).toBe(few);
  });
});

describe("smoothed", () => {
  it("of a constant is the constant, from the first point on", () => {
    for (const value of smoothed(line([2, 2, 2, 2]), 0.9)) expect(value).toBeCloseTo(2);
  });
  it("begins at the first value", () => {
    expect(smoothed(line([5, 1]), 0.9)[0]).toBeCloseTo(5);
  });
  it("ends at about the same height when points stand for more steps", () => {
    const values = Array.from({ length: 1_000 }, (_, index) => 3 * 0.995 ** index);
    const fine = smoothed(line(values), 0.9, 10).at(-1)!;
    const coarse = smoothed(reduced(line(values), 250), 0.9, 10).at(-1)!;
    expect(coarse / fine).toBeCloseTo(1, 1);
  });
  it("without weight is the mean itself", () => {
    const points = line([1, 4]);
    expect(smoothed(points, 0)).toBe(points.mean);
  });
});

describe("appended", () => {
  it("adds later steps only, each once, and numbers only", () => {
    const after = appended(line([1, 2]), [[2, 9], [3, 3], [3, 8], [4, NaN], [5, 5]]);
    expect(after.x).toEqual([1, 2, 3, 5]);
    expect(after.max).toEqual([1, 2, 3, 5]);
  });
  it("gives the same object where nothing is new", () => {
    expect(appended(NO_POINTS, [])).toBe(NO_POINTS);
  });
});

it("joined lines share one axis, with gaps where one has no value", () => {
  const { x, ys } = joined([{ x: [1, 3], ys: [[10, 30]] }, { x: [2, 3], ys: [[2, 3], [20, 31]] }]);
  expect(x).toEqual([1, 2, 3]);
  expect(ys).toEqual([[10, null, 30], [null, 2, 3], [null, 20, 31]]);
});

it("a range has a neighbour on either side", () => {
  expect(within(line([1, 2, 3, 4, 5, 6]), 3, 4).x).toEqual([2, 3, 4]);
  expect(within(line([1, 2, 3, 4, 5, 6]), 2.5, 4.5).x).toEqual([2, 3, 4, 5]);
});

it("the nearest and the first not below", () => {
  expect(nearest([1, 5, 9], 6)).toBe(1);
  expect(nearest([1, 5, 9], 100)).toBe(2);
  expect(nearest([], 1)).toBe(-1);
  expect(lowerBound([1, 5, 9], 5)).toBe(1);
});
