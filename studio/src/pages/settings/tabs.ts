/** The tabs of the settings, with the action of docs/roles.md that one must be allowed to see them. */
export const TABS = [
  { to: "/settings", word: "key", needs: null },
  { to: "/settings/projects", word: "projects", needs: "administer" },
  { to: "/settings/members", word: "members", needs: "administer" },
  { to: "/settings/keys", word: "keys", needs: "administer" },
  { to: "/settings/roles", word: "roles", needs: null },
  { to: "/settings/webhooks", word: "webhooks", needs: "webhook.read" },
  { to: "/settings/email", word: "email", needs: null },
  { to: "/settings/audit", word: "audit", needs: "audit.read" },
] as const;

export type Tab = (typeof TABS)[number];

export function visibleTabs(may: (action: string) => boolean): Tab[] {
  return TABS.filter(({ needs }) => needs === null || may(needs));
}

/** The tab that this address shows; null for an address that shows none. */
export function tabAt(pathname: string): Tab | null {
  const place = pathname.replace(/\/+$/, "");
  return TABS.find(({ to }) => to === place) ?? null;
}
