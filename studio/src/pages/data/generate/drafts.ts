import type { Settings } from "~/pages/data/operations/api";

export type Draft = {
  id: string;
  question: string;
  /** Null where a person shall write it. */
  answer: string | null;
  provenance: "synthetic" | "semi-synthetic";
  similarity: number;
  /** Of a document: what it was asked about, and the share of the answer that stands there. */
  passage: string | null;
  support: number | null;
  seeds: { line: number; question: string }[];
  metadata: Record<string, string>;
};

/** What somebody decided of a draft; the texts are those that will stand in the file. */
export type Decided = { draft: Draft; state: "approved" | "rewritten" | "rejected"; question: string; answer: string };
export type Decisions = ReadonlyMap<string, Decided>;

export type Wish = { what: "synthetic" | "proposals" | "questions" | "documents"; count: number; model: string | null; language: "en" | "zh"; about: string; prompt: string | null };

export function settingsOf(wish: Wish): Settings {
  return {
    mode: wish.what === "synthetic" || wish.what === "documents" ? wish.what : "semi_synthetic",
    with_proposals: wish.what === "proposals",
    num_rows: wish.count,
    language: wish.language,
    about: wish.about.trim(),
    ...(wish.model === null ? {} : { model: wish.model }),
    ...(wish.prompt === null ? {} : { prompt: wish.prompt }),
  };
}

export function canApprove(draft: Draft): boolean {
  return draft.answer !== null && draft.answer.trim() !== "";
}

/** As it was written; null takes a decision back. A draft without an answer cannot be approved. */
export function decided(before: Decisions, drafts: readonly Draft[], state: "approved" | "rejected" | null): Decisions {
  const next = new Map(before);
  for (const draft of drafts) {
    if (state === null) next.delete(draft.id);
    else if (state === "rejected" || canApprove(draft)) next.set(draft.id, { draft, state, question: draft.question, answer: draft.answer ?? "" });
  }
  return next;
}

/** Those of a page that nobody has decided about yet. */
export function open(decisions: Decisions, drafts: readonly Draft[]): Draft[] {
  return drafts.filter((draft) => !decisions.has(draft.id));
}

export function rewritten(before: Decisions, draft: Draft, question: string, answer: string): Decisions {
  const isSame = question.trim() === draft.question && answer.trim() === draft.answer;
  return new Map(before).set(draft.id, { draft, state: isSame ? "approved" : "rewritten", question: question.trim(), answer: answer.trim() });
}

export function count(decisions: Decisions, ...states: Decided["state"][]): number {
  return [...decisions.values()].filter((each) => states.includes(each.state)).length;
}

/** As the operation that adds them takes them, in the order of the drafts; a person's words are not called a model's alone. */
export function newRows(decisions: Decisions): Settings[] {
  return [...decisions.values()]
    .filter((each) => each.state !== "rejected")
    .sort((one, other) => numberOf(one.draft.id) - numberOf(other.draft.id))
    .map(({ draft, state, question, answer }) => ({
      question,
      answer,
      provenance: state === "rewritten" ? "semi-synthetic" : draft.provenance,
      metadata: { ...draft.metadata, decision: state },
    }));
}

function numberOf(id: string): number {
  return Number(id.slice(id.lastIndexOf("-") + 1));
}
