import { Group, Text } from "@mantine/core";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import classes from "~/pages/data/data.module.css";
import { shadeOf, type Stroke } from "~/pages/data/rows/paint";
import { rowWords } from "~/pages/data/rows/words";

/** Text in the colours of its loss weights; the figures of a stretch are told on hover. */
export function Strokes({ strokes }: { strokes: readonly Stroke[] }) {
  const say = useWords(rowWords);
  const format = useFormat();
  return (
    <span className={classes.foreign} dir="auto">
      {strokes.map(({ text, weight, numTokens }, index) => (
        <span
          key={index} className={classes[shadeOf(weight)]}
          title={numTokens === null ? say.weight(format.number(weight)) : say.weightOf(format.number(weight), format.count(numTokens))}
        >
          {text}
        </span>
      ))}
    </span>
  );
}

export function Legend({ hasPartly }: { hasPartly: boolean }) {
  const say = useWords(rowWords);
  return (
    <Group gap="sm" role="group" aria-label={say.legend}>
      <Text size="xs"><span className={classes.tokenTrained}>&nbsp;{say.learned}&nbsp;</span></Text>
      {hasPartly && <Text size="xs"><span className={classes.tokenPartly}>&nbsp;{say.partly}&nbsp;</span></Text>}
      <Text size="xs" className={classes.tokenNone}>{say.notLearned}</Text>
    </Group>
  );
}
