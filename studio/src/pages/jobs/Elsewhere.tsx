import { Anchor, type AnchorProps, Button, type ButtonProps } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

type Where = { to: string; search?: Record<string, string> };

/** Where other areas keep what a job speaks of. */
export const elsewhere = {
  file: (id: string): Where => ({ to: `/data/${encodeURIComponent(id)}` }),
  data: (): Where => ({ to: "/data" }),
  model: (name: string): Where => ({ to: `/models/${encodeURIComponent(name)}` }),
  tryOut: (models: readonly string[]): Where => ({ to: "/playground", search: { models: models.join(",") } }),
  tuneFrom: (model: string): Where => ({ to: "/fine-tune", search: { model } }),
  clone: (jobId: string): Where => ({ to: "/fine-tune", search: { from_job: jobId } }),
  fineTune: (): Where => ({ to: "/fine-tune" }),
};

export function ElsewhereLink({ where, children, ...props }: { where: Where; children: ReactNode } & AnchorProps) {
  return <Anchor {...props} renderRoot={(root) => <Link {...root} to={where.to} search={where.search ?? {}} />}>{children}</Anchor>;
}

export function ElsewhereButton({ where, children, ...props }: { where: Where; children: ReactNode } & ButtonProps) {
  return <Button {...props} renderRoot={(root) => <Link {...root} to={where.to} search={where.search ?? {}} />}>{children}</Button>;
}
