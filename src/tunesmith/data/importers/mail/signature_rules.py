"""How letters end: closing words, names of programs, legal notices, lines of a business card. Tables, no logic.

Every pattern is tried on one line of bounded length and is linear in it.
"""

from __future__ import annotations

import re
from typing import Final

SEPARATOR: Final = re.compile(r"(?:--|—|––|——|- -)$")
RULE: Final = re.compile(r"\s{0,3}(?:[-_=*~+]{3,120}|[—─－]{2,80})$")
MORE_ON_ONE_LINE: Final = re.compile(r"(?:--|—) ?\S.{0,40}$")

SENT_FROM: Final = re.compile(
    r"[\s*_>-]{0,4}(?:"
    r"(?:sent|written|gesendet|verschickt|envoyé|envoye|enviado|inviato|verzonden|skickat|sendt|lähetetty|wysłane|odesláno|odoslané"
    r"|отправлено|надіслано|gönderildi)\s(?:from|by|via|with|using|von|mit|aus|über|de|depuis|à partir de|desde|con|do meu|a partir"
    r"|da|dal|vanaf|vanuit|met|från|fra|med|z|ze|со?|из|з|с моего)\b.{0,120}"
    r"|get outlook for .{0,60}|outlook für .{0,60} beziehen|obtenir outlook pour .{0,60}|télécharger outlook pour .{0,60}"
    r"|obtener outlook para .{0,60}|scarica outlook per .{0,60}"
    r"|von meinem \S{1,30}(?: \S{1,30})? gesendet|diese nachricht wurde von .{0,60} gesendet|via mobile|yahoo mail: .{0,80}"
    r"|.{0,30}iphone(?:'dan|'umdan|でsend)? gönderildi|iphoneから送信|ipadから送信|.{0,20}スマートフォンから送信.{0,20}|나의 iphone에서 보냄"
    r"|[发發]自我的.{1,40}|[来來]自我的.{1,40}|從我的.{1,40}[傳寄]送|从我的.{1,40}[发發]送|[发發]自(?:网易|網易|QQ|新浪|Outlook|Windows|foxmail).{0,40}"
    r"|获取\s?outlook.{0,40}|取得\s?outlook.{0,40}|\S{1,20}的\s?i?phone\s?[发發]送"
    r")\s*$",
    re.IGNORECASE,
)

_CLOSINGS: Final = (
    r"(?:(?:with |many |very |my |our |the )?(?:best|kind|kindest|warm|warmest|good|sincere)(?: and (?:kind|warm))? (?:regards|wishes|greetings)"
    r"|(?:with )?(?:kind )?regards|rgds|brgds|b\.?r|kr|best|all the best|all my best|cheers|greetings|sincerely(?: yours)?|cordially"
    r"|yours(?: (?:truly|sincerely|faithfully|ever))?|respectfully(?: yours)?|warmly|take care|ciao|peace|have a (?:nice|great|good) (?:day|week|weekend|one|evening)"
    r"|thanks|thank you|thx|ty|tia|thanks (?:again|in advance|a lot|so much|very much|and regards|& regards|and best regards|and kind regards|for your help|for your time)"
    r"|thank you (?:again|in advance|so much|very much|and regards|and best regards|for your help|for your time)|many thanks|thanks a million"
    r"|mit (?:freundlichen?|den besten|besten?|herzlichen?|lieben?|vielen) (?:gr[üu](?:ß|ss)en?|dank)|mit freundlichem gru(?:ß|ss)|mfg|mit freundlichen empfehlungen"
    r"|(?:viele|beste|liebe|herzliche|schöne|freundliche|sonnige) gr(?:ü|ue?)(?:ß|ss)e(?: aus \S{2,30})?|(?:lieben|besten|schönen|herzlichen) gru(?:ß|ss)"
    r"|gru(?:ß|ss)|grü(?:ß|ss)e|lg|vg|bg|hochachtungsvoll|danke|vielen dank|besten dank|danke und (?:gruß|grüße)|vielen dank und (?:viele )?grüße"
    r"|(?:bien )?cordialement|cordialement vôtre|bien à (?:vous|toi)|salutations(?: distinguées)?|(?:meilleures|sincères) salutations|amicalement|amitiés|bises"
    r"|sincèrement|respectueusement|merci|merci (?:d'avance|beaucoup|par avance)|(?:très )?bonne (?:journée|soirée)|à bientôt"
    r"|(?:un )?(?:cordial )?saludos?(?: cordial(?:es)?)?|un (?:cordial )?saludo|saludos|atentamente|atte|cordialmente|(?:muchas )?gracias|un abrazo"
    r"|atenciosamente|(?:com os )?melhores cumprimentos|cumprimentos|abraços?|obrigad[oa]|muito obrigad[oa]"
    r"|(?:cordiali|distinti|cari) saluti|saluti|un saluto|cordialità|grazie|grazie mille"
    r"|met vriendelijke groet(?:en)?|vriendelijke groet(?:en)?|groet(?:en|jes)?|mvg|bedankt|met dank"
    r"|(?:med )?vänliga? hälsning(?:ar)?|hälsningar|mvh|(?:med )?venlig hilsen|(?:med )?vennlig hilsen|hilsen|terveisin|ystävällisin terveisin|tack|tak|takk"
    r"|z poważaniem|pozdrawiam(?: serdecznie)?|(?:serdecznie )?pozdrawiam|pozdrowienia|dziękuję|s pozdravem|s úctou|děkuji|üdvözlettel|tisztelettel|köszönöm"
    r"|с уважением|с наилучшими пожеланиями|всего (?:доброго|хорошего|наилучшего)|(?:заранее )?спасибо|благодарю|з повагою|дякую|saygılarımla|saygılar|teşekkürler|iyi çalışmalar"
    r"|此致|敬礼|敬禮|此致[，,\s]{0,3}敬礼[!！]?|祝好|祝商祺|顺颂商祺|順頌商祺|商祺|顺颂时祺|順頌時祺|即颂近安|顺祝商祺|祝您(?:工作顺利|生活愉快|工作愉快|身体健康|愉快)|祝(?:工作顺利|工作愉快|生活愉快|一切顺利|安好|安|平安|周末愉快)"
    r"|谢谢|謝謝|多谢|多謝|感谢|感謝|非常感谢|谢谢您?[!！]?|敬上|敬启|敬啟|致礼|致敬|此致问候|诚挚的问候"
    r"|よろしくお願い(?:いた)?します|よろしくお願い申し上げます|宜しくお願い(?:いた|致)?します|敬具|以上|草々|감사합니다|드림|올림)"
)
CLOSING: Final = re.compile(rf"[\s*_-]{{0,4}}{_CLOSINGS}[\s,.!;:，。！、~*_-]{{0,6}}$", re.IGNORECASE)
CLOSING_AND_NAME: Final = re.compile(
    rf"[\s*_-]{{0,4}}(?:{_CLOSINGS})\s{{0,3}}[,，!！-]\s{{0,3}}(?P<name>[^\s,，.:;!?]{{1,25}}(?:[ ·][^\s,，:;!?]{{1,25}}){{0,2}})$",
    re.IGNORECASE,
)
THANKS: Final = re.compile(
    r"\W{0,4}(?:thank|thx|ty\b|tia\b|danke|vielen dank|besten dank|merci|gracias|muchas gracias|obrigad|muito obrigad|grazie|bedankt"
    r"|tack|tak\b|takk|dzięk|děkuj|köszön|спасибо|заранее|благодар|дяку|teşekk|谢|謝|多谢|多謝|感谢|感謝|非常感|감사|have a|take care|祝|bonne|以上)",
    re.IGNORECASE,
)
"""Closings that say something of their own: with no name below they are part of the letter."""

