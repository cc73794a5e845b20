import { Center, Loader, VisuallyHidden } from "@mantine/core";
import { frame } from "~/components/words";
import { useWords } from "~/i18n/language";

export function Loading() {
  const say = useWords(frame);
  return (
    <Center mih={160} role="status">
      <Loader size="sm" />
      <VisuallyHidden>{say.loading}</VisuallyHidden>
    </Center>
  );
}
