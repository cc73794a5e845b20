import { Skeleton, Text } from "@mantine/core";
import { IconAlertTriangle, IconCircleX } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef } from "react";
import { Failed } from "~/components/Failed";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import type { Problem, ReportQuestion } from "~/pages/data/api";
import classes from "~/pages/data/data.module.css";
import { useFindings } from "~/pages/data/report/findingPages";
import { ruleWords } from "~/pages/data/report/ruleWords";
import { reportWords } from "~/pages/data/report/words";

type Props = { fileId: string; filter: ReportQuestion; total: number };

/** The findings, however many: only those in sight are in the page and fetched. */
export function Findings({ fileId, filter, total }: Props) {
  const say = useWords(reportWords);
  const format = useFormat();
  const frame = useRef<HTMLDivElement>(null);
  const list = useVirtualizer({ count: total, getScrollElement: () => frame.current, estimateSize: () => 66, overscan: 8 });
  const items = list.getVirtualItems();
  const { at, error, retry } = useFindings(fileId, filter, items[0]?.index ?? 0, items.at(-1)?.index ?? 0, total);
  return (
    <>
      {error && <Failed error={error} retry={retry} />}
      <div ref={frame} className={classes.findings} style={{ height: `min(${list.getTotalSize() + 2}px, 62vh, 640px)` }} tabIndex={0} role="region" aria-label={say.list(format.count(total))}>
        <ul style={{ height: list.getTotalSize(), position: "relative", margin: 0, padding: 0, listStyle: "none" }}>
          {items.map(({ index, start }) => (
            <li
              key={index} ref={list.measureElement} data-index={index} className={classes.finding} style={{ transform: `translateY(${start}px)` }}
              aria-setsize={total} aria-posinset={index + 1}
            >
              <Finding problem={at(index)} fileId={fileId} />
            </li>
          ))}
        </ul>
      </div>
    </>
  );
}

function Finding({ problem, fileId }: { problem: Problem | undefined; fileId: string }) {
  const say = useWords(reportWords);
  const rules = useWords(ruleWords);
  const format = useFormat();
  if (!problem) return <><span /><Skeleton height={14} mt={4} width={60} /><Skeleton height={14} mt={4} mb={22} width="60%" /></>;
  const { line, column, rule, severity, message, hint, path } = problem;
  const isError = severity === "error";
  const Icon = isError ? IconCircleX : IconAlertTriangle;
  return (
    <>
      <Icon size={18} className={isError ? classes.error : classes.warning} aria-label={isError ? say.severityError : say.severityWarning} />
      {line === null ? <Text size="sm" c="dimmed">{say.wholeFile}</Text> : (
        <Link
          className={classes.link} from="/data/$fileId" to="/data/$fileId" params={{ fileId }} title={column === null ? undefined : say.column(format.count(column))}
          search={(before) => ({ ...before, tab: "rows" as const, line })} aria-label={say.showRow(format.count(line))}
        >
          {say.line(format.count(line))}
        </Link>
      )}
      <div className={classes.findingText}>
        <Text size="sm" component="div"><b>{rules[rule]?.name ?? rule}</b>{say.colon}<span className={classes.foreign} dir="auto">{message}</span></Text>
        <Text size="sm" c="dimmed" component="div">
          <span className={classes.foreign} dir="auto">{hint}</span>
          {path && <Text component="code" size="xs" ff="monospace" ml={8} className={classes.foreign}>{path}</Text>}
        </Text>
      </div>
    </>
  );
}
