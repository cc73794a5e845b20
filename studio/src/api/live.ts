import { useEffect, useRef, useState } from "react";
import { call } from "~/api/client";
import { asFailure } from "~/api/failure";

export type LiveEvent = { id: string | null; event: string; data: string };
export type LiveState = "connecting" | "open" | "away";

const FIRST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 5_000;
/** A stream says something at least every ten seconds. One that is silent for longer is dead, though nobody closed it. */
const LONGEST_SILENCE_MS = 25_000;

/** Server-sent events over `fetch`, because EventSource sends no key: yields each event until the stream ends. `heard` is called for all that comes, also for what is no event. */
export async function* serverSentEvents(body: ReadableStream<Uint8Array>, heard: () => void = () => {}): AsyncGenerator<LiveEvent> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let rest = "";
  let event: LiveEvent = { id: null, event: "message", data: "" };
  let hasData = false;
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      heard();
      const lines = (rest + value).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line === "") {
          if (hasData) yield event;
          event = { id: event.id, event: "message", data: "" };
          hasData = false;
          continue;
        }
        const colon = line.indexOf(":");
        const field = colon < 0 ? line : line.slice(0, colon);
        const text = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
        if (field === "data") {
          event.data = hasData ? `${event.data}\n${text}` : text;
          hasData = true;
        } else if (field === "event") event.event = text;
        else if (field === "id") event.id = text;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/**
 * Events of a live path, as long as the component is there. A stream that breaks is taken up again with the last
 * event's id; `null` as path listens to nothing. → whether it is heard now.
 */
export function useLive(path: string | null, hear: (event: LiveEvent) => void): LiveState {
  const [state, setState] = useState<LiveState>("connecting");
  const latest = useRef(hear);
  latest.current = hear;
  useEffect(() => {
    if (path === null) return;
    const left = new AbortController();
    listen(path, left.signal, (event) => latest.current(event), setState);
    return () => left.abort();
  }, [path]);
  return state;
}

async function listen(path: string, left: AbortSignal, hear: (event: LiveEvent) => void, tell: (state: LiveState) => void) {
  let lastId: string | null = null;
  let wait = FIRST_WAIT_MS;
  while (!left.aborted) {
    const silence = silenceWatch();
    try {
      const headers = { accept: "text/event-stream", ...(lastId === null ? {} : { "last-event-id": lastId }) };
      const response = await call(path, { signal: AbortSignal.any([left, silence.signal]), headers });
      if (!response.body) return;
      tell("open");
      wait = FIRST_WAIT_MS;
      for await (const event of serverSentEvents(response.body, silence.broken)) {
        lastId = event.id ?? lastId;
        if (event.event === "end") return;
        hear(event);
      }
    } catch (error) {
      if (left.aborted) return;
      const failure = asFailure(error);
      if (!failure.isAway && failure.status !== 0) return;
    } finally {
      silence.end();
    }
    if (left.aborted) return;
    tell("away");
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }
}

/** A signal that fires once nothing was heard for too long. */
function silenceWatch() {
  const watch = new AbortController();
  const start = () => setTimeout(() => watch.abort(), LONGEST_SILENCE_MS);
  let timer = start();
  const broken = () => {
    clearTimeout(timer);
    timer = start();
  };
  return { signal: watch.signal, broken, end: () => clearTimeout(timer) };
}
