import { createMemoryHistory, createRootRoute, createRoute, createRouter } from "@tanstack/react-router";
import { expect, test } from "vitest";
import { only } from "~/pages/search";

const read = (raw: Record<string, unknown>): { step?: "one" } => (raw.step === "one" ? { step: "one" } : {});

test("what was not read does not come through", () => {
  expect(only(read)({ step: "two", more: 1 })).toEqual({ step: undefined, more: undefined });
  expect(only(read)({ step: "one" })).toEqual({ step: "one" });
});

test("the router hands a page nothing that its own reader refused", async () => {
  const root = createRootRoute();
  const page = createRoute({ getParentRoute: () => root, path: "/page", validateSearch: only(read) });
  const router = createRouter({ routeTree: root.addChildren([page]), history: createMemoryHistory({ initialEntries: ["/page?step=two"] }) });
  await router.load();
  expect(router.state.matches.at(-1)?.search).toEqual({ step: undefined });
});
