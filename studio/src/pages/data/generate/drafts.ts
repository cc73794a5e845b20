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

/** What somebody decided of a draft; one that was written anew stands in the file as it says here. */
export type Decided = { state: "approved" | "rejected" } | { state: "rewritten"; question: string; answer: string };
/** By the draft's id. */
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
    else if (state === "rejected" || canApprove(draft)) next.set(draft.id, { state });
  }
  return next;
}

/** Those of a page that nobody has decided about yet. */
export function open(decisions: Decisions, drafts: readonly Draft[]): Draft[] {
  return drafts.filter((draft) => !decisions.has(draft.id));
}

export function rewritten(before: Decisions, draft: Draft, question: string, answer: string): Decisions {
  const [asked, said] = [question.trim(), answer.trim()];
  const isSame = asked === draft.question && said === draft.answer;
  return new Map(before).set(draft.id, isSame ? { state: "approved" } : { state: "rewritten", question: asked, answer: said });
}

export function count(decisions: Decisions, ...states: Decided["state"][]): number {
  return [...decisions.values()].filter((each) => states.includes(each.state)).length;
}

/** As they will stand in the file: written anew, or as the model wrote them. */
export function textsOf(draft: Draft, decision: Decided | undefined): { question: string; answer: string } {
  return decision?.state === "rewritten" ? decision : { question: draft.question, answer: draft.answer ?? "" };
}

/** As the operation that adds them takes them; a person's words are not called a model's alone. */
export function newRows(drafts: readonly Draft[], decisions: Decisions): Settings[] {
  return drafts.flatMap((draft) => {
    const decision = decisions.get(draft.id);
    if (decision === undefined || decision.state === "rejected") return [];
    const { question, answer } = textsOf(draft, decision);
    const provenance = decision.state === "rewritten" ? "semi-synthetic" : draft.provenance;
    return [{ question, answer, provenance, metadata: { ...draft.metadata, decision: decision.state } }];
  });
}

/** Whether it was kept by `decided` or `rewritten`. */
export function isDecided(said: unknown): said is Decided {
  if (typeof said !== "object" || said === null) return false;
  const { state, question, answer } = said as Record<string, unknown>;
  return state === "approved" || state === "rejected" || (state === "rewritten" && typeof question === "string" && typeof answer === "string");
}
