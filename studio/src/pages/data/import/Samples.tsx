import { Badge, Code, Group, Paper, Stack, Text } from "@mantine/core";
import { useWords } from "~/i18n/language";
import { useSaid } from "~/i18n/said";
import type { Sample } from "~/pages/data/import/preview";
import { importWords } from "~/pages/data/import/words";
import { RowView } from "~/pages/data/operations/RowView";

const MOST_CHARACTERS = 600;

/** The first pieces of a file: as the rows that they give, or why they give none. */
export function Samples({ samples }: { samples: Sample[] }) {
  const say = useWords(importWords);
  if (!samples.some((each) => each.row !== null)) return <Stack gap="sm"><Text c="dimmed">{say.noRows}</Text><List samples={samples} /></Stack>;
  return <List samples={samples} />;
}

function List({ samples }: { samples: Sample[] }) {
  return <Stack gap="sm">{samples.map((sample, index) => <One key={index} sample={sample} />)}</Stack>;
}

function One({ sample }: { sample: Sample }) {
  const say = useWords(importWords);
  const said = useSaid();
  return (
    <Paper withBorder p="sm">
      <Text size="xs" c="dimmed" ff="monospace" mb={4}>{sample.place}</Text>
      {sample.row ? <RowView row={sample.row} /> : (
        <Stack gap={4}>
          {sample.left && <Group gap={6}><Badge color="gray" variant="light" tt="none">{say.leftHere}</Badge><Text size="sm" dir="auto">{said(sample.left.message)}</Text></Group>}
          {sample.record && <Code block>{JSON.stringify(sample.record, null, 1).slice(0, MOST_CHARACTERS)}</Code>}
        </Stack>
      )}
    </Paper>
  );
}
