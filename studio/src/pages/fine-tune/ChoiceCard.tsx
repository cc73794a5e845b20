import { Group, Paper, Radio, Stack, Text } from "@mantine/core";
import { type ReactNode, useId } from "react";
import classes from "~/pages/fine-tune/fine-tune.module.css";

type Props = {
  name: string;
  id?: string;
  value: string;
  isChosen: boolean;
  choose: (value: string) => void;
  title: ReactNode;
  /** Short marks beside the title. */
  marks?: ReactNode;
  isDisabled?: boolean;
  children?: ReactNode;
};

/** A radio button with room to explain what it chooses. */
export function ChoiceCard({ name, id, value, isChosen, choose, title, marks, isDisabled = false, children }: Props) {
  const own = useId();
  return (
    <Paper
      component="label" withBorder p="md" className={classes.choice} data-chosen={isChosen || undefined} data-disabled={isDisabled || undefined}
    >
      <Group wrap="nowrap" align="flex-start" gap="sm">
        <Radio
          id={id} name={name} value={value} checked={isChosen} disabled={isDisabled} onChange={() => choose(value)} mt={2}
          aria-labelledby={`${own}-title`} aria-describedby={`${own}-text`}
        />
        <Stack gap={6} miw={0} flex={1}>
          <Group gap="xs" justify="space-between">
            <Text fw={600} id={`${own}-title`} style={{ overflowWrap: "anywhere" }} component="span">{title}</Text>
            {marks && <Group gap={6}>{marks}</Group>}
          </Group>
          <Stack gap={6} id={`${own}-text`}>{children}</Stack>
        </Stack>
      </Group>
    </Paper>
  );
}

export function ChoiceGroup({ legend, text, children }: { legend: string; text?: string; children: ReactNode }) {
  return (
    <fieldset className={classes.group}>
      <legend className={classes.legend}>{legend}</legend>
      {text && <Text c="dimmed" size="sm" mb="sm">{text}</Text>}
      {children}
    </fieldset>
  );
}
