import { Badge } from "@mantine/core";
import { IconAlertTriangle, IconCircleX, IconPencil } from "@tabler/icons-react";
import { useNavigate, useRouter, useSearch } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, type MouseEvent, useMemo, useRef } from "react";
import { Failed } from "~/components/Failed";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { useSaid } from "~/i18n/said";
import type { Problem, ReportQuestion } from "~/pages/data/api";
import classes from "~/pages/data/data.module.css";
import { useFindings } from "~/pages/data/report/findingPages";
import { ruleWords } from "~/pages/data/report/ruleWords";
import { reportWords } from "~/pages/data/report/words";
import { type Edit, useEdits } from "~/pages/data/rows/edits";

type Props = { fileId: string; filter: ReportQuestion; total: number };

/** The findings, however many: only those in sight are in the page and fetched. */
export function Findings({ fileId, filter, total }: Props) {
  const say = useWords(reportWords);
  const format = useFormat();
  const frame = useRef<HTMLDivElement>(null);
  const list = useVirtualizer({ count: total, getScrollElement: () => frame.current, estimateSize: () => 62, overscan: 6, useFlushSync: false });
  const href = useRowAddress(fileId);
  const navigate = useNavigate({ from: "/data/$fileId" });
  const open = (event: MouseEvent) => {
    const line = Number((event.target as Element).closest<HTMLElement>("[data-line]")?.dataset.line);
    if (!line || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    void navigate({ params: { fileId }, search: (before) => ({ ...before, tab: "rows", line }) });
  };
  const edits = useEdits(fileId);
  const items = list.getVirtualItems();
  const { at, error, retry } = useFindings(fileId, filter, items[0]?.index ?? 0, items.at(-1)?.index ?? 0, total);
  return (
    <>
      {error && <Failed error={error} retry={retry} />}
      <div ref={frame} className={classes.findings} style={{ height: `min(${list.getTotalSize() + 2}px, 62vh, 640px)` }} tabIndex={0} role="region" aria-label={say.list(format.count(total))}>
        <ul onClick={open} style={{ height: list.getTotalSize(), position: "relative", margin: 0, padding: 0, listStyle: "none" }}>
          {items.map(({ index, start }) => ({ index, start, problem: at(index) })).map(({ index, start, problem }) => (
            <li
              key={index} ref={list.measureElement} data-index={index} className={classes.finding} style={{ transform: `translateY(${start}px)` }}
              aria-setsize={total} aria-posinset={index + 1}
            >
              <Finding problem={problem} edit={edits.get(problem?.line ?? 0)} href={href} />
            </li>
          ))}
        </ul>
      </div>
    </>
  );
}

/** `edit`: what becomes of the row once the changes made here are saved; the finding is about the row as it was. */
type RowProps = { problem: Problem | undefined; edit: Edit | undefined; href: (line: number) => string };

/** Plain elements: many of them come and go with each frame while one scrolls. */
const Finding = memo(function Finding({ problem, edit, href }: RowProps) {
  const say = useWords(reportWords);
  const rules = useWords(ruleWords);
  const said = useSaid();
  const format = useFormat();
  if (!problem) return <><span /><span /><div className={classes.findingText}>&nbsp;<br />&nbsp;</div></>;
  const { line, column, rule, severity, message, hint, path } = problem;
  const isError = severity === "error";
  const Icon = edit ? IconPencil : isError ? IconCircleX : IconAlertTriangle;
  return (
    <>
      <Icon size={18} className={edit ? classes.hint : isError ? classes.error : classes.warning} aria-label={isError ? say.severityError : say.severityWarning} />
      {line === null ? <span className={classes.hint}>{say.wholeFile}</span> : (
        <a
          className={classes.link} href={href(line)} data-line={line} aria-label={say.showRow(format.count(line))}
          title={column === null ? undefined : say.column(format.count(column))}
        >
          {say.line(format.count(line))}
        </a>
      )}
      <div className={classes.findingText}>
        {edit && <><Badge size="sm" variant="light" color="blue" tt="none">{edit.text === null ? say.left : say.mended}</Badge>{" "}</>}
        <b>{rules[rule]?.name ?? rule}</b>{say.colon}<span className={classes.foreign} dir="auto">{said(message)}</span>
        <div className={classes.hint}>
          <span className={classes.foreign} dir="auto">{said(hint)}</span>
          {path && <code className={classes.path}>{path}</code>}
        </div>
      </div>
    </>
  );
});

/** The addresses of rows, made from one that the router has built. */
function useRowAddress(fileId: string): (line: number) => string {
  const router = useRouter();
  const search = useSearch({ from: "/data/$fileId" });
  return useMemo(() => {
    const { href } = router.buildLocation({ to: "/data/$fileId", params: { fileId }, search: { ...search, tab: "rows", line: 1 } });
    const base = router.basepath === "/" ? "" : router.basepath;
    const whole = href.startsWith(base) ? href : base + href;
    return (line) => whole.replace(/([?&]line=)1(?=&|$)/, `$1${line}`);
  }, [router, search, fileId]);
}