CONTACT: Final = re.compile(
    r"\s{0,4}(?:[*•·|-]\s)?(?:"
    r"(?:tel|telefon|telephone|phone|ph|mob|mobile|mobil|cell|fax|office|direct|desk|hotline|skype|twitter|linkedin|icq|qq|wechat|whatsapp"
    r"|e-?mail|mail|web|website|www|internet|url|addr|address|adresse|anschrift|t|m|f|p|d|c|o|e|w|电话|電話|手机|手機|传真|傳真|邮箱|郵箱|邮件|微信|地址|网址|тел|телефон|моб|факс)"
    r"\s?(?:\.|:|：|\)|\|)\s{0,4}\S.{0,120}"
    r"|[+(]?\d[\d\s().\-/–]{6,30}(?:\s?(?:x|ext\.?|durchwahl)\s?\d{1,6})?"
    r"|<?(?:mailto:)?[^\s@<>,]{1,64}@[^\s@<>,]{1,120}>?"
    r"|<?(?:https?://|www\.)\S{1,300}>?"
    r")\s{0,4}$",
    re.IGNORECASE,
)
FOOTNOTE: Final = re.compile(r"\s{0,3}\[\d{1,3}\]:?(?:\s|$)")
SENTENCE_END: Final = re.compile(r"[.!?。！？…]['\")]?$")

DISCLAIMER: Final = re.compile(
    r"[\s*_>=-]{0,6}(?:"
    r"(?:legal |email |e-mail |confidentiality )?(?:disclaimer|confidentiality notice|confidentiality|privileged and confidential)\b"
    r"|(?:this|the|the information (?:contained )?in this|the contents of this|any views)\b.{0,60}\b(?:e-?mail|message|communication|transmission)\b"
    r".{0,200}\b(?:confidential|privileged|intended (?:only |solely )?for|legally|recipient|virus|opinions)"
    r"|(?:if you are not the (?:intended|named)|please consider the environment|think before you print|before printing this|save paper)"
    r"|(?:diese|die in dieser) e-?mail.{0,200}(?:vertraulich|bestimmt|geschützt)|der inhalt dieser e-?mail|haftungsausschluss"
    r"|(?:ce|les informations contenues dans ce) (?:message|courriel|mail|courrier).{0,200}(?:confidentiel|destin)"
    r"|(?:este|la información contenida en este) (?:mensaje|correo|e-?mail).{0,200}(?:confidencial|destinat|dirigid)|aviso legal|aviso de confidencialidad"
    r"|(?:esta|este) (?:mensagem|e-?mail).{0,200}(?:confidencia|destina)|(?:questo|il presente) (?:messaggio|e-?mail).{0,200}(?:riservat|confidenzial|destinat)"
    r"|(?:dit|de informatie in dit) (?:bericht|e-?mail).{0,200}(?:vertrouwelijk|bestemd)"
    r"|(?:данное|это|настоящее) (?:сообщение|электронное|письмо).{0,200}(?:конфиденциальн|предназначен)"
    r"|(?:本|此|这封|這封|该)(?:电子)?(?:電子)?(?:邮件|郵件|信息|邮件及其附件).{0,100}(?:保密|机密|機密|收件人|专为|授权)|免责声明|免責聲明|保密声明|保密提示"
    r"|(?:本メール|このメール|このメッセージ).{0,100}(?:機密|受信者)"
    r"|virus-free\b|this email has been (?:checked|scanned)|diese e-?mail wurde (?:von|auf) .{0,60}(?:viren|geprüft)|avast\b.{0,80}"
    r"|to unsubscribe\b|unsubscribe (?:here|from)|click here to unsubscribe|you (?:are receiving|received) this (?:e-?mail|message) because"
    r")",
    re.IGNORECASE,
)
