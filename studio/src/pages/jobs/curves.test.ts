import { describe, expect, it } from "vitest";
import { ASKED_POINTS, best, closerCurves, type Curves, curvesOf, ending, hasGap, pointsOf, withRows } from "./curves";

const wire = {
  object: "fine_tuning.job.metrics" as const, job_id: "ftjob-1", first_step: 1, last_step: 4, num_steps: 4,
  series: [{ name: "train_loss" as const, steps: [1, 3], mean: [2, 1], min: [1.5, 0.5], max: [9, 1.5] }],
};

describe("steps that come live", () => {
  it("go behind those that are known, each once", () => {
    const after = withRows(curvesOf(wire), [{ step: 4, train_loss: 7 }, { step: 5, train_loss: 0.7, valid_loss: null }]);
    expect(pointsOf(after, "train_loss").x).toEqual([1, 3, 5]);
    expect(pointsOf(after, "valid_loss").x).toEqual([]);
    expect(after.lastStep).toBe(5);
    expect(after.numSteps).toBe(5);
  });
  it("begin a job that had none", () => {
    const empty: Curves = { figures: {}, firstStep: 0, lastStep: 0, numSteps: 0 };
    const after = withRows(empty, [{ step: 0, valid_loss: 3 }, { step: 1, train_loss: 2 }]);
    expect(pointsOf(after, "valid_loss").x).toEqual([0]);
    expect([after.firstStep, after.lastStep, after.numSteps]).toEqual([0, 1, 2]);
  });
  it("are thinned out where there are many, and keep the spike", () => {
    let curves = curvesOf(wire);
    for (let step = 5; step < 10_000; step += 100) {
      curves = withRows(curves, Array.from({ length: 100 }, (_, more) => ({ step: step + more, train_loss: step + more === 777 ? 99 : 1 })));
    }
    const points = pointsOf(curves, "train_loss");
    expect(points.x.length).toBeLessThanOrEqual(2 * ASKED_POINTS);
    expect(Math.max(...points.max)).toBe(99);
  });
  it("tell when some are missing", () => {
    expect(hasGap(curvesOf(wire), [{ step: 5 }])).toBe(false);
    expect(hasGap(curvesOf(wire), [{ step: 3 }, { step: 9 }])).toBe(true);
  });
});

it("a part shows what the whole knows as well, and more where it has more", () => {
  const whole = curvesOf({ ...wire, series: [...wire.series, { name: "valid_loss", steps: [1, 3, 4], mean: [3, 2, 1], min: [3, 2, 1], max: [3, 2, 1] }] });
  const part = curvesOf({ ...wire, series: [{ ...wire.series[0]!, steps: [3, 4] }, { name: "valid_loss", steps: [3], mean: [2], min: [2], max: [2] }] });
  const closer = closerCurves(whole, part, [2, 3]);
  expect(pointsOf(closer, "train_loss").x).toEqual([3, 4]);
  expect(pointsOf(closer, "valid_loss").x).toEqual([1, 3, 4]);
});

it("the best value is exact, the ending a mean", () => {
  const points = pointsOf(curvesOf(wire), "train_loss");
  expect(best(points, "lowest")).toEqual({ step: 3, value: 0.5 });
  expect(best(points, "highest")).toEqual({ step: 1, value: 9 });
  expect(ending({ x: [1, 99, 100], mean: [9, 1, 3], min: [], max: [] })).toBe(2);
});
