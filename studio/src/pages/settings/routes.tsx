import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { root } from "~/pages/root";

export const routes = [
  createRoute({ getParentRoute: () => root, path: "/settings", component: lazyRouteComponent(() => import("~/pages/settings/SettingsPage"), "SettingsPage") }),
];
