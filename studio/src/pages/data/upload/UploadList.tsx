import { Alert, Button, Group, Paper, Progress, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconCheck, IconCircleX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { Failed } from "~/components/Failed";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { reportQuery } from "~/pages/data/api";
import { FileContent, isCheckedAtSight } from "~/pages/data/files/FileContent";
import { type Upload, uploads } from "~/pages/data/upload/uploads";
import { uploadWords } from "~/pages/data/words";

/** Uploads under way and those just ended. */
export function UploadList({ list }: { list: readonly Upload[] }) {
  const say = useWords(uploadWords);
  if (list.length === 0) return null;
  return (
    <Stack gap="xs" component="section" aria-label={say.title}>
      <Title order={2} size="h5">{say.title}</Title>
      {list.map((upload) => <OneUpload key={upload.id} upload={upload} />)}
    </Stack>
  );
}

function OneUpload({ upload }: { upload: Upload }) {
  const say = useWords(uploadWords);
  const format = useFormat();
  const { file, state, bytes, speed } = upload;
  const share = file.size ? (bytes / file.size) * 100 : 0;
  const figures = [
    say.of(format.bytes(bytes), format.bytes(file.size)),
    speed !== null && say.speed(format.bytes(speed)),
    speed !== null && speed > 0 && say.left(format.duration((file.size - bytes) / speed)),
  ];
  const isMoving = state === "sending" || state === "checking" || state === "finishing" || state === "waiting";
  return (
    <Paper withBorder p="sm">
      <Stack gap={6}>
        <Group justify="space-between" gap="xs" wrap="nowrap" align="flex-start">
          <Stack gap={0} miw={0}>
            <Text fw={500} truncate dir="auto">{file.name}</Text>
            <Text size="sm" c="dimmed" style={{ fontVariantNumeric: "tabular-nums" }} role={state === "sending" ? undefined : "status"}>
              {state === "sending" ? figures.filter(Boolean).join(" · ") : state === "waiting" ? <Countdown upload={upload} /> : state === "done" ? <Arrived upload={upload} /> : say[state]}
              {(state === "paused" || state === "queued") && bytes > 0 && ` · ${figures[0]}`}
            </Text>
          </Stack>
          <Buttons upload={upload} />
        </Group>
        {state !== "done" && state !== "failed" && (
          <Progress
            value={share} size="sm" color={state === "waiting" ? "orange" : state === "paused" ? "gray" : undefined}
            animated={isMoving && state !== "waiting"} aria-label={say.progressOf(file.name)}
          />
        )}
        {state === "done" && upload.result && <FileContent file={upload.result} />}
        {state === "failed" && upload.failure && <Failed error={upload.failure} />}
      </Stack>
    </Paper>
  );
}

function Buttons({ upload }: { upload: Upload }) {
  const { id, state, file, result } = upload;
  const say = useWords(uploadWords);
  const button = { size: "compact-sm", variant: "default" } as const;
  if (state === "done") {
    return (
      <Group gap={6} wrap="nowrap">
        <Sign upload={upload} />
        {result && <Button {...button} component={Link} to={`/data/${result.id}`}>{say.open}</Button>}
        <Button {...button} variant="subtle" color="gray" onClick={() => uploads.remove(id)}>{say.dismiss}</Button>
      </Group>
    );
  }
  return (
    <Group gap={6} justify="flex-end">
      {state === "waiting" && <Button {...button} onClick={() => uploads.tryNow()}>{say.tryNow}</Button>}
      {(state === "sending" || state === "waiting" || state === "checking") && <Button {...button} onClick={() => uploads.pause(id)}>{say.pause}</Button>}
      {state === "paused" && <Button {...button} onClick={() => uploads.resume(id)}>{say.resume}</Button>}
      {state === "failed" && <Button {...button} onClick={() => uploads.resume(id)}>{say.retry}</Button>}
      <Button {...button} variant="subtle" color="red" aria-label={state === "failed" ? undefined : say.cancelOf(file.name)} onClick={() => void uploads.cancel(id)}>
        {state === "failed" ? say.dismiss : say.cancel}
      </Button>
    </Group>
  );
}

/** What the check of an uploaded file found, as far as it is known. */
function useFound({ result }: Upload): "errors" | "warnings" | "fine" | null {
  const asked = reportQuery(result?.id ?? "", { limit: 1 });
  const report = useQuery({ ...asked, enabled: result !== null && isCheckedAtSight(result), retry: false }).data;
  if (report?.status !== "completed") return null;
  return report.num_errors > 0 ? "errors" : report.num_warnings > 0 ? "warnings" : "fine";
}

function Arrived({ upload }: { upload: Upload }) {
  const say = useWords(uploadWords);
  const found = useFound(upload);
  return <Text span inherit c={found === "errors" ? "red" : undefined}>{found === "errors" ? say.doneBad : found === "warnings" ? say.doneWarned : say.done}</Text>;
}

/** Green is for a file that can be used: one that is not checked has arrived, no more. */
function Sign({ upload }: { upload: Upload }) {
  const found = useFound(upload);
  if (found === "errors") return <IconCircleX size={18} color="var(--mantine-color-red-6)" aria-hidden />;
  if (found === "warnings") return <IconAlertTriangle size={18} color="var(--mantine-color-yellow-6)" aria-hidden />;
  return <IconCheck size={18} color={found === "fine" ? "var(--mantine-color-green-6)" : "var(--mantine-color-dimmed)"} aria-hidden />;
}

/** Counts down to the next try. */
function Countdown({ upload }: { upload: Upload }) {
  const say = useWords(uploadWords);
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.ceil(((upload.until ?? now) - now) / 1_000));
  return <>{say.waiting(String(seconds))}</>;
}

/** A sentence about what was done with what was chosen. */
export function Remarks({ remarks, close }: { remarks: readonly string[]; close: () => void }) {
  const say = useWords(uploadWords);
  if (remarks.length === 0) return null;
  return (
    <Alert color="blue" withCloseButton closeButtonLabel={say.close} onClose={close} role="status">
      {remarks.map((remark) => <Text key={remark} size="sm" dir="auto">{remark}</Text>)}
    </Alert>
  );
}
