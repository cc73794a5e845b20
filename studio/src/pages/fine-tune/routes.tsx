import { createRoute } from "@tanstack/react-router";
import { type Step, STEPS } from "~/pages/fine-tune/draft";
import { lazyPage } from "~/pages/lazyPage";
import { root } from "~/pages/root";
import { only } from "~/pages/search";

/** `step` names what is shown; the others are taken into the setup when the page is opened, and leave the address. */
export type FineTuneSearch = { step?: Step; model?: string; training_file?: string; from_job?: string };

export function fineTuneSearch(raw: Record<string, unknown>): FineTuneSearch {
  const search: FineTuneSearch = {};
  const step = STEPS.find((each) => each === raw.step);
  if (step) search.step = step;
  for (const name of ["model", "training_file", "from_job"] as const) {
    const value = raw[name];
    if (typeof value === "string" && value !== "") search[name] = value.slice(0, 300);
  }
  return search;
}

export const routes = [
  createRoute({
    getParentRoute: () => root, path: "/fine-tune", validateSearch: only(fineTuneSearch),
    component: lazyPage(() => import("~/pages/fine-tune/FineTunePage"), "FineTunePage"),
  }),
];
