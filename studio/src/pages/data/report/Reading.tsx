import { Paper, Progress, Stack, Text } from "@mantine/core";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import type { Report } from "~/pages/data/api";
import { reportWords } from "~/pages/data/report/words";

/** While a report is being made. */
export function Reading({ report, title }: { report: Report; title?: string }) {
  const say = useWords(reportWords);
  const format = useFormat();
  return (
    <Paper withBorder p="lg">
      <Stack gap="xs" maw={520} mx="auto" ta="center">
        <Text fw={600} role="status">{title ?? say.reading} · {format.percent(report.progress, 0)}</Text>
        <Progress value={report.progress * 100} animated aria-label={title ?? say.reading} />
        <Text size="sm" c="dimmed">{say.readingHint}</Text>
      </Stack>
    </Paper>
  );
}
