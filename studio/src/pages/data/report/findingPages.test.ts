import { expect, test } from "vitest";
import type { Problem } from "~/pages/data/api";
import { marksBetween, nextLine, offsetsOf } from "~/pages/data/report/findingPages";

const LINES = [2, 2, 5, 9, 9, 9, 40, null];
const read = async (index: number) => {
  const line = LINES[index];
  return line === undefined ? undefined : ({ line, rule: "r", severity: "error", message: "", hint: "", column: null, byte_column: null, path: null } satisfies Problem);
};

test.each([[1, 1, 2], [2, 1, 5], [9, 1, 40], [40, 1, null], [41, -1, 40], [9, -1, 5], [2, -1, null], [3, -1, 2]] as const)(
  "from row %i in direction %i comes %s", async (line, direction, wanted) => {
    expect(await nextLine(line, direction, LINES.length, read)).toBe(wanted);
  },
);

test("no findings, no next row", async () => {
  expect(await nextLine(5, 1, 0, read)).toBeNull();
});

test("calls cover what is in sight and no more", () => {
  expect(offsetsOf(190, 410, 100_000)).toEqual([0, 200, 400]);
  expect(offsetsOf(0, 50, 30)).toEqual([0]);
  expect(offsetsOf(0, 10, 0)).toEqual([]);
});

test("rows in sight are marked by their worst finding", async () => {
  expect([...(await marksBetween(3, 9, LINES.length, read))]).toEqual([[5, "error"], [9, "error"]]);
  expect((await marksBetween(10, 39, LINES.length, read)).size).toBe(0);
});
