import { Stack } from "@mantine/core";
import { useWords } from "~/i18n/language";
import { ChoiceGroup } from "~/pages/fine-tune/ChoiceCard";
import { FilePicker } from "~/pages/fine-tune/FilePicker";
import { FileReport } from "~/pages/fine-tune/FileReport";
import { fieldId } from "~/pages/fine-tune/problems";
import { sayings } from "~/pages/fine-tune/say";
import { useSetup } from "~/pages/fine-tune/useSetup";

export function DataStep() {
  const say = useWords(sayings);
  const { draft, change } = useSetup();
  return (
    <Stack gap="lg">
      <ChoiceGroup legend={say.dataTitle} text={say.dataText}>
        <FilePicker name="training_file" id={fieldId("training_file")} chosen={draft.trainingFile} choose={(id) => change({ trainingFile: id })} />
      </ChoiceGroup>
      {draft.trainingFile && <FileReport fileId={draft.trainingFile} />}
    </Stack>
  );
}
