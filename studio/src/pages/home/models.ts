import type { Schemas } from "~/api/client";

type Model = Schemas["ModelWire"];

/** Tuned models, newest first; a base model has no `base_model`. */
export function tunedModels(models: readonly Model[]): Model[] {
  return models.filter((model) => model.base_model).toSorted((one, other) => other.created - one.created);
}

/** What chat can be asked of: the newest tuned model first, base models last. */
export function choosable(models: readonly Model[]): { tuned: string[]; base: string[] } {
  return {
    tuned: tunedModels(models).map((model) => model.id),
    base: models.filter((model) => !model.base_model).map((model) => model.id),
  };
}
