import { Alert, Button, Group, Text } from "@mantine/core";
import { IconCopy, IconRocket } from "@tabler/icons-react";
import { LinkButton } from "~/components/RouteLink";
import { frame } from "~/components/words";
import { useWords } from "~/i18n/language";
import { EMPTY } from "~/pages/fine-tune/draft";
import { sayings } from "~/pages/fine-tune/say";
import { useSetup } from "~/pages/fine-tune/useSetup";

/** What became of the setup: copied from a job, loaded, begun anew (each can be undone), or started. */
export function Notices() {
  const say = useWords(sayings);
  const all = useWords(frame);
  const { notice, startedAs, undo, dismiss, replace } = useSetup();
  const said = notice && {
    cloned: say.cloned(notice.name), loaded: say.loaded(notice.name), cleared: say.cleared, cloneFailed: say.cloneFailed(notice.name),
  }[notice.kind];
  return (
    <>
      {notice && (
        <Alert
          color={notice.kind === "cloneFailed" ? "red" : "teal"} icon={<IconCopy size={18} aria-hidden />} role="status" withCloseButton onClose={dismiss}
          closeButtonLabel={all.close}
        >
          <Text size="sm" style={{ overflowWrap: "anywhere" }}>{said}</Text>
          {notice.leftOut.length > 0 && <Text size="sm" mt={4} style={{ overflowWrap: "anywhere" }}>{say.leftOut(notice.leftOut.join(", "))}</Text>}
          {notice.before && <Button size="compact-sm" variant="default" mt="xs" onClick={undo}>{say.undo}</Button>}
        </Alert>
      )}
      {startedAs && (
        <Alert color="teal" icon={<IconRocket size={18} aria-hidden />} title={say.startedAs}>
          <Text size="sm">{say.startedText}</Text>
          <Group gap="xs" mt="xs">
            <LinkButton size="compact-sm" to="/jobs/$jobId" params={{ jobId: startedAs }}>{say.openJob}</LinkButton>
            <Button size="compact-sm" variant="default" onClick={() => replace(EMPTY, { kind: "cleared", name: "", leftOut: [] })}>{say.anew}</Button>
          </Group>
        </Alert>
      )}
    </>
  );
}
