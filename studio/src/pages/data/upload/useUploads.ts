import { useEffect, useMemo, useSyncExternalStore } from "react";
import { useInstallation } from "~/pages/data/api";
import { PLAIN_BYTES } from "~/pages/data/upload/plan";
import { type Owner, uploads } from "~/pages/data/upload/uploads";
import { useSession } from "~/session";

export function useUploads() {
  return useSyncExternalStore(uploads.subscribe, uploads.snapshot);
}

/** Whose uploads these are. Parts are no larger than the server takes, and small enough that a break costs little. */
export function useOwner(): Owner {
  const { key, me } = useSession();
  const most = useInstallation().data?.part_bytes ?? PLAIN_BYTES;
  const projectId = me?.project_id ?? "";
  const owner = useMemo(() => ({ key, projectId, partBytes: Math.min(most, PLAIN_BYTES) }), [key, projectId, most]);
  useEffect(() => uploads.own(owner), [owner]);
  return owner;
}
