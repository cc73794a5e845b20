import { expect, test } from "vitest";
import { hashOf, setUpOf } from "~/pages/playground/link";
import { NO_PARAMETERS } from "~/pages/playground/parameters";
import { modelsOf, modelsSearch, readSearch } from "~/pages/playground/search";

test("models come back from the address, whatever is in their names", () => {
  const names = ["starter", "ft:org/base:Sales, EU:a.b:x", "50% #1 & more", "模型"];
  expect(modelsOf(modelsSearch(names))).toEqual(names);
});

test("a plain list as a person types it is read, at most four", () => {
  expect(modelsOf("a, b,,c,d,e")).toEqual(["a", "b", "c", "d"]);
  expect(modelsOf("100%")).toEqual(["100%"]);
  expect(modelsOf(undefined)).toEqual([]);
});

test("what the router makes of the address is text again", () => {
  expect(readSearch({ models: 7 })).toEqual({ models: "7" });
  expect(readSearch({ models: ["a,b", "c"] })).toEqual({ models: "a%2Cb,c" });
  expect(readSearch({ model: "m" })).toEqual({ models: "m" });
  expect(readSearch({})).toEqual({});
});

test("a link carries the set-up, unseen by servers", () => {
  const setUp = { system: "Be 你好 🙂", draft: "a\n<b>&=#%", parameters: { ...NO_PARAMETERS, temperature: 0.3, stop: ["\n", "###"] } };
  expect(setUpOf(`#${hashOf(setUp)}`)).toEqual(setUp);
});

test("another hash and a damaged one carry none", () => {
  for (const hash of ["", "#key=sk-1", "#set-up=%%%", "#set-up=bm8"]) expect(setUpOf(hash)).toBeNull();
});
