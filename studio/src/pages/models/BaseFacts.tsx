import { Text } from "@mantine/core";
import type { Schemas } from "~/api/client";
import { useFormat } from "~/i18n/format";
import { useLanguage, useWords } from "~/i18n/language";
import { compact } from "~/pages/models/compact";
import { Facts } from "~/pages/models/Facts";
import { modelWords } from "~/pages/models/words";

/** What a base model is, in figures. `isWhole`: with what only its own page has room for. */
export function BaseFacts({ model, isWhole = false }: { model: Schemas["BaseModelWire"]; isWhole?: boolean }) {
  const say = useWords(modelWords);
  const format = useFormat();
  const { language } = useLanguage();
  const names = new Intl.DisplayNames([language === "zh" ? "zh-CN" : "en"], { type: "language", fallback: "code" });
  const nameOf = (code: string) => {
    try {
      return names.of(code) ?? code;
    } catch {
      return code; // it is no code of a language
    }
  };
  const facts: [string, React.ReactNode][] = [
    [say.context, say.tokens(format.count(model.context_length))],
    [say.parameters, compact(model.num_parameters, language)],
    [say.size, format.bytes(model.num_bytes)],
    [say.licence, model.licence ? <bdi>{model.licence}</bdi> : <Text span size="sm" c="dimmed">{say.licenceUnknown}</Text>],
  ];
  if (isWhole) {
    facts.push(
      [say.family, <bdi>{model.family}</bdi>],
      [say.vocabulary, say.tokens(format.count(model.vocab_size))],
      [say.languages, model.languages.length > 0 ? model.languages.map(nameOf).join(language === "zh" ? "、" : ", ") : say.languagesUnknown],
      [say.toolCalls, model.writes_tool_calls ? say.yes : say.no],
    );
  }
  return <Facts facts={facts} />;
}
