import { expect, it } from "vitest";
import { type Curves } from "./curves";
import type { Job } from "./queries";
import { heldOutShare, isSameValidation, troublesOf, validationOf } from "./validation";

function validated(...steps: [number, number][]): Curves {
  const mean = steps.map(([, loss]) => loss);
  return { figures: { valid_loss: { x: steps.map(([step]) => step), mean, min: mean, max: mean } }, firstStep: 0, lastStep: 100, numSteps: 100 };
}

function troubles(...steps: [number, number][]) {
  return troublesOf(validationOf(validated(...steps))!);
}

it("knows the start, the lowest and the newest of all validations, not of those whose checkpoint was kept", () => {
  const known = validationOf(validated([0, 6.7], [75, 5.2], [150, 6.47]));
  expect(known).toEqual({ start: 6.7, lowest: { step: 75, value: 5.2 }, last: { step: 150, value: 6.47 } });
  expect(validationOf(validated([75, 5]))?.start).toBeNull();
  expect(validationOf(validated())).toBeNull();
});

it("a loss that rose is told from one that wavers, from one above the start, and from one that never fell", () => {
  expect(troubles([0, 6.7], [75, 5.2], [150, 6.47])).toEqual(["risen"]);
  expect(troubles([0, 6.7], [75, 5.2], [150, 5.3])).toEqual([]);
  expect(troubles([0, 6], [75, 5.2], [150, 6.47])).toEqual(["risen", "above_start"]);
  expect(troubles([0, 4], [75, 5.2], [150, 6.47])).toEqual(["never_fell"]);
  expect(troubles([0, 4])).toEqual([]);
});

const job = (more: Partial<Job>) => ({ validation_file: null, training_file: "file-1", requested_settings: {}, seed: 1, ...more }) as Job;
const split = (more: Partial<Job> = {}) => job({ requested_settings: { validation_split: 0.1 }, ...more });

it("the share that is held out is told, unless a file is given", () => {
  expect(heldOutShare(split())).toBe(0.1);
  expect(heldOutShare(job({}))).toBeNull();
});

it("figures are of the same examples only with the same file, or the same share of the same file by the same seed", () => {
  expect(isSameValidation([split(), split(), job({ training_file: "file-9" })])).toBe(true);
  expect(isSameValidation([split(), split({ seed: 2 })])).toBe(false);
  expect(isSameValidation([split(), split({ training_file: "file-2" })])).toBe(false);
  expect(isSameValidation([split(), split({ requested_settings: { validation_split: 0.2 } })])).toBe(false);
  expect(isSameValidation([job({ validation_file: "v" }), job({ validation_file: "v", training_file: "file-2" })])).toBe(true);
  expect(isSameValidation([job({ validation_file: "v" }), split()])).toBe(false);
});
