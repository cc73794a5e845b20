import { Badge, SimpleGrid, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "~/api/client";
import { Failed } from "~/components/Failed";
import { Loading } from "~/components/Loading";
import { useFormat } from "~/i18n/format";
import { useLanguage, useWords } from "~/i18n/language";
import { ChoiceCard, ChoiceGroup } from "~/pages/fine-tune/ChoiceCard";
import { EarlierRuns } from "~/pages/fine-tune/EarlierRuns";
import classes from "~/pages/fine-tune/fine-tune.module.css";
import { fieldId } from "~/pages/fine-tune/problems";
import { baseModelsQuery } from "~/pages/fine-tune/queries";
import { sayings } from "~/pages/fine-tune/say";
import { useSetup } from "~/pages/fine-tune/useSetup";

export function ModelStep() {
  const say = useWords(sayings);
  const { draft, change } = useSetup();
  const models = useQuery(baseModelsQuery);
  return (
    <Stack gap="xl">
      <ChoiceGroup legend={say.baseTitle} text={say.baseText}>
        {models.isPending && <Loading />}
        {models.error && <Failed error={models.error} retry={() => void models.refetch()} />}
        {models.data?.data.length === 0 && <Text size="sm">{say.noBase}</Text>}
        <SimpleGrid cols={{ base: 1, sm: (models.data?.data.length ?? 0) > 1 ? 2 : 1 }} spacing="sm">
          {models.data?.data.map((model, index) => (
            <BaseModelCard
              key={model.id} model={model} id={index === 0 ? fieldId("model") : undefined} isChosen={draft.model === model.id || model.aliases.includes(draft.model)}
              choose={(name) => change({ model: name })}
            />
          ))}
        </SimpleGrid>
      </ChoiceGroup>
      <EarlierRuns />
    </Stack>
  );
}

type CardProps = { model: Schemas["BaseModelWire"]; id?: string; isChosen: boolean; choose: (name: string) => void };

function BaseModelCard({ model, id, isChosen, choose }: CardProps) {
  const say = useWords(sayings);
  const format = useFormat();
  const { language } = useLanguage();
  const languages = new Intl.DisplayNames([language === "zh" ? "zh-CN" : "en"], { type: "language", fallback: "code" });
  const nameOf = (code: string) => {
    try {
      return languages.of(code) ?? code;
    } catch {
      return code;
    }
  };
  const marks = (
    <>
      {model.is_default && <Badge variant="light" tt="none">{say.isDefault}</Badge>}
      {model.is_available && <Badge variant="light" color="gray" tt="none">{model.kind === "instruct" ? say.instruct : say.completion}</Badge>}
    </>
  );
  return (
    <ChoiceCard
      name="model" id={id} value={model.id} title={model.id} marks={marks} isChosen={isChosen} choose={choose} isDisabled={!model.is_available}
    >
      {model.is_available ? (
        <dl className={classes.facts}>
          <div><dt>{say.size}</dt><dd>{say.parameters(compact(model.num_parameters, language))}</dd></div>
          <div><dt>{say.onDisk}</dt><dd>{format.bytes(model.num_bytes)}</dd></div>
          <div><dt>{say.context}</dt><dd>{say.tokens(format.count(model.context_length))}</dd></div>
          <div><dt>{say.licence}</dt><dd>{model.licence ?? say.licenceUnknown}</dd></div>
          <div><dt>{say.languages}</dt><dd>{model.languages.map(nameOf).join(language === "zh" ? "、" : ", ") || say.languagesUnknown}</dd></div>
          <div><dt>{say.family}</dt><dd>{[model.family.replace(/ForCausalLM$/, ""), model.writes_tool_calls && say.toolCalls].filter(Boolean).join(" · ")}</dd></div>
        </dl>
      ) : (
        <Text size="sm" style={{ overflowWrap: "anywhere" }}><b>{say.notHere}.</b> {model.why_not}</Text>
      )}
      {model.remarks.map((remark, index) => <Text key={index} size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>{remark}</Text>)}
      {model.aliases.length > 0 && (
        <Text size="xs" c="dimmed" lineClamp={2} style={{ overflowWrap: "anywhere" }}>{say.aliases(model.aliases.join(", "))}</Text>
      )}
    </ChoiceCard>
  );
}

function compact(value: number, language: string): string {
  return new Intl.NumberFormat(language === "zh" ? "zh-CN" : "en", { notation: "compact", maximumSignificantDigits: 3 }).format(value);
}
