import { Page } from "~/components/Page";
import { frame } from "~/components/words";
import { useWords } from "~/i18n/language";

export function ModelsPage() {
  const say = useWords(frame);
  return <Page title={say.models}>{null}</Page>;
}
