import { describe, expect, it } from "vitest";
import { isWhole, settingsOf, withOutput, withPart } from "~/pages/data/import/preview";

describe("a mapping", () => {
  it("loses a part that is emptied", () => {
    expect(withPart({ user: "q", system: "Be brief." }, "system", " ")).toEqual({ user: "q" });
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

describe("the settings of an import", () => {
  it("name only what was chosen", () => {
    expect(settingsOf(null, null, null)).toEqual({});
    expect(settingsOf("mail", null, { me: " a@b.example;\nc@d.example ", wholeThreads: true })).toEqual({
      format: "mail", me: ["a@b.example", "c@d.example"], whole_threads: true,
    });
  });
});
