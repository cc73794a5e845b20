import { ActionIcon, Badge, Button, Group, Select, Stack, Text, Textarea } from "@mantine/core";
import { IconAlertTriangle, IconCircleX, IconPencil, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { useSaid } from "~/i18n/said";
import type { Problem } from "~/pages/data/api";
import classes from "~/pages/data/data.module.css";
import { Strokes } from "~/pages/data/rows/Painted";
import type { Stroke } from "~/pages/data/rows/paint";
import type { Turn } from "~/pages/data/rows/talk";
import { rowWords } from "~/pages/data/rows/words";

const ROLES = ["system", "developer", "user", "assistant", "tool"] as const;
const SIDES: Record<string, "end" | "wide"> = { user: "end", prompt: "end", system: "wide", developer: "wide" };

type Props = {
  turn: Turn;
  strokes: readonly Stroke[] | null;
  problems: readonly Problem[];
  /** Each null where that may not or cannot be changed. */
  write: ((content: string) => void) | null;
  speakAs: ((role: string) => void) | null;
  remove: (() => void) | null;
};

/** One message. */
export function Bubble({ turn, strokes, problems, write, speakAs, remove }: Props) {
  const say = useWords(rowWords);
  const format = useFormat();
  const [isEditing, setEditing] = useState(false);
  const known = (say as Record<string, unknown>)[turn.role];
  const role = typeof known === "string" ? known : turn.role;
  const mark = problems.some((problem) => problem.severity === "error") ? "error" : problems.length > 0 ? "warning" : undefined;
  return (
    <div className={classes.bubble} data-side={isEditing ? "wide" : SIDES[turn.role]} data-marked={mark}>
      <Group justify="space-between" gap="md" mb={4} wrap="nowrap">
        <Group gap={6}>
          <Text size="xs" fw={700} component="span" className={classes.foreign} dir="auto">{role}</Text>
          {turn.weight !== null && <Badge size="xs" variant="light" color={turn.weight === 0 ? "gray" : "teal"} tt="none">{say.weight(format.number(turn.weight))}</Badge>}
          {turn.answers !== null && <Text size="xs" c="dimmed" ff="monospace">{say.answers(turn.answers)}</Text>}
        </Group>
        {(write || speakAs || remove) && (
          <Group gap={2} wrap="nowrap">
            {isEditing && remove && (
              <ActionIcon size="sm" variant="subtle" color="red" aria-label={say.remove} title={say.remove} onClick={remove}><IconTrash size={15} /></ActionIcon>
            )}
            {isEditing ? (
              <Button size="compact-xs" variant="default" onClick={() => setEditing(false)}>{say.done}</Button>
            ) : (
              <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`${say.edit}: ${role}`} title={say.edit} onClick={() => setEditing(true)}>
                <IconPencil size={15} />
              </ActionIcon>
            )}
          </Group>
        )}
      </Group>
      {isEditing ? (
        <Stack gap={6}>
          {speakAs && (
            <Select
              size="xs" w={160} aria-label={say.role} allowDeselect={false} value={turn.role} onChange={(value) => value && speakAs(value)}
              data={[...new Set<string>([...ROLES, turn.role])].map((value) => ({ value, label: value }))}
            />
          )}
          {write && (
            <Textarea
              autosize minRows={2} maxRows={18} value={turn.content ?? ""} aria-label={say.content} dir="auto" data-autofocus
              onChange={(event) => write(event.currentTarget.value)}
            />
          )}
        </Stack>
      ) : (
        <Said turn={turn} strokes={strokes} />
      )}
      {problems.map((problem, index) => <Fault key={index} problem={problem} />)}
    </div>
  );
}

function Said({ turn, strokes }: { turn: Turn; strokes: readonly Stroke[] | null }) {
  const say = useWords(rowWords);
  return (
    <>
      {turn.content
        ? <Text size="sm" component="div">{strokes ? <Strokes strokes={strokes} /> : <span className={classes.foreign} dir="auto">{turn.content}</span>}</Text>
        : turn.calls.length === 0 && <Text size="sm" c="dimmed" fs="italic">{say.emptyText}</Text>}
      {turn.calls.map((call, index) => (
        <Text key={index} size="sm" ff="monospace" mt={4} className={classes.foreign} dir="auto">{`${say.calls} ${call.name}(${call.arguments})`}</Text>
      ))}
    </>
  );
}

/** A finding where it belongs, with what helps. */
export function Fault({ problem }: { problem: Problem }) {
  const say = useWords(rowWords);
  const said = useSaid();
  const isError = problem.severity === "error";
  const Icon = isError ? IconCircleX : IconAlertTriangle;
  return (
    <Group gap={6} mt={6} wrap="nowrap" align="flex-start" className={isError ? classes.error : classes.warning}>
      <Icon size={16} aria-hidden style={{ flexShrink: 0, marginTop: 2 }} />
      <Text size="sm" component="div" className={classes.foreign} dir="auto">{said(problem.message)}{say.stop}<Text span inherit c="dimmed">{said(problem.hint)}</Text></Text>
    </Group>
  );
}
