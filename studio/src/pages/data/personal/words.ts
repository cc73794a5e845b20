import { words } from "~/i18n/language";

/** Kinds of personal data; keys as the API has them. One that is not here is shown as it is called there. */
export const kindWords = words<{ kinds: Record<string, string> }>({
  en: { kinds: {} },
  zh: {
    kinds: {
      person: "姓名", email: "电子邮箱", phone: "电话", address: "地址", card: "支付卡", bank_card: "银行卡", iban: "IBAN", ssn: "社会保障号", chinese_id: "居民身份证",
      ip: "IP 地址", secret: "密钥", birth_date: "出生日期", url: "网址", passport: "护照", credit_code: "统一社会信用代码", home_folder: "用户目录",
    },
  },
});

export const personalWords = words({
  en: {
    text: "Names, numbers and keys that a model may learn by heart. Look for them, reject what is none, and write a cleaned copy; this file stays as it is.",
    look: "Look for personal data",
    nothing: "Nothing was found",
    found: (count: string, rows: string) => `${count} found in ${rows} rows`,
    kind: "Kind",
    all: "All kinds",
    notCovered: "What this does not find",
    list: "What was found",
    row: (line: string) => `Row ${line}`,
    replace: "Replace",
    keep: "Keep",
    keepEverywhere: "Keep everywhere",
    isKept: "stays",
    policy: "What becomes of it",
    policies: {
      redact: "A tag stands in its place, such as [EMAIL]",
      surrogate: "An invented one of the same kind takes its place, the same one each time",
      drop: "The whole row goes",
    } as Record<string, string>,
    clean: "Write a cleaned copy",
    cleaned: (rows: string) => `A cleaned copy of ${rows} rows is there`,
    again: "Look again",
  },
  zh: {
    text: "模型可能会背下来的姓名、号码和密钥。查找它们，排除误报，然后写出清理后的副本；本文件保持不变。",
    look: "查找个人信息",
    nothing: "没有找到",
    found: (count: string, rows: string) => `在 ${rows} 行中找到 ${count} 处`,
    kind: "类型",
    all: "所有类型",
    notCovered: "查找不到的内容",
    list: "找到的内容",
    row: (line: string) => `第 ${line} 行`,
    replace: "替换",
    keep: "保留",
    keepEverywhere: "各处都保留",
    isKept: "保留",
    policy: "如何处理",
    policies: {
      redact: "用标签代替，例如 [EMAIL]",
      surrogate: "用同类的虚构内容代替，每次都相同",
      drop: "删除整行",
    } as Record<string, string>,
    clean: "写出清理后的副本",
    cleaned: (rows: string) => `已写出 ${rows} 行的清理副本`,
    again: "重新查找",
  },
});
