import { describe, expect, it } from "vitest";
import { groupsOf, NOTHING, settingsOf } from "~/pages/data/import/choices";
import { canBeMade, canBeSeen, isWhole, onOneLine, type Seen, withOutput, withPart } from "~/pages/data/import/preview";

describe("a mapping", () => {
  it("loses a part that is emptied", () => {
    expect(withPart({ user: "q", system: "Be brief." }, "system", " ")).toEqual({ user: "q" });
  });

  it("keeps its new lines where it is shown on one line", () => {
    const text = "标题：{标题}\n\n{问题}";
    expect([onOneLine.show(text), onOneLine.read(onOneLine.show(text))]).toEqual(["标题：{标题}\\n\\n{问题}", text]);
  });

  it("keeps what another shape has too", () => {
    const chat = { output: "chat", user: "q", assistant: "a", thread: "t" };
    expect(withOutput(chat, "preference")).toEqual({ output: "preference", user: "q", thread: "t" });
  });

  it("is whole with a question and an answer", () => {
    expect(isWhole({ user: "q" })).toBe(false);
    expect(isWhole({ user: "q", label: "l" })).toBe(true);
    expect(isWhole({ user: "q", assistant: "a", output: "preference" })).toBe(false);
    expect(isWhole({ user: "q", output: "reinforcement" })).toBe(true);
  });
});

const SEEN: Seen = {
  format: "question_answer", holder: "delimited", delimiter: ";", has_header: true, reason: "", notes: [], columns: ["q", "a"],
  mapping: { user: "q", assistant: "a" }, mapping_reason: null, is_sure: true, open_names: [],
};

describe("the settings of an import", () => {
  it("name only what was chosen", () => {
    expect(settingsOf(NOTHING, new Set())).toEqual({});
    expect(settingsOf({ ...NOTHING, format: "mail", me: " a@b.example;\nc@d.example ", wholeThreads: true, since: "2026-01-02" }, new Set(["mail"]))).toEqual({
      format: "mail", me: ["a@b.example", "c@d.example"], whole_threads: true, since: "2026-01-02",
    });
  });

  it("fill the names that somebody wrote something for", () => {
    expect(settingsOf({ ...NOTHING, fill: { name: "织机", author: "" } }, new Set())).toEqual({ fill: { name: "织机" } });
  });

  it("leave out what does not fit the file as it is read now", () => {
    const choices = { ...NOTHING, delimiter: "tab", header: false, sheet: "Two", output: "preference", refused: true, listLabels: true };
    expect(settingsOf(choices, groupsOf(SEEN, choices))).toEqual({ delimiter: "tab", header: false });
    expect(settingsOf(choices, groupsOf({ ...SEEN, holder: "excel" }, choices))).toEqual({ sheet: "Two" });
    expect(settingsOf(choices, groupsOf({ ...SEEN, format: "continue", holder: "lines", columns: [] }, choices))).toEqual({ continue_output: "preference", refused: true });
    expect(groupsOf({ ...SEEN, mapping: { user: "q", label: "a" } }, choices).has("labels")).toBe(true);
  });
});

describe("an import", () => {
  it("is not asked about while its mapping is half written", () => {
    expect([canBeSeen(null), canBeSeen({ user: "q" }), canBeSeen({ user: "q", assistant: "a" })]).toEqual([true, false, true]);
  });

  it("goes by a known format until somebody maps columns", () => {
    expect([canBeMade(SEEN, null), canBeMade(SEEN, { user: "q" }), canBeMade({ ...SEEN, is_sure: false }, null)]).toEqual([true, false, false]);
    expect(canBeMade({ ...SEEN, format: "unknown" }, { user: "q", assistant: "a" })).toBe(true);
  });
});
