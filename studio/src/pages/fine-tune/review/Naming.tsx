import { ActionIcon, Button, Code, Group, Paper, Stack, Text, TextInput, Title } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { useWords } from "~/i18n/language";
import { type Draft, MOST_METADATA } from "~/pages/fine-tune/draft";
import { useErrorOf } from "~/pages/fine-tune/Fields";
import { fieldId } from "~/pages/fine-tune/problems";
import { sayings } from "~/pages/fine-tune/say";
import { useSetup } from "~/pages/fine-tune/useSetup";
import { useSession } from "~/session";

/** What the model will be called, and notes that come back with the job. */
export function Naming() {
  const say = useWords(sayings);
  const { me } = useSession();
  const { draft, change, baseModel, preview } = useSetup();
  const error = useErrorOf("suffix");
  const base = baseModel ?? preview?.model ?? draft.model;
  return (
    <Paper withBorder p="md" component="section" aria-label={say.nameTitle}>
      <Stack gap="sm">
        <Title order={3} size="h5">{say.nameTitle}</Title>
        <TextInput
          id={fieldId("suffix")} label={say.suffix} description={say.suffixText} value={draft.suffix} error={error} maw={420} autoComplete="off" spellCheck={false}
          onChange={(event) => change({ suffix: event.currentTarget.value })} onKeyDown={(event) => event.key === "Enter" && event.preventDefault()}
        />
        <Text size="sm" component="div">
          {say.modelName} <Code style={{ overflowWrap: "anywhere" }}>ft:{base || "…"}:{me?.project_name}:{error ? "…" : draft.suffix}:<i>{say.idLater}</i></Code>
        </Text>
        <Notes draft={draft} change={change} />
      </Stack>
    </Paper>
  );
}

function Notes({ draft, change }: { draft: Draft; change: (part: Partial<Draft>) => void }) {
  const say = useWords(sayings);
  const error = useErrorOf("metadata");
  const { metadata } = draft;
  const set = (index: number, part: Partial<Draft["metadata"][number]>) =>
    change({ metadata: metadata.map((pair, at) => (at === index ? { ...pair, ...part } : pair)) });
  return (
    <Stack gap={6} id={fieldId("metadata")} tabIndex={-1} role="group" aria-label={say.metadata} style={{ outline: "none" }}>
      <Text size="sm" fw={500}>{say.metadata}</Text>
      <Text size="xs" c="dimmed">{say.metadataText}</Text>
      {metadata.map((pair, index) => (
        <Group key={index} gap="xs" wrap="nowrap">
          <TextInput flex={1} miw={0} aria-label={`${say.key} ${index + 1}`} placeholder={say.key} value={pair.key} onChange={(event) => set(index, { key: event.currentTarget.value })} />
          <TextInput flex={2} miw={0} aria-label={`${say.value} ${index + 1}`} placeholder={say.value} value={pair.value} onChange={(event) => set(index, { value: event.currentTarget.value })} />
          <ActionIcon variant="subtle" color="gray" aria-label={say.removePair(pair.key)} onClick={() => change({ metadata: metadata.filter((_, at) => at !== index) })}>
            <IconX size={16} />
          </ActionIcon>
        </Group>
      ))}
      {error && <Text size="sm" c="red">{error}</Text>}
      {metadata.length < MOST_METADATA && (
        <Group>
          <Button size="compact-sm" variant="default" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => change({ metadata: [...metadata, { key: "", value: "" }] })}>
            {say.addPair}
          </Button>
        </Group>
      )}
    </Stack>
  );
}
