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

/** The first things that were noticed, each once, with its first place and what helps. */
export function Problems({ problems }: { problems: Operation["problems"] }) {
  const say = useWords(operationWords);
  const said = useSaid();
  const format = useFormat();
  if (problems.length === 0) return null;
  return (
    <List size="sm" spacing={6}>
      {alike(notedOf(problems)).slice(0, MOST).map(([problem, count]) => (
        <List.Item key={problem.message}>
          <Group gap={6} wrap="wrap">
            <Spot problem={problem} /><span dir="auto">{said(problem.message)}</span>
            {count > 1 && <Text span size="xs" c="dimmed">{say.andMore(format.count(count - 1))}</Text>}
          </Group>
          <Text size="xs" c="dimmed" dir="auto">{said(forPages(problem.hint))}</Text>
        </List.Item>
      ))}
    </List>
  );
}

/** Those that say the same together, and how many they are. */
export function alike(problems: readonly Noted[]): [Noted, number][] {
  const found = new Map<string, [Noted, number]>();
  for (const problem of problems) {
    const before = found.get(problem.message);
    if (before) before[1] += 1;
    else found.set(problem.message, [problem, 1]);
  }
  return [...found.values()];
}

/** Nothing where it names an option of the command line: pages have a field for it. */
export function forPages(hint: string): string {
  return hint.includes("--") || hint.includes("tunesmith data") ? "" : hint;
}

export function Spot({ problem }: { problem: Noted }) {
  const say = useWords(operationWords);
  const format = useFormat();
  const parts = [problem.line === null ? null : say.line(format.count(problem.line)), problem.path].filter((part) => part !== null);
  return parts.length === 0 ? null : <Text span size="xs" c="dimmed" ff="monospace" style={{ overflowWrap: "anywhere" }}>{parts.join(" · ")}</Text>;
}
