import { Alert, Badge, Button, Group, List, Paper, Select, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconFileImport, IconRefresh } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Loading } from "~/components/Loading";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { useSaid } from "~/i18n/said";
import type { FileObject } from "~/pages/data/api";
import classes from "~/pages/data/data.module.css";
import { type Choices, groupsOf, NOTHING, settingsOf } from "~/pages/data/import/choices";
import { MappingFields } from "~/pages/data/import/MappingFields";
import { NameFields } from "~/pages/data/import/NameFields";
import { namesToFill, type OpenName } from "~/pages/data/import/names";
import { canBeMade, canBeSeen, type Mapping, type Sample, type Seen, seenOf, UNKNOWN } from "~/pages/data/import/preview";
import { ReadingFields } from "~/pages/data/import/ReadingFields";
import { Samples } from "~/pages/data/import/Samples";
import { importWords } from "~/pages/data/import/words";
import { itemsQuery, type Operation, useOperation } from "~/pages/data/operations/api";
import { LeftOut } from "~/pages/data/operations/LeftOut";
import { MadeFiles } from "~/pages/data/operations/MadeFiles";
import { OperationState } from "~/pages/data/operations/OperationState";

const SHOWN = 20;
/** After the last keystroke, before the rows are made anew. */
const PAUSE_MS = 400;
const TABLE = "table";
/** As the API names them. */
const FORMATS = [
  TABLE, "chat", "prompt_completion", "sharegpt", "alpaca", "dolly", "question_answer", "classification", "seed_tasks", "text", "preference", "kto",
  "reinforcement", "mail", "continue",
] as const;

