import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { root } from "~/pages/root";
import { listSearch } from "./filters";
import { compareSearch, jobSearch } from "./search";

export const routes = [
  createRoute({
    getParentRoute: () => root, path: "/jobs", validateSearch: listSearch,
    component: lazyRouteComponent(() => import("~/pages/jobs/JobsPage"), "JobsPage"),
  }),
  createRoute({
    getParentRoute: () => root, path: "/jobs/compare", validateSearch: compareSearch,
    component: lazyRouteComponent(() => import("~/pages/jobs/ComparePage"), "ComparePage"),
  }),
  createRoute({
    getParentRoute: () => root, path: "/jobs/$jobId", validateSearch: jobSearch,
    component: lazyRouteComponent(() => import("~/pages/jobs/JobPage"), "JobPage"),
  }),
];
