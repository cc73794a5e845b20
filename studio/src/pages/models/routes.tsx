import { createRoute } from "@tanstack/react-router";
import { readSearch } from "~/pages/models/search";
import { lazyPage } from "~/pages/lazyPage";
import { root } from "~/pages/root";
import { only } from "~/pages/search";

export const routes = [
  createRoute({
    getParentRoute: () => root,
    path: "/models/", // with a slash: otherwise the empty name below would take its place
    validateSearch: only(readSearch),
    component: lazyPage(() => import("~/pages/models/ModelsPage"), "ModelsPage"),
  }),
  // A name may hold colons and slashes: whatever follows is the name.
  createRoute({ getParentRoute: () => root, path: "/models/$", component: lazyPage(() => import("~/pages/models/ModelPage"), "ModelPage") }),
];
