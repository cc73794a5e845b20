import { Badge, Button, Group, Paper, Select, Stack, Switch, Text, Textarea, Title } from "@mantine/core";
import { IconFileImport, IconRefresh } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Loading } from "~/components/Loading";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { useSaid } from "~/i18n/said";
import type { FileObject } from "~/pages/data/api";
import { MappingFields } from "~/pages/data/import/MappingFields";
import { type Mapping, type Sample, isWhole, type Seen, seenOf, settingsOf } from "~/pages/data/import/preview";
import { Samples } from "~/pages/data/import/Samples";
import { importWords } from "~/pages/data/import/words";
import { itemsQuery, type Operation, useOperation } from "~/pages/data/operations/api";
import { LeftOut } from "~/pages/data/operations/LeftOut";
import { MadeFiles } from "~/pages/data/operations/MadeFiles";
import { OperationState } from "~/pages/data/operations/OperationState";

const SHOWN = 20;
/** After the last keystroke, before the rows are made anew. */
const PAUSE_MS = 400;
const MAIL = "mail";
/** What a file is called whose rows nobody can make out. */
const UNKNOWN = "unknown";
/** As the API names them. */
const FORMATS = [
  "table", "chat", "prompt_completion", "sharegpt", "alpaca", "dolly", "question_answer", "classification", "seed_tasks", "text", "preference", "kto",
  "reinforcement", MAIL, "continue",
] as const;

/** A file of any kind becomes training data: what it is taken for, which column is what, the first rows, then the whole. */
export function ImportPanel({ file }: { file: FileObject }) {
  const say = useWords(importWords);
  const looking = useOperation("preview_import", [file.id]);
  const importing = useOperation("convert", [file.id]);
  const [format, setFormat] = useState<string | null>(null);
  const [mapping, setMapping] = useState<Mapping | null>(null);
  const [mail, setMail] = useState({ me: "", wholeThreads: false });
  const [seen, setSeen] = useState<Seen | null>(null);
  const [seenIn, setSeenIn] = useState<string | null>(null);
  const isMail = (format ?? seen?.format) === MAIL;
  const settings = settingsOf(format, mapping, isMail ? mail : null);
  const asked = JSON.stringify(settings);

  const { begin } = looking;
  useEffect(() => {
    const timer = setTimeout(() => begin(JSON.parse(asked) as Record<string, unknown>), seen === null ? 0 : PAUSE_MS);
    return () => clearTimeout(timer);
    // What was seen last is no reason to look again.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [asked]);
  const found = seenOf(looking.operation);
  useEffect(() => {
    if (!found) return;
    setSeen(found);
    setSeenIn(looking.operation?.id ?? null);
  }, [found, looking.operation?.id]);

  // What was seen last stays until there is something newer to see.
  const samples = useQuery({ ...itemsQuery(seenIn ?? "", 0, SHOWN), enabled: seenIn !== null, placeholderData: keepPreviousData }).data?.data as Sample[] | undefined;
  const shown = mapping ?? seen?.mapping ?? {};
  const hasFailed = looking.error !== null || looking.operation?.status === "failed";
  const isReady = seen !== null && found !== null && seen.format !== UNKNOWN && (seen.columns.length === 0 || (isWhole(shown) && (seen.is_sure || mapping !== null)));
  const made = importing.operation?.status === "succeeded" ? importing.operation : null;
  if (made) return <Made operation={made} again={importing.forget} />;

  return (
    <Stack gap="md">
      <Stack gap={2}><Title order={2} size="h4">{say.title}</Title><Text size="sm" c="dimmed">{say.text}</Text></Stack>
      {seen === null && !hasFailed ? <Loading /> : <Recognized seen={seen} format={format} choose={(next) => { setFormat(next); setMapping(null); }} />}
      {hasFailed && <OperationState of={looking} />}
      {seen !== null && (
        <>
          {seen.columns.length > 0 && <MappingFields columns={seen.columns} mapping={shown} isSure={seen.is_sure} reason={seen.mapping_reason} change={setMapping} />}
          {isMail && <MailFields mail={mail} change={setMail} />}
          <Group justify="space-between">
            <Title order={3} size="h5">{say.preview}</Title>
            <Button size="compact-sm" variant="default" leftSection={<IconRefresh size={14} aria-hidden />} loading={looking.isUnderWay} onClick={() => begin(settings)}>{say.refresh}</Button>
          </Group>
          {samples ? <Samples samples={samples} /> : <Loading />}
          <OperationState of={importing} />
          <Group>
            <Button
              leftSection={<IconFileImport size={16} aria-hidden />} disabled={!isReady || importing.isUnderWay}
              onClick={() => importing.begin(settingsOf(format, seen.columns.length > 0 ? shown : null, isMail ? mail : null))}
            >
              {say.import}
            </Button>
          </Group>
        </>
      )}
    </Stack>
  );
}

function Recognized({ seen, format, choose }: { seen: Seen | null; format: string | null; choose: (format: string | null) => void }) {
  const say = useWords(importWords);
  const said = useSaid();
  return (
    <Paper withBorder p="sm">
      <Group justify="space-between" align="flex-end">
        <Stack gap={2} flex="1 1 280px">
          {seen === null || seen.format === UNKNOWN ? <Text size="sm">{say.notRecognized}</Text> : (
            <Group gap={6}><Text size="sm">{say.recognized}</Text><Badge variant="light" tt="none" size="lg">{say.formats[seen.format] ?? seen.format}</Badge></Group>
          )}
          {seen && (
            <>
              <Text size="sm" c="dimmed" dir="auto" style={{ overflowWrap: "anywhere" }}>{say.because(said(seen.reason))}</Text>
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

function MailFields({ mail, change }: { mail: { me: string; wholeThreads: boolean }; change: (mail: { me: string; wholeThreads: boolean }) => void }) {
  const say = useWords(importWords);
  return (
    <Paper withBorder p="sm">
      <Stack gap="sm">
        <Textarea label={say.mail} description={say.mailHint} autosize minRows={2} value={mail.me} onChange={(event) => change({ ...mail, me: event.currentTarget.value })} />
        <Switch label={say.wholeThreads} checked={mail.wholeThreads} onChange={(event) => change({ ...mail, wholeThreads: event.currentTarget.checked })} />
      </Stack>
    </Paper>
  );
}

function Made({ operation, again }: { operation: Operation; again: () => void }) {
  const say = useWords(importWords);
  const format = useFormat();
  return (
    <Stack gap="md">
      <MadeFiles operation={operation} title={say.made(format.count(operation.counts.rows_written ?? 0))}>
        <Button variant="default" onClick={again}>{say.again}</Button>
      </MadeFiles>
      <LeftOut operation={operation} />
    </Stack>
  );
}
