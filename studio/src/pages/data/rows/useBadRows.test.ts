import { expect, it } from "vitest";
import type { Row } from "~/pages/data/api";
import { badRows } from "~/pages/data/rows/useBadRows";

function row(more: Partial<Row>): Row {
  return { line: 1, problems: [], num_trained_tokens: null, ...more } as Row;
}

it("rows that are changed here are not dropped once more", () => {
  const bad = row({ problems: [{ severity: "error" }, { severity: "error" }] as unknown as Row["problems"] });
  const doubtful = row({ problems: [{ severity: "warning" }] as unknown as Row["problems"] });
  expect(badRows(100_000, 0, [])).toBe(100_000);
  expect(badRows(5, 3, [bad, doubtful, bad])).toBe(3);
  expect(badRows(1, 1, [row({ num_trained_tokens: 0 })])).toBe(0);
});

it("there is no number while a changed row is not known", () => {
  expect(badRows(5, 1, [undefined])).toBeNull();
  expect(badRows(5, 400, [])).toBeNull();
  expect(badRows(0, 400, [])).toBe(0);
});
