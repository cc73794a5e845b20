import { type Places, replaced, scan } from "~/pages/data/rows/json";

/** One bubble: who speaks, what, and where it stands in the row's JSON. */
export type Turn = {
  role: string;
  content: string | null;
  /** Of the message, of its role and of its text; null where there is no such value to change. */
  path: string;
  rolePath: string | null;
  contentPath: string | null;
  weight: number | null;
  calls: { name: string; arguments: string }[];
  answers: string | null;
};

export type Talk = { turns: Turn[]; isChat: boolean; numTools: number };

/** A row's JSON text as turns of a conversation, whatever its format; null where it has none of the known shapes. */
export function talkOf(text: string): Talk | null {
  const scanned = scan(text);
  if (!scanned.ok) return null;
  const row: unknown = JSON.parse(text);
  if (!isObject(row)) return null;
  if (Array.isArray(row.messages)) {
    const turns = row.messages.map((message: unknown, index) => chatTurn(message, `messages[${index}]`, scanned.places));
    return { turns, isChat: true, numTools: Array.isArray(row.tools) ? row.tools.length : 0 };
  }
  const keys = "completion" in row ? PAIR : "instruction" in row ? ALPACA : null;
  if (keys === null) return null;
  const turns = keys.filter(([key]) => key in row && row[key] !== "").map(([key, role]) => fieldTurn(row[key], key, role));
  const earlier = keys === ALPACA ? historyOf(row.history) : [];
  const start = turns[0]?.role === "system" ? 1 : 0;
  return { turns: turns.toSpliced(start, 0, ...earlier), isChat: false, numTools: 0 };
}

/** The row with a turn's text changed. */
export function withContent(text: string, turn: Turn, content: string): string {
  return turn.contentPath === null ? text : replaced(text, turn.contentPath, JSON.stringify(content));
}

export function withRole(text: string, turn: Turn, role: string): string {
  return turn.rolePath === null ? text : replaced(text, turn.rolePath, JSON.stringify(role));
}

const PAIR = [["prompt", "prompt"], ["completion", "completion"]] as const;
const ALPACA = [["system", "system"], ["instruction", "user"], ["input", "user"], ["output", "assistant"]] as const;

function chatTurn(message: unknown, path: string, places: Places): Turn {
  const said = isObject(message) ? message : {};
  const has = (key: string) => (places.has(`${path}.${key}`) ? `${path}.${key}` : null);
  return {
    role: typeof said.role === "string" ? said.role : "?",
    content: contentOf(said.content) ?? contentOf(said.refusal),
    path,
    rolePath: has("role"),
    contentPath: typeof said.content === "string" || said.content === null ? has("content") : null,
    weight: typeof said.weight === "number" ? said.weight : null,
    calls: Array.isArray(said.tool_calls) ? said.tool_calls.map(callOf) : [],
    answers: typeof said.tool_call_id === "string" ? said.tool_call_id : null,
  };
}

/** Alpaca's earlier turns: pairs of what was asked and answered. */
function historyOf(history: unknown): Turn[] {
  if (!Array.isArray(history)) return [];
  return history.flatMap((pair: unknown, index) =>
    Array.isArray(pair) ? pair.map((said: unknown, side) => fieldTurn(said, `history[${index}][${side}]`, side === 0 ? "user" : "assistant")) : [],
  );
}

function fieldTurn(value: unknown, key: string, role: string): Turn {
  const isText = typeof value === "string";
  return {
    role, content: isText ? value : JSON.stringify(value), path: key, rolePath: null, contentPath: isText ? key : null, weight: null, calls: [],
    answers: null,
  };
}

function contentOf(content: unknown): string | null {
  if (typeof content === "string") return content;
  if (content === null || content === undefined) return null;
  const isParts = Array.isArray(content) && content.every((part) => isObject(part) && typeof part.text === "string");
  return isParts ? (content as { text: string }[]).map((part) => part.text).join("") : JSON.stringify(content);
}

function callOf(call: unknown): { name: string; arguments: string } {
  const asked = isObject(call) && isObject(call.function) ? call.function : {};
  return {
    name: typeof asked.name === "string" ? asked.name : "?",
    arguments: typeof asked.arguments === "string" ? asked.arguments : JSON.stringify(asked.arguments ?? null),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
