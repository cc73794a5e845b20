import { Alert, Button, Group, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { asFailure } from "~/api/failure";
import { frame } from "~/components/words";
import { useWords } from "~/i18n/language";
import { useSaid } from "~/i18n/said";

/** What the API said, where it belongs: the sentence, the field, the request's id to ask about. */
export function Failed({ error, retry }: { error: unknown; retry?: () => void }) {
  const say = useWords(frame);
  const said = useSaid();
  const failure = asFailure(error);
  return (
    <Alert color="red" icon={<IconAlertTriangle size={18} aria-hidden />} title={say.failed} role="alert">
      <Text size="sm" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>{failure.isAway ? say.away : said(failure.message)}</Text>
      {(failure.param || failure.requestId) && (
        <Text size="xs" c="dimmed" mt={4}>
          {[failure.param, failure.requestId && say.request(failure.requestId)].filter(Boolean).join(" · ")}
        </Text>
      )}
      {retry && (
        <Group mt="xs"><Button size="compact-sm" variant="light" color="red" onClick={retry}>{say.retry}</Button></Group>
      )}
    </Alert>
  );
}
