import { NavLink } from "@mantine/core";
import {
  IconAdjustments, IconChartLine, IconCube, IconDatabase, IconHome, IconMessages, IconSettings,
} from "@tabler/icons-react";
import { Link, useRouterState } from "@tanstack/react-router";
import { frame } from "~/components/words";
import { useWords } from "~/i18n/language";

const PAGES = [
  { to: "/", word: "home", icon: IconHome },
  { to: "/data", word: "data", icon: IconDatabase },
  { to: "/fine-tune", word: "fineTune", icon: IconAdjustments },
  { to: "/jobs", word: "jobs", icon: IconChartLine },
  { to: "/models", word: "models", icon: IconCube },
  { to: "/playground", word: "playground", icon: IconMessages },
  { to: "/settings", word: "settings", icon: IconSettings },
] as const;

/** The areas of the Studio, in the order of the work. `leave` is called where one of them was chosen. */
export function Navigation({ leave }: { leave: () => void }) {
  const say = useWords(frame);
  const place = useRouterState({ select: (state) => state.location.pathname });
  return PAGES.map(({ to, word, icon: Icon }) => (
    <NavLink
      key={to} component={Link} to={to} activeOptions={{ exact: to === "/" }} label={say[word]} leftSection={<Icon size={18} aria-hidden />}
      onClick={leave} active={to === "/" ? place === "/" : place === to || place.startsWith(`${to}/`)} py={{ base: 12, sm: 8 }}
    />
  ));
}
