import { Alert, Autocomplete, Button, Group, Paper, Select, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useWords } from "~/i18n/language";
import { useSaid } from "~/i18n/said";
import { isWhole, type Mapping, onOneLine, OUTPUTS, partsOf, withOutput, withPart } from "~/pages/data/import/preview";
import { importWords } from "~/pages/data/import/words";

/** `ownFormat`: the columns are read as a known format has them, recognized or chosen, until somebody maps them. */
type Props = { columns: string[]; mapping: Mapping; isSure: boolean; reason: string | null; ownFormat: string | null; isChosen: boolean; change: (mapping: Mapping) => void };

/** A table's columns, each given its part in a row; a part may also be a text with columns in braces. */
export function MappingFields({ columns, mapping, isSure, reason, ownFormat, isChosen, change }: Props) {
  const say = useWords(importWords);
  const said = useSaid();
  return (
    <Paper withBorder p="sm">
      <Stack gap="sm">
        <Stack gap={2}>
          <Title order={3} size="h5">{say.mapping}</Title>
          <Text size="sm" c="dimmed">{say.mappingHint}</Text>
          {ownFormat ? <Text size="sm" c="dimmed">{(isChosen ? say.byChosen : say.byFormat)(say.formats[ownFormat] ?? ownFormat)}</Text>
            : isSure ? <Text size="sm" c="dimmed">{say.guessed}</Text> : <Unsure isWhole={isWhole(mapping)} use={() => change(mapping)} />}
          {reason && !ownFormat && <Text size="xs" c="dimmed" dir="auto">{said(reason)}</Text>}
        </Stack>
        <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm">
          <Select
            label={say.output} allowDeselect={false} value={mapping.output ?? "chat"} data={OUTPUTS.map((value) => ({ value, label: say.outputs[value] ?? value }))}
            onChange={(output) => output && change(withOutput(mapping, output))}
          />
          {partsOf(mapping.output).map((part) => (
            <Autocomplete
              key={part} label={say.parts[part]} description={say.partHints[part]} placeholder={say.empty} data={columns.map(onOneLine.show)} value={onOneLine.show(mapping[part] ?? "")}
              onChange={(shown) => change(withPart(mapping, part, onOneLine.read(shown)))}
            />
          ))}
        </SimpleGrid>
      </Stack>
    </Paper>
  );
}

/** A guess that nobody has confirmed is not used; where it is whole, it can be taken as it stands. */
function Unsure({ isWhole, use }: { isWhole: boolean; use: () => void }) {
  const say = useWords(importWords);
  return (
    <Alert color="yellow" py={6}>
      <Group justify="space-between" gap="xs">
        <Text size="sm">{isWhole ? say.unsureWhole : say.unsure}</Text>
        {isWhole && <Button size="compact-sm" variant="default" onClick={use}>{say.useThese}</Button>}
      </Group>
    </Alert>
  );
}
