import { describe, expect, test } from "vitest";
import type { Schemas } from "~/api/client";
import { asYaml } from "~/pages/fine-tune/code";
import { bodyOf, type Draft, EMPTY } from "~/pages/fine-tune/draft";
import { NotFlat, readFlatYaml } from "~/pages/fine-tune/flatYaml";
import { asDraft, asSavedDraft, fromBody, fromJob, fromText } from "~/pages/fine-tune/taken";

const full: Draft = {
  model: "starter", adapter: "none", trainingFile: "file-1", validation: "file", validationFile: "file-2", validationSplit: "0.1",
  settings: { num_epochs: "4", compile: "false", max_seq_len: "512" }, suffix: "客", metadata: [{ key: "k", value: "v" }],
};
const nobody = () => null;

test("a saved setup comes back whole, half-finished text too", () => {
  expect(fromText(asSavedDraft("mine", full), nobody)).toEqual({ draft: full, leftOut: [] });
});

test("a body comes back as the draft that wrote it", () => {
  const draft: Draft = { ...full, suffix: "ok" };
  expect(fromBody(bodyOf(draft))).toEqual({ draft, leftOut: [] });
});

test("OpenAI's own places for hyperparameters are understood, and what has no place is told", () => {
  const taken = fromBody({
    model: "starter", training_file: "file-1", hyperparameters: { n_epochs: 2, batch_size: "auto" },
    method: { type: "dpo", supervised: { hyperparameters: { learning_rate_multiplier: 0.5 } } }, integrations: [], validation_split: 0.2,
  });
  expect(taken.draft).toMatchObject({ settings: { num_epochs: "2", learning_rate_multiplier: "0.5" }, validation: "split", validationSplit: "0.2" });
  expect(taken.leftOut).toEqual(["integrations", "method: dpo"]);
});

describe("YAML", () => {
  test("of this page comes back, with the files found by their names", () => {
    const draft: Draft = { ...full, suffix: "", metadata: [] };
    const names: Record<string, string> = { "file-1": 'tr"ain.jsonl', "file-2": "校验.jsonl" };
    const yaml = asYaml(bodyOf(draft), (id) => names[id] ?? id);
    expect(fromText(yaml, (name) => Object.keys(names).find((id) => names[id] === name) ?? null)).toEqual({ draft, leftOut: [] });
  });

  test("names a file that is not on the server", () => {
    expect(fromText("base_model: starter\ntraining_file: data/mine.jsonl\nmethod: supervised\n", nobody)).toMatchObject({
      draft: { model: "starter", trainingFile: "" }, leftOut: ["training_file: data/mine.jsonl"],
    });
  });

  test("may hold comments, quotes and lists of both kinds", () => {
    expect(readFlatYaml("# one\na: 'it''s' # two\nb:\n- q_proj\n- \"v\\tx\"\nc: [x, 'y, z']\nd: # nothing\ne: yes # text\n")).toEqual({
      a: "it's", b: ["q_proj", "v\tx"], c: ["x", "y, z"], d: null, e: "yes",
    });
  });

  test.each(["a:\n  b: 1", "a: |\n  text", "a: &x 1", "just text", "a: {b: 1}"])("that is not flat is refused: %j", (text) => {
    expect(() => readFlatYaml(text)).toThrow(NotFlat);
  });
});

test.each(["{", "[]", "hello", "a: 1", "{\"model\": "])("text that is no job is refused: %j", (text) => {
  expect(() => fromText(text, nobody)).toThrow();
});

test("a clone takes what was asked, the share held out and the seed among it, and nothing that the engine chose", () => {
  const job = {
    requested_model: "gpt-4o-mini", model: "starter", training_file: "file-1", validation_file: null, user_provided_suffix: "s", metadata: { a: "b" }, seed: 7,
    hyperparameters: { n_epochs: 4, batch_size: 8, learning_rate_multiplier: 1 }, resolved: { batch_size: { value: 8, reason: "a power of two" } },
    requested_settings: { num_epochs: 4, compile: false, lora_target_modules: ["q_proj", "v_proj"], validation_split: 0.2, adapter: "none" },
  } as unknown as Schemas["JobWire"];
  expect(fromJob(job)).toEqual({
    draft: {
      ...EMPTY, model: "gpt-4o-mini", trainingFile: "file-1", suffix: "s", metadata: [{ key: "a", value: "b" }], adapter: "none", validation: "split",
      validationSplit: "0.2", settings: { num_epochs: "4", compile: "false", lora_target_modules: "q_proj, v_proj", seed: "7" },
    },
    leftOut: [],
  });
});

test("what was kept by an older page or changed by hand is made whole", () => {
  expect(asDraft({ model: 3, settings: { lora_rank: "8", unknown: "x", compile: 1 }, metadata: [null, { key: "a" }], validation: "x" })).toEqual({
    ...EMPTY, settings: { lora_rank: "8" }, metadata: [{ key: "a", value: "" }],
  });
  expect(asDraft("nonsense")).toEqual(EMPTY);
  expect(fromBody({ model: "starter" }).draft.validation).toBe("none");
  expect(asDraft({ ...EMPTY, validation: "none" }).validation).toBe("none");
});
