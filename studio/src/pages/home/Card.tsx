import { Group, Paper, Stack, Title } from "@mantine/core";
import type { ReactNode } from "react";

/** A part of the home page under its own heading. */
export function Card({ id, title, aside, children }: { id: string; title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <Paper withBorder p={{ base: "md", sm: "lg" }} h="100%" component="section" aria-labelledby={`${id}-title`} id={id} tabIndex={-1} className="card">
      <Stack gap="md">
        <Group justify="space-between" gap="xs" mih={26}>
          <Title order={2} size="h4" id={`${id}-title`}>{title}</Title>
          {aside}
        </Group>
        {children}
      </Stack>
    </Paper>
  );
}
