import { useSyncExternalStore } from "react";
import { compact, scan } from "~/pages/data/rows/json";

/** What becomes of a row: other text (as it stands in the editor, perhaps not JSON yet), or null where it is dropped. */
export type Edit = { text: string | null };

/** The most that one new file takes from here. */
export const MOST_EDITS = 1_000;

const PREFIX = "tunesmith.edits.";

/** The changes to one file's rows, by line. Kept in this browser until they are saved as a new file. */
export class Edits {
  private edits: ReadonlyMap<number, Edit>;
  private readonly hearers = new Set<() => void>();
  /** False where the browser's store is full: the changes then live as long as the page does. */
  isKept = true;

  constructor(private readonly fileId: string) {
    this.edits = read(fileId);
  }

  readonly subscribe = (hear: () => void) => {
    this.hearers.add(hear);
    return () => void this.hearers.delete(hear);
  };
  readonly snapshot = () => this.edits;

  get size(): number {
    return this.edits.size;
  }

  /** `original` is the row in the file: text that says the same is no change. */
  write(line: number, text: string, original: string): void {
    if (saysTheSame(text, original)) this.undo(line);
    else this.set(new Map(this.edits).set(line, { text }));
  }

  drop(line: number): void {
    this.set(new Map(this.edits).set(line, { text: null }));
  }

  undo(line: number): void {
    const next = new Map(this.edits);
    if (next.delete(line)) this.set(next);
  }

  clear(): void {
    this.set(new Map());
  }

  private set(edits: ReadonlyMap<number, Edit>): void {
    this.edits = edits;
    this.isKept = keep(this.fileId, edits);
    for (const hear of this.hearers) hear();
  }
}

const stores = new Map<string, Edits>();

export function editsOf(fileId: string): Edits {
  let edits = stores.get(fileId);
  if (!edits) stores.set(fileId, (edits = new Edits(fileId)));
  return edits;
}

export function useEdits(fileId: string): ReadonlyMap<number, Edit> {
  const edits = editsOf(fileId);
  return useSyncExternalStore(edits.subscribe, edits.snapshot);
}

export type Summary = { changed: number; dropped: number; broken: number[] };

export function summary(edits: ReadonlyMap<number, Edit>): Summary {
  const found: Summary = { changed: 0, dropped: 0, broken: [] };
  for (const [line, { text }] of edits) {
    if (text === null) found.dropped++;
    else {
      found.changed++;
      if (!scan(text).ok) found.broken.push(line);
    }
  }
  found.broken.sort((a, b) => a - b);
  return found;
}

/** As the API takes them: by line, each row on one line. */
export function forRevision(edits: ReadonlyMap<number, Edit>): { line: number; text: string | null }[] {
  return [...edits].sort(([a], [b]) => a - b).map(([line, { text }]) => ({ line, text: text === null ? null : compact(text) }));
}

/** A name beside the old one: train.jsonl → train-fixed.jsonl → train-fixed-2.jsonl. */
export function nameOfRevision(name: string): string {
  const stem = name.replace(/\.jsonl$/i, "");
  const again = /^(.*-fixed)(?:-(\d+))?$/.exec(stem);
  return again ? `${again[1]}-${Number(again[2] ?? 1) + 1}.jsonl` : `${stem}-fixed.jsonl`;
}

function saysTheSame(text: string, original: string): boolean {
  return text === original || (scan(text).ok && scan(original).ok && compact(text) === compact(original));
}

function keep(fileId: string, edits: ReadonlyMap<number, Edit>): boolean {
  try {
    if (edits.size === 0) localStorage.removeItem(PREFIX + fileId);
    else localStorage.setItem(PREFIX + fileId, JSON.stringify([...edits]));
    return true;
  } catch {
    return false;
  }
}

function read(fileId: string): ReadonlyMap<number, Edit> {
  try {
    const kept = JSON.parse(localStorage.getItem(PREFIX + fileId) ?? "[]") as [number, Edit][];
    return new Map(kept.filter(([line, edit]) => Number.isSafeInteger(line) && (edit.text === null || typeof edit.text === "string")));
  } catch {
    return new Map();
  }
}
