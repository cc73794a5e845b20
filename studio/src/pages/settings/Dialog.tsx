import { Button, Group, Modal, Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { FormEvent, ReactNode } from "react";
import { Failed } from "~/components/Failed";
import { frame } from "~/components/words";
import { useWords } from "~/i18n/language";

type Props<T> = {
  title: string;
  close: () => void;
  action: string;
  run: () => Promise<T>;
  done: (answer: T) => void;
  /** Whether what is filled in can be sent. */
  isReady?: boolean;
  children: ReactNode;
};

/** A form over the page; what the API refuses is said in it, and nothing that was filled in is lost. */
export function Dialog<T>({ title, close, action, run, done, isReady = true, children }: Props<T>) {
  const say = useWords(frame);
  const doing = useMutation({ mutationFn: run, onSuccess: done });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isReady) doing.mutate();
  };
  return (
    <Modal opened onClose={close} title={title} closeButtonProps={{ "aria-label": say.close }} centered styles={{ title: { overflowWrap: "anywhere" } }}>
      <form onSubmit={submit}>
        <Stack>
          {children}
          {doing.error && <Failed error={doing.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>{say.cancel}</Button>
            <Button type="submit" loading={doing.isPending} disabled={!isReady}>{action}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
