/**
 * What a large upload needs to go on after a reload or a cut connection: the parts that arrived, by their ids.
 * The API does not list parts, so they are kept in this browser under the file's name, size and time of change.
 */

export const PLAIN_BYTES = 16 * 1024 * 1024;
const PREFIX = "tunesmith.upload.";

export type ArrivedPart = {
  id: string;
  /** Of the part's bytes; null where the browser computes no hashes (a page that came over plain http). */
  sha256: string | null;
};

export type Remembered = {
  name: string;
  size: number;
  lastModified: number;
  purpose: string;
  partBytes: number;
  /** Asked with the same key, the API gives the same upload and says how it stands. */
  idempotencyKey: string;
  uploadId: string | null;
  /** In the file's order, without gaps: parts are sent one after another. */
  parts: ArrivedPart[];
};

export type Named = { name: string; size: number; lastModified: number };

/** Whose files they are is part of the name: another project does not know these uploads. */
export function keptAs(projectId: string, file: Named): string {
  return `${PREFIX}${projectId}.${file.name}.${file.size}.${file.lastModified}`;
}

export function recall(projectId: string, file: Named): Remembered | null {
  return parse(localStorage.getItem(keptAs(projectId, file)));
}

export function remember(projectId: string, what: Remembered): void {
  try {
    localStorage.setItem(keptAs(projectId, what), JSON.stringify(what));
  } catch {
    // The browser's store is full: the upload itself goes on, it could only not be taken up after a reload.
  }
}

export function forget(projectId: string, file: Named): void {
  localStorage.removeItem(keptAs(projectId, file));
}

/** Uploads of this project that were begun here and not finished. */
export function unfinished(projectId: string): Remembered[] {
  const found: Remembered[] = [];
  for (let index = 0; index < localStorage.length; index++) {
    const key = localStorage.key(index);
    const kept = key?.startsWith(`${PREFIX}${projectId}.`) ? parse(localStorage.getItem(key)) : null;
    if (kept && kept.parts.length > 0) found.push(kept);
  }
  return found;
}

export function arrivedBytes(what: Remembered): number {
  return Math.min(what.parts.length * what.partBytes, what.size);
}

export function bounds(index: number, partBytes: number, size: number): [start: number, end: number] {
  return [index * partBytes, Math.min((index + 1) * partBytes, size)];
}

/** The first part that is not there, or whose bytes are no longer those that were sent. */
export function firstToSend(parts: readonly ArrivedPart[], hashes: readonly (string | null)[]): number {
  const changed = parts.findIndex((part, index) => part.sha256 !== null && hashes[index] !== null && part.sha256 !== hashes[index]);
  return changed === -1 ? parts.length : changed;
}

/** How long to wait before the next try, in milliseconds: doubling from one second to half a minute. */
export function pause(tries: number): number {
  return Math.min(1_000 * 2 ** tries, 30_000);
}

export type Sample = { at: number; bytes: number };

/** Keeps the last seconds only; `at` in milliseconds. */
export function addSample(samples: readonly Sample[], next: Sample, windowMs = 6_000): Sample[] {
  return [...samples.filter((each) => next.at - each.at <= windowMs && each.bytes <= next.bytes), next];
}

/** Bytes a second over the samples; null before there are enough to say. */
export function speedOf(samples: readonly Sample[]): number | null {
  const first = samples[0];
  const last = samples.at(-1);
  if (!first || !last || last.at - first.at < 500) return null;
  return ((last.bytes - first.bytes) * 1_000) / (last.at - first.at);
}

function parse(text: string | null): Remembered | null {
  if (text === null) return null;
  try {
    const value = JSON.parse(text) as Partial<Remembered>;
    const isWhole =
      typeof value.name === "string" && typeof value.size === "number" && typeof value.partBytes === "number" && value.partBytes > 0 &&
      typeof value.idempotencyKey === "string" && Array.isArray(value.parts);
    return isWhole ? (value as Remembered) : null;
  } catch {
    return null;
  }
}
