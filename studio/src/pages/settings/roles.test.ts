import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { GROUPS, MINIMUM_ROLE, mayAs } from "~/pages/settings/roles";
import { ROLES } from "~/pages/settings/RoleChoice";

/** The rows of docs/roles.md: action → yes or no for viewer, member and owner. */
function published(): Record<string, boolean[]> {
  const text = readFileSync("../docs/roles.md", "utf8");
  const rows = text.matchAll(/^\| `([a-z_.]+)` \|[^|]*\|([^|]*)\|([^|]*)\|([^|]*)\|$/gm);
  return Object.fromEntries([...rows].map(([, action, ...cells]) => [action, cells.map((cell) => cell.trim() === "yes")]));
}

test("the table is the one that is published", () => {
  const { administer, ...others } = published();
  expect(administer).toBeDefined();
  const shown = Object.fromEntries(Object.keys(MINIMUM_ROLE).map((action) => [action, ROLES.map((role) => mayAs(role, action as keyof typeof MINIMUM_ROLE))]));
  expect(shown).toEqual(others);
});

test("every action has a row", () => {
  expect(GROUPS.flatMap(({ actions }) => [...actions] as string[]).toSorted()).toEqual(Object.keys(MINIMUM_ROLE).toSorted());
});
