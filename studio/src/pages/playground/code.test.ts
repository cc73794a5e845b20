import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { codeFor, literal, type Program, shellWord } from "~/pages/playground/code";
import { NO_PARAMETERS } from "~/pages/playground/parameters";

const NASTY = "it's \"quoted\" `$HOME` $(id) \\n \\ ! %s\n\ttab\r ${x} 你好 🙂 \u202eright\u2028\u0000 #";
const program = (content: string): Program => ({
  baseUrl: "http://127.0.0.1:8000/v1",
  model: "ft:starter:o'hara:x:1",
  messages: [{ role: "system", content: "s" }, { role: "user", content }],
  parameters: { ...NO_PARAMETERS, temperature: 0, stop: ["\n'"] },
  logprobs: 5,
});


test("a literal is the same text again, without signs that are not seen", () => {
  expect(JSON.parse(literal(NASTY))).toBe(NASTY);
  expect(literal(NASTY)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u202e]/);
});

test("a shell gives curl the very body", () => {
  const code = codeFor("curl", program(NASTY)).replace(/^curl/, "printf '%s\\000'");
  const words = execFileSync("sh", ["-c", code], { encoding: "utf8", env: { ...process.env, OPENAI_API_KEY: "sk-x" } }).split("\0");
  expect(words.slice(0, 4)).toEqual(["-N", "http://127.0.0.1:8000/v1/chat/completions", "-H", "Authorization: Bearer sk-x"]);
  expect(JSON.parse(words[words.indexOf("-d") + 1] ?? "")).toEqual({
    model: "ft:starter:o'hara:x:1", messages: program(NASTY).messages, temperature: 0, max_completion_tokens: 512, stop: ["\n'"], logprobs: true,
    top_logprobs: 5, stream: true,
  });
});

test("Node reads the very texts", () => {
  const code = codeFor("node", program(NASTY));
  const call = code.slice(code.indexOf("create(") + "create(".length, code.indexOf(");\nfor await"));
  const asked = new Function(`return ${call}`)() as { model: string; messages: object[]; stop: string[] };
  expect(asked).toMatchObject({ model: "ft:starter:o'hara:x:1", messages: program(NASTY).messages, stop: ["\n'"], logprobs: true });
});

test("Python reads the very texts", () => {
  const code = codeFor("python", program(NASTY));
  const call = code.slice(code.indexOf("create("), code.indexOf("\nfor chunk")).replace("create(", "dict(");
  const script = `import json, sys\nprint(json.dumps(${call}))`;
  let out: string;
  try {
    out = execFileSync("python3", ["-c", script], { encoding: "utf8" });
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return; // no Python here
    throw error;
  }
  expect(JSON.parse(out)).toMatchObject({ model: "ft:starter:o'hara:x:1", messages: program(NASTY).messages, stop: ["\n'"], logprobs: true, stream: true });
});

test("a word of the shell may hold quotes", () => {
  expect(shellWord("a'b")).toBe(`'a'\\''b'`);
});
