/**
 * Reads the files that `tunesmith train` takes, as far as they are what this page writes: keys and plain values, one
 * level deep. Anything else raises `NotFlat` with the line.
 */
export class NotFlat extends Error {
  constructor(readonly line: number) {
    super(`line ${line}`);
    this.name = "NotFlat";
  }
}

export function readFlatYaml(text: string): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  let list: unknown[] | null = null;
  text.replace(/^\ufeff/, "").split(/\r?\n/).forEach((line, index) => {
    if (/^\s*(#.*)?$/.test(line) || line === "---") return;
    const item = /^\s*-\s+(.*)$/.exec(line);
    if (item && list) {
      list.push(scalar(item[1] ?? "", index + 1));
      return;
    }
    const [, key, rest] = /^([A-Za-z_]\w*):(?:\s+(.*))?$/.exec(line) ?? [];
    if (!key) throw new NotFlat(index + 1);
    const given = withoutComment(rest ?? "");
    list = given === "" ? [] : null;
    values[key] = list ?? (given.startsWith("[") ? flowList(given, index + 1) : scalar(given, index + 1));
  });
  for (const [key, value] of Object.entries(values)) if (Array.isArray(value) && value.length === 0) values[key] = null;
  return values;
}

const QUOTED = /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')\s*(?:#.*)?$/;

function withoutComment(text: string): string {
  const quoted = QUOTED.exec(text);
  return quoted ? (quoted[1] ?? "") : text.replace(/(^|\s)#.*$/, "").trim();
}

function scalar(text: string, line: number): unknown {
  const given = withoutComment(text.trim());
  if (given.startsWith('"')) {
    try {
      return JSON.parse(given.replaceAll(/\\x([0-9a-f]{2})/gi, "\\u00$1"));
    } catch {
      throw new NotFlat(line);
    }
  }
  if (given.startsWith("'")) {
    if (!QUOTED.test(given)) throw new NotFlat(line);
    return given.slice(1, -1).replaceAll("''", "'");
  }
  if (/^[|>&*{[!%@`]/.test(given)) throw new NotFlat(line);
  if (given === "" || given === "null" || given === "~") return null;
  if (given === "true" || given === "false") return given === "true";
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(given) ? Number(given) : given;
}

function flowList(text: string, line: number): unknown[] {
  if (!text.endsWith("]")) throw new NotFlat(line);
  const inner = text.slice(1, -1).trim();
  if (inner === "") return [];
  const items = inner.match(/\s*(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^,]+)/g) ?? [];
  return items.map((item) => item.trim()).filter(Boolean).map((item) => scalar(item, line));
}
