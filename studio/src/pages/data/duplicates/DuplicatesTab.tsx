import { Alert, Badge, Button, Group, Paper, SimpleGrid, Slider, Stack, Text } from "@mantine/core";
import { IconCopyOff, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Failed } from "~/components/Failed";
import { Loading } from "~/components/Loading";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { duplicateWords } from "~/pages/data/duplicates/words";
import { itemsQuery, type Operation, useOperation } from "~/pages/data/operations/api";
import { asSettings, useDecisions } from "~/pages/data/operations/decisions";
import { MadeFiles } from "~/pages/data/operations/MadeFiles";
import { OperationState } from "~/pages/data/operations/OperationState";
import { Pager } from "~/pages/data/operations/Pager";
import { useEarlier } from "~/pages/data/operations/useEarlier";
import { RowView } from "~/pages/data/operations/RowView";

const LOOK = "find_duplicates";
const PAGE = 10;
const USUAL = 0.8;
const LEAST = 0.5;
/** What is not the same is not said to be so by rounding. */
const MOST_ALIKE = 0.99;

type Told = { num_groups: number; num_removable: number; num_not_listed: number };
/** `similarity` is that of the least alike; the rows shown are the first few. */
type Cluster = { id: string; similarity: number; is_exact: boolean; num_rows: number; rows: { line: number; is_kept: boolean; row: Record<string, unknown> }[] };

/** Rows that say the same: in groups, each kept whole or reduced to one row, and a copy written. */
export function DuplicatesTab({ fileId }: { fileId: string }) {
  const say = useWords(duplicateWords);
  const format = useFormat();
  const looking = useOperation(LOOK, [fileId]);
  const isKnown = useEarlier(LOOK, fileId, looking.follow);
  const removing = useOperation("deduplicate", [fileId]);
  const [threshold, setThreshold] = useState(USUAL);
  const found = looking.operation?.status === "succeeded" ? looking.operation : null;
  const foundAt = found?.settings.threshold;
  useEffect(() => {
    if (typeof foundAt === "number") setThreshold(foundAt);
  }, [foundAt]);
  const made = removing.operation?.status === "succeeded" ? removing.operation : null;
  if (!isKnown) return <Loading />;
  return (
    <Stack gap="md">
      <Text size="sm" c="dimmed">{say.text}</Text>
      <Stack gap={4} maw={420}>
        <Text size="sm" fw={500} id="alike">{say.threshold}: {format.percent(threshold, 0)}</Text>
        <Slider thumbProps={{ "aria-labelledby": "alike" }} min={LEAST} max={1} step={0.01} value={threshold} onChange={setThreshold} label={(value) => format.percent(value, 0)} />
        <Text size="xs" c="dimmed">{say.thresholdHint}</Text>
      </Stack>
      <Group>
        <Button variant={found ? "default" : "filled"} leftSection={<IconSearch size={16} aria-hidden />} loading={looking.isUnderWay} onClick={() => looking.begin({ threshold })}>
          {found ? say.again : say.look}
        </Button>
      </Group>
      <OperationState of={looking} />
      {made && <MadeFiles operation={made} title={say.removed(format.count(made.counts.rows_written ?? 0))} />}
      {found && <Clusters key={found.id} operation={found} removing={removing} />}
    </Stack>
  );
}

function Clusters({ operation, removing }: { operation: Operation; removing: ReturnType<typeof useOperation> }) {
  const say = useWords(duplicateWords);
  const format = useFormat();
  const [offset, setOffset] = useState(0);
  const { decisions, decide } = useDecisions(operation);
  const told = operation.result as unknown as Told;
  const { data, error, refetch } = useQuery({ ...itemsQuery(operation.id, offset, PAGE), enabled: operation.num_items > 0 });
  if (told.num_groups === 0) return <Alert color="green" title={say.nothing} />;
  return (
    <Stack gap="md">
      <Text fw={600}>{say.found(format.count(told.num_groups), format.count(told.num_removable))}</Text>
      <Group>
        <Button
          leftSection={<IconCopyOff size={16} aria-hidden />} loading={removing.isUnderWay}
          onClick={() => removing.begin({ threshold: operation.settings.threshold, decisions: asSettings(decisions) })}
        >
          {say.remove}
        </Button>
      </Group>
      <OperationState of={removing} />
      {error && <Failed error={error} retry={() => void refetch()} />}
      {!data ? <Loading /> : (
        <Stack gap="sm" role="list" aria-label={say.list}>
          {(data.data as Cluster[]).map((cluster) => {
            const isKept = decisions.get(cluster.id) === "reject";
            return <One key={cluster.id} cluster={cluster} isKept={isKept} keep={(all) => decide([cluster.id], all ? "reject" : null)} />;
          })}
        </Stack>
      )}
      {told.num_not_listed > 0 && <Text size="sm" c="dimmed">{say.notListed(format.count(told.num_not_listed))}</Text>}
      <Pager offset={offset} size={PAGE} total={operation.num_items} open={setOffset} />
    </Stack>
  );
}

function One({ cluster, isKept, keep }: { cluster: Cluster; isKept: boolean; keep: (all: boolean) => void }) {
  const say = useWords(duplicateWords);
  const format = useFormat();
  return (
    <Paper withBorder p="sm" role="listitem">
      <Group justify="space-between" mb="xs">
        <Badge variant="light" tt="none">{cluster.is_exact ? say.exact : cluster.similarity >= 1 ? say.spelling : say.alike(format.percent(Math.min(cluster.similarity, MOST_ALIKE), 0))}</Badge>
        <Button size="compact-sm" variant="default" onClick={() => keep(!isKept)}>{isKept ? say.keepOne : say.keepAll}</Button>
      </Group>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="sm">
        {cluster.rows.map(({ line, is_kept: stays, row }) => (
          <Stack key={line} gap={4}>
            <Group gap={6}>
              <Text size="xs" c="dimmed" ff="monospace">{say.row(format.count(line))}</Text>
              <Badge size="sm" variant="light" tt="none" color={stays || isKept ? "green" : "red"}>{stays || isKept ? say.stays : say.goes}</Badge>
            </Group>
            <RowView row={row} />
          </Stack>
        ))}
      </SimpleGrid>
      {cluster.num_rows > cluster.rows.length && <Text size="sm" c="dimmed" mt="xs">{say.more(format.count(cluster.num_rows - cluster.rows.length))}</Text>}
    </Paper>
  );
}
