import { type Answer, askedFor } from "~/pages/playground/answer";
import { MOST_COLUMNS, type Turn } from "~/pages/playground/conversation";
import { MOST_STOPS, NO_PARAMETERS, type Parameters } from "~/pages/playground/parameters";

export type View = "plain" | "probabilities" | "differences";

/** What stays in this browser, so that a reload loses nothing. */
export type Kept = {
  models: string[];
  system: string;
  draft: string;
  parameters: Parameters;
  sharesSeed: boolean;
  view: View;
  turns: readonly Turn[];
};

export const NOTHING_KEPT: Kept = {
  models: [], system: "", draft: "", parameters: NO_PARAMETERS, sharesSeed: true, view: "plain", turns: [],
};

/** Log-probabilities are left out: they are a hundred times the text. */
export function toKeep(kept: Kept): string {
  return JSON.stringify(kept, (key, value: unknown) => (key === "spans" ? undefined : value));
}

/** Whatever is missing, of another version or damaged is replaced by what stands there at first. */
export function readKept(text: string | null): Kept {
  let found: unknown;
  try {
    found = JSON.parse(text ?? "null");
  } catch {
    return NOTHING_KEPT;
  }
  if (!isRecord(found)) return NOTHING_KEPT;
  return {
    models: texts(found.models).slice(0, MOST_COLUMNS),
    system: textOr(found.system, ""),
    draft: textOr(found.draft, ""),
    parameters: readParameters(found.parameters),
    sharesSeed: found.sharesSeed !== false,
    view: found.view === "probabilities" || found.view === "differences" ? found.view : "plain",
    turns: Array.isArray(found.turns) ? found.turns.filter(isRecord).map(readTurn) : [],
  };
}

export function readParameters(found: unknown): Parameters {
  if (!isRecord(found)) return NO_PARAMETERS;
  return {
    temperature: within(found.temperature, 0, 2),
    topP: within(found.topP, 0, 1),
    maxTokens: whole(found.maxTokens, 1),
    seed: whole(found.seed, 0),
    stop: texts(found.stop).filter(Boolean).slice(0, MOST_STOPS),
    presencePenalty: within(found.presencePenalty, -2, 2),
    frequencyPenalty: within(found.frequencyPenalty, -2, 2),
  };
}

function readTurn(found: Record<string, unknown>, index: number): Turn {
  const answers = isRecord(found.answers) ? found.answers : {};
  const read = Object.entries(answers).flatMap(([key, answer]) => (isRecord(answer) ? [[key, readAnswer(answer)] as const] : []));
  return { id: textOr(found.id, `kept-${index}`), text: textOr(found.text, ""), answers: Object.fromEntries(read) };
}

/** An answer that was being written when the page went away was stopped by that. */
function readAnswer(found: Record<string, unknown>): Answer {
  const isOver = found.state === "done" || found.state === "failed";
  return {
    ...askedFor(number(found.seed)),
    state: isOver ? (found.state as "done" | "failed") : "stopped",
    text: textOr(found.text, ""),
    finish: textOr(found.finish, null),
    promptTokens: number(found.promptTokens),
    completionTokens: number(found.completionTokens),
    firstAt: number(found.firstAt),
    lastAt: number(found.lastAt),
    answeredBy: textOr(found.answeredBy, null),
    problem: isRecord(found.problem)
      ? {
          status: number(found.problem.status) ?? 0,
          message: textOr(found.problem.message, ""),
          code: textOr(found.problem.code, null),
          param: textOr(found.problem.param, null),
          requestId: textOr(found.problem.requestId, null),
          retryAt: null,
        }
      : null,
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOr<T extends string | null>(value: unknown, other: T): string | T {
  return typeof value === "string" ? value : other;
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function within(value: unknown, least: number, most: number): number | null {
  const found = number(value);
  return found !== null && found >= least && found <= most ? found : null;
}

function whole(value: unknown, least: number): number | null {
  const found = within(value, least, Number.MAX_SAFE_INTEGER);
  return found !== null && Number.isInteger(found) ? found : null;
}
