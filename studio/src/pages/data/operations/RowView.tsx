import { Spoiler, Stack, Text } from "@mantine/core";
import { useWords } from "~/i18n/language";
import type { Row } from "~/pages/data/api";
import { operationWords } from "~/pages/data/operations/words";
import { Conversation } from "~/pages/data/rows/Conversation";

/** As high as a few messages: one long row shall not push all others off the screen. */
const MOST_PIXELS = 320;

/** A row as people read it: a conversation, or both answers of a preference. Nothing of it can be changed here. */
export function RowView({ row }: { row: Record<string, unknown> }) {
  const say = useWords(operationWords);
  return <Spoiler maxHeight={MOST_PIXELS} showLabel={say.showAll} hideLabel={say.showLess}><Said row={row} /></Spoiler>;
}

function Said({ row }: { row: Record<string, unknown> }) {
  const say = useWords(operationWords);
  const input = row.input as { messages?: unknown[] } | undefined;
  if (input?.messages && Array.isArray(row.preferred_output)) {
    return (
      <Stack gap="xs">
        <Talk row={{ messages: input.messages }} />
        <Text size="xs" fw={600}>{say.preferred}</Text>
        <Talk row={{ messages: row.preferred_output }} />
        <Text size="xs" fw={600}>{say.notPreferred}</Text>
        <Talk row={{ messages: row.non_preferred_output }} />
      </Stack>
    );
  }
  return <Talk row={row} />;
}

function Talk({ row }: { row: Record<string, unknown> }) {
  const text = JSON.stringify(row);
  const shown: Row = { object: "file.row", file_id: "", line: 0, text, is_cut: false, value: row, problems: [], segments: null, num_tokens: null, num_trained_tokens: null };
  return <Conversation text={text} row={shown} isChanged={false} showsTemplate={false} change={null} />;
}
