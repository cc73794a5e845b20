import { expect, it } from "vitest";
import { logMarks, shortNumber } from "~/chart/axis";

it("marks of a logarithmic axis lie in its range and are few", () => {
  expect(logMarks(0.1, 10)).toEqual([0.1, 0.2, 0.5, 1, 2, 5, 10]);
  expect(logMarks(1e-8, 1)).toHaveLength(5);
  for (const mark of logMarks(0.8, 2.4)) expect(mark >= 0.79 && mark <= 2.41).toBe(true);
  expect(logMarks(0.8, 2.4).length).toBeGreaterThan(2);
  expect(logMarks(1.7e-4, 2.1e-4)).toEqual([1.7e-4, 1.8e-4, 1.9e-4, 2e-4, 2.1e-4]);
});

it("numbers are short", () => {
  expect(shortNumber(0.0002)).toBe("2e-4");
  expect(shortNumber(0.00025)).toBe("2.5e-4");
  expect(shortNumber(1.23456)).toBe("1.23");
  expect(shortNumber(12345.6)).toBe("12,346");
  expect(shortNumber(0)).toBe("0");
  expect(shortNumber(NaN)).toBe("–");
});
