import { Alert, Button, Stack, Text, TextInput } from "@mantine/core";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { ChoiceCard, ChoiceGroup } from "~/pages/fine-tune/ChoiceCard";
import { useErrorOf, Worth } from "~/pages/fine-tune/Fields";
import { FilePicker } from "~/pages/fine-tune/FilePicker";
import { FileReport } from "~/pages/fine-tune/FileReport";
import { fieldId } from "~/pages/fine-tune/problems";
import { useReport } from "~/pages/fine-tune/queries";
import { sayings } from "~/pages/fine-tune/say";
import { parsed, VALIDATION_SPLIT } from "~/pages/fine-tune/settings";
import { useSetup } from "~/pages/fine-tune/useSetup";

export function ValidationStep() {
  const say = useWords(sayings);
  const { draft, change } = useSetup();
  const card = (value: typeof draft.validation) => ({
    name: "validation", value, isChosen: draft.validation === value, choose: () => change({ validation: value }),
  });
  return (
    <Stack gap="lg">
      <ChoiceGroup legend={say.validationTitle} text={say.validationText}>
        <Stack gap="sm">
          <ChoiceCard {...card("none")} title={say.noValidation}>
            <Text size="sm">{say.noValidationText}</Text>
            <Worth>{say.noValidationWorth}</Worth>
          </ChoiceCard>
          <ChoiceCard {...card("split")} title={say.split}>
            <Text size="sm">{say.splitText}</Text>
            <Worth>{say.splitWorth}</Worth>
          </ChoiceCard>
          {draft.validation === "split" && <Share />}
          <ChoiceCard {...card("file")} title={say.ownFile}>
            <Text size="sm">{say.ownFileText}</Text>
            <Worth>{say.ownFileWorth}</Worth>
          </ChoiceCard>
        </Stack>
      </ChoiceGroup>
      {draft.validation === "file" && (
        <>
          <FilePicker
            name="validation_file" id={fieldId("validation_file")} chosen={draft.validationFile} choose={(id) => change({ validationFile: id })}
          />
          {draft.validationFile && draft.validationFile === draft.trainingFile && <SameFile />}
          {draft.validationFile && draft.validationFile !== draft.trainingFile && <FileReport fileId={draft.validationFile} />}
        </>
      )}
    </Stack>
  );
}

/** The server refuses such a job, unless it is told to train all the same. */
function SameFile() {
  const say = useWords(sayings);
  const { draft, change } = useSetup();
  if (draft.settings.leakage === "warn") return <Alert color="orange" role="status">{say.sameFile}</Alert>;
  return (
    <Alert color="red" role="status">
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{say.sameFileRefused}</Text>
        <Button size="compact-sm" variant="default" onClick={() => change({ validation: "split", validationFile: "" })}>{say.splitInstead}</Button>
      </Stack>
    </Alert>
  );
}

function Share() {
  const say = useWords(sayings);
  const format = useFormat();
  const { draft, change, preview, baseModel } = useSetup();
  const report = useReport(draft.trainingFile, baseModel, null);
  const error = useErrorOf("validation_split");
  const share = parsed(VALIDATION_SPLIT, draft.validationSplit);
  const rows = report.data?.status === "completed" ? report.data.num_rows : null;
  const held = preview?.num_validation_examples ?? (rows !== null && typeof share === "number" ? Math.round(rows * share) : null);
  const text = typeof share === "number" ? say.shareOf(format.percent(share), held === null ? null : format.count(held)) : undefined;
  return (
    <TextInput
      id={fieldId("validation_split")} label={say.share} description={text} error={error} value={draft.validationSplit} inputMode="decimal" maw={320} ml="md"
      onChange={(event) => change({ validationSplit: event.currentTarget.value })} autoComplete="off"
    />
  );
}
