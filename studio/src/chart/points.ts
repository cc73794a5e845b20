/**
 * One figure over the steps. A point stands for the steps from its own up to the next point's: their mean, lowest and
 * highest. The four lists are of one length, `x` ascending.
 */
export type Points = {
  readonly x: readonly number[];
  readonly mean: readonly number[];
  readonly min: readonly number[];
  readonly max: readonly number[];
};

export const NO_POINTS: Points = { x: [], mean: [], min: [], max: [] };

/** How many steps a point stands for; the last one, as many as the one before it. */
function span(x: readonly number[], index: number): number {
  const next = x[index + 1];
  if (next !== undefined) return next - x[index]!;
  return index > 0 ? x[index]! - x[index - 1]! : 1;
}

/** The index of the first value that is not below `at`. */
export function lowerBound(x: readonly number[], at: number): number {
  let low = 0;
  let high = x.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle]! < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The index of the nearest value; -1 where there is none. */
export function nearest(x: readonly number[], at: number): number {
  if (x.length === 0) return -1;
  const right = lowerBound(x, at);
  if (right === 0) return 0;
  if (right === x.length) return x.length - 1;
  return at - x[right - 1]! <= x[right]! - at ? right - 1 : right;
}

/**
 * A running mean that forgets, without the pull to zero at its start. `weight` (0 to below 1) is what is kept over `unit`
 * steps, so that a curve looks the same however many steps one of its points stands for.
 */
export function smoothed(points: Points, weight: number, unit = 1): readonly number[] {
  if (weight <= 0) return points.mean;
  const result = new Array<number>(points.x.length);
  let sum = 0;
  let share = 0;
  for (let index = 0; index < points.x.length; index += 1) {
    const gap = index === 0 ? unit : points.x[index]! - points.x[index - 1]!;
    const kept = weight ** Math.max(gap / unit, 1e-9);
    sum = sum * kept + points.mean[index]! * (1 - kept);
    share = share * kept + (1 - kept);
    result[index] = share > 0 ? sum / share : points.mean[index]!;
  }
  return result;
}

/** The points of a range with one neighbour on either side, so that a line goes on to the picture's edge. */
export function within(points: Points, first: number, last: number): Points {
  const from = Math.max(0, lowerBound(points.x, first) - 1);
  const to = Math.min(points.x.length, lowerBound(points.x, last) + 1);
  if (from === 0 && to === points.x.length) return points;
  return {
    x: points.x.slice(from, to), mean: points.mean.slice(from, to), min: points.min.slice(from, to), max: points.max.slice(from, to),
  };
}

/** At most about `most` points, in slices of equal width: means weighted by steps, the lowest and the highest kept. */
export function reduced(points: Points, most: number): Points {
  const { length } = points.x;
  if (length <= most || most < 1) return points;
  const first = points.x[0]!;
  const width = (points.x[length - 1]! - first) / most || 1;
  const result = { x: [] as number[], mean: [] as number[], min: [] as number[], max: [] as number[] };
  let slice = -1;
  let sum = 0;
  let steps = 0;
  for (let index = 0; index < length; index += 1) {
    const of = Math.min(most - 1, Math.floor((points.x[index]! - first) / width));
    const weight = span(points.x, index);
    const last = result.x.length - 1;
    if (of === slice) {
      sum += points.mean[index]! * weight;
      steps += weight;
      result.mean[last] = sum / steps;
      if (points.min[index]! < result.min[last]!) result.min[last] = points.min[index]!;
      if (points.max[index]! > result.max[last]!) result.max[last] = points.max[index]!;
    } else {
      slice = of;
      sum = points.mean[index]! * weight;
      steps = weight;
      result.x.push(points.x[index]!);
      result.mean.push(points.mean[index]!);
      result.min.push(points.min[index]!);
      result.max.push(points.max[index]!);
    }
  }
  return result;
}

/** With further steps' values behind those that are there; what is not later than the last one is known already. */
export function appended(points: Points, rows: readonly (readonly [x: number, value: number])[]): Points {
  let latest = points.x.at(-1) ?? -Infinity;
  const fresh = rows.filter(([x, value]) => {
    if (!(x > latest) || !Number.isFinite(value)) return false;
    latest = x;
    return true;
  });
  if (fresh.length === 0) return points;
  const values = fresh.map(([, value]) => value);
  return {
    x: [...points.x, ...fresh.map(([x]) => x)], mean: [...points.mean, ...values], min: [...points.min, ...values],
    max: [...points.max, ...values],
  };
}

/** The lines' values on one common axis, with null where a line has none: what uPlot draws. */
export function joined(lines: readonly { x: readonly number[]; ys: readonly (readonly number[])[] }[]): {
  x: number[];
  ys: (number | null)[][];
} {
  const [only] = lines;
  if (only && lines.length === 1) return { x: [...only.x], ys: only.ys.map((y) => [...y]) };
  const x = [...new Set(lines.flatMap((line) => line.x))].sort((a, b) => a - b);
  const ys = lines.flatMap((line) => {
    const rows = line.ys.map(() => new Array<number | null>(x.length).fill(null));
    let at = 0;
    line.x.forEach((value, index) => {
      while (x[at]! < value) at += 1;
      rows.forEach((row, which) => {
        row[at] = line.ys[which]![index]!;
      });
    });
    return rows;
  });
  return { x, ys };
}
