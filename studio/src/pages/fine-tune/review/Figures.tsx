import { Paper, Progress, Stack, Text, Title } from "@mantine/core";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { Fact } from "~/pages/fine-tune/FileReport";
import classes from "~/pages/fine-tune/fine-tune.module.css";
import type { Preview } from "~/pages/fine-tune/queries";
import { sayings } from "~/pages/fine-tune/say";
import { useSetup } from "~/pages/fine-tune/useSetup";

/** What the job takes: memory against what is free, examples, tokens, steps. */
export function Figures() {
  const say = useWords(sayings);
  const format = useFormat();
  const { preview, isAsking } = useSetup();
  if (!preview) return null;
  const steps = preview.resolved.total_steps?.value;
  const figures: [string, unknown][] = [
    [say.examples, preview.num_examples], [say.validationExamples, preview.num_validation_examples], [say.perPass, preview.trained_tokens],
    [say.total, preview.total_trained_tokens], [say.steps2, steps],
  ];
  const known = figures.filter((pair): pair is [string, number] => typeof pair[1] === "number");
  if (known.length === 0 && !preview.memory) return null;
  return (
    <Paper withBorder p="md" component="section" aria-label={say.figures} className={isAsking ? classes.aged : undefined} aria-busy={isAsking}>
      <Stack gap="sm">
        <Title order={3} size="h5">{say.figures}</Title>
        <dl className={classes.facts}>{known.map(([name, value]) => <Fact key={name} name={name}>{format.count(value)}</Fact>)}</dl>
        <Text size="sm">{preview.time ? say.timeOf(spanOf(preview.time, format.duration)) : say.timeUnknown}</Text>
        {preview.memory && <Memory memory={preview.memory} />}
      </Stack>
    </Paper>
  );
}

/** One figure where both say the same. */
function spanOf({ least_seconds: least, most_seconds: most }: NonNullable<Preview["time"]>, duration: (seconds: number) => string): string {
  const [from, to] = [duration(least), duration(most)];
  return from === to ? from : `${from} – ${to}`;
}

function Memory({ memory }: { memory: NonNullable<Preview["memory"]> }) {
  const say = useWords(sayings);
  const format = useFormat();
  const { needed_bytes: needed, free_bytes: free, fits } = memory;
  const share = free ? Math.min(100, (100 * needed) / free) : 0;
  return (
    <Stack gap={4}>
      <Text size="sm">
        {say.memoryNeeded}: <b>{format.bytes(needed)}</b>{free !== null && ` · ${format.bytes(free)} ${say.memoryFree}`}
      </Text>
      {free !== null && (
        <Progress
          value={share} color={fits === false ? "red" : "teal"} aria-label={`${say.memoryNeeded}: ${say.memoryShare(format.bytes(needed), format.bytes(free))}`}
        />
      )}
      <Text size="sm" c={fits === false ? "red" : "dimmed"}>{free === null ? say.noWorker : fits === false ? say.fitsNot : say.fits}</Text>
    </Stack>
  );
}
