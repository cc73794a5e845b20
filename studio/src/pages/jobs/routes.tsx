import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { root } from "~/pages/root";

export const routes = [
  createRoute({ getParentRoute: () => root, path: "/jobs", component: lazyRouteComponent(() => import("~/pages/jobs/JobsPage"), "JobsPage") }),
];
