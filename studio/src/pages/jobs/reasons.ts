import type { Job } from "./queries";

const BY_CHANCE = "drawn by chance, as none was given";

/** Why a setting has its value. The engine calls given whatever it was handed, a default and a drawn seed too. */
export function reasonOf({ resolved, requested_settings }: Pick<Job, "resolved" | "requested_settings">, name: string): string {
  const reason = resolved[name]?.reason ?? "";
  if (reason !== "as given" || requested_settings[name] !== undefined) return reason;
  return name === "seed" ? BY_CHANCE : "the default";
}
