/** A token as the server drew it; `bytes` is null for a control token, which is no text. */
export type Alternative = { token: string; logprob: number; bytes: number[] | null };
export type Token = Alternative & { top_logprobs: Alternative[] };

/**
 * What is shown and pointed at as one: a token, or several that only together are characters. `rest` are bytes of a
 * character that is not whole yet.
 */
export type Span = { text: string; tokens: readonly Token[]; logprob: number; isControl: boolean; rest: readonly number[] };

const decoder = new TextDecoder();

/** The spans with these tokens behind them. Earlier spans stay the same objects. */
export function withTokens(spans: readonly Span[], tokens: readonly Token[]): Span[] {
  const next = [...spans];
  for (const token of tokens) {
    const last = next.at(-1);
    if (last && last.rest.length > 0 && token.bytes) next[next.length - 1] = joined(last, token, token.bytes);
    else next.push(single(token));
  }
  return next;
}

export function textOf(spans: readonly Span[]): string {
  return spans.map((span) => (span.isControl ? "" : span.text)).join("");
}

/** Of a whole span: the product of its tokens' probabilities. */
export function probabilityOf(logprob: number): number {
  return Math.min(1, Math.exp(logprob));
}

export const NUM_LEVELS = 5;

/** 0: a surprise, below 5 %; 4: what was expected, 90 % and more. */
export function levelOf(logprob: number): number {
  const probability = probabilityOf(logprob);
  return [0.05, 0.25, 0.5, 0.9].filter((least) => probability >= least).length;
}

/** A token's text so that every sign of it is seen: spaces, line ends and bytes that are no character alone. */
export function visible(token: Alternative): string {
  const text = token.bytes && numMissing(token.bytes) === 0 ? decoder.decode(new Uint8Array(token.bytes)) : token.token;
  if (token.bytes && text.includes("\ufffd")) return token.bytes.map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
  return text
    .replaceAll(" ", "␣").replaceAll("\n", "↵").replaceAll("\t", "⇥").replaceAll("\r", "␍")
    .replace(/[\p{Cc}\p{Cf}]/gu, (sign) => `\\u${(sign.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`);
}

function single(token: Token): Span {
  if (token.bytes === null) return { text: token.token, tokens: [token], logprob: token.logprob, isControl: true, rest: [] };
  return { ...decoded(token.bytes), tokens: [token], logprob: token.logprob, isControl: false };
}

function joined(span: Span, token: Token, bytes: readonly number[]): Span {
  const { text, rest } = decoded([...span.rest, ...bytes]);
  return { text: span.text + text, rest, tokens: [...span.tokens, token], logprob: span.logprob + token.logprob, isControl: false };
}

function decoded(bytes: readonly number[]): { text: string; rest: readonly number[] } {
  const whole = bytes.length - numMissing(bytes);
  return { text: decoder.decode(new Uint8Array(bytes.slice(0, whole))), rest: bytes.slice(whole) };
}

/** How many bytes at the end begin a character that is not whole. */
function numMissing(bytes: readonly number[]): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte >= 0x80 && byte < 0xc0) continue;
    const length = byte >= 0xf0 && byte < 0xf8 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return byte < 0xf8 && length > back ? back : 0;
  }
  return 0;
}
