import { describe, expect, test } from "vitest";
import { bodyOf, type Draft, EMPTY, isChosen, problemsOf, STEPS, withDefaults } from "~/pages/fine-tune/draft";
import { fieldOf, fromFailure, fromPreview, stepOf } from "~/pages/fine-tune/problems";
import { Failure } from "~/api/failure";
import { isAllowed, parsed, settingOf, SETTINGS } from "~/pages/fine-tune/settings";

const ready: Draft = { ...EMPTY, model: "starter", trainingFile: "file-1" };
const kind = (name: string) => settingOf(name)!.kind;

describe("a value", () => {
  test.each([
    ["num_epochs", "2.5", 2.5], ["num_epochs", "0", false], ["num_epochs", "1001", false], ["num_epochs", "", null], ["batch_size", "auto", null],
    ["batch_size", "16", 16], ["batch_size", "1.5", false], ["lora_rank", "auto", false], ["lora_rank", " 8 ", 8], ["learning_rate", "1e-4", 1e-4],
    ["learning_rate", "0x10", false], ["learning_rate", "1,5", false], ["adam_beta1", "1", false], ["over_length", "drop", "drop"], ["over_length", "cut", false],
    ["lora_target_modules", "q_proj, v_proj", ["q_proj", "v_proj"]], ["lora_target_modules", "q_proj，v_proj", ["q_proj", "v_proj"]],
    ["lora_target_modules", "all-linear", "all-linear"], ["lora_target_modules", "$(id)", false], ["seed", "2147483648", false], ["max_seq_len", "7", false],
    ["learning_rate", "Infinity", false], ["learning_rate", "1e999", false],
  ])("%s of %j is %j", (name, text, value) => expect(parsed(kind(name), text)).toEqual(value));

  test("a switch may be off", () => {
    expect(parsed(kind("compile"), "false")).toBe(false);
    expect(isAllowed(kind("compile"), "false")).toBe(true);
    expect(isAllowed(kind("compile"), "no")).toBe(false);
  });
});

describe("a body", () => {
  test("asks for nothing that was not given", () => {
    expect(bodyOf(ready)).toEqual({ model: "starter", training_file: "file-1", method: { type: "supervised" } });
  });

  test("holds what was given, typed", () => {
    const draft: Draft = {
      ...ready, validation: "split", validationSplit: "0.2", suffix: "a.b-c_1", metadata: [{ key: "团队", value: "客服" }],
      settings: { num_epochs: "4", compile: "false", lora_target_modules: "q_proj", batch_size: "auto", seed: "0" },
    };
    expect(bodyOf(draft)).toEqual({
      model: "starter", training_file: "file-1", method: { type: "supervised" }, suffix: "a.b-c_1", metadata: { 团队: "客服" }, seed: 0, validation_split: 0.2,
      num_epochs: 4, lora_target_modules: ["q_proj"], compile: false,
    });
    expect(problemsOf(draft)).toEqual([]);
  });

  test("of full training has no adapter's settings, although they are kept", () => {
    expect(bodyOf({ ...ready, adapter: "none", settings: { lora_rank: "8" } })).toEqual({
      model: "starter", training_file: "file-1", method: { type: "supervised" }, adapter: "none",
    });
  });
});

describe("where nobody chose", () => {
  const open: Draft = { ...EMPTY, trainingFile: "file-1" };

  test("the server's default model is taken, and a tenth held out of a file that has the rows for it", () => {
    expect(bodyOf(withDefaults(open, "starter", 30))).toMatchObject({ model: "starter", validation_split: 0.1 });
    expect(bodyOf(withDefaults(open, "starter", null))).toHaveProperty("validation_split");
    expect(bodyOf(withDefaults(open, "starter", 29))).not.toHaveProperty("validation_split");
    expect(withDefaults(EMPTY, null, null)).toEqual({ ...EMPTY, validation: "none" });
  });

  test("and what was chosen stays", () => {
    const chosen: Draft = { ...open, model: "ft:starter:a:b:c", validation: "none" };
    expect(withDefaults(chosen, "starter", 1000)).toEqual(chosen);
    expect(STEPS.filter((step) => isChosen(chosen, step))).toEqual(["model", "data", "validation"]);
    expect(STEPS.filter((step) => isChosen(EMPTY, step))).toEqual([]);
  });
});

test("what is wrong is known by its field", () => {
  const draft: Draft = {
    ...EMPTY, validation: "split", validationSplit: "1", suffix: "no space", settings: { lora_rank: "0" }, metadata: [{ key: "a", value: "" }, { key: "a", value: "" }],
  };
  expect(problemsOf(draft).map(({ path }) => path)).toEqual(["model", "training_file", "validation_split", "lora_rank", "suffix", "metadata"]);
});

test("of two ways to say the same, one is wrong", () => {
  const both: Draft = { ...ready, settings: { learning_rate: "0.1", learning_rate_multiplier: "2", num_epochs: "1", max_steps: "5" } };
  expect(problemsOf(both).map(({ path, rule }) => [path, rule])).toEqual([["learning_rate_multiplier", "not_both"], ["max_steps", "not_both"]]);
});

test("every setting stands on the step of settings", () => {
  expect(SETTINGS.map(({ name }) => stepOf(name)).every((step) => step === "settings")).toBe(true);
  expect(["model", "adapter", "training_file", "validation_split", "suffix", "else"].map(stepOf)).toEqual(["model", "method", "data", "validation", "review", "review"]);
});

test("names of the request lead to fields", () => {
  const paths = ["method.supervised.hyperparameters.n_epochs", "hyperparameters.batch_size", "base_model", "metadata.team", "lora_target_modules[0]"];
  expect(paths.map(fieldOf)).toEqual(["num_epochs", "batch_size", "model", "metadata", "lora_target_modules"]);
});

test("a finding about a row belongs to the file; a refusal to the field that it names", () => {
  const row = { rule: "r", severity: "error" as const, message: "no answer", hint: "", line: 3, column: null, byte_column: null, path: "messages[1].content" };
  expect(fromPreview([row])[0]).toMatchObject({ path: "training_file", message: "3: no answer" });
  expect(fromFailure(new Failure(400, "too large", null, "lora_rank"))[0]).toMatchObject({ path: "lora_rank", message: "too large" });
  expect(fromFailure(new Failure(503, "away"))).toEqual([]);
});
