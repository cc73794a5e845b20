import { ActionIcon, Badge, Group } from "@mantine/core";
import { IconCode, IconX } from "@tabler/icons-react";
import type { Schemas } from "~/api/client";
import { useWords } from "~/i18n/language";
import { kindOf } from "~/pages/models/names";
import { ModelPicker } from "~/pages/playground/ModelPicker";
import styles from "~/pages/playground/playground.module.css";
import { playgroundWords } from "~/pages/playground/words";

type Props = {
  model: string;
  index: number;
  known: readonly Schemas["ModelWire"][];
  choose: (model: string) => void;
  showCode: () => void;
  /** null where it is the only column. */
  remove: (() => void) | null;
};

const COLOURS = { base: "gray", tuned: "teal", checkpoint: "blue", other: "grape" };

/** Whose column it is. */
export function ColumnHead({ model, index, known, choose, showCode, remove }: Props) {
  const say = useWords(playgroundWords);
  const kind = kindOf(model, known);
  return (
    <div className={styles.head}>
      <Group justify="space-between" wrap="nowrap" gap={4} align="flex-start">
        <ModelPicker model={model} known={known} label={say.columnModel(index + 1)} choose={choose} />
        <Group gap={2} wrap="nowrap" style={{ flex: "none" }}>
          <Badge size="sm" variant="light" color={COLOURS[kind]} tt="none" style={{ flex: "none" }}>{say.kinds[kind]}</Badge>
          <ActionIcon size="sm" variant="subtle" color="gray" aria-label={say.viewCodeOf(model)} title={say.viewCode} onClick={showCode}>
            <IconCode size={16} />
          </ActionIcon>
          {remove && (
            <ActionIcon size="sm" variant="subtle" color="gray" aria-label={say.removeColumn(model)} title={say.removeColumn(model)} onClick={remove}>
              <IconX size={16} />
            </ActionIcon>
          )}
        </Group>
      </Group>
    </div>
  );
}
