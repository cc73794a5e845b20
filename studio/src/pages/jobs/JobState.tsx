import "./job.css";
import { Group, Paper, Progress, Stack, Text } from "@mantine/core";
import { IconHourglass } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { shortNumber } from "~/chart/axis";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { useSaid } from "~/i18n/said";
import { ending, pointsOf } from "./curves";
import { shareOf } from "./JobProgress";
import { jobWords } from "./jobWords";
import { isFinal, type Job, metricsQuery } from "./queries";
import { useNow } from "./useNow";
import { useTunedModel } from "./useTunedModel";

const COLOURS: Record<Job["status"], string> = {
  validating_files: "blue", queued: "gray", running: "teal", paused: "yellow", succeeded: "green", failed: "red", cancelled: "gray",
};

/** Where the job stands: how far, how long still, what hinders it, and its newest figures. */
export function JobState({ job }: { job: Job }) {
  const say = useWords(jobWords);
  const said = useSaid();
  const format = useFormat();
  const tuned = useTunedModel(job);
  const share = shareOf(job);
  const steps = share === null ? (isFinal(job) ? say.noStepsEver : say.noSteps) : say.step(format.count(job.step), format.count(job.total_steps ?? 0));
  return (
    <Paper withBorder p="md" component="section" aria-label={steps}>
      <Stack gap="sm">
        <Group justify="space-between" gap="xs" align="baseline">
          <Group gap="sm" align="baseline">
            <Text fw={700} size="lg" className="jobs-figure">{share === null ? steps : format.percent(share)}</Text>
            {share !== null && <Text c="dimmed" size="sm" className="jobs-figure">{steps}</Text>}
          </Group>
          <Text c="dimmed" size="sm" className="jobs-figure"><TimeLeft job={job} /></Text>
        </Group>
        {(share !== null || !isFinal(job)) && <Progress.Root size="lg">
          <Progress.Section
            value={(share ?? 0) * 100} color={COLOURS[job.status]} aria-label={steps}
            aria-valuetext={share === null ? steps : `${format.percent(share)}, ${steps}`}
          />
        </Progress.Root>}
        <Text size="sm">{tuned?.state === "deleted" ? say.modelDeleted : say.phase[job.status]}</Text>
        {job.waiting_reason && (
          <Group gap={6} wrap="nowrap" align="flex-start">
            <IconHourglass size={16} aria-hidden style={{ flexShrink: 0, marginTop: 2 }} />
            <Text size="sm" style={{ overflowWrap: "anywhere" }}>{say.waitingFor(said(job.waiting_reason))}</Text>
          </Group>
        )}
        <Facts job={job} />
      </Stack>
    </Paper>
  );
}

function TimeLeft({ job }: { job: Job }) {
  const say = useWords(jobWords);
  const format = useFormat();
  const isOpen = !isFinal(job);
  const now = useNow(1, isOpen);
  if (job.finished_at !== null) return <>{say.took(format.duration(job.finished_at - job.created_at))}</>;
  if (job.estimated_finish !== null && job.status === "running") {
    return <>{say.left(format.duration(Math.max(0, job.estimated_finish - now)))} · {say.endsAt(format.instant(job.estimated_finish))}</>;
  }
  return <>{say.since(format.duration(Math.max(0, now - job.created_at)))}</>;
}

/** The newest figures; of those that jump from step to step, the mean of the last twentieth of the steps. */
function Facts({ job }: { job: Job }) {
  const say = useWords(jobWords).facts;
  const format = useFormat();
  const curves = useQuery({ ...metricsQuery(job.id), enabled: job.step > 0 }).data;
  const loss = ending(pointsOf(curves, "train_loss"));
  const validLoss = pointsOf(curves, "valid_loss").mean.at(-1) ?? null;
  const accuracy = ending(pointsOf(curves, "train_mean_token_accuracy"));
  const validAccuracy = pointsOf(curves, "valid_mean_token_accuracy").mean.at(-1) ?? null;
  const rate = isFinal(job) ? null : ending(pointsOf(curves, "tokens_per_second"));
  const facts: [string, string | null][] = [
    [say.trainLossMean, loss === null ? null : shortNumber(loss)],
    [say.validLoss, validLoss === null ? null : shortNumber(validLoss)],
    [say.accuracyMean, accuracy === null ? null : format.percent(accuracy)],
    [say.validAccuracy, validAccuracy === null ? null : format.percent(validAccuracy)],
    [say.rate, rate === null ? null : format.count(rate)],
    [say.trainedTokens, job.trained_tokens === null ? null : format.count(job.trained_tokens)],
    [say.created, format.instant(job.created_at)],
    [say.ended, job.finished_at === null ? null : format.instant(job.finished_at)],
  ];
  return (
    <dl className="jobs-facts">
      {facts.map(([name, value]) => value !== null && (
        <div key={name}>
          <Text component="dt" size="xs" c="dimmed">{name}</Text>
          <Text component="dd" m={0} fw={600} size="sm" className="jobs-figure">{value}</Text>
        </div>
      ))}
    </dl>
  );
}
