import { Button, Group, Text } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useMemo } from "react";
import { useWords } from "~/i18n/language";
import type { Problem, Row } from "~/pages/data/api";
import classes from "~/pages/data/data.module.css";
import { Bubble } from "~/pages/data/rows/Bubble";
import { pretty, withElement, withoutElement } from "~/pages/data/rows/json";
import { Strokes } from "~/pages/data/rows/Painted";
import { type Painted, paintMessages } from "~/pages/data/rows/paint";
import { talkOf, withContent, withRole } from "~/pages/data/rows/talk";
import { rowWords } from "~/pages/data/rows/words";

type Props = {
  text: string;
  row: Row;
  /** Tokens and findings are of the row in the file; a changed one is not painted. */
  isChanged: boolean;
  showsTemplate: boolean;
  /** Null where nothing may be changed. */
  change: ((text: string) => void) | null;
};

/** The row as a conversation: bubbles by role, painted with what is learned, findings at their message. */
export function Conversation({ text, row, isChanged, showsTemplate, change }: Props) {
  const say = useWords(rowWords);
  const talk = useMemo(() => talkOf(text), [text]);
  const painted = useMemo(() => {
    if (!talk || isChanged || !row.segments) return null;
    return paintMessages(talk.turns.map((turn) => turn.content ?? ""), row.segments);
  }, [talk, isChanged, row.segments]);
  if (!talk) return <Text c="dimmed" py="md">{say.notTalk}</Text>;

  const add = (role: string) => change?.(pretty(withElement(text, "messages", JSON.stringify({ role, content: "" }))));
  return (
    <div className={classes.bubbles}>
      {talk.numTools > 0 && <Text size="xs" c="dimmed">{say.tools(talk.numTools)}</Text>}
      {talk.turns.map((turn, index) => (
        <div key={turn.path} className={classes.bubbles}>
          {showsTemplate && <Template before={index} painted={painted} />}
          <Bubble
            turn={turn} strokes={painted?.find((each) => each.message === index)?.strokes ?? null}
            problems={isChanged ? [] : row.problems.filter((problem) => isAt(problem, turn.path))}
            write={change && turn.contentPath !== null ? (content) => change(withContent(text, turn, content)) : null}
            speakAs={change && turn.rolePath !== null ? (role) => change(withRole(text, turn, role)) : null}
            remove={change && talk.isChat && talk.turns.length > 1 ? () => change(pretty(withoutElement(text, "messages", index))) : null}
          />
        </div>
      ))}
      {showsTemplate && <Template before={null} painted={painted} />}
      {change && talk.isChat && (
        <Group gap={6}>
          <Button size="compact-sm" variant="default" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => add("user")}>{say.addUser}</Button>
          <Button size="compact-sm" variant="default" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => add("assistant")}>{say.addAssistant}</Button>
        </Group>
      )}
    </div>
  );
}

/** What the template adds before a message, or (null) after the last. */
function Template({ before, painted }: { before: number | null; painted: Painted[] | null }) {
  const place = before === null ? painted?.length : painted?.findIndex((each) => each.message === before);
  const added = place === undefined ? undefined : painted?.[place - 1];
  if (!added?.isTemplate) return null;
  return <div className={classes.template}><Strokes strokes={added.strokes} /></div>;
}

function isAt(problem: Problem, path: string): boolean {
  return problem.path === path || (problem.path?.startsWith(`${path}.`) ?? false) || (problem.path?.startsWith(`${path}[`) ?? false);
}
