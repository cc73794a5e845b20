import { Anchor, type AnchorProps, Button, type ButtonProps } from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import type { ComponentPropsWithRef } from "react";

type Own<P> = P & Omit<ComponentPropsWithRef<"a">, keyof P>;

/** A button that leads to a page, with the page's `params` and `search` checked by type. */
export const LinkButton = createLink((props: Own<ButtonProps>) => <Button component="a" {...props} />);

/** A link in a text that leads to a page. */
export const LinkAnchor = createLink((props: Own<AnchorProps>) => <Anchor {...props} />);
