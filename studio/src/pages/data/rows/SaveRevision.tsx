import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { api, body } from "~/api/client";
import { Failed } from "~/components/Failed";
import { frame } from "~/components/words";
import { useWords } from "~/i18n/language";
import type { FileObject } from "~/pages/data/api";
import { editsOf, forRevision, nameOfRevision } from "~/pages/data/rows/edits";
import { useSummaryWords } from "~/pages/data/rows/summaryWords";
import { changeWords } from "~/pages/data/rows/words";

type Props = { file: FileObject; title: string; dropsRowsWithErrors: boolean; model?: string; close: () => void; children: ReactNode };

/** Saves the changes as a new file and opens that. */
export function SaveRevision({ file, title, dropsRowsWithErrors, model, close, children }: Props) {
  const say = useWords(changeWords);
  const all = useWords(frame);
  const summaryOf = useSummaryWords();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState(() => nameOfRevision(file.filename));
  const isNamed = file.purpose !== "fine-tune" || /.\.jsonl$/i.test(name.trim());
  const save = useMutation({
    mutationFn: () =>
      body(api.POST("/v1/files/{file_id}/revisions", {
        params: { path: { file_id: file.id } },
        body: { edits: forRevision(editsOf(file.id).snapshot()), drops_rows_with_errors: dropsRowsWithErrors, filename: name.trim(), ...(model ? { model } : {}) },
      })),
    onSuccess: (made) => {
      editsOf(file.id).clear();
      void client.invalidateQueries({ queryKey: ["files"] });
      notifications.show({ title: say.saved, message: summaryOf(made.num_edited, made.num_dropped), color: "green" });
      close();
      void navigate({ to: "/data/$fileId", params: { fileId: String(made.file.id) } });
    },
  });
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    if (isNamed) save.mutate();
  };
  return (
    <Modal opened onClose={close} title={title} closeButtonProps={{ "aria-label": all.close }} centered>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Text size="sm" component="div">{children}</Text>
          <TextInput
            label={say.name} value={name} onChange={(event) => setName(event.currentTarget.value)} error={isNamed ? undefined : say.nameBad} maxLength={255}
            required data-autofocus dir="auto"
          />
          <Text size="sm" c="dimmed">{say.stays}</Text>
          {save.error && <Failed error={save.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>{all.cancel}</Button>
            <Button type="submit" loading={save.isPending} disabled={!isNamed}>{say.save}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
