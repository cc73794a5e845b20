import { Alert, Button, Group, SegmentedControl, Stack, Switch, Text, Title } from "@mantine/core";
import { IconArrowBackUp, IconTrash } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { Failed } from "~/components/Failed";
import { Loading } from "~/components/Loading";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { type Report, type Row, rowQuery } from "~/pages/data/api";
import { Fault } from "~/pages/data/rows/Bubble";
import { Conversation } from "~/pages/data/rows/Conversation";
import { editsOf, useEdits } from "~/pages/data/rows/edits";
import { JsonEditor } from "~/pages/data/rows/JsonEditor";
import { pretty } from "~/pages/data/rows/json";
import { ModelSight } from "~/pages/data/rows/ModelSight";
import { RowSteps } from "~/pages/data/rows/RowSteps";
import { talkOf } from "~/pages/data/rows/talk";
import { rowWords } from "~/pages/data/rows/words";
import { clean, type FileSearch } from "~/pages/data/search";
import { ModelChoice, useModel } from "~/pages/data/tokens/ModelChoice";
import { useSession } from "~/session";

type Props = { report: Report; line: number; open: (line: number) => void };

/** One row: as a conversation, as the model sees it, as JSON; changed or dropped. */
export function RowView({ report, line, open }: Props) {
  const say = useWords(rowWords);
  const format = useFormat();
  const model = useModel();
  // The row stays while it is asked for once more, as another model sees it: somebody may be writing in it.
  const { data: row, error, refetch } = useQuery({ ...rowQuery(report.file_id, line, model), placeholderData: keepPreviousData });
  return (
    <Stack gap="sm">
      <Group justify="space-between" gap="xs">
        <Title order={2} size="h4">{say.row(format.count(line))} <Text span c="dimmed" size="sm" fw={400}>{say.ofRows(format.count(report.num_rows))}</Text></Title>
        <RowSteps report={report} line={line} open={open} />
      </Group>
      {error ? <Failed error={error} retry={() => void refetch()} /> : row ? <OneRow row={row} /> : <Loading />}
    </Stack>
  );
}

function OneRow({ row }: { row: Row }) {
  const say = useWords(rowWords);
  const search = useSearch({ from: "/data/$fileId" });
  const navigate = useNavigate({ from: "/data/$fileId" });
  const canWrite = useSession().may("file.write");
  const [showsTemplate, setShowsTemplate] = useState(false);
  const edits = editsOf(row.file_id);
  const edit = useEdits(row.file_id).get(row.line);
  const original = useMemo(() => pretty(row.text), [row.text]);
  const text = edit?.text ?? original;
  const isDropped = edit?.text === null;
  const isChanged = edit !== undefined && !isDropped;
  const mayChange = canWrite && !row.is_cut && !isDropped;
  // By the row in the file: while one mends its JSON, the view stays.
  const isTalk = useMemo(() => talkOf(row.text) !== null, [row.text]);
  const view = search.view ?? (isTalk ? "talk" : "json");
  const change = (next: string) => edits.write(row.line, next, row.text);
  const views = [{ value: "talk", label: say.talk }, { value: "model", label: say.model }, { value: "json", label: say.json }];
  return (
    <Stack gap="sm">
      <Group justify="space-between" gap="xs">
        <SegmentedControl
          size="sm" data={views} value={view} aria-label={say.views}
          onChange={(next) => void navigate({ search: clean({ ...search, view: next as FileSearch["view"] }), replace: true })}
        />
        {canWrite && !isDropped && (
          <Button size="compact-sm" variant="subtle" color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={() => edits.drop(row.line)}>{say.drop}</Button>
        )}
      </Group>
      {edit && (
        <Alert color={isDropped ? "red" : "blue"} py="xs">
          <Group gap="sm" wrap="nowrap" justify="space-between">
            <Text size="sm"><b>{isDropped ? say.dropped : say.changed}</b>. {isDropped ? say.droppedHint : say.changedHint}</Text>
            {canWrite && (
              <Button size="compact-sm" variant="default" leftSection={<IconArrowBackUp size={16} aria-hidden />} onClick={() => edits.undo(row.line)} style={{ flexShrink: 0 }}>
                {isDropped ? say.keepRow : say.undo}
              </Button>
            )}
          </Group>
        </Alert>
      )}
      {row.is_cut && <Alert color="yellow" py="xs">{say.isCut}</Alert>}
      <RowProblems row={row} view={view} />
      {view !== "json" && <Group gap="md"><ModelChoice />{view === "talk" && row.segments && !isChanged && (
        <Switch size="sm" label={say.showTemplate} checked={showsTemplate} onChange={(event) => setShowsTemplate(event.currentTarget.checked)} />
      )}</Group>}
      {view === "model" && <ModelSight row={row} isBare={false} />}
      {view === "talk" && (
        <>
          {row.segments && !isChanged && <ModelSight row={row} isBare />}
          <Conversation text={text} row={row} isChanged={isChanged} showsTemplate={showsTemplate} change={mayChange ? change : null} />
        </>
      )}
      {view === "json" && <JsonEditor line={row.line} text={text} problems={isChanged ? [] : row.problems} isReadOnly={!mayChange} change={change} />}
    </Stack>
  );
}

/** Findings that no bubble shows: in the conversation those about the whole row, elsewhere all. */
function RowProblems({ row, view }: { row: Row; view: string }) {
  const say = useWords(rowWords);
  const shown = row.problems.filter((problem) => view !== "talk" || !/^(messages\[\d+\]|prompt|completion|instruction|input|output|system|history\[)/.test(problem.path ?? ""));
  if (shown.length === 0) return null;
  return <Stack gap={0} component="section" aria-label={say.problemsOf}>{shown.map((problem, index) => <Fault key={index} problem={problem} />)}</Stack>;
}
