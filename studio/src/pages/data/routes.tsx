import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { root } from "~/pages/root";

export const routes = [
  createRoute({ getParentRoute: () => root, path: "/data", component: lazyRouteComponent(() => import("~/pages/data/DataPage"), "DataPage") }),
];
