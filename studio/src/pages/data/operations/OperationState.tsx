import { Alert, Button, Group, Progress, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { Failed } from "~/components/Failed";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { useSaid } from "~/i18n/said";
import type { useOperation } from "~/pages/data/operations/api";
import { Problems } from "~/pages/data/operations/Problems";
import { operationWords } from "~/pages/data/operations/words";

/** How an operation stands, while it is under way and where it came to nothing; what it made is shown by whoever began it. */
export function OperationState({ of: { operation, error, isUnderWay, cancel } }: { of: ReturnType<typeof useOperation> }) {
  const say = useWords(operationWords);
  const said = useSaid();
  const format = useFormat();
  if (error) return <Failed error={error} />;
  if (isUnderWay) {
    const share = operation?.progress ?? 0;
    const isWaiting = operation === undefined || operation.status === "queued";
    return (
      <Stack gap={6} role="status">
        <Group justify="space-between">
          <Text size="sm">{isWaiting ? say.waiting : say.working(format.percent(share, 0))}</Text>
          <Button size="compact-sm" variant="default" disabled={operation === undefined} onClick={cancel}>{say.cancel}</Button>
        </Group>
        <Progress value={Math.max(2, share * 100)} animated aria-label={say.working(format.percent(share, 0))} />
        <Text size="xs" c="dimmed">{say.workingHint}</Text>
      </Stack>
    );
  }
  if (operation?.status === "cancelled") return <Alert color="gray" py="xs">{say.cancelled}</Alert>;
  if (operation?.status === "failed") {
    return (
      <Alert color="red" title={say.failed} icon={<IconAlertTriangle size={18} aria-hidden />}>
        <Stack gap="xs" style={{ overflowWrap: "anywhere" }}>
          <Text size="sm" dir="auto">{said(operation.error?.message ?? "")}</Text>
          <Problems problems={operation.problems} />
        </Stack>
      </Alert>
    );
  }
  return null;
}
