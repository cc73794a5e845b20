"""What columns are called that hold a part of an example: the names by which it is known, the surest first."""

from __future__ import annotations

import unicodedata
from typing import Final

NAMES: Final[dict[str, tuple[str, ...]]] = {
    "system": (
        *("systemprompt", "systemmessage", "system", "系统提示词", "系统提示", "系统消息", "系统"),
        *("系統提示詞", "系統提示", "系統訊息", "系統"),
    ),
    "user": (
        *("question", "questions", "query", "userquery", "prompt", "instruction", "userprompt", "usermessage", "user"),
        *("request", "customerquestion", "customermessage", "problem", "ask", "input", "q"),
        *("问题", "提问", "用户问题", "客户问题", "用户提问", "咨询", "咨询内容", "指令", "用户", "题目", "输入", "问"),
        *("問題", "提問", "用戶問題", "客戶問題", "諮詢", "諮詢內容", "用戶", "使用者", "題目", "輸入", "問"),
        *("frage", "fragen", "anfrage", "kundenfrage", "pregunta", "preguntas", "consulta", "pergunta", "perguntas"),
        *("domanda", "domande", "vraag", "pytanie", "otázka", "soru", "вопрос", "вопросы", "запитання", "質問", "질문"),
    ),
    "assistant": (
        *("answer", "answers", "response", "completion", "reply", "agentreply", "output", "assistant", "solution"),
        *("assistantmessage", "modelanswer", "target", "resolution", "a"),
        *("回答", "答案", "回复", "答复", "客服回复", "客服回答", "标准答案", "输出", "助手", "解答", "答"),
        *("回覆", "答覆", "客服回覆", "標準答案", "輸出"),
        *("antwort", "antworten", "réponse", "réponses", "reponse", "reponses", "respuesta", "respuestas", "resposta"),
        *("respostas", "risposta", "risposte", "antwoord", "odpowiedź", "odpověď", "cevap", "yanıt", "ответ", "ответы"),
        *("відповідь", "답변"),
    ),
    "context": (
        *("context", "background", "passage", "document", "article", "schema", "input"),
        *("上下文", "背景", "背景知识", "材料", "参考资料", "文章", "输入", "背景知識", "參考資料", "輸入", "kontext", "contexte"),
    ),
    "chosen": (
        *("chosen", "preferred", "preferredoutput", "better", "accepted", "winner", "优选回答", "偏好回答", "较好回答"),
        *("優選回答", "較好回答"),
    ),
    "rejected": (
        *("rejected", "nonpreferredoutput", "dispreferred", "worse", "loser", "拒绝回答", "较差回答", "差评回答"),
        *("拒絕回答", "較差回答"),
    ),
    "label": (
        *("label", "labels", "intent", "classification", "class", "category", "sentiment", "topic", "labeltext"),
        *("标签", "类别", "分类", "意图", "情感", "主题", "类型", "標籤", "類別", "分類", "意圖", "主題", "類型", "kategorie"),
    ),
    "text": (
        *("text", "message", "sentence", "utterance", "review", "comment", "content", "body", "description", "headline"),
        *("title", "subject", "文本", "内容", "句子", "正文", "评论", "留言", "描述", "标题", "內容", "評論", "標題"),
    ),
    "thread": (
        *("threadid", "thread", "conversationid", "sessionid", "ticketid", "ticket", "dialogid", "groupid", "customerid"),
        *("会话id", "会话编号", "会话", "对话id", "工单号", "工单编号", "工单", "客户编号"),
        *("會話id", "會話編號", "會話", "對話id", "工單號", "工單編號", "工單", "客戶編號"),
    ),
    "author": ("author", "agent", "agentname", "writer", "作者", "客服", "坐席", "autor", "auteur"),
}  # fmt: skip


def plain_name(name: str) -> str:
    """``User_Query`` and ``user query`` are one name: letters and digits alone, lower case, of one width."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(character for character in folded if character.isalnum())


def asks(column: str) -> bool:
    """Whether a column of this name holds what is asked."""
    return plain_name(column) in NAMES["user"]
