import { Group, Progress, Stack, Text } from "@mantine/core";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { useSaid } from "~/i18n/said";
import { isFinal, type Job } from "./queries";
import { useNow } from "./useNow";
import { listWords } from "./words";

/** The share of the steps that is done; null where that is not known. */
export function shareOf({ step, total_steps }: Pick<Job, "step" | "total_steps">): number | null {
  return total_steps ? Math.min(1, step / total_steps) : null;
}

/** How far it has come: a bar with its steps. What hinders it stands where the steps would. */
export function JobProgress({ job, size = "sm" }: { job: Job; size?: "sm" | "md" }) {
  const say = useWords(listWords);
  const format = useFormat();
  const said = useSaid();
  const share = shareOf(job);
  const why = (job.waiting_reason && said(job.waiting_reason)) ?? (job.status === "queued" ? say.waiting : null);
  const steps = share === null ? null : say.steps(format.count(job.step), format.count(job.total_steps ?? 0));
  if (share === null && !why) return null;
  return (
    <Stack gap={3} miw={0}>
      {share !== null && (
        <Progress.Root size={size}>
          <Progress.Section
            value={share * 100} color={COLOURS[job.status] ?? "gray"} aria-label={say.progress} aria-valuetext={`${format.percent(share)}, ${steps}`}
          />
        </Progress.Root>
      )}
      <Group gap={6} justify="space-between" wrap="nowrap">
        <Text size="xs" c="dimmed" truncate title={why ?? undefined}><bdi>{why ?? steps}</bdi></Text>
        {share !== null && !why && <Text size="xs" c="dimmed">{format.percent(share, 0)}</Text>}
      </Group>
    </Stack>
  );
}

const COLOURS: Partial<Record<Job["status"], string>> = { running: "teal", succeeded: "green", failed: "red", paused: "yellow" };

/** When it ends or ended. */
export function JobEnd({ job }: { job: Job }) {
  const say = useWords(listWords);
  const format = useFormat();
  const isOpen = !isFinal(job) && job.estimated_finish !== null;
  const now = useNow(1, isOpen);
  if (job.finished_at) return <>{format.instant(job.finished_at)}</>;
  if (!isOpen || job.estimated_finish === null) return <>{say.noEta}</>;
  return <>{say.eta(format.duration(Math.max(0, job.estimated_finish - now)))}</>;
}
