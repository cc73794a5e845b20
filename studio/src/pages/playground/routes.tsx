import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { root } from "~/pages/root";

export const routes = [
  createRoute({ getParentRoute: () => root, path: "/playground", component: lazyRouteComponent(() => import("~/pages/playground/PlaygroundPage"), "PlaygroundPage") }),
];
