import { Text } from "@mantine/core";
import { useMemo } from "react";
import { useWords } from "~/i18n/language";
import { type Answer, isUnderWay } from "~/pages/playground/answer";
import { difference } from "~/pages/playground/difference";
import type { View } from "~/pages/playground/kept";
import styles from "~/pages/playground/playground.module.css";
import { TokenText } from "~/pages/playground/TokenText";
import { playgroundWords } from "~/pages/playground/words";

/** An answer's text as it came: never as HTML, with every space and line end, its direction its own. */
export function AnswerText({ answer, model, view, compared }: { answer: Answer; model: string; view: View; compared: string | null }) {
  const say = useWords(playgroundWords);
  if (view === "differences" && compared !== null && !isUnderWay(answer)) return <Differences text={answer.text} other={compared} />;
  const caret = answer.state === "writing" && <span className={styles.caret} aria-hidden />;
  return (
    <>
      {answer.spans.length > 0 ? (
        <TokenText spans={answer.spans} label={say.tokenList(model)} isColoured={view === "probabilities"} caret={caret} />
      ) : (
        <div dir="auto" className={styles.text}>{answer.text}{caret}</div>
      )}
      {view === "probabilities" && answer.spans.length === 0 && answer.text !== "" && <Text size="xs" c="dimmed" mt={4}>{say.notKept}</Text>}
    </>
  );
}

function Differences({ text, other }: { text: string; other: string }) {
  const stretches = useMemo(() => difference(text, other), [text, other]);
  return (
    <div dir="auto" className={styles.text}>
      {stretches.map((stretch, index) =>
        stretch.isOwn ? <mark key={index} className={styles.own}>{stretch.text}</mark> : <span key={index}>{stretch.text}</span>,
      )}
    </div>
  );
}
