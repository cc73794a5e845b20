import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "~/api/client";
import { asFailure, type Failure } from "~/api/failure";
import type { FileObject } from "~/pages/fine-tune/queries";

type Upload = { name: string; share: number; isSending: boolean; isDone: boolean; failure: Failure | null };

const NONE: Upload = { name: "", share: 0, isSending: false, isDone: false, failure: null };

/** Sends one training file; `arrived` hears its id. */
export function useUpload(arrived: (fileId: string) => void): Upload & { send: (file: File) => void } {
  const client = useQueryClient();
  const [upload, set] = useState<Upload>(NONE);
  const send = (file: File) => {
    const form = new FormData();
    form.set("purpose", "fine-tune");
    form.set("file", file, file.name);
    set({ ...NONE, name: file.name, isSending: true });
    call("/v1/files", { method: "POST", body: form })
      .then((response) => response.json() as Promise<FileObject>)
      .then(async ({ id }) => {
        await client.invalidateQueries({ queryKey: ["files"] });
        set({ ...NONE, name: file.name, isDone: true });
        arrived(id);
      })
      .catch((error: unknown) => set({ ...NONE, name: file.name, failure: asFailure(error) }));
  };
  return { ...upload, send };
}
