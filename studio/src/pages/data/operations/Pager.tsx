import { Button, Group, Text } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { operationWords } from "~/pages/data/operations/words";

type Props = { offset: number; size: number; total: number; open: (offset: number) => void };

/** A part of a list, and the way to the parts beside it. */
export function Pager({ offset, size, total, open }: Props) {
  const say = useWords(operationWords);
  const format = useFormat();
  if (total <= size) return null;
  return (
    <Group justify="space-between">
      <Text size="sm" c="dimmed" role="status">{say.range(format.count(offset + 1), format.count(Math.min(offset + size, total)), format.count(total))}</Text>
      <Group gap={6}>
        <Button variant="default" size="compact-md" aria-label={say.previous} disabled={offset === 0} onClick={() => open(Math.max(0, offset - size))}><IconChevronLeft size={16} /></Button>
        <Button variant="default" size="compact-md" aria-label={say.next} disabled={offset + size >= total} onClick={() => open(offset + size)}><IconChevronRight size={16} /></Button>
      </Group>
    </Group>
  );
}
