import { createRoute } from "@tanstack/react-router";
import { readSearch } from "~/pages/playground/search";
import { lazyPage } from "~/pages/lazyPage";
import { root } from "~/pages/root";
import { only } from "~/pages/search";

export const routes = [
  createRoute({
    getParentRoute: () => root,
    path: "/playground",
    validateSearch: only(readSearch),
    component: lazyPage(() => import("~/pages/playground/PlaygroundPage"), "PlaygroundPage"),
  }),
];
