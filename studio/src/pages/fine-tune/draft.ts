import { type FieldProblem, missing, notAllowed, notBoth } from "~/pages/fine-tune/problems";
import { isAllowed, parsed, settingOf, SETTINGS, type SettingName, type Value, VALIDATION_SPLIT } from "~/pages/fine-tune/settings";

export const STEPS = ["model", "method", "data", "validation", "settings", "review"] as const;
export type Step = (typeof STEPS)[number];

/** What the form holds, as it was typed: nothing that a person wrote is lost because it is not a value yet. */
export type Draft = {
  model: string;
  adapter: "lora" | "none";
  trainingFile: string;
  /** `unset`: nobody has chosen; `withDefaults` does. */
  validation: "unset" | "none" | "split" | "file";
  validationFile: string;
  validationSplit: string;
  settings: Partial<Record<SettingName, string>>;
  suffix: string;
  metadata: { key: string; value: string }[];
};

export const EMPTY: Draft = {
  model: "", adapter: "lora", trainingFile: "", validation: "unset", validationFile: "", validationSplit: "0.1", settings: {},
  suffix: "", metadata: [],
};

/** From so many rows on, a tenth held out leaves enough to train on and a few to measure by. */
export const FEWEST_ROWS_TO_SPLIT = 30;

/**
 * The draft with what holds where nobody chose: the server's default model, and a tenth of the rows held out. A file
 * whose rows are not counted yet (`null`) is a large one.
 */
export function withDefaults(draft: Draft, defaultModel: string | null, numRows: number | null): Draft {
  const isSplit = draft.trainingFile !== "" && (numRows === null || numRows >= FEWEST_ROWS_TO_SPLIT);
  return {
    ...draft, model: draft.model || (defaultModel ?? ""),
    validation: draft.validation === "unset" ? (isSplit ? "split" : "none") : draft.validation,
  };
}

/** Whether something was chosen on a step, by whatever way it came. */
export function isChosen(draft: Draft, step: Step): boolean {
  switch (step) {
    case "model":
      return draft.model !== "";
    case "method":
      return draft.adapter !== EMPTY.adapter;
    case "data":
      return draft.trainingFile !== "";
    case "validation":
      return draft.validation !== "unset";
    case "settings":
      return Object.keys(draft.settings).length > 0;
    case "review":
      return false;
  }
}

/** The body of `POST /v1/fine_tuning/jobs`: what was asked for, and nothing else. */
export type JobBody = { model: string; training_file: string } & { [key: string]: Value | { [key: string]: string } };

const SUFFIX = /^[A-Za-z0-9_.-]{1,64}$/;
export const MOST_METADATA = 16;
/** Two ways to say the same: one of them may be given. */
const EITHER: [SettingName, SettingName][] = [["learning_rate", "learning_rate_multiplier"], ["num_epochs", "max_steps"]];

/** The body that the draft stands for, in the order in which a person would write it. Names that are missing are empty. */
export function bodyOf(draft: Draft): JobBody {
  const body: JobBody = { model: draft.model, training_file: draft.trainingFile };
  if (draft.validation === "file" && draft.validationFile) body.validation_file = draft.validationFile;
  body.method = { type: "supervised" };
  if (SUFFIX.test(draft.suffix)) body.suffix = draft.suffix;
  const metadata = metadataOf(draft);
  if (Object.keys(metadata).length > 0) body.metadata = metadata;
  const seed = valueOf(draft, "seed");
  if (seed !== null) body.seed = seed;
  if (draft.validation === "split") {
    const share = parsed(VALIDATION_SPLIT, draft.validationSplit);
    if (typeof share === "number") body.validation_split = share;
  }
  if (draft.adapter !== "lora") body.adapter = draft.adapter;
  for (const { name } of SETTINGS) {
    const value = name === "seed" ? null : valueOf(draft, name);
    if (value !== null) body[name] = value;
  }
  return body;
}

/** What keeps the draft from being a job, as far as that can be said without asking the server. */
export function problemsOf(draft: Draft): FieldProblem[] {
  const problems: FieldProblem[] = [];
  if (!draft.model) problems.push(missing("model"));
  if (!draft.trainingFile) problems.push(missing("training_file"));
  if (draft.validation === "file" && !draft.validationFile) problems.push(missing("validation_file"));
  if (draft.validation === "split" && typeof parsed(VALIDATION_SPLIT, draft.validationSplit) !== "number") {
    problems.push(notAllowed("validation_split"));
  }
  for (const setting of SETTINGS) {
    const text = draft.settings[setting.name];
    if (text !== undefined && isShown(draft, setting.name) && !isAllowed(setting.kind, text)) problems.push(notAllowed(setting.name));
  }
  for (const [one, other] of EITHER) if (valueOf(draft, one) !== null && valueOf(draft, other) !== null) problems.push(notBoth(other));
  if (draft.suffix && !SUFFIX.test(draft.suffix)) problems.push(notAllowed("suffix"));
  if (!isGoodMetadata(draft)) problems.push(notAllowed("metadata"));
  return problems;
}

/** Pairs of low rank have settings of their own, which mean nothing where every weight is trained. */
export function isShown(draft: Draft, name: SettingName): boolean {
  if (draft.adapter === "none") return !["lora_rank", "lora_alpha", "lora_target_modules"].includes(name);
  // Random weights are only for training all of them; where it was asked for nevertheless, it must be seen to be mended.
  return name !== "initialization" || Boolean(draft.settings.initialization);
}

function valueOf(draft: Draft, name: SettingName): Value | null {
  const setting = settingOf(name);
  const text = draft.settings[name];
  if (!setting || text === undefined || !isShown(draft, name) || !isAllowed(setting.kind, text)) return null;
  const value = parsed(setting.kind, text);
  return value === "auto" ? null : value;
}

function metadataOf(draft: Draft): { [key: string]: string } {
  return Object.fromEntries(draft.metadata.filter(({ key }) => key !== "").map(({ key, value }) => [key, value]));
}

function isGoodMetadata({ metadata }: Draft): boolean {
  const keys = metadata.filter(({ key, value }) => key !== "" || value !== "").map(({ key }) => key);
  return (
    keys.length <= MOST_METADATA && new Set(keys).size === keys.length &&
    metadata.every(({ key, value }) => [...key].length <= 64 && [...value].length <= 512 && (key !== "" || value === ""))
  );
}
