import { Box } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { Copyable } from "~/components/Copyable";
import { Empty } from "~/components/Empty";
import { useWords } from "~/i18n/language";
import { settings } from "~/pages/settings/words";

/** Stands at an address whose tab this key may not see: who may, and how to become one of them. */
export function NotYours({ needs }: { needs: string }) {
  const say = useWords(settings);
  const isAdministration = needs === "administer";
  return (
    <Empty icon={IconLock} title={say.notYours} text={isAdministration ? say.administratorsOnly : say.ownersOnly}>
      {isAdministration && <Box w="100%" maw={440} ta="start"><Copyable text="tunesmith keys create --admin --name studio" label={say.command} /></Box>}
    </Empty>
  );
}
