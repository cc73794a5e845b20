import { createRoute } from "@tanstack/react-router";
import { lazyPage } from "~/pages/lazyPage";
import { root } from "~/pages/root";

export const routes = [
  createRoute({ getParentRoute: () => root, path: "/", component: lazyPage(() => import("~/pages/home/HomePage"), "HomePage") }),
];
