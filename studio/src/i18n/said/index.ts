import { useEffect, useSyncExternalStore } from "react";
import { useLanguage } from "~/i18n/language";

type Say = (sentence: string) => string;

let chinese: Say | null = null;
const waiting = new Set<() => void>();

/**
 * Says the server's sentences, which are English, in the reader's language. The Chinese ones are fetched when the first
 * reader of Chinese needs one: until then, and where a sentence is not known, it stays as it is.
 */
export function useSaid(): Say {
  const isChinese = useLanguage().language === "zh";
  const inChinese = useSyncExternalStore(listen, () => chinese);
  useEffect(() => {
    if (isChinese && !inChinese) void fetchChinese();
  }, [isChinese, inChinese]);
  return isChinese && inChinese ? inChinese : asItIs;
}

const asItIs: Say = (sentence) => sentence;

async function fetchChinese(): Promise<void> {
  try {
    chinese = (await import("~/i18n/said/chinese")).saidInChinese;
    waiting.forEach((tell) => tell());
  } catch {
    // Sentences in English are better than no page; the next one that is shown asks again.
  }
}

function listen(tell: () => void): () => void {
  waiting.add(tell);
  return () => waiting.delete(tell);
}