/** A file of any kind becomes training data: what it is taken for, which column is what, the first rows, then the whole. */
export function ImportPanel({ file }: { file: FileObject }) {
  const say = useWords(importWords);
  const looking = useOperation("preview_import", [file.id]);
  const importing = useOperation("convert", [file.id]);
  const [choices, setChoices] = useState<Choices>(NOTHING);
  const [seen, setSeen] = useState<Seen | null>(null);
  const [seenIn, setSeenIn] = useState<string | null>(null);
  const [numSeen, setNumSeen] = useState(0);
  const [leftOpen, setLeftOpen] = useState<OpenName[]>([]);
  const { mapping } = choices;
  const groups = groupsOf(seen, choices);
  const settings = settingsOf(choices, groups);
  const asked = JSON.stringify(settings);
  const isWorthAsking = canBeSeen(mapping);

  const { begin } = looking;
  useEffect(() => {
    if (!isWorthAsking) return;
    const timer = setTimeout(() => begin(JSON.parse(asked) as Record<string, unknown>), seen === null ? 0 : PAUSE_MS);
    return () => clearTimeout(timer);
    // What was seen last is no reason to look again.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [asked, isWorthAsking]);
  const found = seenOf(looking.operation);
  useEffect(() => {
    if (!found) return;
    setSeen(found);
    setSeenIn(looking.operation?.id ?? null);
    setNumSeen(looking.operation?.counts.rows_seen ?? 0);
  }, [found, looking.operation]);

  // What was seen last stays until there is something newer to see.
  const samples = useQuery({ ...itemsQuery(seenIn ?? "", 0, SHOWN), enabled: seenIn !== null, placeholderData: keepPreviousData }).data?.data as Sample[] | undefined;
  const hasFailed = looking.error !== null || looking.operation?.status === "failed";
  const isReady = seen !== null && found !== null && canBeMade(seen, mapping);
  const made = importing.operation?.status === "succeeded" ? importing.operation : null;
  useEffect(() => {
    if (made) setLeftOpen(toldOf(made).open_names);
  }, [made]);
  if (made) return <Made operation={made} again={importing.forget} />;

  return (
    <Stack gap="md">
      <Stack gap={2}><Title order={2} size="h4">{say.title}</Title><Text size="sm" c="dimmed">{say.text}</Text></Stack>
      {seen === null && !hasFailed ? <Loading /> : (
        <Recognized seen={seen} format={choices.format} isMapped={mapping !== null} choose={(format) => setChoices({ ...choices, format, mapping: null })} />
      )}
      {hasFailed && <OperationState of={looking} />}
      {seen !== null && (
        <>
          <ReadingFields seen={seen} groups={groups} choices={choices} change={setChoices} />
          {seen.columns.length > 0 && (
            <MappingFields
              columns={seen.columns} mapping={mapping ?? seen.mapping ?? {}} isSure={seen.is_sure || mapping !== null} reason={seen.mapping_reason}
              ownFormat={mapping === null && seen.format !== TABLE && seen.format !== UNKNOWN ? seen.format : null}
              isChosen={choices.format !== null}
              change={(next: Mapping) => setChoices({ ...choices, format: choices.format === null ? null : TABLE, mapping: next })}
            />
          )}
          <NameFields names={namesToFill(seen.open_names, numSeen, leftOpen)} values={choices.fill} change={(fill) => setChoices({ ...choices, fill })} />
          <Group justify="space-between">
            <Title order={3} size="h5">{say.preview}</Title>
            <Button
              size="compact-sm" variant="default" leftSection={<IconRefresh size={14} aria-hidden />} loading={looking.isUnderWay} disabled={!isWorthAsking}
              onClick={() => begin(settings)}
            >
              {say.refresh}
            </Button>
          </Group>
          {samples ? <Samples samples={samples} /> : <Loading />}
          <Paper withBorder p="sm" className={classes.within}>
            <Stack gap="xs">
              <OperationState of={importing} />
              <Group>
                <Button leftSection={<IconFileImport size={16} aria-hidden />} disabled={!isReady || importing.isUnderWay} onClick={() => importing.begin(settings)}>
                  {say.import}
                </Button>
                {!isReady && !hasFailed && !looking.isUnderWay && <Text size="sm" c="dimmed">{isWorthAsking ? say.notYet : say.notWhole}</Text>}
              </Group>
            </Stack>
          </Paper>
        </>
      )}
    </Stack>
  );
}

type RecognizedProps = { seen: Seen | null; format: string | null; isMapped: boolean; choose: (format: string | null) => void };

function Recognized({ seen, format, isMapped, choose }: RecognizedProps) {
  const say = useWords(importWords);
  const said = useSaid();
  const readFrom = seen && say.readFrom[seen.format];
  return (
    <Paper withBorder p="sm">
      <Group justify="space-between" align="flex-end">
        <Stack gap={2} flex="1 1 280px">
          {seen === null || seen.format === UNKNOWN ? <Text size="sm">{seen !== null && seen.columns.length > 0 ? say.columnsUnclear : say.notRecognized}</Text> : (
            <Group gap={6}><Text size="sm">{format === null ? say.recognized : say.readAs}</Text><Badge variant="light" tt="none" size="lg">{say.formats[seen.format] ?? seen.format}</Badge></Group>
          )}
          {readFrom && <Text size="sm">{readFrom}</Text>}
          {seen && (
            <>
              {((format === null && !isMapped) || seen.format === UNKNOWN) && <Text size="sm" c="dimmed" dir="auto" style={{ overflowWrap: "anywhere" }}>{say.because(said(seen.reason))}</Text>}
              {seen.notes.map((note) => <Text key={note} size="sm" c="dimmed" dir="auto" style={{ overflowWrap: "anywhere" }}>{said(note)}</Text>)}
            </>
          )}
        </Stack>
        <Select
          flex="0 1 260px" label={say.other} placeholder={say.detected} clearable clearButtonProps={{ "aria-label": say.detected }}
          data={FORMATS.map((value) => ({ value, label: say.formats[value] ?? value }))} value={format} onChange={choose}
        />
      </Group>
    </Paper>
  );
}

/** What is told of a file that was made: what was noticed on the way, and names that stand open in it. */
function toldOf(operation: Operation): { notes: string[]; open_names: OpenName[] } {
  return operation.result as { notes: string[]; open_names: OpenName[] };
}

function Made({ operation, again }: { operation: Operation; again: () => void }) {
  const say = useWords(importWords);
  const said = useSaid();
  const format = useFormat();
  const { notes, open_names: names } = toldOf(operation);
  return (
    <Stack gap="md">
      <MadeFiles operation={operation} title={say.made(format.count(operation.counts.rows_written ?? 0))}>
        <Button variant="default" onClick={again}>{say.again}</Button>
        <Text size="sm">{say.next}</Text>
      </MadeFiles>
      {names.length > 0 && (
        <Alert color="yellow" title={say.stillOpen} icon={<IconAlertTriangle size={18} aria-hidden />}>
          <List size="sm">{names.map((each) => <List.Item key={each.written}><bdi>{each.written}</bdi>: {say.inRows(format.count(each.num_rows), null)}</List.Item>)}</List>
          <Text size="sm">{say.stillOpenHint}</Text>
        </Alert>
      )}
      <LeftOut operation={operation} />
      {notes.length > 0 && (
        <Stack gap={4}>
          <Title order={2} size="h5">{say.noticed}</Title>
          <List size="sm">{notes.map((note) => <List.Item key={note}><span dir="auto" style={{ overflowWrap: "anywhere" }}>{said(note)}</span></List.Item>)}</List>
        </Stack>
      )}
    </Stack>
  );
}
