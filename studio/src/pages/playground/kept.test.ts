import { expect, test } from "vitest";
import { askedFor } from "~/pages/playground/answer";
import { type Kept, NOTHING_KEPT, readKept, toKeep } from "~/pages/playground/kept";
import { withTokens } from "~/pages/playground/tokens";

const spans = withTokens([], [{ token: "x", logprob: 0, bytes: [120], top_logprobs: [] }]);

test("a visit is taken up where it was left; what was being written was stopped", () => {
  const answers = { a: { ...askedFor(1), state: "writing" as const, text: "half", spans }, b: { ...askedFor(2), state: "done" as const, text: "whole" } };
  const kept: Kept = { ...NOTHING_KEPT, models: ["a", "b"], draft: "next", view: "probabilities", turns: [{ id: "t", text: "q", answers }] };
  const found = readKept(toKeep(kept));
  expect(found).toMatchObject({ models: ["a", "b"], draft: "next", view: "probabilities" });
  expect(found.turns[0]?.answers.a).toMatchObject({ state: "stopped", text: "half", spans: [], seed: 1 });
  expect(found.turns[0]?.answers.b).toMatchObject({ state: "done", text: "whole" });
});

test("what is damaged, or of another version, is as good as nothing", () => {
  for (const text of [null, "{", "7", "[]"]) expect(readKept(text)).toEqual(NOTHING_KEPT);
  const odd = readKept('{"models":[1,"m"],"parameters":{"temperature":9,"stop":"x","seed":1.5},"turns":[3,{"answers":{"a":4}}],"view":"?"}');
  expect(odd).toMatchObject({ models: ["m"], view: "plain", parameters: { temperature: null, stop: [], seed: null } });
  expect(odd.turns).toEqual([{ id: "kept-0", text: "", answers: {} }]);
});
