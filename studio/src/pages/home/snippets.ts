import { literal, shellWord } from "~/pages/playground/code";

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

const WRITERS: Record<Dialect, (endpoint: Endpoint) => string> = { python, azure, node, curl };

export function snippet(dialect: Dialect, endpoint: Endpoint): string {
  return WRITERS[dialect](endpoint);
}

function python({ baseUrl, model, key }: Endpoint): string {
  return `from openai import OpenAI

client = OpenAI(
    base_url=${literal(baseUrl)},
    api_key=${literal(key)},
)
answer = client.chat.completions.create(
    model=${literal(model)},
    messages=[{"role": "user", "content": ${literal(QUESTION)}}],
)
print(answer.choices[0].message.content)`;
}

/** Azure's class appends its own paths to the server's address, and this server answers there too. */
function azure({ baseUrl, model, key }: Endpoint): string {
  return `from openai import AzureOpenAI

client = AzureOpenAI(
    azure_endpoint=${literal(baseUrl.replace(/\/v1$/, ""))},
    api_key=${literal(key)},
    api_version="2024-10-21",
)
answer = client.chat.completions.create(
    model=${literal(model)},  # the deployment
    messages=[{"role": "user", "content": ${literal(QUESTION)}}],
)
print(answer.choices[0].message.content)`;
}

function node({ baseUrl, model, key }: Endpoint): string {
  return `import OpenAI from "openai";

const client = new OpenAI({
  baseURL: ${literal(baseUrl)},
  apiKey: ${literal(key)},
});
const answer = await client.chat.completions.create({
  model: ${literal(model)},
  messages: [{ role: "user", content: ${literal(QUESTION)} }],
});
console.log(answer.choices[0].message.content);`;
}

function curl({ baseUrl, model, key }: Endpoint): string {
  const body = `{"model": ${literal(model)}, "messages": [{"role": "user", "content": ${literal(QUESTION)}}]}`;
  return `curl ${shellWord(`${baseUrl}/chat/completions`)} \\
  -H ${shellWord(`Authorization: Bearer ${key}`)} \\
  -H 'Content-Type: application/json' \\
  -d ${shellWord(body)}`;
}
