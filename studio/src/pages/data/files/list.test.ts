import { expect, test } from "vitest";
import type { FileObject } from "~/pages/data/api";
import { chosen } from "~/pages/data/files/list";

const file = (id: string, purpose: string) => ({ id, purpose, filename: `${id}.jsonl`, bytes: 1 }) as FileObject;
const files = [file("a", "fine-tune"), file("b", "fine-tune-results"), file("c", "batch")];
const ids = (search: Parameters<typeof chosen>[1]) => chosen(files, search).map(({ id }) => id);

test("what jobs made is listed where it is asked for", () => {
  expect(ids({})).toEqual(["a", "c"]);
  expect(ids({ q: "b" })).toEqual([]);
  expect(ids({ results: true })).toEqual(["a", "b", "c"]);
  expect(ids({ purpose: "fine-tune-results" })).toEqual(["a", "b", "c"]);
});
