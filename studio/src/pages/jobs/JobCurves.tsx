import { Stack } from "@mantine/core";
import { IconChartLine } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { Chart, type View } from "~/chart/Chart";
import type { Line, Range } from "~/chart/plot";
import { Empty } from "~/components/Empty";
import { Failed } from "~/components/Failed";
import { Loading } from "~/components/Loading";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { CurveControls } from "./CurveControls";
import { closerCurves, type Curves, type Figure, pointsOf } from "./curves";
import { jobWords } from "./jobWords";
import { isFinal, type Job, metricsQuery } from "./queries";
import { type CurveSearch, weightOf } from "./search";

type Props = { job: Job; search: CurveSearch; change: (next: CurveSearch) => void };

/** All figures over the steps, one chart each, with one cursor and one zoom. A part that is looked at closer is asked for anew. */
export function JobCurves({ job, search, change }: Props) {
  const say = useWords(jobWords);
  const whole = useQuery({ ...metricsQuery(job.id), enabled: job.step > 0 || job.status === "running" });
  const zoom = useZoom(search, change);
  const closer = useQuery({ ...metricsQuery(job.id, zoom.range), enabled: zoom.range !== null, staleTime: Infinity });
  const curves = useMemo(
    () => (whole.data && zoom.range && closer.data ? closerCurves(whole.data, closer.data, zoom.range) : whole.data),
    [whole.data, closer.data, zoom.range],
  );
  if (whole.error && !whole.data) return <Failed error={whole.error} retry={() => void whole.refetch()} />;
  if (whole.isLoading) return <Loading />;
  if (!whole.data || whole.data.numSteps === 0 || !curves) {
    return <Empty icon={IconChartLine} title={isFinal(job) ? say.noCurvesEver : say.noCurves} text={say.noCurvesText} />;
  }
  const { firstStep, lastStep } = whole.data;
  return (
    <Stack gap="md" component="section" aria-label={say.curves}>
      <CurveControls search={search} change={change} first={firstStep} last={lastStep} />
      {closer.error && zoom.range ? <Failed error={closer.error} retry={() => void closer.refetch()} /> : null}
      <Charts curves={curves} range={zoom.range ?? [firstStep, Math.max(lastStep, firstStep + 1)]} steps={lastStep - firstStep} search={search} zoom={zoom.set} />
    </Stack>
  );
}

/** The range of the address, in whole steps. */
export function useZoom(search: CurveSearch, change: (next: CurveSearch) => void) {
  const { from, to } = search;
  const range = useMemo<[number, number] | null>(() => (from === undefined || to === undefined ? null : [from, to]), [from, to]);
  const set = useCallback(
    (next: Range | null) => {
      if (next === null) return change({ from: undefined, to: undefined });
      const [first, last] = [Math.max(0, Math.floor(next[0])), Math.ceil(next[1])];
      if (last - first >= 1) change({ from: first, to: last });
    },
    [change],
  );
  return { range, set };
}

type ChartsProps = { curves: Curves; range: readonly [number, number]; steps: number; search: CurveSearch; zoom: (range: Range | null) => void };

function Charts({ curves, range, steps, search, zoom }: ChartsProps) {
  const say = useWords(jobWords);
  const format = useFormat();
  const [first, last] = range;
  const weight = weightOf(search.smooth);
  const isLog = search.log ?? false;
  const views = useMemo(() => {
    const view = (log: boolean, smoothing: number): View => ({ range: [first, last], smoothing, unit: Math.max(1, steps / 1000), isLog: log });
    return { plain: view(false, weight), log: view(isLog, weight), rough: view(isLog, 0) };
  }, [first, last, steps, weight, isLog]);
  const lines = useMemo(() => {
    const line = (figure: Figure, label: string, style: number): Line[] => {
      const points = pointsOf(curves, figure);
      return points.x.length === 0 ? [] : [{ key: figure, label, points, style, isSparse: style === 1 && points.x.length <= 60 }];
    };
    return {
      loss: [...line("train_loss", say.train, 0), ...line("valid_loss", say.valid, 1)],
      accuracy: [...line("train_mean_token_accuracy", say.train, 0), ...line("valid_mean_token_accuracy", say.valid, 1)],
      rate: line("learning_rate", say.learningRate, 2),
      norm: line("grad_norm", say.gradNorm, 3),
      throughput: line("tokens_per_second", say.throughput, 4),
    };
  }, [curves, say]);
  const formatX = useCallback((x: number) => say.stepAt(format.count(x)), [say, format]);
  const percent = useCallback((value: number) => format.percent(value), [format]);
  const shared = { syncKey: "job", formatX, zoom };
  return (
    <div className="jobs-curves">
      <Chart {...shared} title={say.loss} lines={lines.loss} view={views.log} height={300} />
      <Chart {...shared} title={say.accuracy} lines={lines.accuracy} view={views.plain} formatY={percent} />
      <Chart {...shared} title={say.learningRate} lines={lines.rate} view={views.rough} />
      <Chart {...shared} title={say.gradNorm} lines={lines.norm} view={views.log} />
      <Chart {...shared} title={say.throughput} lines={lines.throughput} view={views.plain} />
    </div>
  );
}
