import { useQueries } from "@tanstack/react-query";
import { type Problem, reportQuery, type ReportQuestion } from "~/pages/data/api";

export const FINDINGS_PER_CALL = 200;

/** Which calls give the findings from `first` to `last`. */
export function offsetsOf(first: number, last: number, total: number): number[] {
  const offsets: number[] = [];
  const start = Math.floor(Math.max(0, first) / FINDINGS_PER_CALL) * FINDINGS_PER_CALL;
  for (let offset = start; offset <= Math.min(last, total - 1); offset += FINDINGS_PER_CALL) offsets.push(offset);
  return offsets;
}

/** The findings in sight, by their place in the list; what has not come yet is undefined. */
export function useFindings(fileId: string, filter: ReportQuestion, first: number, last: number, total: number) {
  const offsets = offsetsOf(first, last, total);
  const pages = useQueries({
    queries: offsets.map((offset) => reportQuery(fileId, { ...filter, offset, limit: FINDINGS_PER_CALL })),
  });
  const at = (index: number): Problem | undefined => {
    const page = offsets.indexOf(Math.floor(index / FINDINGS_PER_CALL) * FINDINGS_PER_CALL);
    return pages[page]?.data?.data[index % FINDINGS_PER_CALL];
  };
  return { at, error: pages.find((page) => page.error)?.error ?? null, retry: () => pages.forEach((page) => void page.refetch()) };
}

type Read = (index: number) => Promise<Problem | undefined>;

/** The place of the first finding on `line` or behind it. */
async function firstFrom(line: number, total: number, read: Read): Promise<number> {
  let low = 0;
  let high = total;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const found = (await read(middle))?.line ?? null;
    if (found === null || found >= line) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * The line of the nearest finding before (-1) or after (1) `line`, by bisection over the list, which is in the file's
 * order with findings about the whole file at its end. `read` gives one finding by its place.
 */
export async function nextLine(line: number, direction: 1 | -1, total: number, read: Read): Promise<number | null> {
  const index = direction === 1 ? await firstFrom(line + 1, total, read) : (await firstFrom(line, total, read)) - 1;
  return index >= 0 && index < total ? ((await read(index))?.line ?? null) : null;
}

/** The worst finding of each line from `first` to `last`. */
export async function marksBetween(first: number, last: number, total: number, read: Read): Promise<Map<number, Problem["severity"]>> {
  const marks = new Map<number, Problem["severity"]>();
  for (let index = await firstFrom(first, total, read); index < total; index++) {
    const found = await read(index);
    if (!found || found.line === null || found.line > last) break;
    if (marks.get(found.line) !== "error") marks.set(found.line, found.severity);
  }
  return marks;
}
