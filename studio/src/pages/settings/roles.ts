import type { Role } from "~/pages/settings/RoleChoice";

export type Action =
  | "file.read" | "file.write" | "file.delete" | "job.read" | "job.create" | "job.control" | "model.read" | "model.delete"
  | "checkpoint.share" | "chat" | "stored_chat.read" | "stored_chat.write" | "webhook.read" | "webhook.write" | "audit.read";

/** The published table (docs/roles.md), which a test compares with this one: the least role that may. */
export const MINIMUM_ROLE: Readonly<Record<Action, Role>> = {
  "file.read": "viewer",
  "file.write": "member",
  "file.delete": "member",
  "job.read": "viewer",
  "job.create": "member",
  "job.control": "member",
  "model.read": "viewer",
  "model.delete": "owner",
  "checkpoint.share": "owner",
  chat: "member",
  "stored_chat.read": "viewer",
  "stored_chat.write": "member",
  "webhook.read": "viewer",
  "webhook.write": "owner",
  "audit.read": "owner",
};

/** The table's rows, by what they are about. */
export const GROUPS = [
  { about: "data", actions: ["file.read", "file.write", "file.delete"] },
  { about: "jobs", actions: ["job.read", "job.create", "job.control"] },
  { about: "models", actions: ["model.read", "chat", "model.delete", "checkpoint.share"] },
  { about: "chats", actions: ["stored_chat.read", "stored_chat.write"] },
  { about: "project", actions: ["webhook.read", "webhook.write", "audit.read"] },
] as const satisfies readonly { about: string; actions: readonly Action[] }[];

const RANK: Record<Role, number> = { viewer: 0, member: 1, owner: 2 };

export function mayAs(role: Role, action: Action): boolean {
  return RANK[role] >= RANK[MINIMUM_ROLE[action]];
}
