import { Box, Button, Grid, Group, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconArrowLeft } from "@tabler/icons-react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useWords } from "~/i18n/language";
import type { Report } from "~/pages/data/api";
import { RowList } from "~/pages/data/rows/RowList";
import { RowView } from "~/pages/data/rows/RowView";
import { rowWords } from "~/pages/data/rows/words";
import { clean } from "~/pages/data/search";

/** The rows beside the chosen one; on a narrow screen one or the other. */
export function RowsTab({ report }: { report: Report }) {
  const say = useWords(rowWords);
  const { line, ...search } = useSearch({ from: "/data/$fileId" });
  const navigate = useNavigate({ from: "/data/$fileId" });
  const isNarrow = useMediaQuery("(max-width: 62em)", undefined, { getInitialValueInEffect: false });
  const open = (next: number | undefined) => void navigate({ search: clean({ ...search, line: next }), replace: next !== undefined && line !== undefined });

  const list = <RowList report={report} line={line ?? (isNarrow ? undefined : 1)} />;
  if (isNarrow) {
    return line === undefined ? list : (
      <Box>
        <Button variant="subtle" size="compact-sm" mb="xs" leftSection={<IconArrowLeft size={16} aria-hidden />} onClick={() => open(undefined)}>{say.toList}</Button>
        <RowView key={line} report={report} line={line} open={open} />
      </Box>
    );
  }
  return (
    <Grid gap="lg">
      <Grid.Col span={4}>{list}</Grid.Col>
      <Grid.Col span={8}>
        {report.num_rows > 0 ? <RowView key={line ?? 1} report={report} line={line ?? 1} open={open} /> : <Group><Text c="dimmed">{say.pick}</Text></Group>}
      </Grid.Col>
    </Grid>
  );
}
