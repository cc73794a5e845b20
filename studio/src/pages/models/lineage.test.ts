import { expect, test } from "vitest";
import type { Schemas } from "~/api/client";
import { chainOf, lossesOf } from "~/pages/models/lineage";

const lineage: Schemas["LineageWire"] = {
  object: "model.lineage", model: "ft:b:p:s:1", kind: "tuned", base_model: "b", parent_model: "ft:b:p:s:0", job_id: "ftjob-1", training_file: "file-1",
  validation_file: "file-1", data: [], checkpoints: ["c1", "c2"], children: ["d"], jobs_under_way: [], num_bytes: 10,
};

test("the chain goes from the base model to the model itself", () => {
  expect(chainOf(lineage).map((link) => link.kind)).toEqual(["base", "parent", "file", "job", "here"]);
  expect(chainOf({ ...lineage, kind: "base", model: "b", parent_model: null, job_id: null, training_file: null, validation_file: null })).toEqual([
    { kind: "here", id: "b" },
  ]);
});

test("a second file is a link of its own", () => {
  expect(chainOf({ ...lineage, validation_file: "file-2" }).map((link) => link.kind)).toContain("validation");
});

test("what deleting means is told with numbers, and nothing that is not so", () => {
  expect(lossesOf(lineage)).toEqual([
    { kind: "answers" }, { kind: "children", count: 1 }, { kind: "checkpoints", count: 2 }, { kind: "bytes", count: 10 }, { kind: "job" },
  ]);
  expect(lossesOf({ ...lineage, kind: "checkpoint", children: [], jobs_under_way: ["j"] }).map((loss) => loss.kind)).toEqual([
    "answers", "jobs", "bytes", "model", "job",
  ]);
});
