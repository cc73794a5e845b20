import { useQueryClient } from "@tanstack/react-query";
import { reportQuery, type ReportQuestion, rowsQuery } from "~/pages/data/api";
import { FINDINGS_PER_CALL, nextLine } from "~/pages/data/report/findingPages";

const ROWS_PER_LOOK = 50;

/** The ways from a row to the rows around it; each gives a line, or null where there is none. */
export function useSteps(fileId: string, filter: ReportQuestion) {
  const client = useQueryClient();
  const rows = (first: number) => client.fetchQuery(rowsQuery(fileId, first, ROWS_PER_LOOK));

  const next = async (line: number) => (await rows(line + 1)).data[0]?.line ?? null;

  /** Empty lines lie between rows, so that the row before is looked for in a stretch of lines. */
  const previous = async (line: number) => {
    for (let end = line; end > 1; end -= ROWS_PER_LOOK) {
      const found = (await rows(Math.max(1, end - ROWS_PER_LOOK))).data.filter((row) => row.line < line).at(-1);
      if (found) return found.line;
    }
    return null;
  };

  const bad = async (line: number, direction: 1 | -1) => {
    const page = (offset: number) => client.fetchQuery(reportQuery(fileId, { ...filter, offset, limit: FINDINGS_PER_CALL }));
    const { total } = await page(0);
    return nextLine(line, direction, total, async (index) => {
      const offset = Math.floor(index / FINDINGS_PER_CALL) * FINDINGS_PER_CALL;
      return (await page(offset)).data[index - offset];
    });
  };
  return { next, previous, bad };
}
