import { words } from "~/i18n/language";

export const email = words({
  en: {
    title: "E-mail",
    text: "When a job ends, the member whose key started it gets an e-mail: whether it worked, how long it took, the model's name, or why it failed. Nothing of your data is in it.",
    on: "This server sends e-mail.",
    onText: (address: string) => `Yours goes to ${address}.`,
    onNoAddress: "Members are known by their e-mail address; an administrator sees it under Members.",
    off: "This server sends no e-mail.",
    offText: "Whoever runs the server names a mail server in its environment and starts it again:",
    code: "Settings for e-mail",
    offline: "This server is offline on purpose (TUNESMITH_OFFLINE): it sends no e-mail, whatever else is set.",
    variables: {
      TUNESMITH_SMTP_URL: "The mail server. smtp:// uses STARTTLS where it is offered, smtps:// TLS from the start. A password is never sent in clear text.",
      TUNESMITH_MAIL_FROM: "The sender.",
      TUNESMITH_PUBLIC_URL: "How people reach this server, for the links in the mail.",
    },
  },
  zh: {
    title: "邮件",
    text: "任务结束时，会给启动它的密钥所属的成员发一封邮件：是否成功、用了多长时间、模型名称，或失败的原因。邮件里不含任何数据内容。",
    on: "这台服务器会发送邮件。",
    onText: (address: string) => `你的邮件会发到 ${address}。`,
    onNoAddress: "系统以邮箱地址识别成员；管理员可以在“成员”中看到。",
    off: "这台服务器不发送邮件。",
    offText: "请服务器的运维人员在环境变量中配置邮件服务器，然后重新启动：",
    code: "邮件设置",
    offline: "这台服务器被设为离线（TUNESMITH_OFFLINE）：无论其他设置如何，都不会发送邮件。",
    variables: {
      TUNESMITH_SMTP_URL: "邮件服务器。smtp:// 在服务器支持时使用 STARTTLS，smtps:// 从一开始就使用 TLS；密码绝不以明文发送。",
      TUNESMITH_MAIL_FROM: "发件人。",
      TUNESMITH_PUBLIC_URL: "访问这台服务器的地址，用于邮件中的链接。",
    },
  },
});
