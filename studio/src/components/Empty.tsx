import { Group, Stack, Text, Title } from "@mantine/core";
import type { TablerIcon } from "@tabler/icons-react";
import type { ReactNode } from "react";

type EmptyProps = { icon: TablerIcon; title: string; text: string; order?: 1 | 2 | 3; children?: ReactNode };

/** What stands where nothing is yet: what belongs here, why one would want it, and the next step (`children`). */
export function Empty({ icon: Icon, title, text, order = 2, children }: EmptyProps) {
  return (
    <Stack align="center" gap="xs" py={48} px="md" ta="center">
      <Icon size={40} stroke={1.4} color="var(--mantine-color-teal-6)" aria-hidden />
      <Title order={order} size="h4">{title}</Title>
      <Text c="dimmed" maw={520}>{text}</Text>
      {children && <Group mt="sm" justify="center">{children}</Group>}
    </Stack>
  );
}
