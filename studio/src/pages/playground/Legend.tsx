import { Group, Text } from "@mantine/core";
import { useWords } from "~/i18n/language";
import styles from "~/pages/playground/playground.module.css";
import { playgroundWords } from "~/pages/playground/words";

const LEVELS = ["< 5 %", "5–25 %", "25–50 %", "50–90 %", "≥ 90 %"];

/** What the colours of the tokens mean. */
export function Legend() {
  const say = useWords(playgroundWords);
  return (
    <Group gap="xs" fz="xs">
      <span>{say.legend}</span>
      <Group gap={4}>
        {LEVELS.map((text, level) => <span key={text} className={`${styles.token} ${styles[`level${level}`] ?? ""}`} style={{ padding: "0 6px" }}>{text}</span>)}
      </Group>
      <Text size="xs" c="dimmed" visibleFrom="sm">{say.legendHint}</Text>
    </Group>
  );
}
