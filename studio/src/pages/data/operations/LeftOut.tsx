import { Stack, Table, Text, Title } from "@mantine/core";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { useSaid } from "~/i18n/said";
import type { Operation } from "~/pages/data/operations/api";
import { type Noted, notedOf, Spot } from "~/pages/data/operations/Problems";
import { useRuleName } from "~/pages/data/operations/useRuleName";
import { operationWords } from "~/pages/data/operations/words";

const PREFIX = "left.";

export type Reason = { rule: string; count: number; first: Noted | null };

/** `counts` names each reason as `left.<rule>`; the first of each stands among the problems. */
export function reasonsOf(operation: Operation): Reason[] {
  const noted = notedOf(operation.problems);
  return Object.entries(operation.counts)
    .filter(([name, count]) => name.startsWith(PREFIX) && count > 0)
    .map(([name, count]) => {
      const rule = name.slice(PREFIX.length);
      return { rule, count, first: noted.find((each) => each.rule === rule) ?? null };
    })
    .sort((one, other) => other.count - one.count);
}

/** What gave no row, by reason, each with the first place where it was met. */
export function LeftOut({ operation }: { operation: Operation }) {
  const say = useWords(operationWords);
  const nameOf = useRuleName();
  const said = useSaid();
  const format = useFormat();
  const reasons = reasonsOf(operation);
  if (reasons.length === 0) return <Text size="sm" c="dimmed">{say.nothingLeftOut}</Text>;
  return (
    <Stack gap={4}>
      <Title order={2} size="h5">{say.leftOut(format.count(reasons.reduce((sum, each) => sum + each.count, 0)))}</Title>
      <Table verticalSpacing={6} style={{ overflowWrap: "anywhere" }}>
        <Table.Thead><Table.Tr><Table.Th>{say.why}</Table.Th><Table.Th>{say.howMany}</Table.Th><Table.Th>{say.where}</Table.Th></Table.Tr></Table.Thead>
        <Table.Tbody>
          {reasons.map(({ rule, count, first }) => (
            <Table.Tr key={rule}>
              <Table.Td>{nameOf(rule)}</Table.Td>
              <Table.Td>{format.count(count)}</Table.Td>
              <Table.Td>{first && <><Spot problem={first} /> <Text span size="sm" dir="auto">{said(first.message)}</Text></>}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Text size="xs" c="dimmed">{say.firstOnly}</Text>
    </Stack>
  );
}
