import { Badge, Button, Group, Mark, Text } from "@mantine/core";
import { memo } from "react";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import classes from "~/pages/data/data.module.css";
import type { Decision } from "~/pages/data/operations/decisions";
import { kindWords, personalWords } from "~/pages/data/personal/words";

/** One thing that was found: `value_id` names its value wherever it stands. */
export type Found = { id: string; value_id: string; kind: string; line: number; path: string; before: string; value: string; after: string; is_nobodys: boolean };

type Props = { found: Found; decisions: ReadonlyMap<string, Decision>; decide: (ids: readonly string[], decision: Decision | null) => void };

export const FoundOne = memo(function FoundOne({ found, decisions, decide }: Props) {
  const say = useWords(personalWords);
  const { kinds } = useWords(kindWords);
  const format = useFormat();
  const isDecided = (decisions.get(found.id) ?? decisions.get(found.value_id)) === "reject";
  const isKept = isDecided || found.is_nobodys;
  return (
    <Group role="listitem" gap="xs" align="flex-start" className={classes.found}>
      <Badge variant={isKept ? "outline" : "light"} color={isKept ? "gray" : "blue"} tt="none" miw="max-content">{kinds[found.kind] ?? found.kind}</Badge>
      <Text size="sm" flex="1 1 220px" miw={0} dir="auto" style={{ overflowWrap: "anywhere" }}>
        <Text span size="xs" c="dimmed" ff="monospace">{say.row(format.count(found.line))} · {found.path} </Text>
        {found.before}<Mark color={isKept ? "gray" : "yellow"}>{found.value}</Mark>{found.after}
      </Text>
      {found.is_nobodys ? <Text size="xs" c="dimmed">{say.staysAsNobodys}</Text> : isKept ? (
        <Button size="compact-xs" variant="default" onClick={() => decide([found.id, found.value_id], null)}>{say.replace}</Button>
      ) : (
        <>
          <Button size="compact-xs" variant="default" onClick={() => decide([found.id], "reject")}>{say.keep}</Button>
          <Button size="compact-xs" variant="subtle" onClick={() => decide([found.value_id], "reject")}>{say.keepEverywhere}</Button>
        </>
      )}
    </Group>
  );
});
