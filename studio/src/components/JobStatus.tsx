import { Badge } from "@mantine/core";
import type { Schemas } from "~/api/client";
import { useWords, words } from "~/i18n/language";

type Status = Schemas["JobWire"]["status"];

export const statusWords = words<Record<Status, string>>({
  en: {
    validating_files: "checking files", queued: "waiting", running: "training", paused: "paused", succeeded: "succeeded",
    failed: "failed", cancelled: "cancelled",
  },
  zh: {
    validating_files: "检查文件", queued: "排队中", running: "训练中", paused: "已暂停", succeeded: "成功", failed: "失败", cancelled: "已取消",
  },
});

const COLOURS: Record<Status, string> = {
  validating_files: "blue", queued: "gray", running: "teal", paused: "yellow", succeeded: "green", failed: "red", cancelled: "gray",
};

export function JobStatus({ status }: { status: Status }) {
  return <Badge variant="light" color={COLOURS[status]} tt="none">{useWords(statusWords)[status]}</Badge>;
}
