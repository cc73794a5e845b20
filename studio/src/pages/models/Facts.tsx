import { Text } from "@mantine/core";
import type { ReactNode } from "react";

/** Names and values, one pair a line, the values in one column. */
export function Facts({ facts }: { facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl style={{ display: "grid", gridTemplateColumns: "max-content minmax(0, 1fr)", gap: "4px 16px", margin: 0 }}>
      {facts.map(([name, value]) => (
        <div key={name} style={{ display: "contents" }}>
          <Text component="dt" size="sm" c="dimmed">{name}</Text>
          <Text component="dd" size="sm" m={0} style={{ overflowWrap: "anywhere" }}>{value}</Text>
        </div>
      ))}
    </dl>
  );
}
