import { useWords } from "~/i18n/language";
import { ruleNames } from "~/pages/data/operations/ruleNames";
import { ruleWords } from "~/pages/data/report/ruleWords";

/** A rule in plain words; one that has none is shown as it is called. */
export function useRuleName(): (rule: string) => string {
  const names = useWords(ruleNames);
  const rules = useWords(ruleWords);
  return (rule) => names[rule] ?? rules[rule]?.name ?? rule.replaceAll("_", " ");
}
