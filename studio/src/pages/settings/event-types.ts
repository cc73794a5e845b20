import type { Schemas } from "~/api/client";
import type { WebhookWords } from "~/pages/settings/webhooks-words";

export type EventType = Schemas["Sample"]["event_type"];

/** `fine_tuning.job.succeeded` → its group `fine_tuning` and its outcome `succeeded`. */
export function partsOf(type: string): { group: string; outcome: string } {
  const parts = type.split(".");
  return { group: parts[0] ?? type, outcome: parts.at(-1) ?? type };
}

/** What this server tells of by now; the API names the others already, for endpoints that are to hear of them later. */
const SENT = "fine_tuning";

/** The types to choose from: those that are sent, and those that this endpoint was given otherwise. */
export function offered(types: readonly string[], chosen: readonly string[]): string[] {
  return types.filter((type) => partsOf(type).group === SENT || chosen.includes(type));
}

/** The types by group, in the order in which the server names them. */
export function grouped(types: readonly string[]): { group: string; types: string[] }[] {
  const groups = new Map<string, string[]>();
  for (const type of types) {
    const { group } = partsOf(type);
    groups.set(group, [...(groups.get(group) ?? []), type]);
  }
  return [...groups].map(([group, members]) => ({ group, types: members }));
}

/** In words, such as “Fine-tuning jobs: succeeded”; a type that is not known yet by its own name. */
export function typeInWords(type: string, say: WebhookWords): string {
  return groupInWords(partsOf(type).group, [type], say);
}

/** Types of one group in one line: “Fine-tuning jobs: succeeded, failed”. */
export function groupInWords(group: string, types: readonly string[], say: WebhookWords): string {
  const about = say.group[group];
  if (about === undefined) return types.join(", ");
  return say.told(about, types.map((type) => say.outcome[partsOf(type).outcome] ?? type));
}

/** How an answer to a message is judged: anything of 2xx takes it, 410 asks for no more. */
export function judged(status: number): "good" | "gone" | "bad" {
  if (status >= 200 && status < 300) return "good";
  return status === 410 ? "gone" : "bad";
}
