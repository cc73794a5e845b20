import type { Schemas } from "~/api/client";
import { appended, NO_POINTS, type Points, reduced } from "~/chart/points";

export type Figure = Schemas["SeriesWire"]["name"];
/** A step as the live stream tells it; what was not measured is null or absent. */
export type StepRow = { step: number } & { [figure in Figure]?: number | null };

/** A job's figures, each over the steps. */
export type Curves = {
  readonly figures: { readonly [figure in Figure]?: Points };
  readonly firstStep: number;
  readonly lastStep: number;
  readonly numSteps: number;
};

export const FIGURES = [
  "train_loss", "valid_loss", "train_mean_token_accuracy", "valid_mean_token_accuracy", "learning_rate", "grad_norm", "tokens_per_second",
] as const satisfies readonly Figure[];

/** As many points as the server is asked for: about one a pixel of a wide window. */
export const ASKED_POINTS = 1_200;
/** More than this are thinned out again, so that a page that is open for days stays quick. */
const MOST_POINTS = 2 * ASKED_POINTS;

export function curvesOf(wire: Schemas["JobMetricsWire"]): Curves {
  const figures: { [figure in Figure]?: Points } = {};
  for (const { name, steps, mean, min, max } of wire.series) figures[name] = { x: steps, mean, min, max };
  return { figures, firstStep: wire.first_step, lastStep: wire.last_step, numSteps: wire.num_steps };
}

export function pointsOf(curves: Curves | undefined, figure: Figure): Points {
  return curves?.figures[figure] ?? NO_POINTS;
}

/**
 * A part that was asked for anew. Figures that are measured seldom are taken from the whole job where the part tells no
 * more of them: there they have neighbours on either side, to which a line can be drawn.
 */
export function closerCurves(whole: Curves, part: Curves, range: readonly [number, number]): Curves {
  const figures: { [figure in Figure]?: Points } = {};
  for (const figure of FIGURES) {
    const all = pointsOf(whole, figure);
    const own = pointsOf(part, figure);
    const known = all.x.filter((step) => step >= range[0] && step <= range[1]).length;
    figures[figure] = known >= own.x.length ? all : own;
  }
  return { ...part, figures };
}

/** With the steps that came since. */
export function withRows(curves: Curves, rows: readonly StepRow[]): Curves {
  const fresh = rows.filter(({ step }) => step > curves.lastStep || curves.numSteps === 0);
  if (fresh.length === 0) return curves;
  const figures: { [figure in Figure]?: Points } = { ...curves.figures };
  for (const figure of FIGURES) {
    const values = fresh.flatMap((row) => {
      const value = row[figure];
      return typeof value === "number" ? [[row.step, value] as const] : [];
    });
    if (values.length === 0) continue;
    const grown = appended(figures[figure] ?? NO_POINTS, values);
    figures[figure] = grown.x.length > MOST_POINTS ? reduced(grown, ASKED_POINTS) : grown;
  }
  const steps = fresh.map(({ step }) => step);
  return {
    figures,
    firstStep: curves.numSteps === 0 ? Math.min(...steps) : curves.firstStep,
    lastStep: Math.max(...steps, curves.lastStep),
    numSteps: curves.numSteps + fresh.length,
  };
}

/** Whether steps are missing between what is known and what came. */
export function hasGap(curves: Curves, rows: readonly StepRow[]): boolean {
  const next = rows.find(({ step }) => step > curves.lastStep);
  return next !== undefined && next.step > curves.lastStep + 1;
}

/** What a step's figure is at its lowest (or highest), and where: of a slice the value is exact, the step its first. */
export function best(points: Points, kind: "lowest" | "highest"): { step: number; value: number } | null {
  const values = kind === "lowest" ? points.min : points.max;
  let found: { step: number; value: number } | null = null;
  values.forEach((value, index) => {
    if (!found || (kind === "lowest" ? value < found.value : value > found.value)) found = { step: points.x[index]!, value };
  });
  return found;
}

/** The mean of the last share of the steps: single steps jump about too much to be compared. */
export function ending(points: Points, share = 0.05): number | null {
  const last = points.x.at(-1);
  if (last === undefined) return null;
  const from = last - (last - points.x[0]!) * share;
  const chosen = points.mean.filter((_, index) => points.x[index]! >= from);
  return chosen.reduce((sum, value) => sum + value, 0) / chosen.length;
}
