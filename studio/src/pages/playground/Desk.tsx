import { Alert, Button, Drawer, Group, List, SegmentedControl, Stack, Text } from "@mantine/core";
import { useDisclosure, useMediaQuery } from "@mantine/hooks";
import { IconAdjustmentsHorizontal, IconMessages } from "@tabler/icons-react";
import { useState } from "react";
import type { Schemas } from "~/api/client";
import { Empty } from "~/components/Empty";
import { LinkAnchor } from "~/components/RouteLink";
import { frame } from "~/components/words";
import { useWords } from "~/i18n/language";
import { CodeDialog } from "~/pages/playground/CodeDialog";
import { ColumnHead } from "~/pages/playground/ColumnHead";
import { Composer } from "~/pages/playground/Composer";
import { Conversation } from "~/pages/playground/Conversation";
import { columnKeys, isAnyUnderWay } from "~/pages/playground/conversation";
import type { Kept, View } from "~/pages/playground/kept";
import { Legend } from "~/pages/playground/Legend";
import styles from "~/pages/playground/playground.module.css";
import { Settings } from "~/pages/playground/Settings";
import type { Playground } from "~/pages/playground/store";
import { playgroundWords } from "~/pages/playground/words";
import { May } from "~/session";

type Props = {
  playground: Playground;
  kept: Kept;
  models: readonly string[];
  setModels: (models: readonly string[]) => void;
  known: readonly Schemas["ModelWire"][];
};

/** Settings on one side, the conversation on the other, the prompt below it. */
export function Desk({ playground, kept, models, setModels, known }: Props) {
  const say = useWords(playgroundWords);
  const isWide = useMediaQuery("(min-width: 48em)", true, { getInitialValueInEffect: false });
  const common = useWords(frame);
  const [isOpen, settings] = useDisclosure(isWide && models.length < 3);
  const [column, showCode] = useState<{ model: string; key: string } | null>(null);
  const isUnderWay = isAnyUnderWay(kept.turns);
  const keys = columnKeys(models);

  const heads = models.map((model, index) => (
    <ColumnHead
      key={keys[index]} model={model} index={index} known={known} showCode={() => showCode({ model, key: keys[index] ?? model })}
      choose={(next) => setModels(models.map((each, at) => (at === index ? next : each)))}
      remove={models.length > 1 ? () => setModels(models.filter((_, at) => at !== index)) : null}
    />
  ));
  return (
    <div className={styles.desk}>
      {isWide ? (
        isOpen && <section id="playground-settings" className={styles.settings} aria-label={say.settings}><Settings playground={playground} kept={kept} known={known} /></section>
      ) : (
        <Drawer opened={isOpen} onClose={settings.close} position="bottom" size="85%" title={say.settings} closeButtonProps={{ "aria-label": common.close }}>
          <Settings playground={playground} kept={kept} known={known} />
        </Drawer>
      )}
      <div className={styles.main}>
        <Group justify="space-between" gap="xs">
          <Button
            size="compact-sm" variant={isOpen ? "light" : "default"} leftSection={<IconAdjustmentsHorizontal size={14} />} onClick={settings.toggle}
            aria-expanded={isOpen} aria-controls={isOpen && isWide ? "playground-settings" : undefined}
          >
            {isOpen && isWide ? say.hideSettings : say.showSettings}
          </Button>
          <Views view={kept.view} choose={(view) => playground.set({ view })} />
        </Group>
        {kept.view === "probabilities" && <Legend />}
        {kept.view === "differences" && models.length > 1 && <Text size="xs" c="dimmed">{say.differencesHint(models[0] ?? "")}</Text>}
        <Conversation playground={playground} kept={kept} models={models} heads={heads} empty={<Nothing hasTuned={known.some((each) => each.base_model)} />} />
        <Composer
          draft={kept.draft} change={(draft) => playground.set({ draft })} isUnderWay={isUnderWay} canSend={kept.draft.trim() !== ""}
          send={() => playground.send(models)} stop={() => playground.stop()}
        />
      </div>
      <CodeDialog column={column} kept={kept} close={() => showCode(null)} />
    </div>
  );
}

function Views({ view, choose }: { view: View; choose: (view: View) => void }) {
  const say = useWords(playgroundWords);
  const views: View[] = ["plain", "probabilities", "differences"];
  return (
    <SegmentedControl
      size="xs" value={view} onChange={(value) => choose(value as View)} aria-label={say.view} data={views.map((value) => ({ value, label: say.views[value] }))}
    />
  );
}

/** What stands where nothing was asked yet. */
function Nothing({ hasTuned }: { hasTuned: boolean }) {
  const say = useWords(playgroundWords);
  return (
    <Stack gap={0} pb="md">
      <Empty icon={IconMessages} title={say.emptyTitle} text={say.emptyText} />
      <List size="sm" c="dimmed" spacing={4} mx="auto" maw={520} px="xl" mt={-24}>{say.emptyTips.map((tip) => <List.Item key={tip}>{tip}</List.Item>)}</List>
      {!hasTuned && (
        <May action="job.create">
          <Alert mx="md" mt="md" variant="light">{say.noTuned} <LinkAnchor to="/fine-tune">{say.toFineTune}</LinkAnchor></Alert>
        </May>
      )}
    </Stack>
  );
}
