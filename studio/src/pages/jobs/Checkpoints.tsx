import { Badge, Button, CopyButton, Group, Stack, Table, Text, VisuallyHidden } from "@mantine/core";
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
import { besideBase, elsewhere, ElsewhereButton } from "./Elsewhere";
import { jobWords } from "./jobWords";
import { type Checkpoint, checkpointsQuery, isFinal, type Job } from "./queries";
import { baseOf, useTunedModel } from "./useTunedModel";
import { isSameLoss } from "./validation";
import { useValidation, ValidationFigures, ValidationNote } from "./ValidationNote";

/** The models of the way, newest first, with what was measured of each. */
export function Checkpoints({ job }: { job: Job }) {
  const say = useWords(jobWords);
  const list = useInfiniteQuery(checkpointsQuery(job.id));
  const all = list.data?.pages.flatMap(({ data }) => data) ?? [];
  if (list.error && !list.data) return <Failed error={list.error} retry={() => void list.refetch()} />;
  if (!list.data) return <Loading />;
  if (all.length === 0) return <Empty icon={IconFlag} title={say.noCheckpoints} text={isFinal(job) ? say.noCheckpointsEver : say.noCheckpointsText} />;
  return (
    <Stack gap="md">
      <ValidationNote job={job} />
      <ValidationFigures job={job} />
      <CheckpointTable job={job} checkpoints={all} hasActions />
      {list.hasNextPage && (
        <Group justify="center" mt="sm"><Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{say.older}</Button></Group>
      )}
    </Stack>
  );
}

type TableProps = { job: Job; checkpoints: readonly Checkpoint[]; hasActions?: boolean };

export function CheckpointTable({ job, checkpoints, hasActions = false }: TableProps) {
  const say = useWords(jobWords);
  const format = useFormat();
  const best = lowestOf(checkpoints);
  const base = baseOf(job, useTunedModel(job));
  const lowest = useValidation(job)?.lowest.value;
  const isOfValidation = checkpoints.some(({ metrics }) => typeof metrics.valid_mean_token_accuracy === "number");
  const accuracyName = isOfValidation ? say.facts.validAccuracy : say.facts.accuracy;
  return (
    <div role="region" tabIndex={0} aria-label={say.tabs.checkpoints} className="jobs-scroll">
      <Table verticalSpacing="xs" className="jobs-figure jobs-stacked" style={{ "--least": hasActions ? "860px" : "auto" } as React.CSSProperties}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">{say.checkpointStep}</Table.Th>
            <Table.Th scope="col">{say.checkpointName}</Table.Th>
            <Table.Th scope="col" ta="right">{say.facts.trainLoss}</Table.Th>
            <Table.Th scope="col" ta="right">{say.facts.validLoss}</Table.Th>
            <Table.Th scope="col" ta="right">{accuracyName}</Table.Th>
            <Table.Th scope="col">{say.made}</Table.Th>
            {hasActions && <Table.Th><VisuallyHidden>{say.actions}</VisuallyHidden></Table.Th>}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {checkpoints.map((each) => (
            <Table.Tr key={each.id}>
              <Table.Td fw={600} data-label={say.checkpointStep}>{format.count(each.step_number)}</Table.Td>
              <Table.Td maw={320} data-label={say.checkpointName} style={{ overflowWrap: "anywhere" }}><Text size="xs" ff="monospace"><bdi>{each.fine_tuned_model_checkpoint}</bdi></Text></Table.Td>
              <Table.Td ta="right" data-label={say.facts.trainLoss}>{figure(each.metrics.train_loss)}</Table.Td>
              <Table.Td ta="right" data-label={say.facts.validLoss}>
                <div>{figure(validLoss(each))} {each.id === best && <Lowest isOfAll={lowest !== undefined && isSameLoss(validLoss(each) ?? NaN, lowest)} />}</div>
              </Table.Td>
              <Table.Td ta="right" data-label={accuracyName}>{accuracy(isOfValidation ? each.metrics.valid_mean_token_accuracy : each.metrics.train_mean_token_accuracy, format.percent)}</Table.Td>
              <Table.Td data-label={say.made}><Text size="xs" c="dimmed">{format.instant(each.created_at)}</Text></Table.Td>
              {hasActions && <Table.Td className="jobs-actions"><Actions name={each.fine_tuned_model_checkpoint} base={base} /></Table.Td>}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

/** Of the whole job, or only of the checkpoints that are there: the job's lowest may have been at a step whose checkpoint is not. */
function Lowest({ isOfAll }: { isOfAll: boolean }) {
  const say = useWords(jobWords);
  return <Badge size="xs" color={isOfAll ? "green" : "gray"} variant="light" tt="none" miw="max-content">{isOfAll ? say.lowest : say.lowestKept}</Badge>;
}

function Actions({ name, base }: { name: string; base: string | null }) {
  const say = useWords(jobWords);
  const all = useWords(frame);
  return (
    <Group gap={6} className="jobs-buttons">
      <May action="chat"><ElsewhereButton size="compact-sm" variant="light" where={elsewhere.tryOut(besideBase(name, base))}>{say.tryOut}</ElsewhereButton></May>
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

function accuracy(value: number | null | undefined, percent: (share: number) => string): string {
  return value === null || value === undefined ? "–" : percent(value);
}
