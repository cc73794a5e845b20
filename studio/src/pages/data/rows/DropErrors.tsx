import { Button, Text } from "@mantine/core";
import { IconFilterX } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { fileQuery, type Report, reportQuery } from "~/pages/data/api";
import { summary, useEdits } from "~/pages/data/rows/edits";
import { SaveRevision } from "~/pages/data/rows/SaveRevision";
import { useSummaryWords } from "~/pages/data/rows/summaryWords";
import { changeWords } from "~/pages/data/rows/words";

/** Up to so many findings the rows are counted here: one row may have several. */
const MOST_COUNTED = 20_000;
const FINDINGS_PER_CALL = 1_000;

/** Saves a new file without the rows with errors (those that `model` cannot take too), their number named before. */
export function DropErrors({ report, model }: { report: Report; model?: string }) {
  const say = useWords(changeWords);
  const format = useFormat();
  const [isOpen, setOpen] = useState(false);
  const file = useQuery(fileQuery(report.file_id)).data;
  const edits = useEdits(report.file_id);
  const lines = useBadLines(report, model);
  // What was changed or dropped here goes as it was changed.
  const numRows = lines && [...lines].filter((line) => !edits.has(line)).length;
  const { changed, dropped } = summary(edits);
  const changes = useSummaryWords(changed, dropped);
  if (numRows === 0) return <Text size="sm" c="dimmed" maw={320}>{lines?.size === 0 ? say.cannot : say.allMended}</Text>;
  const label = numRows === null ? say.drop : numRows === 1 ? say.dropCountOne : say.dropCount(format.count(numRows));
  const text = numRows === null ? say.dropUncounted(format.count(report.num_errors)) : numRows === 1 ? say.dropTextOne : say.dropText(format.count(numRows));
  return (
    <>
      <Button variant="light" color="red" leftSection={<IconFilterX size={16} aria-hidden />} onClick={() => setOpen(true)} disabled={!file}>{label}</Button>
      {isOpen && file && (
        <SaveRevision file={file} title={say.dropTitle} dropsRowsWithErrors model={model} close={() => setOpen(false)}>
          {text}{changes ? say.andChanges(changes) : say.andNoChanges}
        </SaveRevision>
      )}
    </>
  );
}

/** Null where there are too many findings to count their rows here. */
function useBadLines(report: Report, model: string | undefined): ReadonlySet<number> | null {
  const client = useQueryClient();
  const counted = useQuery({
    queryKey: ["bad-rows", report.file_id, model ?? null],
    queryFn: async () => {
      const lines = new Set<number>();
      for (let offset = 0; ; offset += FINDINGS_PER_CALL) {
        const page = await client.fetchQuery(reportQuery(report.file_id, { model, severity: "error", offset, limit: FINDINGS_PER_CALL }));
        for (const { line } of page.data) if (line !== null) lines.add(line);
        if (!page.has_more) return lines;
      }
    },
    enabled: report.num_errors <= MOST_COUNTED,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return counted.data ?? null;
}
