import type { Schemas } from "~/api/client";

type Entry = Schemas["AuditEntry"];

/** The id of the member whose key acted; null where the operator did, without a key. */
export function memberOf({ actor }: Pick<Entry, "actor">): string | null {
  const user = actor.api_key?.user;
  if (typeof user !== "object" || user === null || !("id" in user)) return null;
  return typeof user.id === "string" ? user.id : null;
}

/** The details as names and texts; what is no text is written as JSON. */
export function detailOf({ detail }: Pick<Entry, "detail">): [string, string][] {
  return Object.entries(detail ?? {}).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]);
}
