import { Button, Group, Modal, type ModalProps, Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useEffect, useRef } from "react";
import { asFailure } from "~/api/failure";
import { Failed } from "~/components/Failed";
import { useFocusBack } from "~/components/useFocusBack";
import { frame } from "~/components/words";
import { useWords } from "~/i18n/language";
import { useSaid } from "~/i18n/said";

type Props<T> = {
  title: string;
  close: () => void;
  action: string;
  run: () => Promise<T>;
  done: (answer: T) => void;
  /** Whether what is filled in can be sent. */
  isReady?: boolean;
  size?: ModalProps["size"];
  /** Names of the request's fields that show themselves what is wrong with them. */
  fields?: readonly string[];
  /** The form; as a function it is told what the API says of a field. */
  children: ReactNode | ((errorAt: (field: string) => string | undefined) => ReactNode);
};

/** A form over the page; what the API refuses is said in it, at its field if it has one, and nothing filled in is lost. */
export function Dialog<T>({ title, close, action, run, done, isReady = true, size, fields = [], children }: Props<T>) {
  const say = useWords(frame);
  const said = useSaid();
  useFocusBack();
  const doing = useMutation({ mutationFn: run, onSuccess: done });
  const failure = doing.error && asFailure(doing.error);
  const field = failure?.param && fields.includes(failure.param) ? failure.param : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isReady) doing.mutate();
  };
  return (
    <Modal opened onClose={close} title={title} closeButtonProps={{ "aria-label": say.close }} centered size={size}>
      <form onSubmit={submit}>
        <Stack>
          {typeof children === "function" ? children((name) => (name === field && failure ? said(failure.message) : undefined)) : children}
          {failure && field === null && <InSight><Failed error={failure} /></InSight>}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>{say.cancel}</Button>
            <Button type="submit" loading={doing.isPending} disabled={!isReady}>{action}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** What appears at the end of a long form, brought to where it is seen. */
function InSight({ children }: { children: ReactNode }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Newer browsers give a promise back, which would be taken for the effect's end.
    void place.current?.scrollIntoView({ block: "nearest" });
  }, []);
  return <div ref={place}>{children}</div>;
}
