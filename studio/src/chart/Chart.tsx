import "uplot/dist/uPlot.min.css";
import "~/chart/chart.css";
import { Button, Group, Stack, Text, Title, useComputedColorScheme } from "@mantine/core";
import { IconTable } from "@tabler/icons-react";
import { memo, useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import { shortNumber } from "~/chart/axis";
import { lineColour, lineDash } from "~/chart/palette";
import { type Line, plotData, plotOptions, pointAt, type Range } from "~/chart/plot";
import { PointsTable } from "~/chart/PointsTable";
import { chartWords } from "~/chart/words";
import { useWords } from "~/i18n/language";

export type View = {
  /** What the horizontal axis covers. */
  range: Range;
  /** How much of a smoothed line is kept over `unit` steps, 0 to below 1. */
  smoothing: number;
  unit: number;
  isLog: boolean;
};

type Props = {
  title: string;
  lines: readonly Line[];
  view: View;
  height?: number;
  /** Charts of one key move their cursors together. */
  syncKey: string;
  formatX: (x: number) => string;
  /** The same beside the axis, shorter. */
  formatTick?: (x: number) => string;
  formatY?: (y: number) => string;
  /** A range that somebody dragged over; null for all of it again. */
  zoom: (range: Range | null) => void;
};

/** Lines over steps: what is under the cursor stands above the picture; the same figures as a table on demand. */
export const Chart = memo(function Chart(props: Props) {
  const say = useWords(chartWords);
  const [isTable, setTable] = useState(false);
  const { title, lines, view, formatX, formatY = shortNumber } = props;
  const readout = useRef<HTMLDivElement>(null);
  const formatAt = useMemo(() => (x: number | null) => (x === null ? say.last : formatX(Math.max(0, x))), [say, formatX]);
  const hover = useReadout(readout, lines, formatAt, formatY);
  return (
    <Stack gap={4} component="section" aria-label={title} miw={0}>
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Title order={2} size="h5">{title}</Title>
        <Button
          size="compact-xs" variant="subtle" color="gray" leftSection={<IconTable size={14} aria-hidden />} aria-pressed={isTable}
          onClick={() => setTable(!isTable)} className="no-print"
        >
          {isTable ? say.asChart : say.asTable}
        </Button>
      </Group>
      {isTable ? (
        <PointsTable title={title} lines={lines} formatX={formatX} formatY={formatY} />
      ) : (
        <>
          <Readout ref={readout} lines={lines} isSmoothed={view.smoothing > 0} />
          <Plot {...props} hover={hover} label={describe(title, lines, view.range, say, formatX, formatY)} />
        </>
      )}
    </Stack>
  );
});

function describe(
  title: string, lines: readonly Line[], [first, last]: Range, say: (typeof chartWords)["en"], formatX: (x: number) => string,
  formatY: (y: number) => string,
): string {
  const said = lines.flatMap(({ label, points: { mean } }) =>
    mean.length === 0 ? [] : [say.fromTo(label, formatY(mean[0]!), formatY(mean.at(-1)!))],
  );
  return [say.chartOf(title, formatX(Math.round(first)), formatX(Math.round(last))), ...said].join(" ");
}

/** Written past React: it changes with every movement of the mouse. */
function useReadout(
  place: React.RefObject<HTMLDivElement | null>, lines: readonly Line[], formatAt: (x: number | null) => string, formatY: (y: number) => string,
) {
  const latest = useRef({ lines, formatAt, formatY });
  latest.current = { lines, formatAt, formatY };
  const under = useRef<number | null>(null);
  const write = useMemo(
    () => (x: number | null) => {
      under.current = x;
      const root = place.current;
      if (!root) return;
      const now = latest.current;
      put(root.querySelector("[data-x]"), now.formatAt(x));
      now.lines.forEach(({ points }, index) => {
        const at = x === null ? points.x.length - 1 : pointAt(points, x);
        const target = root.querySelector(`[data-line="${index}"]`);
        if (at < 0) return put(target, "–");
        const [low, high] = [points.min[at]!, points.max[at]!];
        const spread = x !== null && high > low ? ` (${now.formatY(low)} – ${now.formatY(high)})` : "";
        put(target, `${now.formatY(points.mean[at]!)}${spread}`);
      });
    },
    [place],
  );
  useEffect(() => write(under.current), [write, lines, formatAt, formatY]);
  return write;
}

function put(element: Element | null, text: string) {
  if (element && element.textContent !== text) element.textContent = text;
}

/** The values are those that were measured, also where the line is drawn smoothed. */
function Readout({ lines, isSmoothed, ref }: { lines: readonly Line[]; isSmoothed: boolean; ref: React.RefObject<HTMLDivElement | null> }) {
  const scheme = useComputedColorScheme("light");
  const say = useWords(chartWords);
  return (
    <div ref={ref} className="chart-readout" aria-hidden>
      {lines.map((line, index) => (
        <span key={line.key} className="chart-readout-line">
          <svg width="22" height="8">
            <line
              x1="1" x2="21" y1="4" y2="4" stroke={lineColour(scheme, line.style)} strokeWidth="2.5"
              strokeDasharray={lines.length > 1 ? lineDash(line.style).join(" ") : undefined}
            />
          </svg>
          <Text span size="xs" c="dimmed" truncate maw={260}><bdi>{line.label}</bdi></Text>
          <Text span size="xs" fw={600} data-line={index} className="chart-value" />
        </span>
      ))}
      <span className="chart-readout-x"><Text span size="xs" c="dimmed">{say.at} </Text><Text span size="xs" fw={600} data-x />{isSmoothed && <Text span size="xs" c="dimmed"> {say.raw}</Text>}</span>
    </div>
  );
}

function Plot({
  lines, view, height = 220, syncKey, formatTick = shortNumber, formatY = shortNumber, zoom, hover, label,
}: Props & { hover: (x: number | null) => void; label: string }) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const width = useWidth(host);
  const scheme = useComputedColorScheme("light");
  const { range, smoothing, unit, isLog } = view;
  const latest = useRef({ range, formatTick, formatY, hover, zoom });
  latest.current = { range, formatTick, formatY, hover, zoom };
  const shape = JSON.stringify(lines.map(({ key, label, style, isSparse }) => [key, label, style, isSparse ?? false]));
  const [first, last] = range;

  const data = useMemo(
    () => (width === 0 ? null : plotData(lines, { range: [first, last], width, weight: smoothing, unit, isLog })),
    [lines, first, last, width, smoothing, unit, isLog],
  );
  const drawn = useRef(data);
  drawn.current = data;
  const isReady = width > 0;
  useEffect(() => {
    const place = host.current;
    if (!place || !isReady || !drawn.current) return;
    const made = new uPlot(
      plotOptions({
        lines: (JSON.parse(shape) as [string, string, number, boolean][]).map(([, name, style, isSparse]) => ({ label: name, style, isSparse })),
        scheme, width: place.clientWidth, height, isLog, hasBands: shape.length > 0, isSmoothed: smoothing > 0, syncKey,
        range: () => latest.current.range, formatTick: (x) => latest.current.formatTick(x),
        formatY: (y) => latest.current.formatY(y),
        hear: { hover: (x) => latest.current.hover(x), zoom: (next) => latest.current.zoom(next) },
      }),
      drawn.current,
      place,
    );
    plot.current = made;
    return () => {
      plot.current = null;
      made.destroy();
    };
  }, [shape, scheme, height, isLog, smoothing > 0, syncKey, isReady]);
  useEffect(() => {
    if (width > 0) plot.current?.setSize({ width, height });
  }, [width, height]);
  useEffect(() => {
    if (data) plot.current?.setData(data);
  }, [data]);
  return <div ref={host} role="img" aria-label={label} className="chart-host" style={{ height }} />;
}

function useWidth(place: React.RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    setWidth(element.clientWidth);
    const watch = new ResizeObserver(() => setWidth(element.clientWidth));
    watch.observe(element);
    return () => watch.disconnect();
  }, [place]);
  return width;
}
