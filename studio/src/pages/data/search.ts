/** What the addresses of these pages hold, so that a reload, a bookmark or a link to a colleague shows the same. */

export const TABS = ["problems", "rows", "tokens", "personal", "duplicates", "generate", "history"] as const;
export const VIEWS = ["talk", "model", "json"] as const;

export type FileSearch = {
  tab?: (typeof TABS)[number];
  rule?: string;
  severity?: "error" | "warning";
  line?: number;
  /** How the row is shown: as a conversation, as the model sees it, or as JSON. */
  view?: (typeof VIEWS)[number];
  model?: string;
  max?: number;
};

/** `results`: with the files that jobs made, a table of each one's steps. */
export type ListSearch = { q?: string; purpose?: string; results?: boolean; page?: number; sort?: "name" | "size"; up?: boolean };

export function fileSearch(raw: Record<string, unknown>): FileSearch {
  return clean<FileSearch>({
    tab: oneOf(TABS, raw.tab),
    rule: text(raw.rule),
    severity: oneOf(["error", "warning"] as const, raw.severity),
    line: whole(raw.line),
    view: oneOf(VIEWS, raw.view),
    model: text(raw.model),
    max: whole(raw.max),
  });
}

export function listSearch(raw: Record<string, unknown>): ListSearch {
  return clean<ListSearch>({
    q: text(raw.q),
    purpose: text(raw.purpose),
    results: isOn(raw.results),
    page: whole(raw.page),
    sort: oneOf(["name", "size"] as const, raw.sort),
    up: isOn(raw.up),
  });
}

/** Without the keys that are not set: they would stand in the address. */
export function clean<T extends object>(search: T): T {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as T;
}

function isOn(value: unknown): true | undefined {
  return value === true || value === "true" ? true : undefined;
}

function oneOf<T extends string>(known: readonly T[], value: unknown): T | undefined {
  return known.find((each) => each === value);
}

/** A query of digits comes as a number, and is text all the same. */
function text(value: unknown): string | undefined {
  const spelled = typeof value === "number" ? String(value) : value;
  return typeof spelled === "string" && spelled !== "" ? spelled.slice(0, 200) : undefined;
}

function whole(value: unknown): number | undefined {
  const number = Number(value);
  return Number.isSafeInteger(number) && number > 0 ? number : undefined;
}
