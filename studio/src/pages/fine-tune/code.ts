import type { JobBody } from "~/pages/fine-tune/draft";

/**
 * The same job in four notations. Every value may hold anything that a person can type or a file can be called: each
 * is quoted so that it stays text.
 */

/** What stands in places of OpenAI's SDK of its own; the rest travels in `extra_body`. */
const SDK_ARGUMENTS = ["model", "training_file", "validation_file", "method", "suffix", "seed", "metadata"];
/** What a file for `tunesmith train` cannot say: it is the server's alone. */
const NOT_IN_YAML = ["suffix", "metadata", "method"];

// Characters that a terminal or an editor would not show as they are: controls, what turns the direction of text, lone
// surrogates, line ends that are none in every language.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff]|\p{Surrogate}/gu;

/** One word of a POSIX shell. */
export function shellWord(text: string): string {
  return /^[\w/.:@%+,=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A string of JSON, Python or YAML: all three read these escapes alike. */
export function quoted(text: string): string {
  const plain = text.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
  return `"${plain.replaceAll(UNSEEN, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`)}"`;
}

export function asJson(value: unknown): string {
  return nested(value, "", { no: "null", yes: "true", not: "false", step: "  " });
}

function asPython(value: unknown, indent = ""): string {
  return nested(value, indent, { no: "None", yes: "True", not: "False", step: "    " });
}

type Notation = { no: string; yes: string; not: string; step: string };

function nested(value: unknown, indent: string, notation: Notation): string {
  if (value === null || value === undefined) return notation.no;
  if (typeof value === "boolean") return value ? notation.yes : notation.not;
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return `[${value.map((each) => nested(each, indent, notation)).join(", ")}]`;
  const inner = indent + notation.step;
  const pairs = Object.entries(value as Record<string, unknown>).map(([key, each]) => `${quoted(key)}: ${nested(each, inner, notation)}`);
  if (pairs.length <= 1) return `{${pairs.join("")}}`;
  return `{\n${pairs.map((pair) => inner + pair).join(",\n")}\n${indent}}`;
}

export function asCurl(body: JobBody, origin: string): string {
  return [
    `curl ${shellWord(`${origin}/v1/fine_tuning/jobs`)} \\`,
    `  -H "Authorization: Bearer $TUNESMITH_API_KEY" \\`,
    "  -H 'Content-Type: application/json' \\",
    `  -d ${shellWord(asJson(body))}`,
  ].join("\n");
}

export function asPythonSdk(body: JobBody, origin: string): string {
  const own = SDK_ARGUMENTS.filter((name) => name in body).map((name) => `    ${name}=${asPython(body[name], "    ")},`);
  const rest = Object.entries(body).filter(([name]) => !SDK_ARGUMENTS.includes(name));
  const extra = rest.length ? [`    extra_body=${asPython(Object.fromEntries(rest), "    ")},`] : [];
  return [
    "import os",
    "",
    "from openai import OpenAI",
    "",
    "client = OpenAI(",
    `    base_url=${quoted(`${origin}/v1`)},`,
    '    api_key=os.environ["TUNESMITH_API_KEY"],',
    ")",
    "job = client.fine_tuning.jobs.create(",
    ...own,
    ...extra,
    ")",
    "print(job.id, job.status)",
  ].join("\n");
}

/** The job of a YAML file, sent from the command line with its data files; and with those that the server has. */
export function asCli(body: JobBody, origin: string): { local: string; remote: string } {
  const named = [
    ["--model", body.model], ["--training-file", body.training_file], ["--validation-file", body.validation_file], ["--suffix", body.suffix],
    ["--seed", body.seed],
  ].filter((pair) => pair[1] !== undefined);
  const options = named.map(([option, value]) => `${String(option)} ${shellWord(String(value))}`);
  const settings = Object.entries(body)
    .filter(([name]) => !SDK_ARGUMENTS.includes(name))
    .map(([name, value]) => `--set ${shellWord(`${name}=${yamlValue(value)}`)}`);
  const words = ["tunesmith jobs create", ...options, ...settings, `--server ${shellWord(origin)}`, "--watch"];
  return { local: `tunesmith train job.yaml --server ${shellWord(origin)}`, remote: words.join(" \\\n  ") };
}

/** A file for `tunesmith train`; `fileName` gives what a file of the server is called at home. */
export function asYaml(body: JobBody, fileName: (id: string) => string): string {
  const lines = [`base_model: ${yamlValue(body.model)}`];
  for (const [name, value] of Object.entries(body)) {
    if (name === "model" || NOT_IN_YAML.includes(name)) continue;
    lines.push(`${name}: ${yamlValue(name.endsWith("_file") ? fileName(String(value)) : value)}`);
  }
  return `${lines.join("\n")}\n`;
}

const YAML_WORDS = /^(true|false|null|yes|no|on|off|y|n|~)$/i;

function yamlValue(value: unknown): string {
  if (typeof value === "string") return /^[A-Za-z][\w./-]*$/.test(value) && !YAML_WORDS.test(value) ? value : quoted(value);
  // Readers of YAML 1.1 take a number with an exponent for text, unless it has a dot.
  if (typeof value === "number") return String(value).replace(/^(-?\d+)e/, "$1.0e");
  if (Array.isArray(value)) return `[${value.map(yamlValue).join(", ")}]`;
  return String(value);
}
