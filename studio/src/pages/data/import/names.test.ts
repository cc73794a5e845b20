import { expect, test } from "vitest";
import { fillOf, namesToFill } from "~/pages/data/import/names";

const open = (name: string, written: string, num_rows: number) => ({ name, written, num_rows });

test("a name written in two ways is filled once", () => {
  const [name, ...others] = namesToFill([open("name", "{{name}}", 7), open("name", "<NAME>", 2)], 100, []);
  expect([name?.name, name?.written.map((each) => each.written), name?.ofFirst, others]).toEqual(["name", ["{{name}}", "<NAME>"], 100, []]);
});

test("what the whole file has goes before what the first rows have, and adds to it", () => {
  const found = namesToFill([open("name", "{{name}}", 7), open("作者", "{{作者}}", 1)], 100, [open("name", "{{name}}", 300), open("author", "<AUTHOR>", 4)]);
  expect(found.map((each) => [each.name, each.written[0]?.num_rows, each.ofFirst])).toEqual([["name", 300, null], ["author", 4, null], ["作者", 1, 100]]);
});

test("a name without a value stays open", () => {
  expect(fillOf({ name: "Weft", author: " ", team: "" })).toEqual({ name: "Weft" });
});
