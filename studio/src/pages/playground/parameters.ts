import type { Schemas } from "~/api/client";
import { readName } from "~/pages/models/names";

/** How answers are drawn. What is null is not sent: the server's default holds. */
export type Parameters = {
  temperature: number | null;
  topP: number | null;
  maxTokens: number | null;
  seed: number | null;
  stop: string[];
  presencePenalty: number | null;
  frequencyPenalty: number | null;
};

export type Message = { role: "system" | "user" | "assistant"; content: string };

export const NO_PARAMETERS: Parameters = {
  temperature: null, topP: null, maxTokens: 512, seed: null, stop: [], presencePenalty: null, frequencyPenalty: null,
};

/** What the server draws with where nothing is said. */
const SERVER_TEMPERATURE = 1;

/** 0 beside a tuned model or a checkpoint: it answers best with what it learned to be likeliest, and luck is no difference. */
export function usualTemperature(models: readonly string[]): number {
  return models.some((model) => readName(model) !== null) ? 0 : SERVER_TEMPERATURE;
}

/** The parameters as these columns are asked with them. */
export function withUsual(parameters: Parameters, models: readonly string[]): Parameters {
  const usual = usualTemperature(models);
  return parameters.temperature !== null || usual === SERVER_TEMPERATURE ? parameters : { ...parameters, temperature: usual };
}

/** The system prompt of a chat row; null for a row without one. */
export function firstSystemPrompt(row: unknown): string | null {
  const messages = (row as { messages?: unknown } | null | undefined)?.messages;
  const first = Array.isArray(messages) ? (messages[0] as { role?: unknown; content?: unknown } | null) : null;
  const isSystem = first?.role === "system" || first?.role === "developer";
  return isSystem && typeof first.content === "string" && first.content.trim() !== "" ? first.content : null;
}

export const MOST_STOPS = 4;
export const NUM_ALTERNATIVES = 5;
const MOST_SEED = 2 ** 31;

/** The parameters by the names that the API knows, without those that are not set. */
export function onWire(parameters: Parameters): Record<string, number | string[]> {
  const { temperature, topP, maxTokens, seed, stop, presencePenalty, frequencyPenalty } = parameters;
  return {
    ...(temperature !== null && { temperature }),
    ...(topP !== null && { top_p: topP }),
    ...(maxTokens !== null && { max_completion_tokens: maxTokens }),
    ...(presencePenalty !== null && { presence_penalty: presencePenalty }),
    ...(frequencyPenalty !== null && { frequency_penalty: frequencyPenalty }),
    ...(stop.length > 0 && { stop }),
    ...(seed !== null && { seed }),
  };
}

/** What a column asks. */
export function chatBody(model: string, messages: Message[], parameters: Parameters): Schemas["ChatBody"] {
  return {
    model, messages, ...onWire(parameters), stream: true, stream_options: { include_usage: true },
    logprobs: true, top_logprobs: NUM_ALTERNATIVES,
  };
}

/**
 * A seed for each of `count` columns: the one that was set, or one that is drawn here so that the answer can be had again.
 * Where columns are not to share it, each has the next one.
 */
export function seedsFor(count: number, set: number | null, isShared: boolean, draw: () => number = Math.random): number[] {
  const first = set ?? Math.floor(draw() * MOST_SEED);
  return Array.from({ length: count }, (_, index) => (isShared ? first : first + index));
}

const ESCAPES: Record<string, string> = { n: "\n", t: "\t", r: "\r", "\\": "\\" };

/** A stop sequence as it is typed in one line: `\n` is a line's end, `\\` a backslash. */
export function readStop(typed: string): string {
  return typed.replace(/\\([ntr\\])/g, (_, letter: string) => ESCAPES[letter] ?? "");
}

export function showStop(stop: string): string {
  return stop.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\t", "\\t").replaceAll("\r", "\\r");
}
