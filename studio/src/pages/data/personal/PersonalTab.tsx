import { Alert, Badge, Button, Group, List, Radio, Select, Stack, Text } from "@mantine/core";
import { IconEraser, IconSearch } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Failed } from "~/components/Failed";
import { Loading } from "~/components/Loading";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { useSaid } from "~/i18n/said";
import { itemsQuery, type Operation, useOperation } from "~/pages/data/operations/api";
import { asSettings, useDecisions } from "~/pages/data/operations/decisions";
import { MadeFiles } from "~/pages/data/operations/MadeFiles";
import { OperationState } from "~/pages/data/operations/OperationState";
import { Pager } from "~/pages/data/operations/Pager";
import { useEarlier } from "~/pages/data/operations/useEarlier";
import { type Found, FoundOne } from "~/pages/data/personal/FoundOne";
import { kindWords, personalWords } from "~/pages/data/personal/words";

const PAGE = 50;
const POLICIES = ["redact", "surrogate", "drop"] as const;

/** What a look for personal data tells: how often each kind was met, and what it cannot find. */
type Told = { num_found: number; num_rows: number; kinds: Record<string, number>; not_covered: string[]; num_not_listed: number; left_as_nobodys?: Record<string, number> };

const LOOK = "find_personal_data";

/** Personal data of a file: found, accepted or rejected one by one, and a copy without it written. */
export function PersonalTab({ fileId }: { fileId: string }) {
  const say = useWords(personalWords);
  const looking = useOperation(LOOK, [fileId]);
  const isKnown = useEarlier(LOOK, fileId, looking.follow);
  const cleaning = useOperation("clean", [fileId]);
  const format = useFormat();
  const found = looking.operation?.status === "succeeded" ? looking.operation : null;
  const made = cleaning.operation?.status === "succeeded" ? cleaning.operation : null;
  if (!isKnown) return <Loading />;
  return (
    <Stack gap="md">
      <Text size="sm" c="dimmed">{say.text}</Text>
      <Group>
        <Button variant={found ? "default" : "filled"} leftSection={<IconSearch size={16} aria-hidden />} loading={looking.isUnderWay} onClick={() => looking.begin({})}>
          {found ? say.again : say.look}
        </Button>
      </Group>
      <OperationState of={looking} />
      {made && <MadeFiles operation={made} title={say.cleaned(format.count(made.counts.rows_written ?? 0))} />}
      {found && <Findings key={found.id} operation={found} cleaning={cleaning} />}
    </Stack>
  );
}

function Findings({ operation, cleaning }: { operation: Operation; cleaning: ReturnType<typeof useOperation> }) {
  const say = useWords(personalWords);
  const { kinds: names } = useWords(kindWords);
  const said = useSaid();
  const format = useFormat();
  const [offset, setOffset] = useState(0);
  const [kind, setKind] = useState<string | null>(null);
  const [policy, setPolicy] = useState<string>("redact");
  const { decisions, decide } = useDecisions(operation);
  const told = operation.result as unknown as Told;
  const { data, error, refetch } = useQuery({ ...itemsQuery(operation.id, offset, PAGE, kind), placeholderData: keepPreviousData, enabled: operation.num_items > 0 });
  const shown = (data?.data ?? []) as Found[];
  const numLeft = Object.values(told.left_as_nobodys ?? {}).reduce((sum, each) => sum + each, 0);
  if (told.num_found === 0) return <><Alert color="green" title={say.nothing} /><NotCovered sentences={told.not_covered.map(said)} /></>;
  return (
    <Stack gap="md">
      <Group gap={6}>
        <Text fw={600}>{say.found(format.count(told.num_found), format.count(told.num_rows))}</Text>
        {Object.entries(told.kinds).map(([each, count]) => <Badge key={each} variant="light" tt="none">{names[each] ?? each} {format.count(count)}</Badge>)}
      </Group>
      {numLeft > 0 && <Text size="sm">{say.nobodys(format.count(numLeft))}</Text>}
      <NotCovered sentences={told.not_covered.map(said)} />
      <Radio.Group label={say.policy} value={policy} onChange={setPolicy}>
        <Stack gap={6} mt={6}>{POLICIES.map((each) => <Radio key={each} value={each} label={say.policies[each]} />)}</Stack>
      </Radio.Group>
      <Group>
        <Button leftSection={<IconEraser size={16} aria-hidden />} loading={cleaning.isUnderWay} onClick={() => cleaning.begin({ policy, decisions: asSettings(decisions) })}>{say.clean}</Button>
      </Group>
      <OperationState of={cleaning} />
      <Select maw={260} label={say.kind} placeholder={say.all} clearable clearButtonProps={{ "aria-label": say.all }} value={kind} onChange={(next) => { setKind(next); setOffset(0); }} data={Object.keys(told.kinds).map((value) => ({ value, label: names[value] ?? value }))} />
      {error && <Failed error={error} retry={() => void refetch()} />}
      {!data ? <Loading /> : (
        shown.length > 0 && <Stack gap={6} role="list" aria-label={say.list}>
          {shown.map((each) => <FoundOne key={each.id} found={each} decisions={decisions} decide={decide} />)}
        </Stack>
      )}
      {data && shown.length === 0 && <Text size="sm" c="dimmed">{say.noneListed}</Text>}
      {told.num_not_listed > 0 && <Text size="sm" c="dimmed">{say.notListed(format.count(told.num_not_listed))}</Text>}
      <Pager offset={offset} size={PAGE} total={data?.total ?? operation.num_items} open={setOffset} />
    </Stack>
  );
}

function NotCovered({ sentences }: { sentences: string[] }) {
  const say = useWords(personalWords);
  if (sentences.length === 0) return null;
  return (
    <Alert color="yellow" title={say.notCovered} py="xs">
      <List size="sm">{sentences.map((each) => <List.Item key={each}><span dir="auto">{each}</span></List.Item>)}</List>
    </Alert>
  );
}
