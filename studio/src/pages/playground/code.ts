import { type Message, onWire, type Parameters } from "~/pages/playground/parameters";

export type Dialect = "python" | "node" | "curl";

/** The request that a program would make; `key` is never a part of it. */
export type Program = { baseUrl: string; model: string; messages: readonly Message[]; parameters: Parameters; logprobs: number | null };

export function codeFor(dialect: Dialect, program: Program): string {
  switch (dialect) {
    case "python":
      return python(program);
    case "node":
      return node(program);
    case "curl":
      return curl(program);
  }
}

// Signs that are not seen, or that turn the direction of what is around them: as escapes they are exact, and harmless.
const UNSEEN = /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

/** A text as a literal that JSON, JavaScript and Python read alike. */
export function literal(text: string): string {
  return JSON.stringify(text).replace(UNSEEN, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** One word for a POSIX shell, whatever is in it. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function python({ baseUrl, model, messages, parameters, logprobs }: Program): string {
  return [
    "from openai import OpenAI",
    "",
    `client = OpenAI(base_url=${literal(baseUrl)})  # the key: OPENAI_API_KEY`,
    "",
    "stream = client.chat.completions.create(",
    `    model=${literal(model)},`,
    "    messages=[",
    ...messages.map(({ role, content }) => `        {"role": ${literal(role)}, "content": ${literal(content)}},`),
    "    ],",
    ...settings(parameters, logprobs).map(([name, value]) => `    ${name}=${value === "true" ? "True" : value},`),
    "    stream=True,",
    ")",
    "for chunk in stream:",
    "    if chunk.choices and chunk.choices[0].delta.content:",
    '        print(chunk.choices[0].delta.content, end="", flush=True)',
    "",
  ].join("\n");
}

function node({ baseUrl, model, messages, parameters, logprobs }: Program): string {
  return [
    'import OpenAI from "openai";',
    "",
    `const client = new OpenAI({ baseURL: ${literal(baseUrl)} }); // the key: OPENAI_API_KEY`,
    "",
    "const stream = await client.chat.completions.create({",
    `  model: ${literal(model)},`,
    "  messages: [",
    ...messages.map(({ role, content }) => `    { role: ${literal(role)}, content: ${literal(content)} },`),
    "  ],",
    ...settings(parameters, logprobs).map(([name, value]) => `  ${name}: ${value},`),
    "  stream: true,",
    "});",
    "for await (const chunk of stream) {",
    '  process.stdout.write(chunk.choices[0]?.delta?.content ?? "");',
    "}",
    "",
  ].join("\n");
}

function curl({ baseUrl, model, messages, parameters, logprobs }: Program): string {
  const lines = [
    `  "model": ${literal(model)},`,
    '  "messages": [',
    messages.map(({ role, content }) => `    {"role": ${literal(role)}, "content": ${literal(content)}}`).join(",\n"),
    "  ],",
    ...settings(parameters, logprobs).map(([name, value]) => `  "${name}": ${value},`),
    '  "stream": true',
  ];
  return [
    `curl -N ${shellWord(`${baseUrl}/chat/completions`)} \\`,
    '  -H "Authorization: Bearer $OPENAI_API_KEY" \\',
    "  -H 'Content-Type: application/json' \\",
    `  -d ${shellWord(`{\n${lines.join("\n")}\n}`)}`,
    "",
  ].join("\n");
}

/** Names and values as JSON; `true` is the only word among them that Python spells in another way. */
function settings(parameters: Parameters, logprobs: number | null): [string, string][] {
  const all: Record<string, number | boolean | string[]> = { ...onWire(parameters), ...(logprobs !== null && { logprobs: true, top_logprobs: logprobs }) };
  return Object.entries(all).map(([name, value]) => [name, Array.isArray(value) ? `[${value.map(literal).join(", ")}]` : String(value)]);
}
