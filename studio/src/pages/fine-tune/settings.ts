/** The settings of a job that the wizard offers: what each may be, what it is unless given, and where it stands. */

export type Kind =
  | { kind: "whole"; least: number; most: number | null; takesAuto: boolean }
  /** `isAbove` and `isBelow`: the bound itself is not allowed. */
  | { kind: "number"; least: number; isAbove: boolean; most: number | null; isBelow: boolean; takesAuto: boolean }
  | { kind: "choice"; options: readonly string[] }
  | { kind: "switch" }
  | { kind: "names"; words: readonly string[] };

export type SettingGroup = "basic" | "adapter" | "optimizer" | "machine" | "measuring" | "reading";

const MOST_INT = 2 ** 31 - 1;
const whole = (least: number, most: number | null, takesAuto: boolean): Kind => ({ kind: "whole", least, most, takesAuto });
const from = (least: number, most: number | null, rest: Partial<{ isAbove: boolean; isBelow: boolean; takesAuto: boolean }> = {}): Kind => ({
  kind: "number", least, most, isAbove: false, isBelow: false, takesAuto: false, ...rest,
});
const choice = (...options: string[]): Kind => ({ kind: "choice", options });

type Row = { name: string; group: SettingGroup; kind: Kind; usual: Value | null; resolvedAs?: string };

/** What a setting may hold on the wire. */
export type Value = string | number | boolean | string[];

/** In the order in which they are shown. `usual` is what holds where nothing is given; null: the engine decides. */
export const SETTINGS = [
  { name: "num_epochs", group: "basic", kind: from(0, 1000, { isAbove: true }), usual: null },
  { name: "batch_size", group: "basic", kind: whole(1, 65536, true), usual: "auto" },
  { name: "learning_rate_multiplier", group: "basic", kind: from(0, 100, { isAbove: true, takesAuto: true }), usual: "auto", resolvedAs: "learning_rate" },
  { name: "learning_rate", group: "basic", kind: from(0, 10, { isAbove: true, takesAuto: true }), usual: "auto" },
  { name: "lora_rank", group: "basic", kind: whole(1, 1024, false), usual: 16 },
  { name: "max_seq_len", group: "basic", kind: whole(8, null, true), usual: "auto" },
  { name: "over_length", group: "basic", kind: choice("error", "drop", "truncate_left", "truncate_right"), usual: "error" },
  { name: "prompt_loss_weight", group: "basic", kind: from(0, 1), usual: 0 },
  { name: "seed", group: "basic", kind: whole(0, MOST_INT, false), usual: null },
  { name: "lora_alpha", group: "adapter", kind: from(0, null, { isAbove: true, takesAuto: true }), usual: "auto" },
  { name: "lora_target_modules", group: "adapter", kind: { kind: "names", words: ["auto", "all-linear"] }, usual: "auto" },
  { name: "max_steps", group: "optimizer", kind: whole(1, MOST_INT, false), usual: null, resolvedAs: "total_steps" },
  { name: "lr_schedule", group: "optimizer", kind: choice("cosine", "linear", "constant"), usual: "cosine" },
  { name: "warmup_ratio", group: "optimizer", kind: from(0, 1), usual: 0.03, resolvedAs: "warmup_steps" },
  { name: "weight_decay", group: "optimizer", kind: from(0, null), usual: 0 },
  { name: "adam_beta1", group: "optimizer", kind: from(0, 1, { isBelow: true }), usual: 0.9 },
  { name: "adam_beta2", group: "optimizer", kind: from(0, 1, { isBelow: true }), usual: 0.999 },
  { name: "max_grad_norm", group: "optimizer", kind: from(0, null, { isAbove: true }), usual: 1 },
  { name: "precision", group: "machine", kind: choice("auto", "bf16", "fp32"), usual: "auto" },
  { name: "micro_batch_tokens", group: "machine", kind: whole(1, MOST_INT, true), usual: "auto" },
  { name: "activation_checkpointing", group: "machine", kind: { kind: "switch" }, usual: "auto" },
  { name: "compile", group: "machine", kind: { kind: "switch" }, usual: "auto" },
  { name: "eval_every_steps", group: "measuring", kind: whole(1, MOST_INT, true), usual: "auto" },
  { name: "save_every_steps", group: "measuring", kind: whole(1, MOST_INT, true), usual: "auto" },
  { name: "keep_checkpoints", group: "measuring", kind: whole(1, MOST_INT, false), usual: 3 },
  { name: "leakage", group: "reading", kind: choice("error", "warn"), usual: "error" },
  { name: "file_format", group: "reading", kind: choice("auto", "chat", "prompt_completion", "alpaca"), usual: "auto" },
  { name: "initialization", group: "reading", kind: choice("pretrained", "random"), usual: "pretrained" },
] as const satisfies readonly Row[];

export type SettingName = (typeof SETTINGS)[number]["name"];
export type Setting = Row & { name: SettingName };

export const GROUPS = ["basic", "adapter", "optimizer", "machine", "measuring", "reading"] as const satisfies readonly SettingGroup[];

const BY_NAME = new Map<string, Setting>(SETTINGS.map((setting) => [setting.name, setting]));

export function settingOf(name: string): Setting | null {
  return BY_NAME.get(name) ?? null;
}

export function isSetting(name: string): name is SettingName {
  return BY_NAME.has(name);
}

export function inGroup(group: SettingGroup): Setting[] {
  return (SETTINGS as readonly Setting[]).filter((setting) => setting.group === group);
}

export const VALIDATION_SPLIT: Kind = from(0, 1, { isAbove: true, isBelow: true });

/** `null`: nothing was asked for. `false`: the text is no value of this kind. */
export function parsed(kind: Kind, text: string): Value | null | false {
  const given = text.trim();
  if (given === "") return null;
  switch (kind.kind) {
    case "choice":
      return kind.options.includes(given) ? given : false;
    case "switch":
      return given === "auto" ? null : given === "true" ? true : given === "false" ? false : false;
    case "names":
      return namesOf(kind.words, given);
    default:
      if (given === "auto") return kind.takesAuto ? null : false;
      return numberOf(kind, given);
  }
}

/** Whether the text of a switch is one of its values; `parsed` cannot say so, because `false` is one. */
export function isAllowed(kind: Kind, text: string): boolean {
  if (kind.kind === "switch") return ["", "auto", "true", "false"].includes(text.trim());
  return parsed(kind, text) !== false;
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function numberOf(kind: Extract<Kind, { kind: "whole" | "number" }>, given: string): number | false {
  if (!NUMBER.test(given)) return false;
  const value = Number(given);
  if (!Number.isFinite(value) || (kind.kind === "whole" && !Number.isSafeInteger(value))) return false;
  if (value < kind.least || (kind.most !== null && value > kind.most)) return false;
  if (kind.kind === "number" && ((kind.isAbove && value === kind.least) || (kind.isBelow && value === kind.most))) return false;
  return value;
}

function namesOf(words: readonly string[], given: string): Value | null | false {
  if (given === "auto") return null;
  if (words.includes(given)) return given;
  const names = given.split(/[\s,，、]+/).filter(Boolean);
  return names.length > 0 && names.every((name) => /^[\w.]+$/.test(name)) ? [...new Set(names)] : false;
}

/** A value as a person types it; what was not asked for is empty. */
export function asText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.join(", ");
  return String(value);
}
