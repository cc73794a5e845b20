import type { Language } from "~/i18n/language";

/** A large number in few signs: 1.2B, 12亿. */
export function compact(value: number, language: Language): string {
  return new Intl.NumberFormat(language === "zh" ? "zh-CN" : "en", { notation: "compact", maximumSignificantDigits: 3 }).format(value);
}
