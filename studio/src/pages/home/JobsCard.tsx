import { Group, Progress, Skeleton, Stack, Text } from "@mantine/core";
import { IconChartLine } from "@tabler/icons-react";
import type { Schemas } from "~/api/client";
import type { LiveState } from "~/api/live";
import { JobStatus } from "~/components/JobStatus";
import { LinkAnchor } from "~/components/RouteLink";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { useSaid } from "~/i18n/said";
import { Card } from "~/pages/home/Card";
import { progressOf, secondsLeft, shownJobs } from "~/pages/home/jobs";
import { isAtWork } from "~/pages/home/next-step";
import { home } from "~/pages/home/words";
import { nameOf } from "~/pages/jobs/filters";
import { LiveSign } from "~/pages/jobs/LiveSign";
import { useNow } from "~/pages/jobs/useNow";

type Job = Schemas["JobWire"];

const NUM_SHOWN = 6;

/** What runs, with its progress and when it will be ready, and the newest of what has ended. */
export function JobsCard({ jobs, live }: { jobs: readonly Job[] | undefined; live: LiveState }) {
  const say = useWords(home);
  const aside = <Group gap="sm"><LiveSign state={live} /><LinkAnchor to="/jobs" size="sm">{say.allJobs}</LinkAnchor></Group>;
  return (
    <Card id="jobs" title={say.jobs} aside={aside}>
      {jobs === undefined ? (
        <Stack gap="sm">{[0, 1, 2].map((each) => <Skeleton key={each} h={48} />)}</Stack>
      ) : jobs.length === 0 ? (
        <Group wrap="nowrap" align="flex-start" c="dimmed"><IconChartLine size={22} aria-hidden /><Text flex={1}>{say.noJobs}</Text></Group>
      ) : (
        <Stack gap={0} component="ul" m={0} p={0}>{shownJobs(jobs, NUM_SHOWN).map((job) => <JobRow key={job.id} job={job} />)}</Stack>
      )}
    </Card>
  );
}

function JobRow({ job }: { job: Job }) {
  const say = useWords(home);
  const format = useFormat();
  const said = useSaid();
  const progress = progressOf(job);
  return (
    <Stack component="li" gap={4} py="xs" className="row">
      <Group justify="space-between" wrap="nowrap" gap="sm">
        <LinkAnchor to="/jobs/$jobId" params={{ jobId: job.id }} fw={600} truncate miw={0} title={nameOf(job)}><bdi>{nameOf(job)}</bdi></LinkAnchor>
        <JobStatus status={job.status} />
      </Group>
      {isAtWork(job) && progress !== null && (
        <Progress.Root size="sm" transitionDuration={200}>
          <Progress.Section value={progress * 100} animated={job.status === "running"} aria-label={say.progressOf(nameOf(job))} />
        </Progress.Root>
      )}
      <Group justify="space-between" gap="sm">
        <Text size="sm" c="dimmed" truncate maw="100%">
          {isAtWork(job) && job.waiting_reason !== null ? said(job.waiting_reason) : job.total_steps && job.status !== "succeeded"
            ? say.step(format.count(job.step), format.count(job.total_steps))
            : <bdi>{job.model}</bdi>}
        </Text>
        {job.status === "running" ? <TimeLeft job={job} /> : (
          <Text size="sm" c="dimmed">{format.instant(job.finished_at ?? job.created_at)}</Text>
        )}
      </Group>
    </Stack>
  );
}

function TimeLeft({ job }: { job: Job }) {
  const say = useWords(home);
  const format = useFormat();
  const seconds = secondsLeft(job, useNow(1));
  if (seconds === null) return null;
  return <Text size="sm" c="dimmed" className="figures">{seconds < 1 ? say.almost : say.left(format.duration(seconds))}</Text>;
}
