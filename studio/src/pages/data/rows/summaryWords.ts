import { useFormat } from "~/i18n/format";
import { useLanguage, useWords } from "~/i18n/language";
import { changeWords } from "~/pages/data/rows/words";

/** "3 rows changed, 1 dropped". */
export function useSummaryWords(): (changed: number, dropped: number) => string {
  const say = useWords(changeWords);
  const { language } = useLanguage();
  const format = useFormat();
  return (changed, dropped) => {
    const parts = [
      changed > 0 && (changed === 1 ? say.changedOne : say.changed(format.count(changed))),
      dropped > 0 && (changed === 0 && language === "en" ? `${format.count(dropped)} ${dropped === 1 ? "row" : "rows"} dropped` : say.dropped(format.count(dropped))),
    ];
    return parts.filter(Boolean).join(language === "zh" ? "，" : ", ");
  };
}
