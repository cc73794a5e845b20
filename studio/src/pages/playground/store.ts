import { call, type Schemas } from "~/api/client";
import { asFailure } from "~/api/failure";
import { serverSentEvents } from "~/api/live";
import { askedFor, failed, isUnderWay, readChunk, stopped, withChunk } from "~/pages/playground/answer";
import { columnKeys, firstUnanswered, isAnyUnderWay, messagesFor, type Turn, withAnswer } from "~/pages/playground/conversation";
import { type Kept, readKept, toKeep } from "~/pages/playground/kept";
import { chatBody, seedsFor, withUsual } from "~/pages/playground/parameters";

/** Where the playground is kept between visits. `write` may fail: then only this visit knows it. */
export type Shelf = { read: () => string | null; write: (text: string) => void };

type Post = (body: Schemas["ChatBody"], left: AbortSignal) => Promise<Response>;

const REDRAW_MS = 33;
const KEEP_MS = 400;

/** The problem's code where a stream ends before the answer does. */
export const ENDED_EARLY = "ended_early";

/**
 * What the playground knows and does; the page draws it. It outlives the page, so that answers go on being written
 * while the user looks at another one.
 */
export class Playground {
  private state: Kept;
  private readonly listeners = new Set<() => void>();
  private readonly underWay = new Map<string, AbortController>();
  private keeping: ReturnType<typeof setTimeout> | undefined;
  private numTurns = 0;

  constructor(private readonly shelf: Shelf, private readonly post: Post = postChat, private readonly now: () => number = Date.now) {
    this.state = readKept(shelf.read());
  }

  readonly subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly get = () => this.state;

  set(change: Partial<Omit<Kept, "turns">>): void {
    this.update(change);
  }

  /** The draft goes to every column at once. */
  send(models: readonly string[]): void {
    const text = this.state.draft;
    if (text.trim() === "" || models.length === 0 || isAnyUnderWay(this.state.turns)) return;
    const turn: Turn = { id: `${this.now()}-${this.numTurns++}`, text, answers: {} };
    this.update({ draft: "", turns: [...this.state.turns, turn] });
    const seeds = this.seeds(models.length);
    columnKeys(models).forEach((key, index) => void this.ask(models[index] ?? "", key, turn.id, seeds[index] ?? null));
  }

  /** One answer of the last turn again; a seed that was not set is drawn anew. */
  retry(model: string, key: string): void {
    const turn = this.state.turns.at(-1);
    if (turn) void this.ask(model, key, turn.id, this.seeds(1)[0] ?? null);
  }

  /** A column that came later answers every turn that it has missed, one after the other. */
  async catchUp(model: string, key: string): Promise<void> {
    for (;;) {
      const turn = this.state.turns[firstUnanswered(this.state.turns, key)];
      if (!turn) return;
      await this.ask(model, key, turn.id, this.seeds(1)[0] ?? null);
      if (this.state.turns.find((each) => each.id === turn.id)?.answers[key]?.state !== "done") return;
    }
  }

  /** Of one column, or of all. What was written stays. */
  stop(key?: string): void {
    for (const [place, controller] of this.underWay) {
      if (key === undefined || place.endsWith(`\n${key}`)) controller.abort();
    }
  }

  clear(): void {
    this.stop();
    this.update({ turns: [] });
  }

  /** The last turn is taken back, its words become the draft again. */
  takeBack(): void {
    const turn = this.state.turns.at(-1);
    if (!turn) return;
    this.stop();
    this.update({ draft: turn.text, turns: this.state.turns.slice(0, -1) });
  }

  /** Now, without the pause that spares the disk: the page goes away. */
  readonly keep = () => {
    clearTimeout(this.keeping);
    this.keeping = undefined;
    try {
      this.shelf.write(toKeep(this.state));
    } catch {
      try {
        this.shelf.write(toKeep({ ...this.state, turns: [] }));
      } catch {
        return; // the browser keeps nothing
      }
    }
  };

  private seeds(count: number): number[] {
    return seedsFor(count, this.state.parameters.seed, this.state.sharesSeed);
  }

  private async ask(model: string, key: string, turnId: string, seed: number | null): Promise<void> {
    const { turns, system, models } = this.state;
    const parameters = withUsual(this.state.parameters, models);
    const index = turns.findIndex((turn) => turn.id === turnId);
    const place = `${turnId}\n${key}`;
    if (index < 0 || this.underWay.has(place)) return;
    const left = new AbortController();
    this.underWay.set(place, left);
    const begin = this.now();
    let breath = begin;
    let answer = askedFor(seed);
    let drawing: ReturnType<typeof setTimeout> | undefined;
    const draw = () => {
      clearTimeout(drawing);
      drawing = undefined;
      this.update({ turns: withAnswer(this.state.turns, turnId, key, answer) });
    };
    draw();
    try {
      const body = chatBody(model, messagesFor(turns, index, key, system), { ...parameters, seed });
      const response = await this.post(body, left.signal);
      answer = { ...answer, answeredBy: otherName(response.headers.get("x-tunesmith-model"), model) };
      for await (const event of serverSentEvents(bodyOf(response, left.signal))) {
        for (const chunk of readChunk(event.data)) answer = withChunk(answer, chunk, (this.now() - begin) / 1000);
        if (!isUnderWay(answer)) break;
        drawing ??= setTimeout(draw, REDRAW_MS);
        if (this.now() - breath > REDRAW_MS) {
          await new Promise((resolve) => setTimeout(resolve)); // a long answer that comes at once must not hold up the page
          breath = this.now();
        }
      }
      if (left.signal.aborted) answer = stopped(answer);
      else if (isUnderWay(answer)) answer = withChunk(answer, { kind: "problem", message: "", code: ENDED_EARLY, param: null }, 0);
    } catch (error) {
      answer = left.signal.aborted ? stopped(answer) : failed(answer, asFailure(error), this.now());
    } finally {
      this.underWay.delete(place);
      draw();
    }
  }

  private update(change: Partial<Kept>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) listener();
    this.keeping ??= setTimeout(this.keep, KEEP_MS);
  }
}

const playgrounds = new Map<string, Playground>();

/** The playground of a project: another project's conversation is none of its business. */
export function playgroundOf(projectId: string): Playground {
  let found = playgrounds.get(projectId);
  if (!found) {
    const name = `tunesmith.playground.${projectId}`;
    found = new Playground({ read: () => localStorage.getItem(name), write: (text) => localStorage.setItem(name, text) });
    window.addEventListener("pagehide", found.keep);
    playgrounds.set(projectId, found);
  }
  return found;
}


function postChat(body: Schemas["ChatBody"], left: AbortSignal): Promise<Response> {
  const headers = { "content-type": "application/json", accept: "text/event-stream" };
  return call("/v1/chat/completions", { method: "POST", headers, body: JSON.stringify(body), signal: left });
}

/** The header says who answered; it is news only where that is not who was asked. */
function otherName(header: string | null, model: string): string | null {
  if (header === null) return null;
  let name = header;
  try {
    name = decodeURIComponent(header);
  } catch {
    // it is shown as it came
  }
  return name === model ? null : name;
}

function bodyOf(response: Response, left: AbortSignal): ReadableStream<Uint8Array> {
  if (left.aborted || !response.body) return new ReadableStream({ start: (controller) => controller.close() });
  return response.body;
}
