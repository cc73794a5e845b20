import { Button, Group, List, Modal, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Failed } from "~/components/Failed";
import { useFocusBack } from "~/components/useFocusBack";
import { frame } from "~/components/words";
import { useWords } from "~/i18n/language";

type Props = {
  isOpen: boolean;
  close: () => void;
  title: string;
  /** What will be lost or changed, each a sentence. */
  consequences: ReactNode[];
  action: string;
  /** What the other button says, where "Cancel" would be taken for the action. */
  keep?: string;
  run: () => Promise<unknown>;
  done?: () => void;
};

/** Asked before anything is destroyed: names what is lost; an error stays in the dialog. */
export function Confirm({ isOpen, close, title, consequences, action, keep, run, done }: Props) {
  const say = useWords(frame);
  useFocusBack();
  const doing = useMutation({
    mutationFn: run,
    onSuccess: () => {
      close();
      done?.();
    },
  });
  return (
    <Modal opened={isOpen} onClose={close} title={title} closeButtonProps={{ "aria-label": say.close }} centered>
      <Stack gap="sm">
        <List size="sm" spacing={4}>{consequences.map((each, index) => <List.Item key={index}>{each}</List.Item>)}</List>
        <Text size="sm" fw={600}>{say.reallyDelete}</Text>
        {doing.error && <Failed error={doing.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close} data-autofocus>{keep ?? say.cancel}</Button>
          <Button color="red" loading={doing.isPending} onClick={() => doing.mutate()}>{action}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
