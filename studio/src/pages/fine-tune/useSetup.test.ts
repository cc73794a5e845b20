import { expect, it } from "vitest";
import { isReckoning } from "~/pages/fine-tune/useSetup";

it("says that it reckons until the first values are there, and not again", () => {
  const some = { resolved: { lora_rank: { value: 16, reason: "the default" } }, is_waiting_for_report: false };
  const none = { resolved: {}, is_waiting_for_report: false };
  expect([isReckoning(null, true), isReckoning(none, true), isReckoning({ ...none, is_waiting_for_report: true }, false)]).toEqual([true, true, true]);
  expect([isReckoning(null, false), isReckoning(none, false), isReckoning(some, true)]).toEqual([false, false, false]);
});
