import { useQueryClient } from "@tanstack/react-query";
import { api } from "~/api/client";
import { Confirm } from "~/components/Confirm";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import type { FileObject } from "~/pages/data/api";
import { editsOf } from "~/pages/data/rows/edits";
import { shownName } from "~/pages/data/save";
import { pageWords } from "~/pages/data/words";

/** Asked before a file is deleted: what goes with it, and what stays. */
export function DeleteFile({ file, close, done }: { file: FileObject | null; close: () => void; done?: () => void }) {
  const say = useWords(pageWords);
  const format = useFormat();
  const client = useQueryClient();
  if (!file) return null;
  const edits = editsOf(file.id);
  const losesEdits = edits.size > 0;
  const remove = async () => {
    await api.DELETE("/v1/files/{file_id}", { params: { path: { file_id: file.id } } });
    edits.clear();
    client.removeQueries({ queryKey: ["file", file.id] });
    await client.invalidateQueries({ queryKey: ["files"] });
  };
  const consequences = [say.deleteLoses(shownName(file.filename), format.bytes(file.bytes)), say.deleteId(file.id), say.deleteKeeps];
  return (
    <Confirm
      isOpen close={close} title={say.deleteTitle} action={say.delete} run={remove} done={done}
      consequences={losesEdits ? [...consequences, say.deleteEdits] : consequences}
    />
  );
}
