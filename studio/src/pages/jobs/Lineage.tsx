import { Paper, Stack, Text, Title } from "@mantine/core";
import { IconArrowRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { elsewhere, ElsewhereLink } from "./Elsewhere";
import { jobWords } from "./jobWords";
import { type Job, lineageQuery } from "./queries";
import { useTunedModel } from "./useTunedModel";
import { heldOutShare } from "./validation";

/** base ← files ← this job ← model ← what was trained from it; each leads to its page. */
export function Lineage({ job }: { job: Job }) {
  const say = useWords(jobWords);
  const format = useFormat();
  const tuned = useTunedModel(job);
  const after = useQuery({ ...lineageQuery(job.fine_tuned_model ?? ""), enabled: tuned?.state === "there" }).data;
  const share = heldOutShare(job);
  const isBase = !job.model.startsWith("ft:");
  const steps: ReactNode[] = [
    <Step key="base" title={isBase ? say.base : say.parent} note={job.requested_model === job.model ? undefined : say.asked(job.requested_model)}>
      <ElsewhereLink where={elsewhere.model(job.model)} size="sm"><bdi>{job.model}</bdi></ElsewhereLink>
    </Step>,
    <Step key="training" title={say.training}>
      <ElsewhereLink where={elsewhere.file(job.training_file)} size="sm">{job.training_file}</ElsewhereLink>
    </Step>,
    <Step key="validation" title={say.validation}>
      {job.validation_file ? (
        <ElsewhereLink where={elsewhere.file(job.validation_file)} size="sm">{job.validation_file}</ElsewhereLink>
      ) : <Text size="sm" c="dimmed">{share === null ? say.noValidation : say.heldOut(format.percent(share))}</Text>}
    </Step>,
  ];
  if (tuned) {
    steps.push(
      <Step key="model" title={say.result} note={tuned.state === "deleted" ? say.deleted : undefined}>
        {tuned.state === "deleted" ? (
          <Text size="sm"><bdi>{tuned.name}</bdi></Text>
        ) : (
          <ElsewhereLink where={elsewhere.model(tuned.name)} size="sm"><bdi>{tuned.name}</bdi></ElsewhereLink>
        )}
      </Step>,
    );
  }
  if (after && after.children.length > 0) {
    steps.push(
      <Step key="children" title={say.children}>
        {after.children.map((name) => <ElsewhereLink key={name} where={elsewhere.model(name)} size="sm"><bdi>{name}</bdi></ElsewhereLink>)}
      </Step>,
    );
  }
  return (
    <Stack gap="sm" component="section" aria-label={say.lineage}>
      <Title order={2} size="h4">{say.lineage}</Title>
      <ol className="jobs-lineage">
        {steps.map((step, index) => (
          <li key={index}>{index > 0 && <IconArrowRight size={16} aria-hidden color="var(--mantine-color-dimmed)" />}{step}</li>
        ))}
      </ol>
    </Stack>
  );
}

function Step({ title, note, children }: { title: string; note?: string; children: ReactNode }) {
  return (
    <Paper withBorder px="sm" py={8} miw={0} style={{ overflowWrap: "anywhere" }}>
      <Text size="xs" c="dimmed">{title}</Text>
      <Stack gap={0} align="flex-start">{children}</Stack>
      {note && <Text size="xs" c="dimmed">{note}</Text>}
    </Paper>
  );
}
