import { Alert, Button, Group, Text } from "@mantine/core";
import { IconCircleCheck, IconCircleX } from "@tabler/icons-react";
import { useDeferredValue, useMemo } from "react";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import type { Problem } from "~/pages/data/api";
import classes from "~/pages/data/data.module.css";
import { lineAndColumn, linesOf, pretty, scan } from "~/pages/data/rows/json";
import { faultWords, rowWords } from "~/pages/data/rows/words";

type Props = { line: number; text: string; problems: readonly Problem[]; isReadOnly: boolean; change: (text: string) => void };

/**
 * A row's JSON with line numbers; the lines of its findings are marked, and whether it is JSON is said as one types.
 * The text area lies over the numbered lines, which wrap as it does and so give it its height.
 */
export function JsonEditor({ line, text, problems, isReadOnly, change }: Props) {
  const say = useWords(rowWords);
  const faults = useWords(faultWords);
  const format = useFormat();
  const looked = useDeferredValue(text);
  const scanned = useMemo(() => scan(looked), [looked]);
  const marks = useMemo(() => {
    const paths = (severity: Problem["severity"]) => problems.filter((each) => each.severity === severity).map((each) => each.path);
    const errors = scanned.ok ? linesOf(looked, scanned.places, paths("error")) : new Set([lineAndColumn(looked, scanned.fault.at).line]);
    return { errors, warnings: scanned.ok ? linesOf(looked, scanned.places, paths("warning")) : new Set<number>() };
  }, [looked, scanned, problems]);
  const fault = scanned.ok ? null : { ...lineAndColumn(looked, scanned.fault.at), what: faults[scanned.fault.kind] };
  return (
    <>
      <div className={classes.editor}>
        <div className={classes.editorSheet} dir="ltr">
          {text.split("\n").map((each, index) => (
            <div
              key={index} className={classes.editorLine} aria-hidden
              data-mark={marks.errors.has(index + 1) ? "error" : marks.warnings.has(index + 1) ? "warning" : undefined}
            >
              {each || " "}
            </div>
          ))}
          <textarea
            className={classes.editorText} value={text} readOnly={isReadOnly} spellCheck={false} autoCapitalize="off" autoComplete="off"
            aria-label={say.jsonLabel(format.count(line))} aria-invalid={fault !== null} onChange={(event) => change(event.currentTarget.value)}
          />
        </div>
      </div>
      <Group justify="space-between" align="flex-start" wrap="nowrap" role="status">
        {fault ? (
          <Alert color="red" py={6} flex={1} icon={<IconCircleX size={18} aria-hidden />}>
            {say.jsonBad(format.count(fault.line), format.count(fault.column), fault.what)}
          </Alert>
        ) : (
          <Group gap={6}><IconCircleCheck size={18} color="var(--mantine-color-green-6)" aria-hidden /><Text size="sm">{say.jsonFine}</Text></Group>
        )}
        {!isReadOnly && <Button size="compact-sm" variant="default" disabled={!scanned.ok} onClick={() => change(pretty(text))}>{say.layOut}</Button>}
      </Group>
    </>
  );
}
