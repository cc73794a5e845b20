/** What a piece of code needs to reach a model of this server. */
export type Endpoint = {
  /** With `/v1`. */
  baseUrl: string;
  model: string;
  key: string;
};

export type Dialect = "python" | "azure" | "node" | "curl";

export const DIALECTS: readonly Dialect[] = ["python", "azure", "node", "curl"];

const QUESTION = "Hello!";

/**
 * A string literal that Python, JavaScript and JSON read alike. What cannot be seen, or turns the direction of what
 * stands beside it, is written as an escape: code that is copied is what it looks like.
 */
export function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** One word of a POSIX shell, whatever it holds. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

const WRITERS: Record<Dialect, (endpoint: Endpoint) => string> = { python, azure, node, curl };

export function snippet(dialect: Dialect, endpoint: Endpoint): string {
  return WRITERS[dialect](endpoint);
}

function python({ baseUrl, model, key }: Endpoint): string {
  return `from openai import OpenAI

client = OpenAI(
    base_url=${quoted(baseUrl)},
    api_key=${quoted(key)},
)
answer = client.chat.completions.create(
    model=${quoted(model)},
    messages=[{"role": "user", "content": ${quoted(QUESTION)}}],
)
print(answer.choices[0].message.content)`;
}

/** Azure's class asks for chat under `/deployments/NAME/…`, which only Azure serves: the other class takes its place. */
function azure({ baseUrl, model, key }: Endpoint): string {
  return `from openai import OpenAI  # instead of AzureOpenAI

client = OpenAI(
    base_url=${quoted(baseUrl)},  # instead of azure_endpoint
    api_key=${quoted(key)},
)  # no api_version
answer = client.chat.completions.create(
    model=${quoted(model)},  # instead of the deployment
    messages=[{"role": "user", "content": ${quoted(QUESTION)}}],
)
print(answer.choices[0].message.content)`;
}

function node({ baseUrl, model, key }: Endpoint): string {
  return `import OpenAI from "openai";

const client = new OpenAI({
  baseURL: ${quoted(baseUrl)},
  apiKey: ${quoted(key)},
});
const answer = await client.chat.completions.create({
  model: ${quoted(model)},
  messages: [{ role: "user", content: ${quoted(QUESTION)} }],
});
console.log(answer.choices[0].message.content);`;
}

function curl({ baseUrl, model, key }: Endpoint): string {
  const body = `{"model": ${quoted(model)}, "messages": [{"role": "user", "content": ${quoted(QUESTION)}}]}`;
  return `curl ${shellQuoted(`${baseUrl}/chat/completions`)} \\
  -H ${shellQuoted(`Authorization: Bearer ${key}`)} \\
  -H 'Content-Type: application/json' \\
  -d ${shellQuoted(body)}`;
}
