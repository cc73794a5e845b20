import { createRoute } from "@tanstack/react-router";
import { fileSearch, listSearch } from "~/pages/data/search";
import { lazyPage } from "~/pages/lazyPage";
import { root } from "~/pages/root";
import { only } from "~/pages/search";

export const routes = [
  createRoute({
    getParentRoute: () => root, path: "/data", validateSearch: only(listSearch),
    component: lazyPage(() => import("~/pages/data/DataPage"), "DataPage"),
  }),
  createRoute({
    getParentRoute: () => root, path: "/data/$fileId", validateSearch: only(fileSearch),
    component: lazyPage(() => import("~/pages/data/FilePage"), "FilePage"),
  }),
];
