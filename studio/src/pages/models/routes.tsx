import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { root } from "~/pages/root";

export const routes = [
  createRoute({ getParentRoute: () => root, path: "/models", component: lazyRouteComponent(() => import("~/pages/models/ModelsPage"), "ModelsPage") }),
];
