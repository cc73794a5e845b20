/** What stands in the addresses of a job's page and of the comparison, so that a link shows what its sender saw. */

export const TABS = ["overview", "checkpoints", "events", "settings", "report"] as const;
export type Tab = (typeof TABS)[number];

/** `smooth` in hundredths; `from` and `to` are steps. */
export type CurveSearch = { smooth?: number; log?: boolean; from?: number; to?: number };
export type JobSearch = CurveSearch & { tab?: Tab; find?: string; level?: "warn" | "error"; steps?: boolean };

export const COMPARED = ["train_loss", "valid_loss", "train_mean_token_accuracy", "valid_mean_token_accuracy", "learning_rate", "grad_norm", "tokens_per_second"] as const;
export type Compared = (typeof COMPARED)[number];
export type CompareSearch = CurveSearch & { jobs?: string; figure?: Compared | "all"; align?: "share"; all?: boolean };

export function jobSearch(raw: Record<string, unknown>): JobSearch {
  const search: JobSearch = curveSearch(raw);
  const tab = TABS.find((each) => each === raw.tab);
  if (tab && tab !== "overview") search.tab = tab;
  if (typeof raw.find === "string" || typeof raw.find === "number") search.find = String(raw.find);
  if (raw.level === "warn" || raw.level === "error") search.level = raw.level;
  if (raw.steps === true) search.steps = true;
  return search;
}

export function compareSearch(raw: Record<string, unknown>): CompareSearch {
  const search: CompareSearch = curveSearch(raw);
  if (typeof raw.jobs === "string") search.jobs = raw.jobs;
  const figure = COMPARED.find((each) => each === raw.figure);
  if (raw.figure === "all") search.figure = "all";
  else if (figure && figure !== "train_loss") search.figure = figure;
  if (raw.align === "share") search.align = "share";
  if (raw.all === true) search.all = true;
  return search;
}

function curveSearch(raw: Record<string, unknown>): CurveSearch {
  const search: CurveSearch = {};
  if (typeof raw.smooth === "number" && raw.smooth >= 0 && raw.smooth < 100) search.smooth = Math.round(raw.smooth);
  if (raw.log === true) search.log = true;
  if (typeof raw.from === "number" && typeof raw.to === "number" && raw.to > raw.from) {
    search.from = raw.from;
    search.to = raw.to;
  }
  return search;
}

export const SMOOTHING = 80;

/** The slider's hundredths as the weight that is kept: 60 → 0.6, and the last ones ever finer. */
export function weightOf(smooth: number | undefined): number {
  return Math.min((smooth ?? SMOOTHING) / 100, 0.995);
}
