import { Button, Code, Group, Paper, SegmentedControl, Stack, Text } from "@mantine/core";
import { IconDatabase, IconDownload } from "@tabler/icons-react";
import { useState } from "react";
import { Empty } from "~/components/Empty";
import { useLanguage, useWords } from "~/i18n/language";
import { exampleFile, type ExampleFormat, exampleRow } from "~/pages/data/files/example";
import { saveAs } from "~/pages/data/save";
import { exampleWords } from "~/pages/data/words";

/** Where no file is yet: what one looks like, and one to begin with. */
export function EmptyFiles() {
  const say = useWords(exampleWords);
  const { language } = useLanguage();
  const [format, setFormat] = useState<ExampleFormat>("chat");
  const why = { chat: say.chatWhy, prompt_completion: say.pairWhy, alpaca: say.alpacaWhy }[format];
  const formats = [
    { value: "chat", label: say.chat }, { value: "prompt_completion", label: say.pair }, { value: "alpaca", label: say.alpaca },
  ];
  return (
    <Stack gap={0}>
      <Empty icon={IconDatabase} title={say.title} text={say.text} />
      <Paper withBorder p="md" maw={680} w="100%" mx="auto">
        <Stack gap="sm">
          <SegmentedControl
            value={format} onChange={(value) => setFormat(value as ExampleFormat)} data={formats} aria-label={say.shown} fullWidth
          />
          <Text size="sm">{why}</Text>
          <Code block tabIndex={0} aria-label={say.shown} style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
            {exampleRow(format, language)}
          </Code>
          <Group justify="space-between" gap="xs">
            <Text size="xs" c="dimmed">{say.laid}</Text>
            <Button
              variant="light" leftSection={<IconDownload size={16} aria-hidden />}
              onClick={() => {
                const file = exampleFile(format, language);
                saveAs(file, file.name);
              }}
            >
              {say.download}
            </Button>
          </Group>
        </Stack>
      </Paper>
    </Stack>
  );
}
