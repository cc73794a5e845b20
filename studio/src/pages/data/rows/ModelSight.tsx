import { Paper, Stack, Text } from "@mantine/core";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import type { Row } from "~/pages/data/api";
import { Legend, Strokes } from "~/pages/data/rows/Painted";
import { strokesOf } from "~/pages/data/rows/paint";
import { rowWords } from "~/pages/data/rows/words";
import { useModel } from "~/pages/data/tokens/ModelChoice";

/** The row as the model sees it: one text, template included. `isBare`: its figures and colours' meaning only. */
export function ModelSight({ row, isBare }: { row: Row; isBare: boolean }) {
  const say = useWords(rowWords);
  const format = useFormat();
  const model = useModel();
  const { segments, num_tokens: tokens, num_trained_tokens: trained } = row;
  if (!model) return <Text c="dimmed">{say.noModel}</Text>;
  if (!segments) return <Text c="dimmed">{say.noSegments}</Text>;
  const isCounted = tokens !== null && trained !== null && tokens > 0;
  return (
    <Stack gap="xs">
      {isCounted && <Text size="sm">{say.counts(format.count(tokens), format.count(trained), format.percent(trained / tokens, 0))}</Text>}
      <Legend hasPartly={segments.some(({ weight }) => weight > 0 && weight < 1)} />
      {!isBare && <Paper withBorder p="sm" ff="monospace" fz="sm"><Strokes strokes={strokesOf(segments)} /></Paper>}
    </Stack>
  );
}
