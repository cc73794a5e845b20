import { expect, test, vi } from "vitest";
import type { Schemas } from "~/api/client";
import { Failure } from "~/api/failure";
import { ENDED_EARLY, Playground } from "~/pages/playground/store";

type Body = Schemas["ChatBody"];

const line = (text: string) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: text } }] })}\n\n`;
const stream = (...lines: string[]) => new Response(new Blob([lines.join("")]).stream(), { headers: { "x-tunesmith-model": "starter" } });

function playground(post: (body: Body, left: AbortSignal) => Promise<Response>) {
  const shelf = { text: null as string | null, read: () => shelf.text, write: (text: string) => void (shelf.text = text) };
  return { shelf, made: new Playground(shelf, post) };
}
const settled = (made: Playground) => vi.waitFor(() => expect(Object.values(made.get().turns.at(-1)?.answers ?? {}).every((each) => each.state !== "waiting" && each.state !== "writing")).toBe(true));

test("one prompt goes to every column, each with its own history", async () => {
  const asked: Body[] = [];
  const { made } = playground(async (body) => {
    asked.push(body);
    return stream(line(`to ${body.model} ${asked.length}`), "data: [DONE]\n\n");
  });
  made.set({ draft: "first", system: "S" });
  made.send(["a", "b"]);
  await settled(made);
  made.set({ draft: "second" });
  made.send(["a", "b"]);
  await settled(made);
  expect(made.get().draft).toBe("");
  expect(asked.map((body) => body.model)).toEqual(["a", "b", "a", "b"]);
  expect(asked[3]?.messages.map((message) => message.content)).toEqual(["S", "first", "to b 2", "second"]);
  expect(asked[0]?.seed).toBe(asked[1]?.seed);
});

test("one column's refusal is its own; asking again replaces it", async () => {
  let isWell = false;
  const { made } = playground(async (body) => {
    if (body.model === "b" && !isWell) throw new Failure(503, "Failed its check.", "model_not_certified");
    return stream(line("ok"), "data: [DONE]\n\n");
  });
  made.set({ draft: "q" });
  made.send(["a", "b"]);
  await settled(made);
  expect(made.get().turns[0]?.answers).toMatchObject({ a: { state: "done" }, b: { state: "failed", problem: { message: "Failed its check." } } });
  isWell = true;
  made.retry("b", "b");
  await settled(made);
  expect(made.get().turns[0]?.answers.b).toMatchObject({ state: "done", text: "ok", problem: null });
});

test("stopping cancels the request and keeps what was written", async () => {
  let signal: AbortSignal | undefined;
  const { made } = playground(async (_, left) => {
    signal = left;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(line("half")));
        left.addEventListener("abort", () => controller.error(new DOMException("stopped", "AbortError")));
      },
    });
    return new Response(body);
  });
  made.set({ draft: "q" });
  made.send(["a"]);
  await vi.waitFor(() => expect(made.get().turns[0]?.answers.a?.text).toBe("half"));
  made.stop("a");
  await settled(made);
  expect(signal?.aborted).toBe(true);
  expect(made.get().turns[0]?.answers.a).toMatchObject({ state: "stopped", text: "half" });
});

test("a stream that ends too early is said to have failed", async () => {
  const { made } = playground(async () => stream(line("half")));
  made.set({ draft: "q" });
  made.send(["a"]);
  await settled(made);
  expect(made.get().turns[0]?.answers.a).toMatchObject({ state: "failed", text: "half", problem: { code: ENDED_EARLY } });
});

test("an alias says who answered", async () => {
  const { made } = playground(async () => stream(line("x"), "data: [DONE]\n\n"));
  made.set({ draft: "q" });
  made.send(["gpt-4o-mini", "starter"]);
  await settled(made);
  expect(made.get().turns[0]?.answers).toMatchObject({ "gpt-4o-mini": { answeredBy: "starter" }, starter: { answeredBy: null } });
});

test("a column that came later catches up, turn by turn", async () => {
  const asked: string[][] = [];
  const { made } = playground(async (body) => {
    asked.push(body.messages.map((message) => String(message.content)));
    return stream(line(`${body.model}${asked.length}`), "data: [DONE]\n\n");
  });
  for (const draft of ["one", "two"]) {
    made.set({ draft });
    made.send(["a"]);
    await settled(made);
  }
  await made.catchUp("b", "b");
  expect(asked.slice(2)).toEqual([["one"], ["one", "b3", "two"]]);
});

test("the visit is kept, even where the browser has little room", () => {
  const { shelf, made } = playground(async () => stream());
  made.set({ draft: "kept" });
  made.keep();
  expect(new Playground(shelf).get().draft).toBe("kept");
  const full = new Playground({ read: () => null, write: () => { throw new Error("full"); } });
  expect(() => full.keep()).not.toThrow();
});

test("the last turn can be taken back", async () => {
  const { made } = playground(async () => stream(line("x"), "data: [DONE]\n\n"));
  made.set({ draft: "again" });
  made.send(["a"]);
  await settled(made);
  made.takeBack();
  expect(made.get()).toMatchObject({ draft: "again", turns: [] });
});
