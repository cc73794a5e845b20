import type { FileObject } from "~/pages/data/api";
import type { ListSearch } from "~/pages/data/search";

export const ROWS_PER_PAGE = 25;

/** Whether all files must have come before the page can be right: what is not there cannot be found or sorted. */
export function needsAll({ q, sort }: ListSearch): boolean {
  return q !== undefined || sort !== undefined;
}

/** How many files must have come to show the page, one more to know whether another follows. */
export function needed({ page = 1 }: ListSearch): number {
  return page * ROWS_PER_PAGE + 1;
}

const RESULTS = "fine-tune-results";

export function chosen(all: readonly FileObject[], { q, purpose, results, sort, up }: ListSearch): readonly FileObject[] {
  const files = results || purpose !== undefined ? all : all.filter((file) => file.purpose !== RESULTS);
  const wanted = q?.trim().toLowerCase();
  const found = wanted ? files.filter((file) => file.filename.toLowerCase().includes(wanted) || file.id.toLowerCase().includes(wanted)) : files;
  if (sort === undefined) return up ? [...found].reverse() : found;
  const sign = up ? 1 : -1;
  const compare = new Intl.Collator(undefined, { numeric: true }).compare;
  return [...found].sort((a, b) => sign * (sort === "size" ? a.bytes - b.bytes : compare(a.filename, b.filename)));
}

export function pageOf<T>(items: readonly T[], page: number): readonly T[] {
  return items.slice((page - 1) * ROWS_PER_PAGE, page * ROWS_PER_PAGE);
}
