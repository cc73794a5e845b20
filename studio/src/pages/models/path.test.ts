import { createMemoryHistory, createRootRoute, createRoute, createRouter } from "@tanstack/react-router";
import { expect, test } from "vitest";

const root = createRootRoute();
const tree = root.addChildren([
  createRoute({ getParentRoute: () => root, path: "/models/" }), createRoute({ getParentRoute: () => root, path: "/models/$" }),
]);

/** The name that the page is given for an address that leads to it. */
async function nameAt(href: string): Promise<string | undefined> {
  const router = createRouter({ routeTree: tree, basepath: "/studio", history: createMemoryHistory({ initialEntries: [href] }) });
  await router.load();
  return (router.state.matches.at(-1)?.params as Record<string, string> | undefined)?._splat;
}

const NAMES = [
  "starter", "ft:starter:default:a.b:x1", "ft:org/base:p:s:1", "ft:b:50% off, #1?:s:1", "ft:b:模型 🙂:s:1", "ft:b:a%2Fb:s:1", "ft:b:a+b&c=d:s:1", "ft:b:p::1:ckpt-step-3",
  "ft:b:back\\slash:s:1",
];

test.each(NAMES)("a model's page is found again by its address: %s", async (name) => {
  const router = createRouter({ routeTree: tree, basepath: "/studio", history: createMemoryHistory({ initialEntries: ["/studio/models"] }) });
  const { href } = router.buildLocation({ to: "/models/$", params: { _splat: name } } as never);
  expect(await nameAt(router.history.createHref(href))).toBe(name);
  expect(await nameAt(`/studio/models/${encodeURIComponent(name)}`)).toBe(name);
});

test.each(["/studio/models", "/studio/models/", "/studio/models?q=x"])("the list is no model without a name: %s", async (href) => {
  expect(await nameAt(href)).toBeUndefined();
});
