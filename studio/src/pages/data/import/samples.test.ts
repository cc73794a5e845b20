import { expect, test } from "vitest";
import { leftHere } from "~/pages/data/import/samples";

const left = (message: string, place: string, rule = "empty", hint = "write it") => ({ row: null, record: null, place, left: { rule, message, hint } });

test("what is left out for the same reason is told once, with its first place", () => {
  const found = leftHere([left("no question", "line 2"), left("too long", "line 3"), left("too long", "line 5"), { row: {}, record: null, place: "line 4", left: null }]);
  expect(found.map((each) => [each.message, each.count, each.place])).toEqual([["too long", 2, "line 3"], ["no question", 1, "line 2"]]);
});

test("columns that are not clear are no row's fault, and options of the command line help nobody here", () => {
  expect(leftHere([left("which column is what is not clear", "a.csv", "mapping_needed"), left("lone", "line 1", "x", "name it with --format")])).toMatchObject([{ message: "lone", hint: "" }]);
});
