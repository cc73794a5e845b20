import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { asCli, asCurl, asJson, asPythonSdk, asYaml, quoted, shellWord } from "~/pages/fine-tune/code";
import type { JobBody } from "~/pages/fine-tune/draft";
import { readFlatYaml } from "~/pages/fine-tune/flatYaml";

const HOSTILE = [
  "plain", "two words", "it's", 'say "yes"', "back\\slash\\", "$(touch /tmp/x)", "`id`", "${HOME}", "a\nb", "tab\there", "!history", "中文 名字", "emoji 🎻",
  "; rm -rf /", "-n", "--suffix", "# no comment", "{{ }}", "%s %d", "true", "null", "1e5", "'''", '"""', "\u202ereversed", "line\u2028end", "", " ", "nul\u0001",
  "<script>alert(1)</script>", "@file", "key: value", "- item", "*star", "&and", "=x",
];
const body = (text: string): JobBody => ({
  model: text, training_file: text, validation_file: text, method: { type: "supervised" }, metadata: { [text || "k"]: text }, seed: 7,
  lora_target_modules: ["q_proj", text], learning_rate: 1e-7, compile: false,
});
const has = (program: string) => {
  try {
    execFileSync(program, ["-c", ""]);
    return true;
  } catch {
    return false;
  }
};

/** What a shell gives of each script, from one process. */
function ran(shell: string, scripts: string[], between: string): string[] {
  return execFileSync(shell, ["-c", scripts.join(`\n${between}\n`)]).toString().split("\u0000\u0000").slice(0, scripts.length);
}

describe("a shell", () => {
  const end = "printf '\\0\\0'";

  test("reads every word as it is", () => {
    expect(ran("sh", HOSTILE.map((text) => `printf '%s' ${shellWord(text)}`), end)).toEqual(HOSTILE);
  });

  test("gives curl the JSON as it is", () => {
    const fake = "curl() { for each; do last=$each; done; printf '%s' \"$last\"; }";
    const said = ran("sh", HOSTILE.map((text) => `${fake}\n${asCurl(body(text), "http://127.0.0.1:8000")}`), end);
    expect(said.map((text) => JSON.parse(text) as unknown)).toEqual(HOSTILE.map(body));
  });

  test("gives the command line its words as they are", () => {
    const fake = "tunesmith() { printf '%s\\001' \"$@\"; }";
    const texts = HOSTILE.filter((text) => !text.includes("\u0001"));
    const said = ran("sh", texts.map((text) => `${fake}\n${asCli(body(text), "http://h").remote}`), end).map((words) => words.split("\u0001").slice(0, 8));
    expect(said).toEqual(texts.map((text) => ["jobs", "create", "--model", text, "--training-file", text, "--validation-file", text]));
  });

  test("is told in one line how a file is trained on a server", () => {
    expect(asCli(body("x"), "http://127.0.0.1:8000").local).toBe("tunesmith train job.yaml --server http://127.0.0.1:8000");
  });
});

test.runIf(has("python3"))("Python calls the SDK with every text as it is", () => {
  const fakes = [
    "import sys, types, json, os",
    "os.environ['TUNESMITH_API_KEY'] = 'k'",
    "calls = []",
    "class Jobs:",
    "    def create(self, **given):",
    "        extra = given.pop('extra_body', {}); calls.append({**given, **extra})",
    "        return types.SimpleNamespace(id='', status='')",
    "class OpenAI:",
    "    def __init__(self, **_): self.fine_tuning = types.SimpleNamespace(jobs=Jobs())",
    "sys.modules['openai'] = types.SimpleNamespace(OpenAI=OpenAI)",
  ];
  const scripts = HOSTILE.map((text) => asPythonSdk(body(text), "http://h").replace(/^print.*$/m, ""));
  const said = execFileSync("python3", ["-c", [...fakes, ...scripts, "print(json.dumps(calls))"].join("\n")]).toString();
  expect(JSON.parse(said)).toEqual(HOSTILE.map(body));
});

test.each(HOSTILE)("JSON holds %j and shows no sign that cannot be seen", (text) => {
  const written = asJson(body(text));
  expect(JSON.parse(written)).toEqual(body(text));
  expect(written.replaceAll("\n", "")).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/);
});

test.each(HOSTILE)("a flat YAML file holds %j", (text) => {
  const read = readFlatYaml(asYaml(body(text), (id) => id));
  expect(read).toEqual({
    base_model: text, training_file: text, validation_file: text, seed: 7, lora_target_modules: ["q_proj", text], learning_rate: 1e-7, compile: false,
  });
});

test("YAML names files as they are called, and numbers so that every reader takes them for numbers", () => {
  const written = asYaml({ model: "starter", training_file: "file-1", method: { type: "supervised" }, suffix: "x", learning_rate: 1e-7 }, () => "my data.jsonl");
  expect(written).toBe('base_model: starter\ntraining_file: "my data.jsonl"\nlearning_rate: 1.0e-7\n');
});

test("the SDK's own arguments stand alone, the rest in extra_body", () => {
  const written = asPythonSdk({ model: "starter", training_file: "file-1", seed: 1, lora_rank: 8, compile: true }, "http://h");
  expect(written).toContain('    model="starter",\n    training_file="file-1",\n    seed=1,\n    extra_body={\n        "lora_rank": 8,\n        "compile": True\n    },\n)');
});

test("a lone surrogate is written as an escape", () => expect(quoted("a\ud800b")).toBe('"a\\ud800b"'));
