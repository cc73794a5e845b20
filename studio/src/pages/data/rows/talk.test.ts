import { expect, test } from "vitest";
import { talkOf, withContent, withRole } from "~/pages/data/rows/talk";

const CHAT = '{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": null, "weight": 0, "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}]}], "tools": [{}]}';

test("a chat row is a conversation", () => {
  const talk = talkOf(CHAT);
  expect(talk?.turns.map(({ role, content, weight }) => [role, content, weight])).toEqual([["user", "Hi", null], ["assistant", null, 0]]);
  expect(talk?.turns[1]?.calls).toEqual([{ name: "f", arguments: "{}" }]);
  expect(talk?.numTools).toBe(1);
});

test("prompts, completions and Alpaca rows are conversations too", () => {
  expect(talkOf('{"prompt": "a", "completion": "b"}')?.turns.map(({ role }) => role)).toEqual(["prompt", "completion"]);
  expect(talkOf('{"instruction": "a", "input": "", "output": "b"}')?.turns.map(({ role }) => role)).toEqual(["user", "assistant"]);
});

test("what has no known shape is none", () => {
  for (const text of ["[1]", '{"a": 1}', "nonsense", "null"]) expect(talkOf(text)).toBeNull();
});

test("strange messages do not break it", () => {
  const talk = talkOf('{"messages": [1, null, {"role": 5, "content": [{"type": "image"}]}]}');
  expect(talk?.turns.map(({ role }) => role)).toEqual(["?", "?", "?"]);
});

test("text and role are changed in place", () => {
  const turn = talkOf(CHAT)?.turns[0];
  if (!turn) throw new Error("no turn");
  expect(withContent(CHAT, turn, 'A "quote"\n')).toContain('"content": "A \\"quote\\"\\n"');
  expect(withRole(CHAT, turn, "system")).toContain('"role": "system"');
});

test("Alpaca's history comes before its question", () => {
  const talk = talkOf('{"instruction": "q", "output": "a", "system": "s", "history": [["q0", "a0"]]}');
  expect(talk?.turns.map(({ content, contentPath }) => [content, contentPath])).toEqual([
    ["s", "system"], ["q0", "history[0][0]"], ["a0", "history[0][1]"], ["q", "instruction"], ["a", "output"],
  ]);
});
