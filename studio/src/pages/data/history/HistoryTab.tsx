import { Badge, Button, Group, Paper, SimpleGrid, Stack, Table, Text, Title } from "@mantine/core";
import { IconArrowsDiff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, body, type Schemas } from "~/api/client";
import { Failed } from "~/components/Failed";
import { Loading } from "~/components/Loading";
import { LinkAnchor } from "~/components/RouteLink";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { historyWords } from "~/pages/data/history/words";
import { itemsQuery, type Operation, useOperation } from "~/pages/data/operations/api";
import { OperationState } from "~/pages/data/operations/OperationState";
import { Pager } from "~/pages/data/operations/Pager";
import { useRuleName } from "~/pages/data/operations/useRuleName";
import { RowView } from "~/pages/data/operations/RowView";
import { kindWords } from "~/pages/data/personal/words";
import { May } from "~/session";

const PAGE = 20;

type Told = { same: number; added: number; removed: number; changed: number };
type Difference = { change: "added" | "removed" | "changed"; line: number | null; other_line: number | null; row: Record<string, unknown> | null; before: Record<string, unknown> | null };

/** What the file was made of and by what, and how it differs from what it was made of. */
export function HistoryTab({ fileId }: { fileId: string }) {
  const say = useWords(historyWords);
  const version = useQuery({
    queryKey: ["file-version", fileId],
    queryFn: () => body(api.GET("/v1/files/{file_id}/version", { params: { path: { file_id: fileId } } })),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (version.error) return <Failed error={version.error} retry={() => void version.refetch()} />;
  if (!version.data) return <Loading />;
  const { parents, operations, licence, source, sha256 } = version.data;
  return (
    <Stack gap="md">
      {parents.length === 0 && operations.length === 0 ? <Text c="dimmed">{say.uploaded}</Text> : (
        <>
          <Title order={2} size="h5">{say.madeOf}</Title>
          {parents.map((parent) => <Parent key={parent.sha256} parent={parent} fileId={fileId} />)}
          <Title order={2} size="h5">{say.done}</Title>
          {operations.map((operation, index) => <Done key={index} operation={operation} />)}
        </>
      )}
      <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>{say.hash}: <span style={{ fontFamily: "monospace" }}>{sha256}</span></Text>
      {licence && <Text size="sm">{say.licence}: {licence}</Text>}
      {source && <Text size="sm" dir="auto">{say.source}: {source}</Text>}
    </Stack>
  );
}

function Parent({ parent, fileId }: { parent: Schemas["ParentWire"]; fileId: string }) {
  const say = useWords(historyWords);
  const comparing = useOperation("compare", parent.file_id ? [parent.file_id, fileId] : []);
  const made = comparing.operation?.status === "succeeded" ? comparing.operation : null;
  return (
    <Stack gap="sm">
      <Group>
        {parent.file_id ? <LinkAnchor to="/data/$fileId" params={{ fileId: parent.file_id }}><bdi>{parent.name}</bdi></LinkAnchor> : <Text><bdi>{parent.name}</bdi></Text>}
        <Text size="xs" c="dimmed" ff="monospace">{parent.sha256.slice(0, 12)}…</Text>
        {parent.is_training_data && (
          <May action="file.write">
            <Button size="compact-sm" variant="default" leftSection={<IconArrowsDiff size={14} aria-hidden />} loading={comparing.isUnderWay} onClick={() => comparing.begin({})}>{say.compare}</Button>
          </May>
        )}
      </Group>
      <OperationState of={comparing} />
      {made && <Differences operation={made} />}
    </Stack>
  );
}

function Done({ operation }: { operation: Schemas["MadeByWire"] }) {
  const say = useWords(historyWords);
  const format = useFormat();
  const nameOf = useCountName();
  const counts = Object.entries(operation.counts).filter(([, count]) => count !== 0);
  return (
    <Paper withBorder p="sm">
      <Text fw={600}>{say.operations[operation.name] ?? operation.name}</Text>
      <Table withRowBorders={false} verticalSpacing={2} maw={520}>
        <Table.Tbody>
          {counts.map(([name, count]) => (
            <Table.Tr key={name}><Table.Td c="dimmed">{nameOf(name)}</Table.Td><Table.Td ta="right">{format.count(count)}</Table.Td></Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Paper>
  );
}

/** Counts are of rows, or of kinds of personal data, or of rules; one that has no words is shown as it is called. */
function useCountName(): (name: string) => string {
  const say = useWords(historyWords);
  const { kinds } = useWords(kindWords);
  const ruleName = useRuleName();
  return (name) => {
    const [, about = "", of = ""] = /^(found_|replaced_|left_out\.|noted\.)(.+)$/.exec(name) ?? [];
    const known = say.countsOf[about];
    return known ? known(kinds[of] ?? ruleName(of)) : (say.counts[name] ?? name.replaceAll("_", " "));
  };
}

function Differences({ operation }: { operation: Operation }) {
  const say = useWords(historyWords);
  const format = useFormat();
  const [offset, setOffset] = useState(0);
  const told = operation.result as unknown as Told;
  const { data, error, refetch } = useQuery({ ...itemsQuery(operation.id, offset, PAGE), enabled: operation.num_items > 0 });
  if (told.added + told.removed + told.changed === 0) return <Text>{say.equal}</Text>;
  return (
    <Stack gap="sm">
      <Group gap={6}>
        <Badge color="green" variant="light" tt="none">{say.added(format.count(told.added))}</Badge>
        <Badge color="red" variant="light" tt="none">{say.removed(format.count(told.removed))}</Badge>
        <Badge color="yellow" variant="light" tt="none">{say.changed(format.count(told.changed))}</Badge>
        <Text size="sm" c="dimmed">{say.same(format.count(told.same))}</Text>
      </Group>
      {error && <Failed error={error} retry={() => void refetch()} />}
      {!data ? <Loading /> : (
        <Stack gap="sm" role="list" aria-label={say.comparing}>
          {(data.data as Difference[]).map((each) => (
            <SimpleGrid key={`${each.other_line} ${each.line}`} role="listitem" cols={{ base: 1, md: 2 }} spacing="sm">
              <Side title={say.was} line={each.other_line} row={each.before} />
              <Side title={say.is} line={each.line} row={each.row} />
            </SimpleGrid>
          ))}
        </Stack>
      )}
      <Pager offset={offset} size={PAGE} total={operation.num_items} open={setOffset} />
    </Stack>
  );
}

function Side({ title, line, row }: { title: string; line: number | null; row: Record<string, unknown> | null }) {
  const say = useWords(historyWords);
  const format = useFormat();
  return (
    <Paper withBorder p="xs">
      <Text size="xs" c="dimmed" mb={4}>{title}{line !== null && ` · ${say.row(format.count(line))}`}</Text>
      {row ? <RowView row={row} /> : <Text c="dimmed">–</Text>}
    </Paper>
  );
}
