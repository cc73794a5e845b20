import { expect, it } from "vitest";
import { reasonOf } from "./reasons";

it("only what the request gave stands as given", () => {
  const given = (value: unknown) => ({ value, reason: "as given" });
  const job = { resolved: { lora_rank: given(4), adam_beta1: given(0.9), seed: given(7), lora_alpha: { value: 8, reason: "twice the rank" } }, requested_settings: { lora_rank: 4 } };
  expect(Object.keys(job.resolved).map((name) => reasonOf(job, name))).toEqual(["as given", "the default", "drawn by chance, as none was given", "twice the rank"]);
  expect(reasonOf({ ...job, requested_settings: { seed: 7 } }, "seed")).toBe("as given");
});
