import { talkOf } from "~/pages/data/rows/talk";

const MOST = 160;

/** A row in a few words: what is asked, or its text where it is no conversation. */
export function gist(text: string): string {
  const talk = text.length < 100_000 ? talkOf(text) : null;
  const said = talk?.turns.find((turn) => turn.role === "user" || turn.role === "prompt") ?? talk?.turns[0];
  return (said?.content?.trim() || text).slice(0, MOST).replace(/\s+/g, " ");
}
