import { ActionIcon, Alert, AppShell, Anchor, Burger, Button, Group, NavLink, Text, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import {
  IconAdjustments, IconChartLine, IconCube, IconDatabase, IconHome, IconLogout, IconMessages, IconMoon, IconSettings, IconSun,
} from "@tabler/icons-react";
import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { Loading } from "~/components/Loading";
import { Mark } from "~/components/Mark";
import { frame } from "~/components/words";
import { useLanguage, useWords } from "~/i18n/language";
import { SignIn } from "~/pages/sign-in/SignIn";
import { useSession } from "~/session";

const PAGES = [
  { to: "/", word: "home", icon: IconHome },
  { to: "/data", word: "data", icon: IconDatabase },
  { to: "/fine-tune", word: "fineTune", icon: IconAdjustments },
  { to: "/jobs", word: "jobs", icon: IconChartLine },
  { to: "/models", word: "models", icon: IconCube },
  { to: "/playground", word: "playground", icon: IconMessages },
  { to: "/settings", word: "settings", icon: IconSettings },
] as const;

/** Navigation, language, colours, and what must be said on every page: the server is away, the key is no longer good. */
export function Shell() {
  const say = useWords(frame);
  const session = useSession();
  const [isOpen, menu] = useDisclosure(false);
  const place = useRouterState({ select: (state) => state.location.pathname });
  const isSignedOut = session.key === null || session.failure?.isSignedOut;

  if (isSignedOut) return <SignIn />;
  return (
    <AppShell header={{ height: 56 }} navbar={{ width: 216, breakpoint: "sm", collapsed: { mobile: !isOpen } }} padding="md">
      <Anchor href="#page" className="skip">{say.skip}</Anchor>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={isOpen} onClick={menu.toggle} hiddenFrom="sm" size="sm" aria-label={say.openPages} aria-expanded={isOpen} />
            <Mark />
            {session.me && (
              <Text size="sm" c="dimmed" visibleFrom="sm" truncate maw={320}>{say.project(session.me.project_name)}</Text>
            )}
          </Group>
          <Group gap="xs" wrap="nowrap">
            <LanguageSwitch />
            <ColourSwitch />
            <ActionIcon variant="subtle" color="gray" aria-label={say.signOut} title={say.signOut} onClick={session.signOut}>
              <IconLogout size={18} />
            </ActionIcon>
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label={say.pages}>
        {PAGES.map(({ to, word, icon: Icon }) => (
          <NavLink
            key={to} component={Link} to={to} label={say[word]} leftSection={<Icon size={18} aria-hidden />} onClick={menu.close}
            active={to === "/" ? place === "/" : place === to || place.startsWith(`${to}/`)}
          />
        ))}
      </AppShell.Navbar>
      <AppShell.Main id="page" tabIndex={-1}>
        {session.isAway && <Alert color="orange" mb="md" role="status">{say.away}</Alert>}
        {session.me ? <Outlet /> : <Loading />}
      </AppShell.Main>
    </AppShell>
  );
}

export function LanguageSwitch() {
  const say = useWords(frame);
  const { language, choose } = useLanguage();
  return (
    <Button
      variant="subtle" color="gray" size="compact-sm" lang={language === "en" ? "zh-CN" : "en"} title={say.switchLanguage}
      onClick={() => choose(language === "en" ? "zh" : "en")}
    >
      {say.language}
    </Button>
  );
}

export function ColourSwitch() {
  const say = useWords(frame);
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light");
  const label = scheme === "dark" ? say.toLight : say.toDark;
  return (
    <ActionIcon
      variant="subtle" color="gray" aria-label={label} title={label} onClick={() => setColorScheme(scheme === "dark" ? "light" : "dark")}
    >
      {scheme === "dark" ? <IconSun size={18} /> : <IconMoon size={18} />}
    </ActionIcon>
  );
}
