import { Button } from "@mantine/core";
import { IconMapQuestion } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { Empty } from "~/components/Empty";
import { frame } from "~/components/words";
import { useWords } from "~/i18n/language";

export function NotFound() {
  const say = useWords(frame);
  return (
    <Empty order={1} icon={IconMapQuestion} title={say.notFound} text={say.notFoundHint}>
      <Button component={Link} to="/">{say.toHome}</Button>
    </Empty>
  );
}
