import { Group, SegmentedControl, Select, Stack, Text } from "@mantine/core";
import { useCallback, useMemo } from "react";
import { shortNumber } from "~/chart/axis";
import { Chart, type View } from "~/chart/Chart";
import type { Line, Range } from "~/chart/plot";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { byShare } from "./compare";
import { compareWords } from "./compareWords";
import { CurveControls } from "./CurveControls";
import { type Curves, pointsOf } from "./curves";
import { namesOf } from "./filters";
import { jobWords } from "./jobWords";
import type { Job } from "./queries";
import { COMPARED, type Compared, type CompareSearch, weightOf } from "./search";

type Props = {
  jobs: readonly Job[];
  curves: readonly (Curves | undefined)[];
  search: CompareSearch;
  change: (next: Partial<CompareSearch>) => void;
};

/** One figure of all jobs over one another, or all figures as small charts. */
export function CompareCurves({ jobs, curves, search, change }: Props) {
  const say = useWords(compareWords);
  const figure = search.figure ?? "train_loss";
  const isShare = search.align === "share";
  const shown = figure === "all" ? COMPARED : [figure];
  return (
    <Stack gap="md">
      <Group gap="lg" align="flex-end">
        <Select
          label={say.figure} w={200} allowDeselect={false} value={figure} data={[...COMPARED, "all" as const].map((value) => ({ value, label: say.figures[value] }))}
          onChange={(value) => change({ figure: value === "train_loss" ? undefined : (value as Compared | "all") })}
        />
        <Stack gap={4}>
          <Text size="sm" id="align">{say.align}</Text>
          <SegmentedControl
            aria-labelledby="align" value={isShare ? "share" : "step"} data={[{ value: "step", label: say.byStep }, { value: "share", label: say.byShare }]}
            onChange={(value) => change({ align: value === "share" ? "share" : undefined, from: undefined, to: undefined })}
          />
        </Stack>
        <CurveControls search={search} change={change} />
      </Group>
      <div className={shown.length > 1 ? "jobs-curves-even" : undefined}>
        {shown.map((each) => <One key={each} figure={each} isSmall={shown.length > 1} {...{ jobs, curves, search, change }} />)}
      </div>
    </Stack>
  );
}

function One({ figure, isSmall, jobs, curves, search, change }: Props & { figure: Compared; isSmall: boolean }) {
  const say = useWords(compareWords);
  const sayStep = useWords(jobWords).stepAt;
  const format = useFormat();
  const isShare = search.align === "share";
  const lines = useMemo(() => linesOf(figure, jobs, curves, isShare), [figure, isShare, ...jobs, ...curves]);
  const last = isShare ? 100 : Math.max(1, ...lines.map(({ points }) => points.x.at(-1) ?? 1));
  const [from, to] = [search.from ?? 0, search.to ?? last];
  const isLog = (search.log ?? false) && !figure.includes("accuracy");
  const weight = figure === "learning_rate" || figure.startsWith("valid") ? 0 : weightOf(search.smooth);
  const view = useMemo<View>(() => ({ range: [from, to], smoothing: weight, unit: last / 1000 < 1 && !isShare ? 1 : last / 1000, isLog }), [from, to, weight, last, isLog, isShare]);
  const formatX = useCallback((x: number) => (isShare ? say.shareAt(shortNumber(x)) : sayStep(format.count(x))), [isShare, say, sayStep, format]);
  const formatY = useCallback((value: number) => (figure.includes("accuracy") ? format.percent(value) : shortNumber(value)), [figure, format]);
  const zoom = useCallback((range: Range | null) => change(range ? { from: round(range[0]), to: round(range[1]) } : { from: undefined, to: undefined }), [change]);
  if (lines.length === 0) return isSmall ? null : <Text c="dimmed" ta="center" py="xl">{say.noValues}</Text>;
  return <Chart title={say.figures[figure]} lines={lines} view={view} height={isSmall ? 200 : 380} syncKey="compare" formatX={formatX} formatTick={isShare ? percentTick : undefined} formatY={formatY} zoom={zoom} />;
}

function linesOf(figure: Compared, jobs: readonly Job[], curves: readonly (Curves | undefined)[], isShare: boolean): Line[] {
  const names = namesOf(jobs);
  return jobs.flatMap((job, style) => {
    const own = curves[style];
    const points = pointsOf(own, figure);
    if (points.x.length === 0) return [];
    const total = job.total_steps ?? own?.lastStep ?? 0;
    return [{ key: job.id, label: names[style]!, points: isShare ? byShare(points, total) : points, style, isSparse: points.x.length <= 60 && figure.startsWith("valid") }];
  });
}

function percentTick(value: number): string {
  return `${shortNumber(value)}%`;
}

function round(value: number): number {
  return Math.max(0, Number(value.toFixed(2)));
}
