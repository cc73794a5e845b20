import { Group, Text } from "@mantine/core";

/** The name with its sign. */
export function Mark() {
  return (
    <Group gap={8} wrap="nowrap">
      <img src={`${import.meta.env.BASE_URL}icon.svg`} width={26} height={26} alt="" />
      <Text fw={700}>Tunesmith</Text>
    </Group>
  );
}
