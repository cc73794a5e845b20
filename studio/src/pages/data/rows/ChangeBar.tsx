import { Button, Group, Paper, Text } from "@mantine/core";
import { IconDeviceFloppy } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { Confirm } from "~/components/Confirm";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import type { FileObject } from "~/pages/data/api";
import classes from "~/pages/data/data.module.css";
import { editsOf, MOST_EDITS, summary, useEdits } from "~/pages/data/rows/edits";
import { SaveRevision } from "~/pages/data/rows/SaveRevision";
import { useSummaryWords } from "~/pages/data/rows/summaryWords";
import { changeWords } from "~/pages/data/rows/words";

/** What was changed here and not saved yet, always in sight. */
export function ChangeBar({ file }: { file: FileObject }) {
  const say = useWords(changeWords);
  const format = useFormat();
  const edits = useEdits(file.id);
  const [asks, setAsks] = useState<"save" | "discard" | null>(null);
  const { changed, dropped, broken } = useMemo(() => summary(edits), [edits]);
  const what = useSummaryWords()(changed, dropped);
  if (edits.size === 0) return null;
  const isTooMany = edits.size > MOST_EDITS;
  const trouble = broken.length > 0 ? say.broken(broken.slice(0, 5).map(format.count).join(", ")) : isTooMany ? say.tooMany(format.count(MOST_EDITS)) : null;
  return (
    <Paper withBorder shadow="md" p="sm" className={classes.changes} component="section" aria-label={say.changes}>
      <Group justify="space-between" gap="sm">
        <Text size="sm" role="status">
          <b>{what}</b>{!editsOf(file.id).isKept && ` (${say.notKept})`}{trouble && <Text span inherit className={classes.error}> {trouble}</Text>}
        </Text>
        <Group gap={6}>
          <Button size="compact-md" variant="subtle" color="red" onClick={() => setAsks("discard")}>{say.discard}</Button>
          <Button size="compact-md" leftSection={<IconDeviceFloppy size={16} aria-hidden />} disabled={trouble !== null} onClick={() => setAsks("save")}>{say.save}</Button>
        </Group>
      </Group>
      <Confirm
        isOpen={asks === "discard"} close={() => setAsks(null)} title={say.discardTitle} action={say.discard} consequences={[say.discardLoses(what)]}
        run={async () => editsOf(file.id).clear()}
      />
      {asks === "save" && <SaveRevision file={file} title={say.save} dropsRowsWithErrors={false} close={() => setAsks(null)}>{what}</SaveRevision>}
    </Paper>
  );
}
