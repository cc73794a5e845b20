import type uPlot from "uplot";
import { logMarks } from "~/chart/axis";
import { faint, ink, lineColour, lineDash, type Scheme } from "~/chart/palette";
import { joined, lowerBound, type Points, reduced, smoothed, within } from "~/chart/points";

/** One line of a chart. `style` chooses its colour and dashes. */
export type Line = {
  key: string;
  label: string;
  points: Points;
  style: number;
  /** Measured seldom: dots on the line. */
  isSparse?: boolean;
};

export type Range = readonly [first: number, last: number];

/** What a chart draws of a line: highest, lowest, mean, smoothed. */
const SERIES_A_LINE = 4;

/** The lines as uPlot wants them: one axis, and for each line highest, lowest, mean and smoothed. */
export function plotData(
  lines: readonly Line[], view: { range: Range; width: number; weight: number; unit: number; isLog: boolean },
): uPlot.AlignedData {
  const { range, width, weight, unit } = view;
  const drawn = lines.map((line) => {
    const soft = weight > 0 ? { ...line.points, mean: smoothed(line.points, weight, unit) } : line.points;
    const most = Math.max(60, Math.ceil(lines.length > 2 ? width / 2 : width));
    const plain = reduced(within(line.points, ...range), most);
    const smooth = weight > 0 ? reduced(within(soft, ...range), most) : plain;
    return { x: plain.x, ys: [plain.max, plain.min, plain.mean, smooth.mean] };
  });
  const { x, ys } = joined(drawn);
  // What is not above zero has no place on a logarithmic axis.
  return [x, ...(view.isLog ? ys.map((values) => values.map((value) => (value !== null && value > 0 ? value : null))) : ys)];
}

type Options = {
  lines: readonly Pick<Line, "style" | "label" | "isSparse">[];
  scheme: Scheme;
  width: number;
  height: number;
  isLog: boolean;
  hasBands: boolean;
  isSmoothed: boolean;
  syncKey: string;
  range: () => Range;
  formatTick: (x: number) => string;
  formatY: (y: number) => string;
  hear: { hover: (x: number | null) => void; zoom: (range: Range | null) => void };
};

export function plotOptions(options: Options): uPlot.Options {
  const { scheme, lines, isLog } = options;
  const colours = ink(scheme);
  const axis: uPlot.Axis = {
    stroke: colours.text, font: "12px system-ui, sans-serif", grid: { stroke: colours.grid, width: 1 }, ticks: { show: false },
  };
  return {
    width: options.width,
    height: options.height,
    legend: { show: false },
    padding: [10, 24, 0, 0],
    cursor: {
      y: false,
      drag: { x: true, y: false, setScale: false },
      sync: { key: options.syncKey, scales: ["x", null], filters: { pub: (type) => type === "mousemove" || type === "mouseleave" } },
      bind: { dblclick: () => () => (options.hear.zoom(null), null) },
      dataIdx: (plot, series, closest) => nearestWithValue(plot.data[series]!, closest),
      points: {
        size: 7,
        show: (_, series) => {
          const dot = document.createElement("div");
          if (series % SERIES_A_LINE !== 0) dot.hidden = true;
          return dot;
        },
      },
    },
    scales: { x: { time: false, range: () => [...options.range()] }, y: isLog ? { distr: 3, range: logRange } : {} },
    axes: [
      { ...axis, size: 30, values: (_, marks) => marks.map(options.formatTick), space: 70 },
      {
        ...axis, size: 58, values: (_, marks) => marks.map(options.formatY), space: 36,
        ...(isLog ? { splits: (_plot, _axis, low, high) => logMarks(low, high), filter: (_plot, marks) => marks } : {}),
      },
    ],
    series: [{}, ...lines.flatMap((line) => seriesOf(line, options))],
    bands: options.hasBands
      ? lines.map((line, index) => ({
          series: [1 + index * SERIES_A_LINE, 2 + index * SERIES_A_LINE] as [number, number], fill: faint(lineColour(scheme, line.style), "2e"),
        }))
      : [],
    hooks: {
      setCursor: [(plot) => options.hear.hover((plot.cursor.left ?? -1) < 0 ? null : plot.posToVal(plot.cursor.left!, "x"))],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < 6) return;
          const range: Range = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
          plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
          options.hear.zoom(range);
        },
      ],
    },
  };
}

function seriesOf(line: Options["lines"][number], options: Options): uPlot.Series[] {
  const colour = lineColour(options.scheme, line.style);
  const edge: uPlot.Series = { width: 0, stroke: "transparent", points: { show: false }, spanGaps: true };
  const shared = { spanGaps: true, dash: options.lines.length > 1 ? lineDash(line.style) : [] };
  const dots = { show: line.isSparse ?? false, size: 6, fill: colour } as uPlot.Series.Points;
  return [
    edge,
    edge,
    { ...shared, width: 1, stroke: faint(colour, "59"), show: options.isSmoothed && options.lines.length <= 2, points: { show: false } },
    { ...shared, label: line.label, width: 2, stroke: colour, points: dots },
  ];
}

/** Where a line has no value under the cursor, the nearest place where it has one. */
function nearestWithValue(values: ArrayLike<number | null | undefined>, at: number): number | null {
  for (let away = 0; away < values.length; away += 1) {
    if (values[at - away] != null) return at - away;
    if (values[at + away] != null) return at + away;
  }
  return null;
}

/** Unlike uPlot's own, not widened to whole powers of ten: a loss between 0.8 and 2.4 fills its picture. */
function logRange(_plot: uPlot, low: number | null, high: number | null): uPlot.Range.MinMax {
  if (low === null || high === null || !(high > 0)) return [0.1, 1];
  const bottom = low > 0 ? low : high / 1000;
  const air = Math.max((high / bottom) ** 0.06, 1.02);
  return [bottom / air, high * air];
}

/** What stands under the cursor: the point that covers `x`. */
export function pointAt(points: Points, x: number): number {
  if (points.x.length === 0) return -1;
  const right = lowerBound(points.x, x);
  if (points.x[right] === x) return right;
  return Math.max(0, right - 1);
}
