/**
 * A row's JSON as text: where each value stands, laid out to be read, and on one line again. It is never parsed into
 * values and written back on the way, so that long numbers, equal keys and escapes stay as they are in the file.
 */

export type FaultKind =
  | "value" | "comma" | "trailing" | "key" | "colon" | "open" | "control" | "escape" | "after" | "deep" | "empty" | "number";

export type Fault = { kind: FaultKind; at: number };
export type Span = { start: number; end: number };
/** Spans by the path as the API writes it, such as `messages[1].content`; the whole value under "". */
export type Places = Map<string, Span>;
export type Scanned = { ok: true; places: Places } | { ok: false; fault: Fault; places: Places };

const MOST_NESTING = 100;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const SPACE = /[ \t\r\n]*/y;

class Broken extends Error {
  constructor(readonly fault: Fault) {
    super(fault.kind);
  }
}

export function scan(text: string): Scanned {
  const places: Places = new Map();
  try {
    const start = skip(text, 0);
    if (start === text.length) throw broken("empty", start);
    const end = skip(text, value(text, start, "", 0, places));
    if (end < text.length) throw broken("after", end);
    return { ok: true, places };
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    return { ok: false, fault: error.fault, places };
  }
}

/** Laid out over lines, two spaces a level; text that is no JSON stays as it is. */
export function pretty(text: string): string {
  return scan(text).ok ? relaid(text, true) : text;
}

/** On one line, without spaces between values; text that is no JSON stays as it is. */
export function compact(text: string): string {
  return scan(text).ok ? relaid(text, false) : text;
}

/** Line and column, from 1, of a character. */
export function lineAndColumn(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at);
  return { line: before.split("\n").length, column: at - before.lastIndexOf("\n") };
}

/** The lines of `text` on which the values at `paths` begin; a path that is not there leads to what should hold it. */
export function linesOf(text: string, places: Places, paths: readonly (string | null)[]): Set<number> {
  return new Set(paths.map((path) => lineAndColumn(text, nearest(places, path ?? "")?.start ?? 0).line));
}

export function nearest(places: Places, path: string): Span | undefined {
  for (let at = path; at; at = at.slice(0, Math.max(at.lastIndexOf("."), at.lastIndexOf("["), 0))) {
    const span = places.get(at);
    if (span) return span;
  }
  return places.get("");
}

/** The text with the value at `path` replaced by JSON text; unchanged where there is no such value. */
export function replaced(text: string, path: string, json: string): string {
  const span = scan(text).places.get(path);
  return span ? text.slice(0, span.start) + json + text.slice(span.end) : text;
}

/** The text without the element `index` of the list at `path`, and without the comma beside it. */
export function withoutElement(text: string, path: string, index: number): string {
  const { places } = scan(text);
  const span = places.get(`${path}[${index}]`);
  if (!span) return text;
  const before = places.get(`${path}[${index - 1}]`);
  const after = places.get(`${path}[${index + 1}]`);
  if (after) return text.slice(0, span.start) + text.slice(after.start);
  return before ? text.slice(0, before.end) + text.slice(span.end) : text.slice(0, span.start) + text.slice(span.end);
}

/** The text with one more element at the end of the list at `path`. */
export function withElement(text: string, path: string, json: string): string {
  const { places } = scan(text);
  const list = places.get(path);
  if (!list || text[list.start] !== "[") return text;
  const hasElements = places.has(`${path}[0]`);
  return `${text.slice(0, list.end - 1).trimEnd()}${hasElements ? "," : ""}${json}${text.slice(list.end - 1)}`;
}

function value(text: string, at: number, path: string, depth: number, places: Places): number {
  if (depth > MOST_NESTING) throw broken("deep", at);
  const span = { start: at, end: at };
  places.set(path, span);
  const first = text[at];
  if (first === "{") span.end = members(text, at, path, depth, places);
  else if (first === "[") span.end = elements(text, at, path, depth, places);
  else if (first === '"') span.end = string(text, at);
  else span.end = match(WORD, text, at) ?? numberEnd(text, at);
  return span.end;
}

