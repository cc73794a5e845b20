import { Alert, Button, Group, Modal, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Copyable } from "~/components/Copyable";
import { useFocusBack } from "~/components/useFocusBack";
import { useWords } from "~/i18n/language";
import { settings } from "~/pages/settings/words";

/** A key or signing secret, this once: neither a click beside it nor Escape takes it away. */
export function SecretOnce({ title, secret, close, children }: { title: string; secret: string; close: () => void; children?: ReactNode }) {
  const say = useWords(settings);
  useFocusBack();
  return (
    <Modal opened onClose={close} title={title} withCloseButton={false} closeOnClickOutside={false} closeOnEscape={false} centered size="lg">
      <Stack>
        <Alert color="orange" icon={<IconAlertTriangle size={18} aria-hidden />} title={say.onceTitle}>{say.once}</Alert>
        <Copyable text={secret} label={title} />
        {children && <Text size="sm" c="dimmed" component="div">{children}</Text>}
        <Group justify="flex-end"><Button onClick={close}>{say.done}</Button></Group>
      </Stack>
    </Modal>
  );
}
