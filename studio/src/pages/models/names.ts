/** A tuned model's name in its parts: `ft:<base>:<project>:<suffix>:<id>`, a checkpoint's with `:ckpt-step-<n>` behind it. */
export type TunedName = { suffix: string; id: string; step: number | null };

// Base and project may hold colons themselves; suffix and id cannot.
const TUNED = /^ft:.+:([^:]*):([^:]+)$/su;
const STEP = /:ckpt-step-(\d+)$/;

export function readName(name: string): TunedName | null {
  const found = TUNED.exec(name.replace(STEP, ""));
  if (!found) return null;
  const step = STEP.exec(name)?.[1];
  return { suffix: found[1] ?? "", id: found[2] ?? "", step: step === undefined ? null : Number(step) };
}

/** What people call it: the suffix, or the id where there is none; a base model's name is short already. */
export function shortName(name: string): string {
  const tuned = readName(name);
  return tuned ? tuned.suffix || tuned.id : name;
}

/** The tuned model that a checkpoint's name belongs to; null for other names. */
export function withoutStep(name: string): string | null {
  const cut = name.replace(STEP, "");
  return cut === name ? null : cut;
}

export type Kind = "base" | "tuned" | "checkpoint" | "other";

/** `other`: an alias, or a name that this project does not have. */
export function kindOf(name: string, known: readonly { id: string; base_model?: string | null }[]): Kind {
  const model = known.find((each) => each.id === name);
  if (model) return model.base_model ? "tuned" : "base";
  return readName(name)?.step != null ? "checkpoint" : "other";
}

/** Those whose name holds every word that was typed, wherever and in whatever case. */
export function search<T extends { id: string }>(models: readonly T[], typed: string): T[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...models];
  return models.filter((model) => {
    const name = model.id.toLowerCase();
    return words.every((word) => name.includes(word));
  });
}
