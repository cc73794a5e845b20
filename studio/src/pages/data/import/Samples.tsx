import { Badge, Code, Group, Paper, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { useSaid } from "~/i18n/said";
import type { Sample } from "~/pages/data/import/preview";
import { type LeftHere, leftHere } from "~/pages/data/import/samples";
import { importWords } from "~/pages/data/import/words";
import { RowView } from "~/pages/data/operations/RowView";

const MOST_CHARACTERS = 600;
/** What a table holds is seen at once. */
const MOST_RECORDS = 3;

/** The first pieces of a file: the rows that they give, what gives none and why, and of columns that are not clear what they hold. */
export function Samples({ samples }: { samples: Sample[] }) {
  const say = useWords(importWords);
  const rows = samples.filter((each) => each.row !== null);
  const left = leftHere(samples);
  const records = rows.length > 0 ? [] : samples.filter((each) => each.left === null && each.record !== null).slice(0, MOST_RECORDS);
  return (
    <Stack gap="sm">
      {rows.length === 0 && <Text c="dimmed">{say.noRows}</Text>}
      {rows.map((each, index) => <One key={index} place={each.place}>{each.row && <RowView row={each.row} />}</One>)}
      {records.length > 0 && <Title order={3} size="h5">{say.asFound}</Title>}
      {records.map((each, index) => <One key={index} place={each.place}><Record record={each.record} /></One>)}
      {left.length > 0 && <Title order={3} size="h5">{say.leftHere}</Title>}
      {left.map((each) => <Left key={each.message} left={each} />)}
    </Stack>
  );
}

function One({ place, children }: { place: string; children: ReactNode }) {
  return (
    <Paper withBorder p="sm">
      <Text size="xs" c="dimmed" ff="monospace" mb={4} style={{ overflowWrap: "anywhere" }}>{place}</Text>
      {children}
    </Paper>
  );
}

function Left({ left: { message, hint, count, place, record } }: { left: LeftHere }) {
  const say = useWords(importWords);
  const said = useSaid();
  const format = useFormat();
  return (
    <One place={count > 1 ? say.andMore(place, format.count(count - 1)) : place}>
      <Stack gap={4}>
        <Group gap={6}><Badge color="gray" variant="light" tt="none">{format.count(count)}</Badge><Text size="sm" dir="auto" style={{ overflowWrap: "anywhere" }}>{said(message)}</Text></Group>
        {hint !== "" && <Text size="xs" c="dimmed" dir="auto">{said(hint)}</Text>}
        {record && <Record record={record} />}
      </Stack>
    </One>
  );
}

function Record({ record }: { record: Sample["record"] }) {
  return <Code block tabIndex={0} style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>{JSON.stringify(record, null, 1).slice(0, MOST_CHARACTERS)}</Code>;
}
