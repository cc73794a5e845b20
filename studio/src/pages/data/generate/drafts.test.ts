import { describe, expect, it } from "vitest";
import { count, type Decisions, decided, type Draft, isDecided, newRows, open, rewritten, settingsOf } from "~/pages/data/generate/drafts";

const NONE: Decisions = new Map();

function draft(number: number, answer: string | null = "Yes."): Draft {
  return { id: `draft-${number}`, question: `Question ${number}?`, answer, provenance: "synthetic", similarity: 0.2, passage: null, support: null, seeds: [], metadata: { model: "m" } };
}

describe("decisions about drafts", () => {
  it("never approve what has no answer", () => {
    const made = decided(NONE, [draft(1), draft(2, null), draft(3, " ")], "approved");
    expect([...made.keys()]).toEqual(["draft-1"]);
    expect(decided(NONE, [draft(2, null)], "rejected").size).toBe(1);
  });

  it("can be taken back", () => {
    const approved = decided(NONE, [draft(1), draft(2)], "approved");
    expect(open(decided(approved, [draft(1)], null), [draft(1), draft(2)])).toEqual([draft(1)]);
  });

  it("tell what a person rewrote from what stayed as it was", () => {
    const made = rewritten(rewritten(NONE, draft(1), "Question 1?", " Yes. "), draft(2), "Question 2?", "否。");
    expect([count(made, "approved"), count(made, "rewritten")]).toEqual([1, 1]);
  });

  it("become rows in the order of the drafts, without the rejected ones", () => {
    const made = decided(rewritten(decided(NONE, [draft(10)], "approved"), draft(2), "新问题？", "新回答。"), [draft(3)], "rejected");
    expect(newRows([draft(1), draft(2), draft(3), draft(10)], made)).toEqual([
      { question: "新问题？", answer: "新回答。", provenance: "semi-synthetic", metadata: { model: "m", decision: "rewritten" } },
      { question: "Question 10?", answer: "Yes.", provenance: "synthetic", metadata: { model: "m", decision: "approved" } },
    ]);
  });

  it("are read again as they were kept, and nothing else is", () => {
    const made = rewritten(decided(decided(NONE, [draft(1)], "approved"), [draft(3)], "rejected"), draft(2), "新问题？", "新回答。");
    expect(([...made.values()].map((each) => isDecided(JSON.parse(JSON.stringify(each)))))).toEqual([true, true, true]);
    expect([null, "approved", { state: "rewritten", question: "Q" }, { state: "open" }].map(isDecided)).toEqual([false, false, false, false]);
  });
});

describe("a wish", () => {
  const wish = { what: "proposals", count: 20, model: null, language: "zh", about: " 客服 ", prompt: null } as const;

  it("names no model where the endpoint is asked, and no prompt that was not changed", () => {
    expect(settingsOf(wish)).toEqual({ mode: "semi_synthetic", with_proposals: true, num_rows: 20, language: "zh", about: "客服" });
  });

  it("asks about a document", () => {
    expect(settingsOf({ ...wish, what: "documents" })).toMatchObject({ mode: "documents", with_proposals: false });
  });

  it("names a model of the installation", () => {
    expect(settingsOf({ ...wish, what: "synthetic", model: "starter", prompt: "p" })).toMatchObject({ mode: "synthetic", with_proposals: false, model: "starter", prompt: "p" });
  });
});
