import { expect, test } from "vitest";
import { type Answer, askedFor } from "~/pages/playground/answer";
import { columnKeys, firstUnanswered, isAnyUnderWay, messagesFor, type Turn } from "~/pages/playground/conversation";

const said = (text: string, state: Answer["state"] = "done"): Answer => ({ ...askedFor(null), text, state });
const turns: Turn[] = [
  { id: "1", text: "one", answers: { a: said("A1"), b: said("", "failed") } },
  { id: "2", text: "two", answers: { a: said("A2", "stopped"), b: said("B2") } },
  { id: "3", text: "three", answers: {} },
];

test("a column hears its own answers, and only turns that it answered", () => {
  expect(messagesFor(turns, 2, "a", "Be kind.").map(({ role, content }) => `${role}: ${content}`)).toEqual([
    "system: Be kind.", "user: one", "assistant: A1", "user: two", "assistant: A2", "user: three",
  ]);
  expect(messagesFor(turns, 2, "b", " ").map((message) => message.content)).toEqual(["two", "B2", "three"]);
});

test("the same model twice is two columns", () => {
  expect(columnKeys(["m", "n", "m"])).toEqual(["m", "n", "m #2"]);
});

test("a column that came later begins at the first turn", () => {
  expect(firstUnanswered(turns, "c")).toBe(0);
  expect(firstUnanswered(turns, "a")).toBe(2);
  expect(firstUnanswered([], "a")).toBe(-1);
});

test("a waiting answer is under way", () => {
  expect(isAnyUnderWay(turns)).toBe(false);
  expect(isAnyUnderWay([{ id: "1", text: "", answers: { a: said("", "waiting") } }])).toBe(true);
});