function members(text: string, at: number, path: string, depth: number, places: Places): number {
  at = skip(text, at + 1);
  let comma: number | null = null;
  while (text[at] !== "}") {
    if (text[at] !== '"') throw broken(at < text.length ? "key" : "open", at);
    const end = string(text, at);
    const key = JSON.parse(text.slice(at, end)) as string;
    const colon = skip(text, end);
    if (text[colon] !== ":") throw broken("colon", colon);
    const next = value(text, skip(text, colon + 1), path ? `${path}.${key}` : key, depth + 1, places);
    [comma, at] = separator(text, next, "}");
  }
  if (comma !== null) throw broken("trailing", comma);
  return at + 1;
}

function elements(text: string, at: number, path: string, depth: number, places: Places): number {
  at = skip(text, at + 1);
  let comma: number | null = null;
  for (let index = 0; text[at] !== "]"; index++) {
    if (at >= text.length) throw broken("open", at);
    const next = value(text, at, `${path}[${index}]`, depth + 1, places);
    [comma, at] = separator(text, next, "]");
  }
  if (comma !== null) throw broken("trailing", comma);
  return at + 1;
}

/** Where the comma after a value stands (null before the closing bracket), and what follows. */
function separator(text: string, end: number, closing: string): [comma: number | null, at: number] {
  const at = skip(text, end);
  if (text[at] === ",") return [at, skip(text, at + 1)];
  if (text[at] === closing) return [null, at];
  throw broken(at < text.length ? "comma" : "open", at);
}

function string(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const character = text[at];
    if (character === '"') return at + 1;
    if (character === "\\") {
      const next = text[at + 1];
      if (next === "u" && /^[0-9a-fA-F]{4}$/.test(text.slice(at + 2, at + 6))) at += 5;
      else if (next !== undefined && '"\\/bfnrt'.includes(next)) at += 1;
      else throw broken("escape", at);
    } else if (text.charCodeAt(at) < 0x20) throw broken("control", at);
  }
  throw broken("open", start);
}

function numberEnd(text: string, at: number): number {
  const end = match(NUMBER, text, at);
  if (end === null) throw broken(at < text.length ? "value" : "open", at);
  if (/[\w.+-]/.test(text[end] ?? "")) throw broken("number", at);
  return end;
}

function match(pattern: RegExp, text: string, at: number): number | null {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : null;
}

function skip(text: string, at: number): number {
  return match(SPACE, text, at) ?? at;
}

function broken(kind: FaultKind, at: number): Broken {
  return new Broken({ kind, at });
}

/** Of text that is JSON: every token as it is, the space between them anew. */
function relaid(text: string, isSpread: boolean): string {
  const out: string[] = [];
  let depth = 0;
  const line = () => isSpread && out.push("\n", "  ".repeat(depth));
  for (let at = skip(text, 0); at < text.length; at = skip(text, at)) {
    const character = text[at] ?? "";
    if (character === '"') {
      const end = string(text, at);
      out.push(text.slice(at, end));
      at = end;
    } else if (character === "{" || character === "[") {
      const inside = skip(text, at + 1);
      const isEmpty = text[inside] === "}" || text[inside] === "]";
      out.push(character);
      if (isEmpty) out.push(text[inside] ?? "");
      else depth++, line();
      at = isEmpty ? inside + 1 : at + 1;
    } else if (character === "}" || character === "]") {
      depth--;
      line();
      out.push(character);
      at++;
    } else if (character === ",") {
      out.push(character);
      line();
      at++;
    } else if (character === ":") {
      out.push(isSpread ? ": " : ":");
      at++;
    } else {
      const end = match(/[^\s,:[\]{}"]+/y, text, at) ?? at + 1;
      out.push(text.slice(at, end));
      at = end;
    }
  }
  return out.join("");
}
