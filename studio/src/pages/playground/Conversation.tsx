import { Button, Group, Text, VisuallyHidden } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { Fragment, type ReactNode, useEffect, useRef } from "react";
import { useWords } from "~/i18n/language";
import { isUnderWay } from "~/pages/playground/answer";
import { AnswerCard } from "~/pages/playground/AnswerCard";
import { columnKeys } from "~/pages/playground/conversation";
import type { Kept } from "~/pages/playground/kept";
import styles from "~/pages/playground/playground.module.css";
import type { Playground } from "~/pages/playground/store";
import { playgroundWords } from "~/pages/playground/words";

type Props = { playground: Playground; kept: Kept; models: readonly string[]; heads: ReactNode; empty: ReactNode };

const NEAR_THE_END_PX = 80;

/** Every turn: the user's words once, below them the columns' answers side by side. */
export function Conversation({ playground, kept, models, heads, empty }: Props) {
  const say = useWords(playgroundWords);
  const box = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const { turns, view } = kept;
  const keys = columnKeys(models);
  const last = turns.at(-1);

  useEffect(() => {
    if (isAtEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [turns]);
  useEffect(() => {
    isAtEnd.current = true;
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [last?.id]);

  const news = keys.map((key, index) => {
    const state = last?.answers[key]?.state;
    return state === "done" ? say.isDone(models[index] ?? "") : state === "failed" ? say.isFailed(models[index] ?? "") : "";
  });
  return (
    <div
      ref={box} className={styles.columns} tabIndex={0} role="region" aria-label={say.conversation}
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        isAtEnd.current = scrollHeight - clientHeight - scrollTop < NEAR_THE_END_PX;
      }}
    >
      <div className={styles.grid} style={{ "--columns": models.length } as React.CSSProperties}>
        {heads}
        {turns.length === 0 && <div className={styles.nothing}>{empty}</div>}
        {turns.map((turn) => (
          <Fragment key={turn.id}>
            <div className={styles.turn}>
              <div className={styles.words}>
                <Group justify="space-between" wrap="nowrap" gap="xs">
                  <Text size="xs" fw={600} c="dimmed">{say.you}</Text>
                  {turn === last && (
                    <Button
                      size="compact-xs" variant="subtle" color="gray" leftSection={<IconPencil size={14} />} title={say.editLastHint}
                      onClick={() => playground.takeBack()}
                    >
                      {say.editLast}
                    </Button>
                  )}
                </Group>
                <div dir="auto" className={styles.text}>{turn.text}</div>
              </div>
            </div>
            {keys.map((key, index) => {
              const model = models[index] ?? "";
              const first = turn.answers[keys[0] ?? ""];
              const compared = index > 0 && view === "differences" && first && !isUnderWay(first) ? first.text : null;
              return (
                <AnswerCard
                  key={key} answer={turn.answers[key]} model={model} view={view} compared={compared} isLast={turn === last}
                  ask={() => void playground.catchUp(model, key)} retry={() => playground.retry(model, key)} stop={() => playground.stop(key)}
                />
              );
            })}
          </Fragment>
        ))}
      </div>
      <VisuallyHidden role="status">{news.join(" ")}</VisuallyHidden>
    </div>
  );
}
