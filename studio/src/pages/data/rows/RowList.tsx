import { ActionIcon, Button, Group, NumberInput, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconArrowRight, IconChevronLeft, IconChevronRight, IconCircleX, IconPencil, IconTrash } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { Failed } from "~/components/Failed";
import { Loading } from "~/components/Loading";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { type Problem, type Report, type Row, rowsQuery } from "~/pages/data/api";
import classes from "~/pages/data/data.module.css";
import { reportWords } from "~/pages/data/report/words";
import { type Edit, useEdits } from "~/pages/data/rows/edits";
import { gist } from "~/pages/data/rows/gist";
import { useMarks } from "~/pages/data/rows/useSteps";
import { rowWords } from "~/pages/data/rows/words";

const ROWS_PER_PAGE = 25;

/** A page of the file's rows, the one around `line` at first. */
export function RowList({ report, line }: { report: Report; line: number | undefined }) {
  const say = useWords(rowWords);
  const format = useFormat();
  const { file_id: fileId, num_rows: numRows } = report;
  const [moved, setMoved] = useState<{ first: number; for: number | undefined } | null>(null);
  const around = Math.floor(((line ?? 1) - 1) / ROWS_PER_PAGE) * ROWS_PER_PAGE + 1;
  const first = moved && moved.for === line ? moved.first : around;
  const { data, error, refetch } = useQuery({ ...rowsQuery(fileId, first, ROWS_PER_PAGE), placeholderData: keepPreviousData });
  const edits = useEdits(fileId);
  const move = (to: number) => setMoved({ first: Math.max(1, to), for: line });
  const marks = useMarks(fileId, first, data?.data.at(-1)?.line ?? first);
  if (error) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Loading />;
  const last = data.data.at(-1)?.line ?? first;
  return (
    <Stack gap="xs" component="nav" aria-label={say.list}>
      <GoTo fileId={fileId} numRows={numRows} />
      <div className={classes.rowList}>
        {data.data.map((row) => <RowLink key={row.line} row={row} edit={edits.get(row.line)} mark={marks?.get(row.line)} isChosen={row.line === line} />)}
      </div>
      <Group justify="space-between">
        <Text size="xs" c="dimmed">{say.range(format.count(first), format.count(last))} {say.ofRows(format.count(numRows))}</Text>
        <Group gap={6}>
          <Button variant="default" size="compact-sm" aria-label={say.earlier} disabled={first === 1} onClick={() => move(first - ROWS_PER_PAGE)}><IconChevronLeft size={16} /></Button>
          <Button variant="default" size="compact-sm" aria-label={say.later} disabled={!data.has_more} onClick={() => move(last + 1)}><IconChevronRight size={16} /></Button>
        </Group>
      </Group>
    </Stack>
  );
}

function GoTo({ fileId, numRows }: { fileId: string; numRows: number }) {
  const say = useWords(rowWords);
  const format = useFormat();
  const navigate = useNavigate({ from: "/data/$fileId" });
  const [wanted, setWanted] = useState<number | string>("");
  const go = (event: React.FormEvent) => {
    event.preventDefault();
    if (typeof wanted === "number" && wanted > 0) void navigate({ params: { fileId }, search: (before) => ({ ...before, tab: "rows", line: wanted }) });
  };
  return (
    <form onSubmit={go}>
      <NumberInput
        size="sm" placeholder={`${say.goTo} … ${say.ofRows(format.count(numRows))}`} aria-label={say.goTo} value={wanted} onChange={setWanted} min={1}
        allowDecimal={false} allowNegative={false} hideControls
        rightSection={<ActionIcon type="submit" variant="subtle" color="gray" aria-label={say.goTo}><IconArrowRight size={16} /></ActionIcon>}
      />
    </form>
  );
}

type LinkProps = { row: Row; edit: Edit | undefined; mark: Problem["severity"] | undefined; isChosen: boolean };

function RowLink({ row, edit, mark, isChosen }: LinkProps) {
  const report = useWords(reportWords);
  const say = useWords(rowWords);
  const format = useFormat();
  const text = useMemo(() => gist(edit?.text ?? row.text), [edit, row.text]);
  return (
    <Link
      from="/data/$fileId" to="/data/$fileId" params={{ fileId: row.file_id }} search={(before) => ({ ...before, tab: "rows" as const, line: row.line })} replace
      className={classes.rowLink} data-chosen={isChosen || undefined} aria-current={isChosen ? "true" : undefined} resetScroll={false}
    >
      <Text span size="xs" c="dimmed" ta="right" style={{ fontVariantNumeric: "tabular-nums" }}>{format.count(row.line)}</Text>
      <span>
        {edit ? edit.text === null
          ? <IconTrash size={14} aria-label={say.dropped} className={classes.error} />
          : <IconPencil size={14} aria-label={say.changed} />
          : mark === "error" ? <IconCircleX size={14} aria-label={report.severityError} className={classes.error} />
          : mark === "warning" && <IconAlertTriangle size={14} aria-label={report.severityWarning} className={classes.warning} />}
      </span>
      <span dir="auto" style={edit?.text === null ? { textDecoration: "line-through" } : undefined}>{text}</span>
    </Link>
  );
}
