import type { Schemas } from "~/api/client";
import type { Failure } from "~/api/failure";
import type { Step } from "~/pages/fine-tune/draft";
import { isSetting } from "~/pages/fine-tune/settings";

/** What is wrong with one field. `path` is the request's name for it; `message` is null where this page found it itself. */
export type FieldProblem = {
  path: string;
  rule: "missing" | "not_allowed" | "not_both" | "server";
  isWarning: boolean;
  message: string | null;
  hint: string | null;
};

export const missing = (path: string): FieldProblem => ({ path, rule: "missing", isWarning: false, message: null, hint: null });
export const notAllowed = (path: string): FieldProblem => ({ path, rule: "not_allowed", isWarning: false, message: null, hint: null });

export const notBoth = (path: string): FieldProblem => ({ path, rule: "not_both", isWarning: false, message: null, hint: null });

/** Those of the server's dry run. A finding about a row of a file belongs to the file. */
export function fromPreview(problems: readonly Schemas["ProblemWire"][]): FieldProblem[] {
  return problems.map(({ path, severity, message, hint, line }) => ({
    path: line === null ? fieldOf(path ?? "") : "training_file",
    rule: "server",
    isWarning: severity === "warning",
    message: line === null ? message : `${line}: ${message}`,
    hint: hint || null,
  }));
}

/** A refusal of the whole request, at the field that it names. */
export function fromFailure(failure: Failure): FieldProblem[] {
  if (failure.status !== 400 && failure.status !== 422) return [];
  return [{ path: fieldOf(failure.param ?? ""), rule: "server", isWarning: false, message: failure.message, hint: null }];
}

/** `hyperparameters.n_epochs`, `metadata.team` → the field of the form. */
export function fieldOf(path: string): string {
  const last = path.split(".").at(-1) ?? "";
  if (path.includes("hyperparameters.")) return last === "n_epochs" ? "num_epochs" : last;
  if (path === "base_model") return "model";
  return path.split(/[.[]/)[0] ?? "";
}

/** The step on which a field stands. What belongs to none is told at the end. */
export function stepOf(path: string): Step {
  if (path === "model") return "model";
  if (path === "adapter" || path === "method") return "method";
  if (path === "training_file") return "data";
  if (path === "validation_file" || path === "validation_split") return "validation";
  return isSetting(path) ? "settings" : "review";
}

/** Errors of a step first, then its warnings; the page's own before the server's, and no field twice for the same reason. */
export function ofStep(problems: readonly FieldProblem[], step: Step): FieldProblem[] {
  return problems.filter((problem) => stepOf(problem.path) === step).sort((one, other) => Number(one.isWarning) - Number(other.isWarning));
}

export const fieldId = (path: string) => `fine-tune-${path}`;
