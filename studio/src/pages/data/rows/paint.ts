import type { Schemas } from "~/api/client";

export type Segment = Schemas["SegmentWire"];
/** A stretch of text of one weight; `num_tokens` where it is a whole segment. */
export type Stroke = { text: string; weight: number; numTokens: number | null };
export type Painted = { strokes: Stroke[]; isTemplate: boolean; message: number | null };

/**
 * The segments of what the model sees, cut at the messages: each message's text with its weights, and between them
 * what the template adds. Null where a message's text does not stand in what the model sees as it was written (a
 * template may trim it), since nothing may then be painted that is not so.
 */
export function paintMessages(contents: readonly string[], segments: readonly Segment[]): Painted[] | null {
  const whole = segments.map((segment) => segment.text).join("");
  const painted: Painted[] = [];
  let at = 0;
  for (const [message, content] of contents.entries()) {
    const written = content.trim();
    const start = written === "" ? at : whole.indexOf(written, at);
    if (start === -1) return null;
    if (start > at) painted.push({ strokes: cut(segments, at, start), isTemplate: true, message: null });
    painted.push({ strokes: cut(segments, start, start + written.length), isTemplate: false, message });
    at = start + written.length;
  }
  if (at < whole.length) painted.push({ strokes: cut(segments, at, whole.length), isTemplate: true, message: null });
  return painted;
}

export function strokesOf(segments: readonly Segment[]): Stroke[] {
  return segments.map(({ text, weight, num_tokens }) => ({ text, weight, numTokens: num_tokens }));
}

/** The class of a weight: none, all, or between. */
export function shadeOf(weight: number): "tokenNone" | "tokenTrained" | "tokenPartly" {
  if (weight === 0) return "tokenNone";
  return weight >= 1 ? "tokenTrained" : "tokenPartly";
}

function cut(segments: readonly Segment[], from: number, to: number): Stroke[] {
  const strokes: Stroke[] = [];
  let start = 0;
  for (const { text, weight, num_tokens } of segments) {
    const end = start + text.length;
    const part = text.slice(Math.max(0, from - start), Math.max(0, Math.min(to, end) - start));
    if (part && start < to && end > from) strokes.push({ text: part, weight, numTokens: part === text ? num_tokens : null });
    start = end;
  }
  return strokes;
}
