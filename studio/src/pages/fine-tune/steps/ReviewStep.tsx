import { Button, Group, Stack, Text, Title } from "@mantine/core";
import { IconCircleCheck, IconPlayerPlay } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { useRef } from "react";
import { asFailure } from "~/api/failure";
import { Failed } from "~/components/Failed";
import { useWords } from "~/i18n/language";
import { newKey } from "~/pages/fine-tune/kept";
import { ProblemSummary } from "~/pages/fine-tune/ProblemSummary";
import { startJob } from "~/pages/fine-tune/queries";
import { AllSettings } from "~/pages/fine-tune/review/AllSettings";
import { Choices } from "~/pages/fine-tune/review/Choices";
import { Figures } from "~/pages/fine-tune/review/Figures";
import { Naming } from "~/pages/fine-tune/review/Naming";
import { Promises, WhenDone } from "~/pages/fine-tune/review/Promises";
import { Warnings } from "~/pages/fine-tune/review/Warnings";
import { sayings } from "~/pages/fine-tune/say";
import { useSetup } from "~/pages/fine-tune/useSetup";
import { May } from "~/session";

const route = getRouteApi("/fine-tune");

export function ReviewStep() {
  const say = useWords(sayings);
  const { problems, preview, previewFailure, isAsking } = useSetup();
  const navigate = route.useNavigate();
  const summary = useRef<HTMLDivElement>(null);
  const isReady = preview?.is_ready && problems.every((problem) => problem.isWarning);
  return (
    <Stack gap="lg">
      <Title order={2} size="h4">{say.reviewTitle}</Title>
      <ProblemSummary ref={summary} problems={problems} isForAll />
      <Warnings />
      {previewFailure && !previewFailure.isAway && <Failed error={previewFailure} />}
      {isAsking && !preview && <Text size="sm" c="dimmed" role="status">{say.asking}</Text>}
      {preview?.is_waiting_for_report && <Text size="sm" c="dimmed" role="status">{say.reportMade}</Text>}
      {isReady && (
        <Group gap={6} role="status"><IconCircleCheck size={18} color="var(--mantine-color-green-7)" aria-hidden /><Text size="sm">{say.ready}</Text></Group>
      )}
      <Naming />
      <Choices />
      <Figures />
      <AllSettings />
      <Promises />
      <WhenDone />
      <Group justify="space-between">
        <Button variant="default" onClick={() => void navigate({ search: { step: "settings" } })}>{say.back}</Button>
        <May action="job.create"><Start refused={() => summary.current?.focus()} /></May>
      </Group>
    </Stack>
  );
}

/** Starts the job. Pressed again after a broken connection, it is the same job; pressed with problems, it shows them. */
function Start({ refused }: { refused: () => void }) {
  const say = useWords(sayings);
  const { body, problems, attempt, note } = useSetup();
  const router = useRouter();
  const client = useQueryClient();
  const start = useMutation({
    mutationFn: () => {
      const fingerprint = JSON.stringify(body);
      const key = attempt?.fingerprint === fingerprint ? attempt.key : newKey();
      note({ attempt: { fingerprint, key } });
      return startJob(body, key);
    },
    onSuccess: (job) => {
      note({ attempt: null, startedAs: job.id });
      void client.invalidateQueries({ queryKey: ["jobs"] });
      void router.navigate({ to: "/jobs/$jobId", params: { jobId: job.id } });
    },
    // A refusal ends the attempt; only silence leaves open whether the job was made.
    onError: (error) => !asFailure(error).isAway && note({ attempt: null }),
  });
  const press = () => (problems.some((problem) => !problem.isWarning) ? refused() : start.mutate());
  return (
    <Stack gap="sm" align="flex-end" miw={0}>
      {start.error && <Failed error={start.error} />}
      <Button size="md" leftSection={<IconPlayerPlay size={18} aria-hidden />} loading={start.isPending} onClick={press}>
        {start.isPending ? say.starting : say.start}
      </Button>
    </Stack>
  );
}
