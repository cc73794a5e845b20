import { call } from "~/api/client";

/** A file of the API into the person's downloads: a plain link could not carry the key. */
export async function downloadFile(fileId: string, name: string): Promise<void> {
  const answer = await call(`/v1/files/${encodeURIComponent(fileId)}/content`);
  const address = URL.createObjectURL(await answer.blob());
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
