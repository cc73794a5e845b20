import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { reportQuery, type ReportQuestion, rowsQuery } from "~/pages/data/api";
import { FINDINGS_PER_CALL, marksBetween, nextLine } from "~/pages/data/report/findingPages";

const ROWS_PER_LOOK = 50;

/** The ways from a row to the rows around it; each gives a line, or null where there is none. */
export function useSteps(fileId: string, filter: ReportQuestion) {
  const client = useQueryClient();
  const findings = findingsOf(client, fileId, filter);
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

  const { read } = findings;
  const bad = async (line: number, direction: 1 | -1) => nextLine(line, direction, await findings.total(), read);
  return { next, previous, bad };
}

/** Which rows from `first` to `last` have findings, and how bad they are. */
export function useMarks(fileId: string, first: number, last: number) {
  const client = useQueryClient();
  const findings = findingsOf(client, fileId, {});
  return useQuery({
    queryKey: ["file-marks", fileId, first, last],
    queryFn: async () => marksBetween(first, last, await findings.total(), findings.read),
    staleTime: Number.POSITIVE_INFINITY,
  }).data;
}

/** The findings one by one; their pages stay in the cache. */
function findingsOf(client: QueryClient, fileId: string, filter: ReportQuestion) {
  const page = (offset: number) => client.fetchQuery(reportQuery(fileId, { ...filter, offset, limit: FINDINGS_PER_CALL }));
  return {
    total: async () => (await page(0)).total,
    read: async (index: number) => {
      const offset = Math.floor(index / FINDINGS_PER_CALL) * FINDINGS_PER_CALL;
      return (await page(offset)).data[index - offset];
    },
  };
}
