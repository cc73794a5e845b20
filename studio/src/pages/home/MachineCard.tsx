import { Alert, Badge, Group, Progress, Skeleton, Stack, Text, Title, Tooltip } from "@mantine/core";
import type { ReactNode } from "react";
import type { Schemas } from "~/api/client";
import { Copyable } from "~/components/Copyable";
import { Failed } from "~/components/Failed";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { Card } from "~/pages/home/Card";
import { isDiskLow, usedShare } from "~/pages/home/machine";
import { useInstallation } from "~/pages/home/queries";
import { home } from "~/pages/home/words";

type Installation = Schemas["InstallationWire"];
type Worker = Schemas["WorkerWire"];

const SERVING_COLOURS = { ready: "teal", draining: "yellow", away: "red" } as const;

/** What trains, what answers, and how full the disk is. */
export function MachineCard() {
  const say = useWords(home);
  const { data, error, refetch } = useInstallation();
  return (
    <Card id="machine" title={say.machine} aside={data && <About installation={data} />}>
      {data ? <Figures installation={data} /> : error ? <Failed error={error} retry={() => void refetch()} /> : <Skeleton h={220} />}
    </Card>
  );
}

function About({ installation }: { installation: Installation }) {
  const say = useWords(home);
  return (
    <Group gap="xs">
      {installation.is_offline && (
        <Tooltip label={say.offlineHint} multiline maw={280} events={{ hover: true, focus: true, touch: true }}>
          <Badge variant="light" color="gray" tt="none" tabIndex={0}>{say.offline}</Badge>
        </Tooltip>
      )}
      <Text size="sm" c="dimmed">{say.version(installation.version)}</Text>
    </Group>
  );
}

function Figures({ installation }: { installation: Installation }) {
  const say = useWords(home);
  const format = useFormat();
  const isLow = isDiskLow(installation);
  const free = format.bytes(installation.disk_free_bytes);
  return (
    <Stack gap="lg">
      <Part title={say.training}><Workers workers={installation.workers} /></Part>
      <Serving serving={installation.serving} />
      <Part title={say.disk} aside={<Text size="sm" c="dimmed">{say.free(free, format.bytes(installation.disk_total_bytes))}</Text>}>
        <Meter share={usedShare(installation)} label={say.diskUsed} colour={isLow ? "orange" : "teal"} />
        <Text size="sm" c="dimmed">{say.stored(format.bytes(installation.stored_bytes))}</Text>
        {isLow && <Alert color="orange" p="xs">{say.diskLow}</Alert>}
      </Part>
    </Stack>
  );
}

function Workers({ workers }: { workers: readonly Worker[] }) {
  const say = useWords(home);
  const format = useFormat();
  return (
    <>
      {workers.map((worker) => (
        <Stack key={worker.name} gap={0}>
          <Group gap="xs" justify="space-between" wrap="nowrap">
            <Text fw={500} truncate title={worker.device}>{worker.device || worker.name}</Text>
            <Text size="sm" c="dimmed" truncate title={worker.name}>{worker.host}</Text>
          </Group>
          <Text size="sm" c={worker.is_alive ? "dimmed" : "var(--mantine-color-orange-text)"}>
            {worker.is_alive
              ? [say.worker(worker.num_slots), worker.memory_bytes !== null && say.memory(format.bytes(worker.memory_bytes))].filter(Boolean).join(" · ")
              : say.workerGone(format.instant(worker.seen_at))}
          </Text>
        </Stack>
      ))}
      {!workers.some((worker) => worker.is_alive) && (
        <>
          <Text size="sm">{say.noWorker}</Text>
          <Copyable text="tunesmith worker" label={say.noWorkerCommand} />
        </>
      )}
    </>
  );
}

function Serving({ serving }: { serving: Schemas["ServingWire"] }) {
  const say = useWords(home);
  const format = useFormat();
  const badge = <Badge variant="light" color={SERVING_COLOURS[serving.state]} tt="none">{say.servingState[serving.state]}</Badge>;
  if (serving.state === "away") {
    return (
      <Part title={say.serving} aside={badge}>
        <Text size="sm">{say.servingAway}</Text>
        <Copyable text="tunesmith serve" label={say.servingCommand} />
      </Part>
    );
  }
  const share = serving.most_bytes > 0 ? serving.used_bytes / serving.most_bytes : 0;
  return (
    <Part title={say.serving} aside={<Group gap="xs"><Text size="sm" c="dimmed">{say.streams(serving.num_streams, serving.num_waiting)}</Text>{badge}</Group>}>
      <Meter share={share} label={say.servingMemory} colour="teal" />
      <Text size="sm" c="dimmed">
        {serving.models.length === 0 ? say.noModels : `${format.bytes(serving.used_bytes)} / ${format.bytes(serving.most_bytes)}`}
      </Text>
      {serving.models.length > 0 && (
        <Stack gap={2} component="ul" m={0} p={0} aria-label={say.models} style={{ listStyle: "none" }}>
          {serving.models.map((model) => <Text key={model} component="li" size="sm" ff="monospace" truncate title={model}><bdi>{model}</bdi></Text>)}
        </Stack>
      )}
    </Part>
  );
}

function Part({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <Stack gap={6}>
      <Group justify="space-between" gap="xs"><Title order={3} size="sm" fw={600}>{title}</Title>{aside}</Group>
      {children}
    </Stack>
  );
}

function Meter({ share, label, colour }: { share: number; label: string; colour: string }) {
  return <Progress.Root size="sm"><Progress.Section value={share * 100} color={colour} aria-label={label} /></Progress.Root>;
}
