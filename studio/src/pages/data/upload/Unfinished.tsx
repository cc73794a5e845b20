import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { IconPlayerPause } from "@tabler/icons-react";
import { useState } from "react";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { arrivedBytes, keptAs, unfinished } from "~/pages/data/upload/plan";
import { ChooseFiles } from "~/pages/data/upload/DropZone";
import { giveUp, type Owner, type Upload } from "~/pages/data/upload/uploads";
import { uploadWords } from "~/pages/data/words";

/** Uploads that were begun before a reload: a page may not read a file again that was not given to it again. */
export function Unfinished({ owner, list, choose }: { owner: Owner; list: readonly Upload[]; choose: (files: File[]) => void }) {
  const say = useWords(uploadWords);
  const format = useFormat();
  const [, setForgotten] = useState(0);
  const underWay = new Set(list.map(({ file }) => keptAs(owner.projectId, file)));
  const left = unfinished(owner.projectId).filter((each) => !underWay.has(keptAs(owner.projectId, each)));
  if (left.length === 0) return null;
  return (
    <Alert color="blue" icon={<IconPlayerPause size={18} aria-hidden />} title={say.unfinished}>
      <Stack gap="xs">
        <Text size="sm">{say.unfinishedHint}</Text>
        {left.map((each) => (
          <Group key={keptAs(owner.projectId, each)} gap="xs" justify="space-between">
            <Text size="sm" fw={500} dir="auto">{say.unfinishedOf(each.name, format.bytes(arrivedBytes(each)), format.bytes(each.size))}</Text>
            <Group gap={6}>
              <ChooseFiles choose={choose} isPlain>{say.choose}</ChooseFiles>
              <Button
                size="compact-sm" variant="subtle" color="red"
                onClick={() => void giveUp(owner, each).then(() => setForgotten((count) => count + 1))}
              >
                {say.forget}
              </Button>
            </Group>
          </Group>
        ))}
      </Stack>
    </Alert>
  );
}
