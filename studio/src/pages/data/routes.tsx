import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { fileSearch, listSearch } from "~/pages/data/search";
import { root } from "~/pages/root";
import { only } from "~/pages/search";

export const routes = [
  createRoute({
    getParentRoute: () => root, path: "/data", validateSearch: only(listSearch),
    component: lazyRouteComponent(() => import("~/pages/data/DataPage"), "DataPage"),
  }),
  createRoute({
    getParentRoute: () => root, path: "/data/$fileId", validateSearch: only(fileSearch),
    component: lazyRouteComponent(() => import("~/pages/data/FilePage"), "FilePage"),
  }),
];
