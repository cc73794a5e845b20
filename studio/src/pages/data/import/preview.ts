import type { OpenName } from "~/pages/data/import/names";
import type { Operation } from "~/pages/data/operations/api";

/** Which column, or which text with columns in braces, each part of a row is made of; keys as the API has them. */
export type Mapping = Partial<Record<Part, string>> & { output?: string; references?: string[] };
export type Part = "system" | "context" | "user" | "assistant" | "chosen" | "rejected" | "label" | "category" | "thread" | "author";

/** What `preview_import` tells of a file. */
export type Seen = {
  format: string;
  /** What kind of file it is; `delimiter` and `has_header` are of text with delimiters. */
  holder: string | null;
  delimiter: string | null;
  has_header: boolean | null;
  reason: string;
  notes: string[];
  columns: string[];
  mapping: Mapping | null;
  mapping_reason: string | null;
  is_sure: boolean;
  open_names: OpenName[];
};

export type Sample = {
  row: Record<string, unknown> | null;
  record: Record<string, unknown> | null;
  place: string;
  left: { rule: string; message: string; hint: string } | null;
};

/** What a file is called whose rows nobody can make out. */
export const UNKNOWN = "unknown";

export const OUTPUTS = ["chat", "prompt_completion", "preference", "reinforcement"] as const;

const PARTS: Record<string, readonly Part[]> = {
  chat: ["system", "context", "user", "assistant", "label", "category", "thread", "author"],
  prompt_completion: ["context", "user", "assistant", "label", "category", "thread", "author"],
  preference: ["system", "context", "user", "chosen", "rejected", "category", "thread", "author"],
  reinforcement: ["system", "context", "user", "category", "thread", "author"],
};

/** The parts that a row of this shape can have. */
export function partsOf(output: string | undefined): readonly Part[] {
  return PARTS[output ?? "chat"] ?? [];
}

/** With one part written, or taken away where nothing stands there. */
export function withPart(mapping: Mapping, part: Part, text: string): Mapping {
  const { [part]: _, ...others } = mapping;
  return text.trim() === "" ? others : { ...others, [part]: text };
}

/** Without the parts that a row of another shape has not. */
export function withOutput(mapping: Mapping, output: string): Mapping {
  const kept = partsOf(output).flatMap((part) => (mapping[part] === undefined ? [] : [[part, mapping[part]]]));
  return { ...(Object.fromEntries(kept) as Mapping), ...(output === "reinforcement" && mapping.references ? { references: mapping.references } : {}), output };
}

/** On one line: a field for a line would lose what begins a new one. `read` is the way back. */
export const onOneLine = {
  show: (text: string) => text.replaceAll("\n", "\\n"),
  read: (shown: string) => shown.replaceAll("\\n", "\n"),
};

export function isWhole(mapping: Mapping): boolean {
  const has = (part: Part) => mapping[part] !== undefined;
  if (!has("user")) return false;
  switch (mapping.output ?? "chat") {
    case "preference":
      return has("chosen") && has("rejected");
    case "reinforcement":
      return true;
    default:
      return has("assistant") || has("label");
  }
}

export function seenOf(operation: Operation | undefined): Seen | null {
  return operation?.status === "succeeded" ? (operation.result as unknown as Seen) : null;
}

/** Whether there is enough to go by: a mapping that is half written would only be refused. */
export function canBeSeen(mapping: Mapping | null): boolean {
  return mapping === null || isWhole(mapping);
}

/** Whether the rows can be made: of what is recognized, by a guess that is sure, or by what somebody chose. */
export function canBeMade(seen: Seen, mapping: Mapping | null): boolean {
  return mapping === null ? seen.format !== UNKNOWN && seen.is_sure : isWhole(mapping);
}
