import { Alert, Badge, Button, Group, List, Stack, Table, Text } from "@mantine/core";
import { IconBulb, IconCircleCheck } from "@tabler/icons-react";
import type { Schemas } from "~/api/client";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { type Advice, recommend, roundedUp } from "~/pages/data/tokens/recommend";
import { tokenWords } from "~/pages/data/tokens/words";

type Tokens = Schemas["TokenFiguresWire"];
type Cost = Schemas["OverLengthCostWire"];

/** What may be done about rows that are too long, what each choice costs, and which is best. */
export function OverLength({ tokens, numRows, setLimit }: { tokens: Tokens; numRows: number; setLimit: (limit: number) => void }) {
  const say = useWords(tokenWords);
  const format = useFormat();
  const advice = recommend(tokens, numRows);
  if (!advice) return <Alert color="green" py="xs" icon={<IconCircleCheck size={18} aria-hidden />}>{say.fits}</Alert>;
  const { num_over_length: over } = tokens;
  const raised = roundedUp(tokens.lengths.max, tokens.context_length);
  const sentences: Record<Advice["kind"], string> = {
    raise: say.adviceRaise(format.count(raised)), drop: say.adviceDrop, left: say.adviceLeft, leftSome: say.adviceLeftSome, shorten: say.adviceShorten,
  };
  return (
    <Stack gap="sm">
      <Text fw={600}>{over === 1 ? say.overOne : say.over(format.count(over), format.percent(over / Math.max(1, numRows)))}</Text>
      <Alert color="blue" py="xs" icon={<IconBulb size={18} aria-hidden />}>
        <Group justify="space-between" gap="xs">
          <Text size="sm" flex={1} miw={220}>{sentences[advice.kind]}</Text>
          {advice.kind === "raise" && <Button size="compact-sm" variant="light" onClick={() => setLimit(raised)}>{say.useLimit(format.count(raised))}</Button>}
        </Group>
      </Alert>
      <Table.ScrollContainer minWidth={520} type="native">
        <Table aria-label={say.choices} verticalSpacing="xs">
          <Table.Thead><Table.Tr><Table.Th>{say.choice}</Table.Th><Table.Th>{say.what}</Table.Th><Table.Th>{say.cost}</Table.Th></Table.Tr></Table.Thead>
          <Table.Tbody>
            {tokens.over_length_costs.map((cost) => (
              <Table.Tr key={cost.policy}>
                <Table.Td>
                  <Text size="sm" fw={600}>{say[cost.policy]}</Text>
                  <Text size="xs" c="dimmed" ff="monospace">{cost.policy}</Text>
                  {advice.policy === cost.policy && <Badge size="sm" variant="light" tt="none">{say.recommended}</Badge>}
                </Table.Td>
                <Table.Td><Text size="sm">{say[`${cost.policy}What`]}</Text></Table.Td>
                <Table.Td><Costs cost={cost} /></Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}

function Costs({ cost }: { cost: Cost }) {
  const say = useWords(tokenWords);
  const format = useFormat();
  const { rows_dropped: rows, tokens_cut: cut, trained_tokens_lost: lost, end_tokens_lost: ends } = cost;
  const told = [
    rows > 0 && (rows === 1 ? say.rowDropped : say.rowsDropped(format.count(rows))),
    cut > 0 && say.tokensCut(format.count(cut)),
    lost > 0 && say.trainedLost(format.count(lost)),
    ends > 0 && (ends === 1 ? say.endLost : say.endsLost(format.count(ends))),
  ].filter((each): each is string => each !== false);
  if (told.length === 0) return <Text size="sm">{say.nothing}</Text>;
  return <List size="sm" spacing={0}>{told.map((each) => <List.Item key={each}>{each}</List.Item>)}</List>;
}
