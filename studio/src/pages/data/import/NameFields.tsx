import { Paper, SimpleGrid, Stack, Text, TextInput, Title } from "@mantine/core";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import type { NameToFill } from "~/pages/data/import/names";
import { importWords } from "~/pages/data/import/words";

const MOST_LETTERS = 1_000;

type Props = { names: readonly NameToFill[]; values: Readonly<Record<string, string>>; change: (values: Record<string, string>) => void };

/** One field for each name that the data leaves open. */
export function NameFields({ names, values, change }: Props) {
  const say = useWords(importWords);
  const format = useFormat();
  if (names.length === 0) return null;
  return (
    <Paper withBorder p="sm">
      <Stack gap="sm">
        <Stack gap={2}>
          <Title order={3} size="h5">{say.names}</Title>
          <Text size="sm" c="dimmed">{say.namesHint}</Text>
        </Stack>
        <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm">
          {names.map(({ name, written, ofFirst }) => (
            <TextInput
              key={name} label={<bdi>{written.map((each) => each.written).join(", ")}</bdi>} dir="auto" maxLength={MOST_LETTERS} placeholder={say.stayOpen}
              description={written.map((each) => say.inRows(format.count(each.num_rows), ofFirst === null ? null : format.count(ofFirst))).join(", ")}
              value={values[name] ?? ""} onChange={(event) => change({ ...values, [name]: event.currentTarget.value })}
            />
          ))}
        </SimpleGrid>
      </Stack>
    </Paper>
  );
}
