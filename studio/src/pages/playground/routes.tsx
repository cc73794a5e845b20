import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { readSearch } from "~/pages/playground/search";
import { root } from "~/pages/root";

export const routes = [
  createRoute({
    getParentRoute: () => root,
    path: "/playground",
    validateSearch: readSearch,
    component: lazyRouteComponent(() => import("~/pages/playground/PlaygroundPage"), "PlaygroundPage"),
  }),
];
