import { words } from "~/i18n/language";

export const chartWords = words({
  en: {
    asTable: "As a table",
    asChart: "As a chart",
    at: "at",
    chartOf: (title: string, first: string, last: string) => `${title}, ${first} to ${last}.`,
    fromTo: (label: string, first: string, last: string) => `${label}: from ${first} to ${last}.`,
    position: "Step",
    mean: "mean",
    lowest: "lowest",
    highest: "highest",
    tableOf: (title: string, count: number) => `${title}: ${count} points, evenly chosen`,
    noValues: "Nothing was measured here.",
    sparkline: (first: string, last: string) => `Training loss, from ${first} to ${last}`,
  },
  zh: {
    asTable: "以表格显示",
    asChart: "以图表显示",
    at: "位于",
    chartOf: (title: string, first: string, last: string) => `${title}，从${first}到${last}。`,
    fromTo: (label: string, first: string, last: string) => `${label}：从 ${first} 到 ${last}。`,
    position: "步",
    mean: "平均",
    lowest: "最低",
    highest: "最高",
    tableOf: (title: string, count: number) => `${title}：均匀选取的 ${count} 个点`,
    noValues: "这里没有测量值。",
    sparkline: (first: string, last: string) => `训练损失，从 ${first} 到 ${last}`,
  },
});
