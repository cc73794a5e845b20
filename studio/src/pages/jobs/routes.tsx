import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { root } from "~/pages/root";
import { only } from "~/pages/search";
import { listSearch } from "./filters";
import { compareSearch, jobSearch } from "./search";

export const routes = [
  createRoute({
    getParentRoute: () => root, path: "/jobs", validateSearch: only(listSearch),
    component: lazyRouteComponent(() => import("~/pages/jobs/JobsPage"), "JobsPage"),
  }),
  createRoute({
    getParentRoute: () => root, path: "/jobs/compare", validateSearch: only(compareSearch),
    component: lazyRouteComponent(() => import("~/pages/jobs/ComparePage"), "ComparePage"),
  }),
  createRoute({
    getParentRoute: () => root, path: "/jobs/$jobId", validateSearch: only(jobSearch),
    component: lazyRouteComponent(() => import("~/pages/jobs/JobPage"), "JobPage"),
  }),
];
