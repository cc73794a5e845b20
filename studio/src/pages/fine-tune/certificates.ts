/** The promises about a job by the API's names, in the order in which a job earns them. */
export const CERTIFICATES = ["data_accounted", "loss_mask", "resume_exact", "adapter_applied", "template", "same_tokens"] as const;

export type Certificate = (typeof CERTIFICATES)[number];
