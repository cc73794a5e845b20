import { useMemo } from "react";
import { type Language, useLanguage } from "~/i18n/language";

const LOCALES: Record<Language, string> = { en: "en", zh: "zh-CN" };
/** Of 1,024, as the server counts memory. */
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** Numbers, sizes and times as people of this language write them. Instants are Unix seconds. */
export function formatting(language: Language) {
  const locale = LOCALES[language];
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const instant = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
  return {
    count: (value: number) => whole.format(value),
    number: (value: number, digits = 3) => new Intl.NumberFormat(locale, { maximumSignificantDigits: digits }).format(value),
    percent: (share: number, digits = 1) =>
      new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: digits }).format(share),
    bytes: (value: number) => {
      const power = value < 1 ? 0 : Math.min(Math.floor(Math.log2(value) / 10), UNITS.length - 1);
      return `${new Intl.NumberFormat(locale, { maximumFractionDigits: power ? 1 : 0 }).format(value / 1024 ** power)} ${UNITS[power]}`;
    },
    instant: (seconds: number) => instant.format(seconds * 1000),
    duration: (seconds: number) => duration(seconds, language),
  };
}

export function useFormat() {
  const { language } = useLanguage();
  return useMemo(() => formatting(language), [language]);
}

function duration(seconds: number, language: Language): string {
  const [hour, minute, second] = language === "zh" ? [" 小时", " 分钟", " 秒"] : [" h", " min", " s"];
  if (seconds < 60) return `${Math.round(seconds)}${second}`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes}${minute}`;
  return `${Math.floor(minutes / 60)}${hour} ${minutes % 60}${minute}`;
}
