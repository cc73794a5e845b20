import { Group, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

/** A tab's heading, what it is about, what one can do, and its content. */
export function Section({ title, text, actions, children }: { title: string; text?: ReactNode; actions?: ReactNode; children: ReactNode }) {
  return (
    <Stack gap="md" component="section" aria-label={title}>
      <Group justify="space-between" align="flex-start" gap="sm">
        <Stack gap={4} flex="1 1 280px" miw={0}>
          <Title order={2} size="h3">{title}</Title>
          {text && <Text c="dimmed" maw={720} component="div">{text}</Text>}
        </Stack>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}
