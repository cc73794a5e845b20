import { Paper, Text } from "@mantine/core";
import type { ReactNode } from "react";

/** One number with its name. */
export function Figure({ name, value, hint, colour }: { name: string; value: ReactNode; hint?: string; colour?: string }) {
  return (
    <Paper withBorder px="md" py="xs">
      <Text size="xs" c="dimmed">{name}</Text>
      <Text fw={600} size="lg" lh={1.3} className={colour} component="div" style={{ fontVariantNumeric: "tabular-nums" }}>{value}</Text>
      {hint && <Text size="xs" c="dimmed">{hint}</Text>}
    </Paper>
  );
}
