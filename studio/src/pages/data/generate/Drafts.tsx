import { Alert, Badge, Button, Group, Stack, Text } from "@mantine/core";
import { IconChecks, IconFilePlus } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Failed } from "~/components/Failed";
import { Loading } from "~/components/Loading";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { useSaid } from "~/i18n/said";
import { DraftCard } from "~/pages/data/generate/DraftCard";
import { count, decided, type Draft, isDecided, newRows, open, rewritten } from "~/pages/data/generate/drafts";
import { generateWords, reasonWords } from "~/pages/data/generate/words";
import { allItems, itemsQuery, type Operation, useOperation } from "~/pages/data/operations/api";
import { useKept } from "~/pages/data/operations/decisions";
import { MadeFiles } from "~/pages/data/operations/MadeFiles";
import { OperationState } from "~/pages/data/operations/OperationState";
import { Pager } from "~/pages/data/operations/Pager";

const PAGE = 10;

type Told = { num_drafts: number; num_refused: number; refused: Record<string, number>; ended: string; ended_because: string; is_stopped: boolean; num_unheard?: number };

/** What a model wrote, to be decided about; those approved go into a new file. */
export function Drafts({ operation, fileId, isDocument }: { operation: Operation; fileId: string; isDocument: boolean }) {
  const say = useWords(generateWords);
  const format = useFormat();
  const [offset, setOffset] = useState(0);
  const { decisions, change, forget } = useKept(`${operation.kind}.${operation.id}`, isDecided);
  const adding = useOperation("add_examples", [fileId]);
  const told = operation.result as unknown as Told;
  const { data, error, refetch } = useQuery({ ...itemsQuery(operation.id, offset, PAGE), enabled: operation.num_items > 0 });
  const shown = (data?.data ?? []) as Draft[];
  const made = adding.operation?.status === "succeeded" ? adding.operation : null;
  const add = useMutation({
    // Of most of them only the decision is here.
    mutationFn: async () => newRows((await allItems(operation)) as Draft[], decisions),
    onSuccess: (rows) => adding.begin({ rows, ...(isDocument ? { only_new: true } : {}) }),
  });
  useEffect(() => {
    if (made) forget();
  }, [made, forget]);
  const [numApproved, numRejected] = [count(decisions, "approved", "rewritten"), count(decisions, "rejected")];
  return (
    <Stack gap="md">
      <Ending told={told} />
      {made && <MadeFiles operation={made} title={say.added(format.count(made.counts.rows_written ?? 0))}><Text size="sm">{say.addedHint}</Text></MadeFiles>}
      {told.num_drafts > 0 && (
        <>
          <Group justify="space-between">
            <Text size="sm" role="status">{say.counts(format.count(numApproved), format.count(numRejected), format.count(told.num_drafts - numApproved - numRejected))}</Text>
            <Group gap="xs">
              <Button variant="default" leftSection={<IconChecks size={16} aria-hidden />} onClick={() => change((before) => decided(before, open(before, shown), "approved"))}>{say.approveShown}</Button>
              <Button leftSection={<IconFilePlus size={16} aria-hidden />} disabled={numApproved === 0} loading={add.isPending || adding.isUnderWay} onClick={() => add.mutate()}>
                {(isDocument ? say.makeFile : say.add)(format.count(numApproved))}
              </Button>
            </Group>
          </Group>
          {add.error && <Failed error={add.error} />}
          <OperationState of={adding} />
          {error && <Failed error={error} retry={() => void refetch()} />}
          {!data ? <Loading /> : (
            <Stack gap="sm" role="list" aria-label={say.list}>
              {shown.map((draft) => (
                <DraftCard
                  key={draft.id} draft={draft} decision={decisions.get(draft.id)} decide={(state) => change((before) => decided(before, [draft], state))}
                  rewrite={(question, answer) => change((before) => rewritten(before, draft, question, answer))}
                />
              ))}
            </Stack>
          )}
          <Pager offset={offset} size={PAGE} total={operation.num_items} open={setOffset} />
        </>
      )}
    </Stack>
  );
}

function Ending({ told }: { told: Told }) {
  const say = useWords(generateWords);
  const { reasons } = useWords(reasonWords);
  const said = useSaid();
  const format = useFormat();
  const isFewer = told.ended !== "complete" && !told.is_stopped;
  return (
    <Stack gap="xs">
      {told.num_drafts === 0 ? <Alert color="yellow" title={say.noDrafts} /> : <Text fw={600}>{say.drafts(format.count(told.num_drafts))}</Text>}
      {told.is_stopped && <Alert color="yellow" title={say.stopped}><Text size="sm" dir="auto">{said(told.ended_because)}</Text></Alert>}
      {isFewer && told.num_drafts > 0 && <Text size="sm" c="dimmed">{say.fewer}</Text>}
      {!!told.num_unheard && <Text size="sm">{say.unheard(told.num_unheard, format.count(told.num_unheard))}</Text>}
      {told.num_refused > 0 && (
        <Group gap={6}>
          <Text size="sm">{say.refused(format.count(told.num_refused))}</Text>
          {Object.entries(told.refused).map(([reason, number]) => <Badge key={reason} variant="light" color="gray" tt="none">{reasons[reason] ?? reason} {format.count(number)}</Badge>)}
        </Group>
      )}
    </Stack>
  );
}
