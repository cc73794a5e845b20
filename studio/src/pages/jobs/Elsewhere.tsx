import { Anchor, type AnchorProps, Button, type ButtonProps } from "@mantine/core";
import { Link, linkOptions, type LinkProps } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { modelsSearch } from "~/pages/playground/search";

/** Where a job's files, models and successors are. */
export const elsewhere = {
  file: (fileId: string, line?: number) => linkOptions({ to: "/data/$fileId", params: { fileId }, search: line === undefined ? {} : { line } }),
  data: () => linkOptions({ to: "/data" }),
  model: (name: string) => linkOptions({ to: "/models/$", params: { _splat: name } }),
  tryOut: (models: readonly string[]) => linkOptions({ to: "/playground", search: { models: modelsSearch(models) } }),
  tuneFrom: (model: string) => linkOptions({ to: "/fine-tune", search: { model } }),
  clone: (jobId: string) => linkOptions({ to: "/fine-tune", search: { from_job: jobId } }),
  fineTune: () => linkOptions({ to: "/fine-tune" }),
  jobs: (selected: readonly string[]) => linkOptions({ to: "/jobs", search: selected.length > 0 ? { selected: selected.join(",") } : {} }),
};

/** A tuned model's columns in the playground: the model that it was made from stands beside it. */
export function besideBase(name: string, base: string | null): string[] {
  return base === null ? [name] : [base, name];
}

type Where = ReturnType<(typeof elsewhere)[keyof typeof elsewhere]>;

export function ElsewhereLink({ where, children, ...props }: { where: Where; children: ReactNode } & AnchorProps) {
  return <Anchor {...props} renderRoot={(root) => <Link {...root} {...(where as LinkProps)} />}>{children}</Anchor>;
}

export function ElsewhereButton({ where, children, ...props }: { where: Where; children: ReactNode } & ButtonProps) {
  return <Button {...props} renderRoot={(root) => <Link {...root} {...(where as LinkProps)} />}>{children}</Button>;
}
