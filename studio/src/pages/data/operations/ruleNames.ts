import { words } from "~/i18n/language";

/** Why something of a file gives no row, or what was noticed on the way, in a few words; keys as the API has them. */
export const ruleNames = words<Record<string, string>>({
  en: {
    // Files and archives.
    bomb: "Unpacks to too much", broken_table: "Damaged table", damaged_file: "Damaged file", encrypted: "Encrypted", hidden_file: "No data", nested_archive: "Archive in an archive",
    not_a_file: "Link or device", not_in_encoding: "Another encoding", encoding_taken: "Read in another encoding", encoding_guessed: "Encoding guessed", null_character: "Null character",
    // Rows.
    missing_keys: "Fields missing", not_a_list: "Not a list", not_a_row: "Not a row", not_text: "Not text", not_writable: "Cannot be written", lone_surrogate: "Broken character",
    number_as_text: "Number written as text", key_not_taken: "Field not taken along", more_notes: "More notes than listed",
    // Tables.
    bad_value: "Unreadable value", binary_column: "Column without text", broken_quote: "Broken quotes", changing_columns: "Another number of cells", empty_row: "Empty row",
    empty_table: "Empty table", error_cell: "Cell shows an error", formula_without_value: "Formula without a result", header_changed: "Column renamed", hidden_sheet: "Hidden sheet",
    nested_too_deep: "Nested too deep", old_feather: "Old Feather file", sheet_too_large: "Sheet too large", title_row: "Title instead of names", too_many_columns: "Too many columns",
    mapping_needed: "Columns not clear", mapping_type: "Not a column’s name", missing_part: "A part has no column", reserved_column: "Name is taken", unknown_column: "No such column",
    unknown_output: "No such shape", unknown_part: "No such part", part_twice: "A part given twice", same_column: "One column for two parts", fill_unused: "Name not found",
    // Conversations, pairs, preferences.
    empty_answer: "Empty answer", empty_question: "Empty question", empty_text: "Empty text", equal_answers: "Answers equal", same_answers: "Answers equal",
    different_questions: "Two conversations", no_instance: "Task without an instance", no_rating: "No rating", no_second_answer: "No second answer", nothing_asked: "Nothing is asked",
    ranked_answers: "Several answers ranked", thumbs_down: "Thumb down", thumbs_up: "Thumb up", function_call_rewritten: "Call in the new form", reasoning_kept: "Reasoning kept",
    role_renamed: "Role renamed", unanswered_end: "Unanswered end left away", weight_not_taken: "Weight not taken along", last_message_not_user: "Does not end with the user",
    nothing_to_grade_by: "Nothing to grade by", bad_tool_call: "Wrong tool call", bad_tools: "Wrong tools", tool_answer_without_call: "Answer without a call",
    // The Continue assistant.
    missing_text: "Text not logged", negative_feedback: "Thumb down", no_change: "Nothing changed", no_example: "Not an example", no_pair: "No pair", not_accepted: "Not accepted",
    paired: "Part of another row", rated_already: "Rated elsewhere", several_turns: "Several turns", tool_results: "Results without calls", too_many_waiting: "Too much to pair",
    undecided: "Undecided", unknown_event: "Unknown event", unpaired: "No counterpart",
    // Mail.
    auto_reply: "Automatic answer", before_since: "Too old", bounce: "Bounce or receipt", calendar_invite: "Invitation", deleted: "Deleted or draft", duplicate: "Same message again",
    empty: "No text of its own", forward: "Passed on only", huge_headers: "Headers too long", mailing_list: "Mailing list", no_question: "Question not found", not_mail: "No mail",
    own_follow_up: "Follows one’s own message", spam: "Spam", too_long: "Too long", too_many_messages: "Too many messages", too_short: "Too short", unanswered: "Not answered",
    unknown_me: "Nobody known who answers", unreadable: "Unreadable",
    unfinished: "Not delivered",
  },
  zh: {
    bomb: "解压后过大", broken_table: "表已损坏", damaged_file: "文件已损坏", encrypted: "已加密", hidden_file: "不是数据", nested_archive: "归档中的归档",
    not_a_file: "链接或设备", not_in_encoding: "编码不符", encoding_taken: "按其他编码读取", encoding_guessed: "猜测的编码", null_character: "含空字符",
    missing_keys: "缺少字段", not_a_list: "不是列表", not_a_row: "不是数据行", not_text: "不是文本", not_writable: "无法写入", lone_surrogate: "字符损坏",
    number_as_text: "数字写成文本", key_not_taken: "字段没有带过来", more_notes: "未全部列出",
    bad_value: "值无法读取", binary_column: "列不是文本", broken_quote: "引号有误", changing_columns: "单元格数不同", empty_row: "空行",
    empty_table: "空表", error_cell: "单元格显示错误", formula_without_value: "公式没有结果", header_changed: "列改了名", hidden_sheet: "隐藏的工作表",
    nested_too_deep: "嵌套过深", old_feather: "旧版 Feather 文件", sheet_too_large: "工作表过大", title_row: "标题不是列名", too_many_columns: "列太多",
    mapping_needed: "不清楚各列是什么", mapping_type: "不是列名", missing_part: "有部分没有对应的列", reserved_column: "名称已被占用", unknown_column: "没有此列",
    unknown_output: "没有此形式", unknown_part: "没有此部分", part_twice: "部分重复指定", same_column: "一列用于两个部分", fill_unused: "没有此名称",
    empty_answer: "回答为空", empty_question: "问题为空", empty_text: "文本为空", equal_answers: "回答相同", same_answers: "回答相同",
    different_questions: "两段不同的对话", no_instance: "任务没有实例", no_rating: "没有评价", no_second_answer: "没有第二个回答", nothing_asked: "没有提问",
    ranked_answers: "多个回答的排名", thumbs_down: "点踩", thumbs_up: "点赞", function_call_rewritten: "调用改为新写法", reasoning_kept: "保留推理过程",
    role_renamed: "角色改了名", unanswered_end: "去掉无人回答的结尾", weight_not_taken: "权重没有带过来", last_message_not_user: "结尾不是用户",
    nothing_to_grade_by: "没有评分依据", bad_tool_call: "工具调用有误", bad_tools: "工具声明有误", tool_answer_without_call: "有结果没有调用",
    missing_text: "没有记录文本", negative_feedback: "点踩", no_change: "没有变化", no_example: "不是示例", no_pair: "无法配对", not_accepted: "没有被接受",
    paired: "已在另一行中", rated_already: "已在别处评价", several_turns: "多轮对话", tool_results: "有结果没有调用", too_many_waiting: "待配对的太多",
    undecided: "没有决定", unknown_event: "未知事件", unpaired: "没有配对",
    auto_reply: "自动回复", before_since: "日期太早", bounce: "退信或回执", calendar_invite: "日历邀请", deleted: "已删除或草稿", duplicate: "重复的邮件",
    empty: "没有自己的文本", forward: "只是转发", huge_headers: "邮件头过长", mailing_list: "邮件列表", no_question: "找不到问题", not_mail: "不是邮件",
    own_follow_up: "接着自己的邮件", spam: "垃圾邮件", too_long: "太长", too_many_messages: "邮件太多", too_short: "太短", unanswered: "没有回答",
    unknown_me: "不知道谁在回答", unreadable: "无法读取", unfinished: "投递未完成",
  },
});
