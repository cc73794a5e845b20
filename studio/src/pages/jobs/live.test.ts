import { expect, it } from "vitest";
import { placeOf } from "./Events";
import { lowestOf } from "./Checkpoints";
import type { Checkpoint, JobEvent } from "./queries";
import { inFront } from "./useJobLive";

it("what comes live stands in front, once", () => {
  const list = { pages: [{ data: [{ id: "b" }, { id: "a" }], has_more: true }], pageParams: [undefined] };
  expect(inFront(list, { id: "c" }).pages[0]!.data.map(({ id }) => id)).toEqual(["c", "b", "a"]);
  expect(inFront(list, { id: "a" })).toBe(list);
});

it("an event that names a row leads to it, in the file that is at fault", () => {
  const event = { level: "error", data: { line: 7 } } as unknown as JobEvent;
  const job = { training_file: "file-t", validation_file: "file-v", error: { code: "x", message: "", param: "validation_file" } };
  expect(placeOf(event, job)).toMatchObject({ params: { fileId: "file-v" }, search: { line: 7 } });
  expect(placeOf({ ...event, level: "info" }, job)).toBeNull();
});

it("the checkpoint with the lowest validation loss, where there are two to choose from", () => {
  const one = { id: "1", metrics: { valid_loss: 2 } } as Checkpoint;
  expect(lowestOf([one])).toBeNull();
  expect(lowestOf([one, { id: "2", metrics: { full_valid_loss: 1 } } as Checkpoint, { id: "3", metrics: {} } as Checkpoint])).toBe("2");
});
