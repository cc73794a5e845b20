import { words } from "~/i18n/language";

const en = {
  "file.create": "uploaded a file", "file.delete": "deleted a file", "upload.create": "began an upload", "upload.add_part": "sent a part of an upload",
  "upload.cancel": "cancelled an upload", "job.create": "started a job", "job.pause": "paused a job", "job.resume": "resumed a job",
  "job.cancel": "cancelled a job", "model.delete": "deleted a model", "checkpoint.share": "shared a checkpoint",
  "checkpoint.unshare": "took a checkpoint back", "stored_chat.create": "stored a conversation",
  "stored_chat.update": "changed a stored conversation",
  "stored_chat.delete": "deleted a stored conversation", "webhook.create": "created a webhook", "webhook.update": "changed a webhook", "webhook.test": "sent a webhook a sample",
  "webhook.delete": "deleted a webhook", "webhook.rotate_secret": "renewed a webhook's secret", "project.create": "created a project",
  "project.update": "renamed a project", "project.archive": "archived a project", "member.add": "added a member",
  "member.set_role": "changed a role", "member.remove": "removed a member", "key.create": "created a key", "key.revoke": "revoked a key",
};

/** What the audit log's lines are called; a kind that is not here is shown by its own name. */
export type AuditAction = keyof typeof en;

const zh: Record<AuditAction, string> = {
  "file.create": "上传文件", "file.delete": "删除文件", "upload.create": "开始上传", "upload.add_part": "上传一个分片", "upload.cancel": "取消上传",
  "job.create": "启动任务", "job.pause": "暂停任务", "job.resume": "继续任务", "job.cancel": "取消任务", "model.delete": "删除模型",
  "checkpoint.share": "分享检查点", "checkpoint.unshare": "收回检查点", "stored_chat.create": "保存对话", "stored_chat.update": "修改已保存的对话",
  "stored_chat.delete": "删除已保存的对话", "webhook.create": "创建 Webhook", "webhook.update": "修改 Webhook", "webhook.test": "向 Webhook 发送测试消息", "webhook.delete": "删除 Webhook",
  "webhook.rotate_secret": "更换 Webhook 签名密钥", "project.create": "创建项目", "project.update": "重命名项目", "project.archive": "归档项目",
  "member.add": "添加成员", "member.set_role": "更改角色", "member.remove": "移除成员", "key.create": "创建密钥", "key.revoke": "吊销密钥",
};

export const auditActions = words<Record<AuditAction, string>>({ en, zh });
