import { Badge, Button, CopyButton, Group, ScrollArea, Table, Text, VisuallyHidden } from "@mantine/core";
import { IconCheck, IconCopy, IconFlag } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { shortNumber } from "~/chart/axis";
import { Empty } from "~/components/Empty";
import { Failed } from "~/components/Failed";
import { Loading } from "~/components/Loading";
import { frame } from "~/components/words";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { May } from "~/session";
import { elsewhere, ElsewhereButton } from "./Elsewhere";
import { jobWords } from "./jobWords";
import { type Checkpoint, checkpointsQuery, isFinal, type Job } from "./queries";

/** The models of the way, newest first, with what was measured of each. */
export function Checkpoints({ job }: { job: Job }) {
  const say = useWords(jobWords);
  const list = useInfiniteQuery(checkpointsQuery(job.id));
  const all = list.data?.pages.flatMap(({ data }) => data) ?? [];
  if (list.error && !list.data) return <Failed error={list.error} retry={() => void list.refetch()} />;
  if (!list.data) return <Loading />;
  if (all.length === 0) return <Empty icon={IconFlag} title={say.noCheckpoints} text={isFinal(job) ? say.noCheckpointsEver : say.noCheckpointsText} />;
  return (
    <>
      <CheckpointTable checkpoints={all} hasActions />
      {list.hasNextPage && (
        <Group justify="center" mt="sm"><Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{say.older}</Button></Group>
      )}
    </>
  );
}

export function CheckpointTable({ checkpoints, hasActions = false }: { checkpoints: readonly Checkpoint[]; hasActions?: boolean }) {
  const say = useWords(jobWords);
  const format = useFormat();
  const best = lowestOf(checkpoints);
  return (
    <ScrollArea type="auto" viewportProps={{ tabIndex: 0, role: "region", "aria-label": say.tabs.checkpoints }}>
      <Table verticalSpacing="xs" miw={hasActions ? 860 : undefined} className="jobs-figure">
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">{say.checkpointStep}</Table.Th>
            <Table.Th scope="col">{say.checkpointName}</Table.Th>
            <Table.Th scope="col" ta="right">{say.facts.trainLoss}</Table.Th>
            <Table.Th scope="col" ta="right">{say.facts.validLoss}</Table.Th>
            <Table.Th scope="col" ta="right">{say.facts.accuracy}</Table.Th>
            <Table.Th scope="col">{say.made}</Table.Th>
            {hasActions && <Table.Th><VisuallyHidden>{say.actions}</VisuallyHidden></Table.Th>}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {checkpoints.map((each) => (
            <Table.Tr key={each.id}>
              <Table.Td fw={600}>{format.count(each.step_number)}</Table.Td>
              <Table.Td maw={320} style={{ overflowWrap: "anywhere" }}><Text size="xs" ff="monospace"><bdi>{each.fine_tuned_model_checkpoint}</bdi></Text></Table.Td>
              <Table.Td ta="right">{figure(each.metrics.train_loss)}</Table.Td>
              <Table.Td ta="right">
                {figure(validLoss(each))} {each.id === best && <Badge size="xs" color="green" variant="light" tt="none">{say.lowest}</Badge>}
              </Table.Td>
              <Table.Td ta="right">{accuracy(each, format.percent)}</Table.Td>
              <Table.Td><Text size="xs" c="dimmed">{format.instant(each.created_at)}</Text></Table.Td>
              {hasActions && <Table.Td><Actions name={each.fine_tuned_model_checkpoint} /></Table.Td>}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollArea>
  );
}

function Actions({ name }: { name: string }) {
  const say = useWords(jobWords);
  const all = useWords(frame);
  return (
    <Group gap={6} wrap="nowrap" justify="flex-end">
      <May action="chat"><ElsewhereButton size="compact-sm" variant="light" where={elsewhere.tryOut([name])}>{say.tryOut}</ElsewhereButton></May>
      <May action="job.create"><ElsewhereButton size="compact-sm" variant="default" where={elsewhere.tuneFrom(name)}>{say.goOnFrom}</ElsewhereButton></May>
      <CopyButton value={name}>
        {({ copied, copy }) => (
          <Button size="compact-sm" variant="subtle" color="gray" onClick={copy} leftSection={copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />}>
            {copied ? all.copied : say.copyName}
          </Button>
        )}
      </CopyButton>
    </Group>
  );
}

function validLoss({ metrics }: Checkpoint): number | null {
  return metrics.full_valid_loss ?? metrics.valid_loss ?? null;
}

/** The checkpoint with the lowest validation loss, where that says anything. */
export function lowestOf(checkpoints: readonly Checkpoint[]): string | null {
  const known = checkpoints.filter((each) => validLoss(each) !== null);
  if (known.length < 2) return null;
  return known.reduce((best, each) => ((validLoss(each) ?? 0) < (validLoss(best) ?? 0) ? each : best)).id;
}

function figure(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : shortNumber(value);
}

function accuracy({ metrics }: Checkpoint, percent: (share: number) => string): string {
  const value = metrics.valid_mean_token_accuracy ?? metrics.train_mean_token_accuracy;
  return value === null || value === undefined ? "–" : percent(value);
}
