import { expect, test } from "vitest";
import { kindOf, readName, search, shortName, withoutStep } from "~/pages/models/names";

const name = "ft:org/base:Sales: EU:my.suffix:abc123";

test("a tuned model's name is read from its end, whatever base and project hold", () => {
  expect(readName(name)).toEqual({ suffix: "my.suffix", id: "abc123", step: null });
  expect(readName(`${name}:ckpt-step-40`)).toEqual({ suffix: "my.suffix", id: "abc123", step: 40 });
  expect(readName("ft:starter:p::abc")).toEqual({ suffix: "", id: "abc", step: null });
  expect(readName("starter")).toBeNull();
});

test("people call it by its suffix", () => {
  expect([name, "ft:starter:p::abc", "starter"].map(shortName)).toEqual(["my.suffix", "abc", "starter"]);
});

test("a checkpoint belongs to its model", () => {
  expect(withoutStep(`${name}:ckpt-step-40`)).toBe(name);
  expect(withoutStep(name)).toBeNull();
});

test("the kind is known by the list, a checkpoint's by its name", () => {
  const known = [{ id: "starter" }, { id: name, base_model: "starter" }];
  expect(["starter", name, `${name}:ckpt-step-1`, "gpt-4o"].map((each) => kindOf(each, known))).toEqual(["base", "tuned", "checkpoint", "other"]);
});

test("a search wants every word, in any place and case", () => {
  const models = [{ id: "ft:starter:Sales:Tone:1" }, { id: "ft:qwen:Sales:mail:2" }];
  expect(search(models, "SALES tone").map((model) => model.id)).toEqual(["ft:starter:Sales:Tone:1"]);
  expect(search(models, "  ")).toHaveLength(2);
});
