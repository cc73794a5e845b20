/** Turns a part of a sentence into Chinese; null where it is not known. */
type Sayer = (part: string) => string | null;

export type Form = {
  /** What stands around the holes. */
  literals: readonly string[];
  /** The sentence with these parts; null where one of them does not belong into it. */
  say: (parts: readonly string[], inChinese: Sayer) => string | null;
};

/**
 * In the Chinese sentence `{1}` is what the first hole holds, as it is; `{~1}` the same said in Chinese where that is
 * known. `{!1}` must be known and `{#1}` must be a number, or it is another sentence.
 */
export function formOf(english: string, chinese: string): Form {
  const pieces = chinese.split(/(\{[~!#]?\d\})/);
  const say: Form["say"] = (parts, inChinese) => {
    let said = "";
    for (const piece of pieces) {
      const hole = /^\{([~!#]?)(\d)\}$/.exec(piece);
      const part = hole ? (parts[Number(hole[2]) - 1] ?? "") : piece;
      const known = hole?.[1] === "~" || hole?.[1] === "!" ? inChinese(part.trim()) : null;
      if (hole?.[1] === "!" && known === null) return null;
      if (hole?.[1] === "#" && !/^[\d.,e+-]+$/.test(part)) return null;
      said += known ?? part;
    }
    return said;
  };
  return { literals: english.split("{}"), say };
}

/** Those that say most first: the others would take their sentences. */
export function bestFirst(forms: readonly Form[]): Form[] {
  const weight = ({ literals }: Form) => literals.join("").length;
  return [...forms].sort((one, other) => weight(other) - weight(one));
}

/** What the form's holes hold, each something; null where the text is of another form. In one pass, however hostile the text. */
export function partsOf(text: string, { literals }: Form): string[] | null {
  const first = literals[0] ?? "";
  const last = literals.at(-1) ?? "";
  const end = text.length - last.length;
  if (!text.startsWith(first) || !text.endsWith(last) || end < first.length) return null;
  const parts: string[] = [];
  let from = first.length;
  for (const literal of literals.slice(1, -1)) {
    const at = text.indexOf(literal, from + 1);
    if (at < 0 || at + literal.length > end) return null;
    parts.push(text.slice(from, at));
    from = at + literal.length;
  }
  if (from >= end) return null;
  return [...parts, text.slice(from, end)];
}
