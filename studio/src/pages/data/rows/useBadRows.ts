import { useQueries } from "@tanstack/react-query";
import { type Report, type Row, rowQuery } from "~/pages/data/api";
import type { Edit } from "~/pages/data/rows/edits";

/** So many changed rows are looked at again; with more of them the rows are not counted here. */
const MOST_LOOKED_AT = 100;

/** Rows with errors that are neither changed nor dropped here; null where that is not known (yet). */
export function useBadRows(report: Report, model: string | undefined, edits: ReadonlyMap<number, Edit>): number | null {
  const isFew = edits.size <= MOST_LOOKED_AT && report.num_rows_with_errors > 0;
  const rows = useQueries({ queries: isFew ? [...edits.keys()].map((line) => rowQuery(report.file_id, line, model)) : [] });
  return badRows(report.num_rows_with_errors, edits.size, rows.map(({ data }) => data));
}

/** Of `counted` rows with errors, those that are not among the `numEdited` edited ones, which are `rows` as they stand in the file. */
export function badRows(counted: number, numEdited: number, rows: readonly (Row | undefined)[]): number | null {
  if (counted === 0) return 0;
  if (rows.length < numEdited || rows.some((row) => !row)) return null;
  return Math.max(0, counted - rows.filter((row) => row && isBad(row)).length);
}

/** A row of which the model would learn nothing has no finding of its own. */
function isBad({ problems, num_trained_tokens }: Row): boolean {
  return num_trained_tokens === 0 || problems.some(({ severity }) => severity === "error");
}
