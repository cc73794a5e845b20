import type { Schemas } from "~/api/client";

type Installation = Schemas["InstallationWire"];

const LOW_SHARE = 0.05;
const LOW_BYTES = 5e9;

/** From 0 to 1; 0 where the disk's size is not known. */
export function usedShare({ disk_total_bytes: total, disk_free_bytes: free }: Pick<Installation, "disk_total_bytes" | "disk_free_bytes">): number {
  return total > 0 ? Math.min(Math.max(1 - free / total, 0), 1) : 0;
}

/** Whether the next checkpoints may not find room. */
export function isDiskLow({ disk_total_bytes: total, disk_free_bytes: free }: Pick<Installation, "disk_total_bytes" | "disk_free_bytes">): boolean {
  return total > 0 && free < Math.max(LOW_BYTES, total * LOW_SHARE);
}
