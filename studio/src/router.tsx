import { createRouter } from "@tanstack/react-router";
import { Broken } from "~/components/Broken";
import { routes as data } from "~/pages/data/routes";
import { routes as fineTune } from "~/pages/fine-tune/routes";
import { routes as home } from "~/pages/home/routes";
import { routes as jobs } from "~/pages/jobs/routes";
import { routes as models } from "~/pages/models/routes";
import { routes as playground } from "~/pages/playground/routes";
import { root } from "~/pages/root";
import { routes as settings } from "~/pages/settings/routes";

export const router = createRouter({
  routeTree: root.addChildren([...home, ...data, ...fineTune, ...jobs, ...models, ...playground, ...settings]),
  basepath: "/studio",
  defaultPreload: "intent",
  defaultErrorComponent: Broken,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
