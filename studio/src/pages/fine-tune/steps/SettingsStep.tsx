import { Accordion, Alert, Badge, Group, Stack, Text, Title } from "@mantine/core";
import { useState } from "react";
import { Failed } from "~/components/Failed";
import { useWords } from "~/i18n/language";
import { isShown } from "~/pages/fine-tune/draft";
import { sayings } from "~/pages/fine-tune/say";
import { SettingField } from "~/pages/fine-tune/SettingField";
import { GROUPS, inGroup, type SettingGroup } from "~/pages/fine-tune/settings";
import { useSetup } from "~/pages/fine-tune/useSetup";
import { groupWords } from "~/pages/fine-tune/words";

export function SettingsStep() {
  const say = useWords(sayings);
  const groups = useWords(groupWords);
  const { draft, problems, previewFailure, startsFromTuned } = useSetup();
  const settingsOf = (group: SettingGroup) => inGroup(group).filter(({ name }) => isShown(draft, name));
  const isWrong = (group: SettingGroup) => settingsOf(group).some(({ name }) => problems.some(({ path, isWarning }) => path === name && !isWarning));
  const advanced = GROUPS.filter((group) => group !== "basic" && settingsOf(group).length > 0);
  const [open, setOpen] = useState<string[]>([]);
  // A group with an error is open: nobody must look for it.
  const shown = advanced.filter((group) => open.includes(group) || isWrong(group));
  return (
    <Stack gap="md">
      <Stack gap={4}>
        <Title order={2} size="h4">{say.settingsTitle}</Title>
        <Text c="dimmed" size="sm">{say.settingsText}</Text>
      </Stack>
      {(!draft.model || !draft.trainingFile) && <Alert color="gray">{say.waitingForFile}</Alert>}
      {previewFailure && !previewFailure.isAway && <Failed error={previewFailure} />}
      {startsFromTuned && <Alert color="blue">{say.fixedByModel}</Alert>}
      <section aria-label={groups.basic.title}>
        {settingsOf("basic").map((setting) => <SettingField key={setting.name} setting={setting} />)}
      </section>
      <Accordion multiple variant="separated" value={shown} onChange={setOpen} order={3}>
        {advanced.map((group) => {
          const given = settingsOf(group).filter(({ name }) => draft.settings[name] !== undefined).length;
          return (
            <Accordion.Item key={group} value={group}>
              <Accordion.Control>
                <Group gap="xs">
                  <Text fw={600}>{groups[group].title}</Text>
                  <Text size="sm" c="dimmed">{groups[group].text}</Text>
                  {given > 0 && <Badge variant="light" tt="none">{say.given(given)}</Badge>}
                </Group>
              </Accordion.Control>
              <Accordion.Panel>
                {shown.includes(group) && settingsOf(group).map((setting) => <SettingField key={setting.name} setting={setting} />)}
              </Accordion.Panel>
            </Accordion.Item>
          );
        })}
      </Accordion>
    </Stack>
  );
}
