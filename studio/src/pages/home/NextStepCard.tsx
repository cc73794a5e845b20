import { Button, Group, Paper, Skeleton, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import {
  IconAdjustments, IconAlertTriangle, IconChartLine, IconEye, IconHourglass, IconMessages, IconPlayerPlay, IconUpload, type TablerIcon,
} from "@tabler/icons-react";
import { LinkButton } from "~/components/RouteLink";
import { useWords } from "~/i18n/language";
import { useSaid } from "~/i18n/said";
import { nameOf } from "~/pages/jobs/filters";
import type { NextStep } from "~/pages/home/next-step";
import { home, type HomeWords } from "~/pages/home/words";
import { modelsSearch } from "~/pages/playground/search";

const ICONS: Record<NextStep["kind"], TablerIcon> = {
  upload: IconUpload, fineTune: IconAdjustments, watch: IconChartLine, resume: IconPlayerPlay, mend: IconAlertTriangle, try: IconMessages,
  look: IconEye, wait: IconHourglass,
};

/** The one thing to do now, large; null while it is not known yet, in the same room. */
export function NextStepCard({ step }: { step: NextStep | null }) {
  const say = useWords(home);
  return (
    <Paper component="section" aria-label={say.next} p={{ base: "md", sm: "lg" }} bg="var(--mantine-color-teal-light)" mih={132} display="grid" style={{ alignItems: "center" }}>
      {step ? <Step step={step} /> : <Skeleton h={84} />}
    </Paper>
  );
}

function Step({ step }: { step: NextStep }) {
  const say = useWords(home);
  const Icon = ICONS[step.kind];
  const { title, text } = wordsOf(step, say, useSaid());
  return (
    <Group gap="lg" align="center" justify="space-between">
      <Group gap="md" align="flex-start" wrap="nowrap" flex="1 1 320px" miw={0}>
        <ThemeIcon size={44} radius="xl" visibleFrom="xs"><Icon size={24} aria-hidden /></ThemeIcon>
        <Stack gap={4} miw={0}>
          <Title order={2} size="h3" lineClamp={2} style={{ overflowWrap: "anywhere" }}><bdi>{title}</bdi></Title>
          {step.kind === "try" && <Text size="sm" ff="monospace" style={{ overflowWrap: "anywhere" }}><bdi>{step.model}</bdi></Text>}
          <Text maw={640} lineClamp={step.kind === "mend" ? 4 : undefined} style={{ overflowWrap: "anywhere" }}>{text}</Text>
        </Stack>
      </Group>
      <Group gap="xs"><Ways step={step} /></Group>
    </Group>
  );
}

function wordsOf(step: NextStep, say: HomeWords, said: (sentence: string) => string): { title: string; text: string } {
  switch (step.kind) {
    case "upload":
    case "fineTune":
    case "try":
    case "wait":
      return say[step.kind];
    case "watch":
      return { title: say.watch.title(nameOf(step.job)), text: say.watch.text(step.numOthers) };
    case "mend":
      return { title: say.mend.title(nameOf(step.job)), text: step.job.error ? said(step.job.error.message) : say.mend.text };
    case "resume":
    case "look":
      return { title: say[step.kind].title(nameOf(step.job)), text: say[step.kind].text };
  }
}

function Ways({ step }: { step: NextStep }) {
  const say = useWords(home);
  switch (step.kind) {
    case "upload":
      return <LinkButton to="/data" size="md">{say.upload.go}</LinkButton>;
    case "fineTune":
      return (
        <>
          <LinkButton to="/fine-tune" size="md">{say.fineTune.go}</LinkButton>
          <LinkButton to="/data" size="md" variant="default">{say.fineTune.more}</LinkButton>
        </>
      );
    case "try":
      return (
        <>
          <LinkButton to="/playground" search={{ models: modelsSearch(columnsOf(step)) }} size="md">{say.try.go}</LinkButton>
          <Button size="md" variant="default" onClick={toEndpoint}>{say.try.more}</Button>
        </>
      );
    case "wait":
      return <LinkButton to="/settings" size="md">{say.wait.go}</LinkButton>;
    case "watch":
    case "resume":
    case "mend":
    case "look":
      return <LinkButton to="/jobs/$jobId" params={{ jobId: step.job.id }} size="md">{say[step.kind].go}</LinkButton>;
  }
}

/** The tuned model beside the one that it came from. */
function columnsOf({ model, base }: { model: string; base: string | null }): string[] {
  return base === null ? [model] : [model, base];
}

function toEndpoint() {
  const card = document.getElementById("endpoint");
  const isCalm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  card?.scrollIntoView({ behavior: isCalm ? "auto" : "smooth" });
  card?.focus({ preventScroll: true });
}
