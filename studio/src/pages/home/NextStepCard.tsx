import { Button, Group, Paper, Skeleton, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import {
  IconAdjustments, IconAlertTriangle, IconChartLine, IconEye, IconHourglass, IconMessages, IconPlayerPlay, IconUpload, type TablerIcon,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useWords } from "~/i18n/language";
import { nameOf } from "~/pages/home/jobs";
import type { NextStep } from "~/pages/home/next-step";
import { dataPlace, fineTunePlace, jobPlace, keyPlace, type Place, playgroundPlace } from "~/pages/home/places";
import { home, type HomeWords } from "~/pages/home/words";

type Said = {
  icon: TablerIcon;
  title: string;
  text: string;
  /** What it is about, in its own words: text of people or of models. */
  about?: string;
  go: string;
  place: Place;
  /** A second way; without a place it is the endpoint's card below. */
  also?: { label: string; place: Place | null };
};

/** The one thing to do now, large; null while it is not known yet, in the same room. */
export function NextStepCard({ step }: { step: NextStep | null }) {
  const say = useWords(home);
  const said = step && saidOf(step, say);
  return (
    <Paper component="section" aria-label={say.next} p={{ base: "md", sm: "lg" }} bg="var(--mantine-color-teal-light)" mih={132}>
      {said ? <Saying {...said} /> : <Skeleton h={84} />}
    </Paper>
  );
}

function Saying({ icon: Icon, title, text, about, go, place, also }: Said) {
  return (
    <Group gap="lg" align="center" justify="space-between">
      <Group gap="md" align="flex-start" wrap="nowrap" flex="1 1 320px" miw={0}>
        <ThemeIcon size={44} radius="xl" visibleFrom="xs"><Icon size={24} aria-hidden /></ThemeIcon>
        <Stack gap={4} miw={0}>
          <Title order={2} size="h3" lineClamp={2} style={{ overflowWrap: "anywhere" }}><bdi>{title}</bdi></Title>
          {about && <Text size="sm" ff="monospace" style={{ overflowWrap: "anywhere" }}><bdi>{about}</bdi></Text>}
          <Text maw={640}>{text}</Text>
        </Stack>
      </Group>
      <Group gap="xs">
        <Button component={Link} {...place} size="md">{go}</Button>
        {also && (also.place
          ? <Button component={Link} {...also.place} variant="default" size="md">{also.label}</Button>
          : <Button onClick={toEndpoint} variant="default" size="md">{also.label}</Button>)}
      </Group>
    </Group>
  );
}

function saidOf(step: NextStep, say: HomeWords): Said {
  switch (step.kind) {
    case "upload":
      return { icon: IconUpload, ...say.upload, place: dataPlace };
    case "fineTune":
      return { icon: IconAdjustments, ...say.fineTune, place: fineTunePlace, also: { label: say.fineTune.more, place: dataPlace } };
    case "watch":
      return {
        icon: IconChartLine, title: say.watch.title(nameOf(step.job)), text: say.watch.text(step.numOthers), go: say.watch.go,
        place: jobPlace(step.job.id),
      };
    case "resume":
      return { icon: IconPlayerPlay, title: say.resume.title(nameOf(step.job)), text: say.resume.text, go: say.resume.go, place: jobPlace(step.job.id) };
    case "mend":
      return {
        icon: IconAlertTriangle, title: say.mend.title(nameOf(step.job)), text: step.job.error?.message ?? say.mend.text, go: say.mend.go,
        place: jobPlace(step.job.id),
      };
    case "try":
      return {
        icon: IconMessages, title: say.try.title, about: step.model, text: say.try.text, go: say.try.go, place: playgroundPlace(step.model),
        also: { label: say.try.more, place: null },
      };
    case "look":
      return { icon: IconEye, title: say.look.title(nameOf(step.job)), text: say.look.text, go: say.look.go, place: jobPlace(step.job.id) };
    case "wait":
      return { icon: IconHourglass, title: say.wait.title, text: say.wait.text, go: say.wait.go, place: keyPlace };
  }
}

function toEndpoint() {
  const card = document.getElementById("endpoint");
  card?.scrollIntoView({ behavior: "smooth" });
  card?.focus({ preventScroll: true });
}
