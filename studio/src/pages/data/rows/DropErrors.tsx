import { Button, Text } from "@mantine/core";
import { IconFilterX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { fileQuery, type Report } from "~/pages/data/api";
import { summary, useEdits } from "~/pages/data/rows/edits";
import { SaveRevision } from "~/pages/data/rows/SaveRevision";
import { useSummaryWords } from "~/pages/data/rows/summaryWords";
import { useBadRows } from "~/pages/data/rows/useBadRows";
import { changeWords } from "~/pages/data/rows/words";

/** Saves a new file without the rows with errors (those that `model` cannot take too), their number named before. */
export function DropErrors({ report, model }: { report: Report; model?: string }) {
  const say = useWords(changeWords);
  const format = useFormat();
  const [isOpen, setOpen] = useState(false);
  const file = useQuery(fileQuery(report.file_id)).data;
  const edits = useEdits(report.file_id);
  // What was changed or dropped here goes as it was changed.
  const numRows = useBadRows(report, model, edits);
  const { changed, dropped } = summary(edits);
  const changes = useSummaryWords()(changed, dropped);
  if (numRows === 0) return <Text size="sm" c="dimmed" maw={320}>{report.num_rows_with_errors === 0 ? say.cannot : say.allMended}</Text>;
  const label = numRows === null ? say.drop : numRows === 1 ? say.dropCountOne : say.dropCount(format.count(numRows));
  const text = numRows === null ? say.dropUncounted(format.count(report.num_rows_with_errors)) : numRows === 1 ? say.dropTextOne : say.dropText(format.count(numRows));
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
