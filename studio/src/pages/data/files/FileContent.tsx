import { Badge, Group, Loader, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { type FileObject, reportQuery } from "~/pages/data/api";
import { formatWords } from "~/pages/data/report/words";
import { pageWords } from "~/pages/data/words";

/** Files up to this size are checked when they come into sight; larger ones when they are opened. */
const CHECKED_BYTES = 64 * 1024 * 1024;

export function isCheckedAtSight(file: FileObject): boolean {
  return file.purpose === "fine-tune" && file.bytes <= CHECKED_BYTES;
}

/** What is in a file, in one line of a table: format, rows, problems. */
export function FileContent({ file }: { file: FileObject }) {
  const say = useWords(pageWords);
  const formats = useWords(formatWords);
  const format = useFormat();
  const isTraining = file.purpose === "fine-tune";
  const report = useQuery({ ...reportQuery(file.id, { limit: 1 }), enabled: isCheckedAtSight(file), retry: false }).data;
  if (!isTraining) return <Text size="sm" c="dimmed">{file.purpose === "user_data" ? say.notTraining : "–"}</Text>;
  if (!report || report.status === "failed") return <Text size="sm" c="dimmed">{say.notChecked}</Text>;
  if (report.status === "in_progress") return <Group gap={6} wrap="nowrap"><Loader size={14} /><Text size="sm" c="dimmed">{say.checking}</Text></Group>;
  const { num_rows: rows, num_errors: errors, num_rows_with_errors: bad, num_warnings: warnings } = report;
  return (
    <Group gap={6}>
      <Text size="sm">{rows === 1 ? say.row : say.rows(format.count(rows))}</Text>
      {report.file_format && <Text size="sm" c="dimmed">{formats[report.file_format]?.name ?? report.file_format}</Text>}
      {errors > 0 && <Badge color="red" variant="light" tt="none" miw="max-content">{errors === 1 ? say.error : bad > 1 && bad < errors ? say.errorsIn(format.count(errors), format.count(bad)) : say.errors(format.count(errors))}</Badge>}
      {warnings > 0 && <Badge color="yellow" variant="light" tt="none" miw="max-content">{warnings === 1 ? say.warning : say.warnings(format.count(warnings))}</Badge>}
      {errors + warnings === 0 && <Badge color="green" variant="light" tt="none" miw="max-content">{say.fine}</Badge>}
    </Group>
  );
}
