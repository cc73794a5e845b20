/** A stretch of a text, and whether the other text lacks it. */
export type Stretch = { text: string; isOwn: boolean };

const MOST_WORDS = 2_000;
// Words with their letters and digits; Chinese, Japanese and Korean signs one by one; spaces; any other sign.
const WORDS = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]|[\p{L}\p{N}\p{M}_]+?(?=[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]|[^\p{L}\p{N}\p{M}_]|$)|\s+|./gsu;

/** `text` in stretches: those that it has in common with `other`, word by word and in order, and those of its own. */
export function difference(text: string, other: string): Stretch[] {
  const [words, others] = [wordsOf(text), wordsOf(other)];
  if (words.length > MOST_WORDS || others.length > MOST_WORDS) return [{ text, isOwn: text !== other }];
  const common = longestCommon(words, others);
  const stretches: Stretch[] = [];
  words.forEach((word, index) => {
    const isOwn = !common.has(index);
    const last = stretches.at(-1);
    if (last && last.isOwn === isOwn) last.text += word;
    else stretches.push({ text: word, isOwn });
  });
  return stretches;
}

function wordsOf(text: string): string[] {
  return text.match(WORDS) ?? [];
}

/** The indexes of `words` that the longest common subsequence takes. */
function longestCommon(words: readonly string[], others: readonly string[]): Set<number> {
  const width = others.length + 1;
  const lengths = new Uint16Array((words.length + 1) * width);
  for (let i = words.length - 1; i >= 0; i--) {
    for (let j = others.length - 1; j >= 0; j--) {
      const at = i * width + j;
      lengths[at] =
        words[i] === others[j]
          ? (lengths[at + width + 1] ?? 0) + 1
          : Math.max(lengths[at + width] ?? 0, lengths[at + 1] ?? 0);
    }
  }
  const common = new Set<number>();
  for (let i = 0, j = 0; i < words.length && j < others.length; ) {
    if (words[i] === others[j]) {
      common.add(i++);
      j++;
    } else if ((lengths[(i + 1) * width + j] ?? 0) >= (lengths[i * width + j + 1] ?? 0)) i++;
    else j++;
  }
  return common;
}
