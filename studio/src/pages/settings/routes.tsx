import { createRoute } from "@tanstack/react-router";
import { lazyPage } from "~/pages/lazyPage";
import { root } from "~/pages/root";
import { only } from "~/pages/search";

/** `project` in the address: whose members or keys are shown; the key's own without it. */
function ofProject(search: Record<string, unknown>): { project?: string } {
  return typeof search.project === "string" && search.project !== "" ? { project: search.project } : {};
}

const settings = createRoute({
  getParentRoute: () => root, path: "/settings", component: lazyPage(() => import("~/pages/settings/SettingsPage"), "SettingsPage"),
});
const tabs = [
  createRoute({ getParentRoute: () => settings, path: "/", component: lazyPage(() => import("~/pages/settings/KeyTab"), "KeyTab") }),
  createRoute({
    getParentRoute: () => settings, path: "projects", component: lazyPage(() => import("~/pages/settings/ProjectsTab"), "ProjectsTab"),
  }),
  createRoute({
    getParentRoute: () => settings, path: "members", validateSearch: only(ofProject),
    component: lazyPage(() => import("~/pages/settings/MembersTab"), "MembersTab"),
  }),
  createRoute({
    getParentRoute: () => settings, path: "keys", validateSearch: only(ofProject),
    component: lazyPage(() => import("~/pages/settings/KeysTab"), "KeysTab"),
  }),
  createRoute({ getParentRoute: () => settings, path: "roles", component: lazyPage(() => import("~/pages/settings/RolesTab"), "RolesTab") }),
  createRoute({ getParentRoute: () => settings, path: "audit", component: lazyPage(() => import("~/pages/settings/AuditTab"), "AuditTab") }),
  createRoute({
    getParentRoute: () => settings, path: "webhooks", component: lazyPage(() => import("~/pages/settings/WebhooksTab"), "WebhooksTab"),
  }),
  createRoute({ getParentRoute: () => settings, path: "email", component: lazyPage(() => import("~/pages/settings/EmailTab"), "EmailTab") }),
];

export const routes = [settings.addChildren(tabs)];
