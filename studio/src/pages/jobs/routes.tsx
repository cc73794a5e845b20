import { createRoute } from "@tanstack/react-router";
import { lazyPage } from "~/pages/lazyPage";
import { root } from "~/pages/root";
import { only } from "~/pages/search";
import { listSearch } from "./filters";
import { compareSearch, jobSearch } from "./search";

export const routes = [
  createRoute({
    getParentRoute: () => root, path: "/jobs", validateSearch: only(listSearch),
    component: lazyPage(() => import("~/pages/jobs/JobsPage"), "JobsPage"),
  }),
  createRoute({
    getParentRoute: () => root, path: "/jobs/compare", validateSearch: only(compareSearch),
    component: lazyPage(() => import("~/pages/jobs/ComparePage"), "ComparePage"),
  }),
  createRoute({
    getParentRoute: () => root, path: "/jobs/$jobId", validateSearch: only(jobSearch),
    component: lazyPage(() => import("~/pages/jobs/JobPage"), "JobPage"),
  }),
];
