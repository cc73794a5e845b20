import type { Schemas } from "~/api/client";
import { type Draft, EMPTY } from "~/pages/fine-tune/draft";
import { readFlatYaml } from "~/pages/fine-tune/flatYaml";
import { asText, isSetting, type SettingName } from "~/pages/fine-tune/settings";

/** A draft made from something else, and the keys of it that have no place here. */
export type Taken = { draft: Draft; leftOut: string[] };

type Json = { [key: string]: unknown };

/** Raises SyntaxError where the text is neither JSON nor a flat YAML file. `fileId` finds a file of the server by its name. */
export function fromText(text: string, fileId: (name: string) => string | null): Taken {
  const trimmed = text.trim();
  if (trimmed.startsWith("{")) {
    const value = JSON.parse(trimmed) as Json;
    return isSavedDraft(value) ? { draft: asDraft(value.draft), leftOut: [] } : fromBody(value);
  }
  const values = readFlatYaml(trimmed);
  if (!("base_model" in values || "training_file" in values || "model" in values)) throw new SyntaxError("no job");
  const taken = fromBody(renamed(values));
  for (const [field, name] of [["trainingFile", "training_file"], ["validationFile", "validation_file"]] as const) {
    const given = taken.draft[field];
    const id = given && !given.startsWith("file-") ? fileId(given.split("/").at(-1) ?? given) : given;
    if (given && id === null) taken.leftOut.push(`${name}: ${given}`);
    taken.draft[field] = id ?? "";
  }
  return taken;
}

/** The body of a job, as this page, curl or the SDK would send it. */
export function fromBody(body: Json): Taken {
  const { model, training_file, validation_file, suffix, metadata, method, hyperparameters, trainingType: _, ...rest } = body;
  const leftOut: string[] = [];
  // What asks for no validation is taken at its word.
  const draft: Draft = { ...EMPTY, validation: "none", settings: {} };
  draft.model = asText(model);
  draft.trainingFile = asText(training_file);
  if (validation_file) Object.assign(draft, { validation: "file", validationFile: asText(validation_file) });
  draft.suffix = asText(suffix);
  if (isObject(metadata)) draft.metadata = Object.entries(metadata).map(([key, value]) => ({ key, value: asText(value) }));
  const supervised = isObject(method) && isObject(method.supervised) ? method.supervised.hyperparameters : null;
  const wire = { ...(isObject(hyperparameters) ? hyperparameters : {}), ...(isObject(supervised) ? supervised : {}) };
  for (const [name, value] of [...Object.entries(wire).map(renamedPair), ...Object.entries(rest)] as [string, unknown][]) {
    if (value === null || value === "auto") continue;
    if (name === "validation_split") Object.assign(draft, { validation: "split", validationSplit: asText(value) });
    else if (name === "adapter" && (value === "lora" || value === "none")) draft.adapter = value;
    else if (isSetting(name)) draft.settings[name] = asText(value);
    else leftOut.push(name);
  }
  if (isObject(method) && method.type !== undefined && method.type !== "supervised") leftOut.push(`method: ${asText(method.type)}`);
  return { draft, leftOut };
}

/** What was asked of a job, and the seed that it got where none was asked for: a copy is there to be compared with it. */
export function fromJob(job: Schemas["JobWire"]): Taken {
  const { requested_model: model, training_file, validation_file, user_provided_suffix: suffix, metadata, requested_settings, seed } = job;
  return fromBody({ model, training_file, validation_file, suffix, metadata, ...requested_settings, seed });
}

/** A file that keeps a draft, half-finished ones too. */
export function asSavedDraft(name: string, draft: Draft): string {
  return `${JSON.stringify({ format: 1, kind: "tunesmith fine-tune setup", name, draft }, null, 2)}\n`;
}

/** Whatever was kept, made whole: fields that are missing or of another type are as in an empty draft. */
export function asDraft(kept: unknown): Draft {
  if (!isObject(kept)) return { ...EMPTY };
  const draft: Draft = { ...EMPTY, settings: {} };
  for (const field of ["model", "trainingFile", "validationFile", "validationSplit", "suffix"] as const) {
    const value = kept[field];
    if (typeof value === "string") draft[field] = value;
  }
  if (kept.adapter === "none") draft.adapter = "none";
  if (kept.validation === "none" || kept.validation === "split" || kept.validation === "file") draft.validation = kept.validation;
  if (isObject(kept.settings)) {
    for (const [name, text] of Object.entries(kept.settings)) {
      if (isSetting(name) && typeof text === "string" && text !== "") draft.settings[name satisfies SettingName] = text;
    }
  }
  if (Array.isArray(kept.metadata)) {
    draft.metadata = kept.metadata.filter(isObject).map(({ key, value }) => ({ key: asText(key), value: asText(value) }));
  }
  return draft;
}

function isSavedDraft(value: Json): value is { draft: Json } & Json {
  return isObject(value.draft) && value.format === 1;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function renamed(values: Json): Json {
  const { base_model, method, ...rest } = values;
  return { model: base_model, ...rest, ...(typeof method === "string" ? { method: { type: method } } : {}) };
}

function renamedPair([name, value]: [string, unknown]): [string, unknown] {
  return [name === "n_epochs" ? "num_epochs" : name, value];
}

