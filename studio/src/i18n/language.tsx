import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";

export type Language = "en" | "zh";

const KEPT_AS = "tunesmith.language";

/**
 * The words of one place in both languages. Chinese must have what English has, or the types do not fit; where a
 * number or a name goes into a sentence, the word is a function.
 */
export type Words<T> = { en: T; zh: T };

export function words<T extends object>(both: Words<T>): Words<T> {
  return both;
}

const LanguageContext = createContext<{ language: Language; choose: (language: Language) => void }>({
  language: "en",
  choose: () => {},
});

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, choose] = useState<Language>(firstLanguage);
  useEffect(() => {
    localStorage.setItem(KEPT_AS, language);
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  }, [language]);
  const value = useMemo(() => ({ language, choose }), [language]);
  return <LanguageContext.Provider value={value}>{children}</LanguageContext.Provider>;
}

export function useLanguage() {
  return useContext(LanguageContext);
}

/** The words of this place in the chosen language. */
export function useWords<T extends object>(both: Words<T>): T {
  return both[useLanguage().language];
}

function firstLanguage(): Language {
  const kept = localStorage.getItem(KEPT_AS);
  if (kept === "en" || kept === "zh") return kept;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}
