import { Group, List, Text } from "@mantine/core";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { useSaid } from "~/i18n/said";
import type { Operation } from "~/pages/data/operations/api";
import { operationWords } from "~/pages/data/operations/words";

export type Noted = { rule: string; message: string; hint: string; file: string | null; line: number | null; path: string | null };

const MOST = 20;

export function notedOf(problems: Operation["problems"]): Noted[] {
  return problems as unknown as Noted[];
}

/** The first things that were noticed, each with its place and what helps. */
export function Problems({ problems }: { problems: Operation["problems"] }) {
  const said = useSaid();
  if (problems.length === 0) return null;
  return (
    <List size="sm" spacing={6}>
      {notedOf(problems).slice(0, MOST).map((problem, index) => (
        <List.Item key={index}>
          <Group gap={6} wrap="wrap"><Spot problem={problem} /><span dir="auto">{said(problem.message)}</span></Group>
          <Text size="xs" c="dimmed" dir="auto">{said(problem.hint)}</Text>
        </List.Item>
      ))}
    </List>
  );
}

export function Spot({ problem }: { problem: Noted }) {
  const say = useWords(operationWords);
  const format = useFormat();
  const parts = [problem.line === null ? null : say.line(format.count(problem.line)), problem.path].filter((part) => part !== null);
  return parts.length === 0 ? null : <Text span size="xs" c="dimmed" ff="monospace">{parts.join(" · ")}</Text>;
}
