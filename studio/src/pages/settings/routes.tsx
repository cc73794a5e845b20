import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { root } from "~/pages/root";
import { only } from "~/pages/search";

/** `project` in the address: whose members or keys are shown; the key's own without it. */
function ofProject(search: Record<string, unknown>): { project?: string } {
  return typeof search.project === "string" && search.project !== "" ? { project: search.project } : {};
}

const settings = createRoute({
  getParentRoute: () => root, path: "/settings", component: lazyRouteComponent(() => import("~/pages/settings/SettingsPage"), "SettingsPage"),
});
const tabs = [
  createRoute({ getParentRoute: () => settings, path: "/", component: lazyRouteComponent(() => import("~/pages/settings/KeyTab"), "KeyTab") }),
  createRoute({
    getParentRoute: () => settings, path: "projects", component: lazyRouteComponent(() => import("~/pages/settings/ProjectsTab"), "ProjectsTab"),
  }),
  createRoute({
    getParentRoute: () => settings, path: "members", validateSearch: only(ofProject),
    component: lazyRouteComponent(() => import("~/pages/settings/MembersTab"), "MembersTab"),
  }),
  createRoute({
    getParentRoute: () => settings, path: "keys", validateSearch: only(ofProject),
    component: lazyRouteComponent(() => import("~/pages/settings/KeysTab"), "KeysTab"),
  }),
  createRoute({ getParentRoute: () => settings, path: "roles", component: lazyRouteComponent(() => import("~/pages/settings/RolesTab"), "RolesTab") }),
  createRoute({ getParentRoute: () => settings, path: "audit", component: lazyRouteComponent(() => import("~/pages/settings/AuditTab"), "AuditTab") }),
  createRoute({
    getParentRoute: () => settings, path: "webhooks", component: lazyRouteComponent(() => import("~/pages/settings/WebhooksTab"), "WebhooksTab"),
  }),
  createRoute({ getParentRoute: () => settings, path: "email", component: lazyRouteComponent(() => import("~/pages/settings/EmailTab"), "EmailTab") }),
];

export const routes = [settings.addChildren(tabs)];
