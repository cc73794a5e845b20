import { Badge, SimpleGrid, Stack, Text } from "@mantine/core";
import { useWords } from "~/i18n/language";
import { ChoiceCard, ChoiceGroup } from "~/pages/fine-tune/ChoiceCard";
import { Worth } from "~/pages/fine-tune/Fields";
import { fieldId } from "~/pages/fine-tune/problems";
import { sayings } from "~/pages/fine-tune/say";
import { useSetup } from "~/pages/fine-tune/useSetup";

export function MethodStep() {
  const say = useWords(sayings);
  const { draft, change } = useSetup();
  const later = <Badge variant="light" color="gray" tt="none">{say.notYet}</Badge>;
  const nothing = () => undefined;
  return (
    <Stack gap="xl">
      <ChoiceGroup legend={say.methodTitle}>
        <Stack gap="sm">
          <ChoiceCard name="method" id={fieldId("method")} value="supervised" isChosen choose={nothing} title={say.supervised}>
            <Text size="sm">{say.supervisedText}</Text>
          </ChoiceCard>
          <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
            <ChoiceCard name="method" value="dpo" isChosen={false} isDisabled choose={nothing} title={say.preference} marks={later}>
              <Text size="sm">{say.preferenceText}</Text>
            </ChoiceCard>
            <ChoiceCard name="method" value="reinforcement" isChosen={false} isDisabled choose={nothing} title={say.reinforcement} marks={later}>
              <Text size="sm">{say.reinforcementText}</Text>
            </ChoiceCard>
          </SimpleGrid>
        </Stack>
      </ChoiceGroup>
      <ChoiceGroup legend={say.adapterTitle}>
        <Stack gap="sm">
          <ChoiceCard
            name="adapter" id={fieldId("adapter")} value="lora" isChosen={draft.adapter === "lora"} title={say.lora}
            choose={() => change({ adapter: "lora" })}
          >
            <Text size="sm">{say.loraText}</Text>
            <Worth>{say.loraCost}</Worth>
          </ChoiceCard>
          <ChoiceCard name="adapter" value="none" isChosen={draft.adapter === "none"} choose={() => change({ adapter: "none" })} title={say.full}>
            <Text size="sm">{say.fullText}</Text>
            <Worth>{say.fullCost}</Worth>
          </ChoiceCard>
          <ChoiceCard
            name="adapter" value="qlora" isChosen={false} isDisabled choose={nothing} title={say.qlora}
            marks={<Badge variant="light" color="gray" tt="none">{say.arrives}</Badge>}
          >
            <Text size="sm">{say.qloraText}</Text>
            <Worth>{say.qloraCost}</Worth>
          </ChoiceCard>
        </Stack>
      </ChoiceGroup>
    </Stack>
  );
}
