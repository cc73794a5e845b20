import type { Schemas } from "~/api/client";

export type Certificate = Schemas["CertificateWire"]["name"];

/** In the order in which a job earns them. */
export const CERTIFICATES: readonly Certificate[] = ["data_accounted", "loss_mask", "resume_exact", "adapter_applied", "template", "same_tokens"];
