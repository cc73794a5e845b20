import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { root } from "~/pages/root";

export const routes = [
  createRoute({ getParentRoute: () => root, path: "/fine-tune", component: lazyRouteComponent(() => import("~/pages/fine-tune/FineTunePage"), "FineTunePage") }),
];
