import { createRootRoute } from "@tanstack/react-router";
import { Shell } from "~/components/Shell";
import { NotFound } from "~/components/NotFound";

/** Every page's frame; pages are its children, each area with `routes` of its own. */
export const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });
