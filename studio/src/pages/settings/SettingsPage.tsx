import { Box, NativeSelect, NavLink } from "@mantine/core";
import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { useEffect } from "react";
import { Page } from "~/components/Page";
import { frame } from "~/components/words";
import { useWords } from "~/i18n/language";
import { NotYours } from "~/pages/settings/NotYours";
import { tabAt, visibleTabs } from "~/pages/settings/tabs";
import { settings } from "~/pages/settings/words";
import { useSession } from "~/session";
import "~/pages/settings/listing.css";

/** The tabs that the key may see, each with an address of its own; a list to choose from in a narrow window. */
export function SettingsPage() {
  const say = useWords(settings);
  const all = useWords(frame);
  const { may } = useSession();
  const navigate = useNavigate();
  const tab = tabAt(useRouterState({ select: (state) => state.location.pathname }));
  const tabs = visibleTabs(may);
  const title = tab ? `${say.tab[tab.word]} · ${all.settings}` : all.settings;
  useEffect(() => {
    document.title = `${title} · Tunesmith`;
  }, [title]);
  const isAllowed = !tab?.needs || may(tab.needs);
  return (
    <Page title={all.settings}>
      <Box display={{ base: "block", md: "grid" }} style={{ gridTemplateColumns: "180px minmax(0, 1fr)", gap: "var(--mantine-spacing-xl)" }}>
        <NativeSelect
          hiddenFrom="md" mb="lg" aria-label={say.tabs} value={tab?.to ?? ""} data={tabs.map(({ to, word }) => ({ value: to, label: say.tab[word] }))}
          onChange={(event) => void navigate({ to: event.currentTarget.value })}
        />
        <Box component="nav" visibleFrom="md" aria-label={say.tabs}>
          {tabs.map(({ to, word }) => (
            <NavLink key={to} component={Link} to={to} activeOptions={{ exact: true }} label={say.tab[word]} active={tab?.to === to} />
          ))}
        </Box>
        <Box miw={0}>{isAllowed ? <Outlet /> : <NotYours needs={tab.needs} />}</Box>
      </Box>
    </Page>
  );
}
