import { Alert, List } from "@mantine/core";
import { IconInfoCircle } from "@tabler/icons-react";
import { useWords } from "~/i18n/language";
import { useSentence } from "~/pages/fine-tune/Fields";
import { sayings } from "~/pages/fine-tune/say";
import { useSetup } from "~/pages/fine-tune/useSetup";

const MOST = 5;

export function Warnings() {
  const say = useWords(sayings);
  const sentence = useSentence();
  const warnings = useSetup().problems.filter((problem) => problem.isWarning);
  if (warnings.length === 0) return null;
  return (
    <Alert color="orange" icon={<IconInfoCircle size={18} aria-hidden />} title={say.warningsHere}>
      <List size="sm" spacing={4}>
        {warnings.slice(0, MOST).map((problem, index) => <List.Item key={index} style={{ overflowWrap: "anywhere" }}>{sentence(problem)}</List.Item>)}
        {warnings.length > MOST && <List.Item>{say.more(String(warnings.length - MOST))}</List.Item>}
      </List>
    </Alert>
  );
}
