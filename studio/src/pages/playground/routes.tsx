import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { readSearch } from "~/pages/playground/search";
import { root } from "~/pages/root";
import { only } from "~/pages/search";

export const routes = [
  createRoute({
    getParentRoute: () => root,
    path: "/playground",
    validateSearch: only(readSearch),
    component: lazyRouteComponent(() => import("~/pages/playground/PlaygroundPage"), "PlaygroundPage"),
  }),
];
