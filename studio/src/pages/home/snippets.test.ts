import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { DIALECTS, snippet } from "~/pages/home/snippets";

const HOSTILE = `ft:a'b"c\\d$(touch x)\`e\`\n<b>\u202Eשלום\u2028 \u{1F600} 中文`;
const ENDPOINT = { baseUrl: "http://127.0.0.1:8000/v1", model: HOSTILE, key: "sk-'\"$HOME" };

test("each dialect names address, model and key", () => {
  for (const dialect of DIALECTS) {
    const text = snippet(dialect, { baseUrl: "https://ai.example/v1", model: "ft:starter:default::x", key: "YOUR_API_KEY" });
    expect(text).toContain("https://ai.example");
    expect(text).toContain("ft:starter:default::x");
    expect(text).toContain("YOUR_API_KEY");
  }
});

test("nothing in the code is unseen or turns its direction", () => {
  for (const dialect of DIALECTS) expect(snippet(dialect, ENDPOINT)).not.toMatch(/[\u200b-\u200f\u2028-\u202e\u2066-\u2069]/);
});

test("Node reads back what was put in", () => {
  const seen: unknown[] = [];
  const code = snippet("node", ENDPOINT).replace(/^import.*\n/, "").replaceAll("await ", "").replace(/console.log.*/, "");
  class OpenAI {
    chat = { completions: { create: (body: unknown) => seen.push(body) } };
    constructor(options: unknown) {
      seen.push(options);
    }
  }
  new Function("OpenAI", code)(OpenAI);
  expect(seen).toMatchObject([{ baseURL: ENDPOINT.baseUrl, apiKey: ENDPOINT.key }, { model: HOSTILE }]);
});

test("a shell reads back what was put in", () => {
  const printed = execFileSync("sh", ["-c", `curl() { for word in "$@"; do printf '%s\\0' "$word"; done; }\n${snippet("curl", ENDPOINT)}`]);
  const words = printed.toString().split("\0");
  expect(words[0]).toBe("http://127.0.0.1:8000/v1/chat/completions");
  expect(words[2]).toBe(`Authorization: Bearer ${ENDPOINT.key}`);
  expect(JSON.parse(words[6] ?? "")).toMatchObject({ model: HOSTILE });
});
