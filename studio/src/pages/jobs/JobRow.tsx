import { Anchor, Checkbox, Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { memo, useEffect, useState } from "react";
import { Sparkline } from "~/chart/Sparkline";
import { JobStatus } from "~/components/JobStatus";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { pointsOf } from "./curves";
import { nameOf } from "./filters";
import { JobEnd, JobProgress } from "./JobProgress";
import { isFinal, type Job, metricsQuery } from "./queries";
import { listWords } from "./words";

type Props = { job: Job; index: number; isChosen: boolean; mayChoose: boolean; choose: (jobId: string, isChosen: boolean) => void };

export const JobRow = memo(function JobRow({ job, index, isChosen, mayChoose, choose }: Props) {
  const say = useWords(listWords);
  const format = useFormat();
  const name = nameOf(job);
  return (
    <div role="row" className="jobs-row" aria-rowindex={index + 2} aria-selected={isChosen}>
      <div role="cell" className="jobs-choose">
        <Checkbox
          size="sm" checked={isChosen} disabled={!isChosen && !mayChoose} aria-label={say.choose(name)}
          onChange={(event) => choose(job.id, event.currentTarget.checked)}
        />
      </div>
      <div role="cell" className="jobs-name">
        <Anchor fw={600} size="sm" truncate display="block" renderRoot={(root) => <Link {...root} to="/jobs/$jobId" params={{ jobId: job.id }} />}>
          <bdi>{name}</bdi>
        </Anchor>
        <Text size="xs" c="dimmed" truncate><bdi>{job.model}</bdi> · {format.instant(job.created_at)}</Text>
      </div>
      <div role="cell" className="jobs-status"><JobStatus status={job.status} /></div>
      <div role="cell" className="jobs-progress"><JobProgress job={job} /></div>
      <div role="cell" className="jobs-curve"><Curve job={job} /></div>
      <div role="cell" className="jobs-end"><Text size="xs" c="dimmed" component="span"><JobEnd job={job} /></Text></div>
    </div>
  );
});

const REST_MS = 200;
const AGAIN_MS = 10_000;

/** Asked for once the row has stood still for a moment: whoever scrolls past ten thousand rows asks for few. */
function Curve({ job }: { job: Job }) {
  const [rests, setRests] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setRests(true), REST_MS);
    return () => clearTimeout(timer);
  }, []);
  const curves = useQuery({
    ...metricsQuery(job.id, null, 60),
    enabled: rests && job.step > 0,
    staleTime: isFinal(job) ? Infinity : AGAIN_MS,
    refetchInterval: job.status === "running" ? AGAIN_MS : false,
  });
  if (job.step === 0) return null;
  if (curves.error) return <Text size="xs" c="dimmed" span>–</Text>;
  if (!curves.data) return <Skeleton width={120} height={24} animate={false} />;
  return <Sparkline points={pointsOf(curves.data, "train_loss")} />;
}
