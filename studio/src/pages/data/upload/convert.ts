import { compact, scan } from "~/pages/data/rows/json";

/** A list is read whole to be turned into lines; beyond this size it is left to the person's own tools. */
const MOST_BYTES = 64 * 1000 * 1000;

/** A file with one JSON list, such as Alpaca's, as JSON lines; any other file as it is. */
export async function asLines(file: File): Promise<File> {
  if (!/\.json$/i.test(file.name) || file.size > MOST_BYTES) return file;
  const lines = linesOfList(await file.text());
  if (lines === null) return file;
  return new File([lines], file.name.replace(/\.json$/i, ".jsonl"), { lastModified: file.lastModified, type: "application/jsonl" });
}

/** Files that may be training data as they are, and those of which some is made first: tables, mail, archives, documents. */
export function byPurpose(files: readonly File[]): [training: File[], others: File[]] {
  const isLines = (file: File) => /\.jsonl$/i.test(file.name);
  return [files.filter(isLines), files.filter((file) => !isLines(file))];
}

/** Null where the text is no list of objects: the API says what is wrong with it. */
export function linesOfList(text: string): string | null {
  const { ok, places } = scan(text);
  const whole = places.get("");
  if (!ok || !whole || text[whole.start] !== "[") return null;
  const lines: string[] = [];
  for (let index = 0; ; index++) {
    const span = places.get(`[${index}]`);
    if (!span) break;
    if (text[span.start] !== "{") return null;
    lines.push(`${compact(text.slice(span.start, span.end))}\n`);
  }
  return lines.length > 0 ? lines.join("") : null;
}
