import { Page } from "~/components/Page";
import { frame } from "~/components/words";
import { useWords } from "~/i18n/language";

export function FineTunePage() {
  const say = useWords(frame);
  return <Page title={say.fineTune}>{null}</Page>;
}
