import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { root } from "~/pages/root";

export const routes = [
  createRoute({
    getParentRoute: () => root,
    path: "/models",
    validateSearch: (search: Record<string, unknown>): { q?: string } => (search.q === undefined || search.q === "" ? {} : { q: String(search.q) }),
    component: lazyRouteComponent(() => import("~/pages/models/ModelsPage"), "ModelsPage"),
  }),
  // A name may hold colons and slashes: whatever follows is the name.
  createRoute({ getParentRoute: () => root, path: "/models/$", component: lazyRouteComponent(() => import("~/pages/models/ModelPage"), "ModelPage") }),
];
