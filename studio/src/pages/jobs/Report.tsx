import { Button, Group, Stack, Text, Title } from "@mantine/core";
import { IconPrinter } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { Chart, type View } from "~/chart/Chart";
import type { Line } from "~/chart/plot";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { Certificates } from "./Certificates";
import { CheckpointTable } from "./Checkpoints";
import { pointsOf } from "./curves";
import { nameOf } from "./filters";
import { jobWords } from "./jobWords";
import { Lineage } from "./Lineage";
import { checkpointsQuery, type Job, metricsQuery } from "./queries";
import { SettingTable } from "./Settings";
import { ValidationFigures, ValidationNote } from "./ValidationNote";

/** All of a job on one page, made to be printed. */
export function Report({ job }: { job: Job }) {
  const say = useWords(jobWords);
  const checkpoints = useInfiniteQuery(checkpointsQuery(job.id)).data?.pages.flatMap(({ data }) => data) ?? [];
  return (
    <Stack gap="xl">
      <Group justify="space-between">
        <div>
          <Title order={2} size="h3">{say.reportOf(nameOf(job))}</Title>
          <Text size="sm" c="dimmed">{say.reportText}</Text>
        </div>
        <Button className="no-print" leftSection={<IconPrinter size={16} aria-hidden />} onClick={() => window.print()}>{say.print}</Button>
      </Group>
      <Lineage job={job} />
      <ValidationNote job={job} />
      <Loss job={job} />
      <Certificates jobId={job.id} />
      {checkpoints.length > 0 && (
        <section>
          <Title order={2} size="h4" mb="xs">{say.tabs.checkpoints}</Title>
          <CheckpointTable job={job} checkpoints={checkpoints} />
        </section>
      )}
      <section>
        <Title order={2} size="h4" mb="xs">{say.tabs.settings}</Title>
        <SettingTable job={job} />
      </section>
    </Stack>
  );
}

const NO_ZOOM = () => {};

function Loss({ job }: { job: Job }) {
  const say = useWords(jobWords);
  const format = useFormat();
  const curves = useQuery({ ...metricsQuery(job.id), enabled: job.step > 0 }).data;
  const formatX = useCallback((x: number) => say.stepAt(format.count(x)), [say, format]);
  const lines = useMemo<Line[]>(
    () =>
      [
        { key: "train", label: say.train, points: pointsOf(curves, "train_loss"), style: 0 },
        { key: "valid", label: say.valid, points: pointsOf(curves, "valid_loss"), style: 1, isSparse: pointsOf(curves, "valid_loss").x.length <= 60 },
      ].filter(({ points }) => points.x.length > 0),
    [curves, say],
  );
  const view = useMemo<View | undefined>(
    () => curves && { range: [curves.firstStep, Math.max(curves.lastStep, curves.firstStep + 1)], smoothing: 0.6, unit: Math.max(1, curves.lastStep / 1000), isLog: false },
    [curves],
  );
  if (!view || lines.length === 0) return null;
  return (
    <div>
      <Chart title={say.loss} lines={lines} view={view} height={240} syncKey="report" formatX={formatX} zoom={NO_ZOOM} />
      <ValidationFigures job={job} />
    </div>
  );
}
