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

/** Azure's class asks for chat under `/deployments/NAME/…`, which only Azure serves: the other class takes its place. */
function azure({ baseUrl, model, key }: Endpoint): string {
  return `from openai import OpenAI  # instead of AzureOpenAI

client = OpenAI(
    base_url=${literal(baseUrl)},  # instead of azure_endpoint
    api_key=${literal(key)},
)  # no api_version
answer = client.chat.completions.create(
    model=${literal(model)},  # instead of the deployment
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
