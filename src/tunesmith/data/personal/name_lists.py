"""Common names and the words that look like them. Written by hand: a list only helps, the words around a name decide.

Given names are in small letters. A name that is a word as well stands in ``ALSO_WORDS``: alone it proves nothing.
"""

from __future__ import annotations

from typing import Final

GIVEN: Final = frozenset("""
aaron abby abdul abdullah abel abigail abraham ada adam adela adele adrian adriana agata agatha agnes agnieszka ahmad ahmed aidan aileen aisha
alan alana albert alberto aleksandr aleksandra alessandra alessandro alex alexa alexander alexandra alexandre alexei alexis alfonso alfred
alfredo ali alice alicia alina alison alistair allan allen allison alma alvin amal amalia amanda amelia amina amir amit amy ana anastasia anders
andre andrea andreas andreea andrei andrej andres andrew andrey andrzej andy angela angelica angelina angelo angie anil anita anja anjali ann anna
annabelle anne annette annie anthony antoine antoinette anton antonia antonio anya april archie ariana ariel arjun arlene armando arnold arthur
arturo arvind asha ashley ashok astrid audrey august aurelia aurora ava axel aziz barbara barry bartosz beatrice beatriz becky belinda ben
benedict benjamin benoit bernadette bernard bernd bertha beth bethany betty bianca bjorn blake bob bobby bogdan bonnie boris brad bradley brandon
brenda brendan brent brett brian brianna bridget britney brittany bruce bruno bryan bryce caitlin caleb callum calvin cameron camila camille carl
carla carlo carlos carmen carol carole carolina caroline carolyn carrie cassandra catalina catarina catherine cathy cecilia cedric celeste celia
celine cesar chad chantal charlene charles charlie charlotte chelsea cheryl chiara chloe chris christa christian christiane christina christine
christoph christophe christopher cindy claire clara clarence clark claude claudia claudio clifford clint clive clyde colette colin colleen connie
connor conrad constance corey corinne cornelia cory courtney craig cristian cristina crystal curtis cynthia cyril daisy dale damian damien dan
dana daniel daniela daniele danielle danny daphne darius darlene darrell darren dave david dawn dean deanna debbie deborah debra deepak deirdre
delia denise dennis derek derrick desmond diana diane diego dieter dietmar dilip dimitri dina dinesh dino dirk dmitri dmitry dolores dominic
dominik dominique don donald donna dora doreen doris dorothea dorothy doug douglas drew duncan dustin dwayne dylan ed eddie edgar edith edmund
eduardo edward edwin eileen elaine eleanor elena eli elias elijah elisa elisabeth elise eliza elizabeth ella ellen ellie elliot elliott elsa elsie
elvira emanuel emil emile emilia emilie emilio emily emma emmanuel enrico enrique eric erica erich erik erika erin ernest ernesto ernst erwin esther
ethan etienne eugene eugenia eva evan eve evelyn fabian fabio fabrice faith farah fatima federica federico felicia felicity felipe felix ferdinand
fernanda fernando filip filippo fiona flavia flora florence florian frances francesca francesco francine francis francisco franck franco francois
frank frankie franz fred freddie frederic frederick frederik frida frieda friedrich fritz gabriel gabriela gabriele gabrielle gareth gary gavin gemma
gene genevieve geoff geoffrey george georges georgia georgina gerald geraldine gerard gerardo gerd gerhard gilbert gilles gina ginny giorgio giovanna
giovanni gisela giulia giuseppe gladys glen glenda glenn gloria gordon grace graham grant greg gregor gregory greta guadalupe guido guillaume guillermo
gunther gustav gustavo guy gwen hakan hannah hans harald harold harriet harry harvey hassan hazel heather hector heidi heike heinrich heinz helen
helena helene helga helmut henri henrik henry herbert herman hermann hilary hilda holger holly horst howard hubert hugh hugo hussein ian ibrahim ida
ignacio igor ilona ilse imran inga inge ingrid irena irene irina iris irma isaac isabel isabella isabelle isaiah ismail ivan ivana ivo ivy jack jackie
jackson jacob jacqueline jacques jade jaime jake jakob jakub james jamie jan jana jane janet janice janina jared jasmin jasmine jason javier jay jean
jeanette jeanne jeannette jeff jeffery jeffrey jelena jemma jenna jennifer jenny jens jeremiah jeremy jerome jerry jesper jesse jessica jessie jill jim
jimmy jitka jo joachim joan joana joanna joanne joao joaquin jocelyn jodie joe joel joelle joerg johan johanna johannes john johnathan johnny jolanta
jon jonas jonathan jordan jorge jose josef josefina joseph josephine josh joshua joy joyce juan juana juanita judith judy jules julia julian juliana julie
julien juliet julio julius june jurgen justin justine justyna kai kara karen karin karina karl karla karolina kasia kate katarina katarzyna kate katerina
katharina katherine kathleen kathryn kathy katie katja katrin katrina katrine kay kayla keith kelly kelsey ken kendra kenneth kenny kerry kerstin kevin
khaled khalid kim kimberly kirk kirsten klaus konrad krishna kristen kristian kristin kristina kristine krystyna krzysztof kumar kurt kyle lachlan lara
larissa larry lars laszlo latoya laura lauren laurence laurent laurie lea leah leanne lee leigh lena leo leon leona leonard leonardo leonie leopold leroy
leslie lester leticia lewis liam lidia lillian lily linda lindsay lindsey lisa liz liza lloyd logan lois lola lorena lorenzo loretta lori lorraine lothar
lotte lou louis louisa louise luc luca lucas lucia luciana luciano lucie lucille lucy ludwig luigi luis luisa lukas luke luna lydia lynn mabel maciej
madeleine madeline madison magda magdalena maggie mahmoud maja malcolm malgorzata mandy manfred manuel manuela mara marc marcel marcela marcelo marcia marcin
marco marcos marcus marek margaret margarita margot marguerite maria mariah mariam mariana marianne marie mariella marilyn marina mario marion marisa
marissa marjorie mark marko markus marlene marta martha martin martina martine marvin mary maryam mateo mateusz mathias mathieu mathilde matilda matt
matteo matthew matthias matthieu maureen maurice mauricio max maxim maxime maximilian maxwell maya megan mehmet melanie melinda melissa melvin mercedes
meredith mia micah michael michaela michal micheal michel michele michelle miguel mika mike mikhail milan mildred milena miles milena mina mindy miranda
miriam mitch mitchell mohamed mohammad mohammed moira molly mona monica monika monique morgan moritz moses muhammad murray mustafa myra nadia nadine nancy
naomi natalia natalie natasha nathalie nathan nathaniel neal ned neil nelly nelson nicholas nick nicola nicolas nicole niels nigel nikhil nikita nikola
nikolai nikolaj nils nina noah noel noemi noor nora norbert norma norman octavia olaf oleg olga oliver olivia olivier omar orlando oscar oskar osman
oswald otto owen pablo paige paloma pam pamela paolo pascal pat patricia patrick patrik patty paul paula paulina pauline paulo pavel pawel pearl pedro
peggy penelope penny pete peter petr petra phil philip philipp philippa philippe phillip phoebe phyllis pierre piotr polly prakash pranav preeti priya
rachel radek rafael raffaele rahul rainer raj rajesh ralf ralph ramesh ramon randall randy raphael raquel rashid raul ravi ray raymond rebecca regina
reginald reinhard rekha rene renata renate rhonda ricardo riccardo richard rick ricky rita rob robert roberta roberto robin rochelle rod roderick rodney
rodrigo roger roland rolf roman romina ron ronald ronnie rosa rosalie rosalind rosanne rosario roscoe rose rosemary rosie ross roxanne roy ruben rudi
rudolf rudolph rudy rupert russell ruth ryan sabina sabine sabrina said salma salvador salvatore sam samantha samir samuel sandeep sandra sandy sanjay
santiago sara sarah sasha saul scott sean sebastian sergei sergey sergio seth shane shannon sharon shaun shawn sheila shelby sheldon shelley sheri sherry
shirley sid sidney siegfried sigrid silke silvia simon simona simone sofia sofie solomon sonia sonja sonya sophia sophie sri stacey stacy stan stanislav
stanley stefan stefania stefanie stella stephan stephane stephanie stephen sterling steve steven stewart stuart sue suresh susan susana susanna susanne
suzanne sven svetlana sydney sylvia sylvie tamara tammy tania tanja tanya tara tatiana tatjana taylor ted terence teresa teri terrence terry tess tessa
thea theo theodor theodore theresa therese thomas thorsten tiffany tim timothy tina tobias toby todd tom tomas tomasz tommaso tommy toni tony tonya torsten
tracey traci tracy travis trent trevor tricia trish tristan troy tyler tyrone udo ulrich ulrike uma umberto ursula uta ute valentin valentina valeria valerie
vanessa vera verena vernon veronica veronika vicente vicki vicky victor victoria vijay viktor viktoria vikram vince vincent vincenzo viola violet virginia
vivian viviane vladimir volker wade walter waltraud wanda warren wayne wendy werner wesley wilbur wilfred wilhelm will willem william willie wilma winifred
winston wojciech wolfgang xavier yasmin yolanda yuri yusuf yvette yvonne zachary zara zoe zoltan zsofia zuzana
""".split())  # fmt: skip

ALSO_WORDS: Final = frozenset("""
april august aurora austin blake carol chad charlotte christian crystal daisy dale dan dawn dean don drew duncan ed eve faith florence frank gene georgia
grace grant guy hazel holly hope iris ivy jack jackson jade jay jean jordan joy june kay ken kim kumar lee lily logan lou luna mark max maya mercedes miles
morgan ned nelson pat pearl penny phil ray rich rob robin rod rose ross roy ruby ruth said sandy scott shannon sterling sue summer sydney taylor violet
victoria virginia wade warren wayne will winston yuri ali ray saul dana orlando santiago sri salvador lancaster alma viola noel leon
""".split())  # fmt: skip

ENDINGS_OF_FAMILY_NAMES: Final = (
    "sson", "ssen", "nsen", "rsen", "lsen", "dsen", "tsen", "ksen", "dóttir", "dottir", "ová", "ova", "ský", "ski", "cki", "ská", "ska", "cka",
    "vić", "vic", "ović", "escu", "enko", "yan", "shvili", "ides", "poulos", "opoulos", "nen", "ström", "strom", "qvist", "quist", "gren", "lund",
    "berg", "mann", "stein", "meier", "meyer", "oğlu", "wicz", "czyk", "szky", "ez", "ini", "etti", "elli", "ucci", "son",
)  # fmt: skip

FAMILY: Final = frozenset("""
smith johnson williams brown jones garcia miller davis rodriguez martinez hernandez lopez gonzalez wilson anderson thomas taylor moore jackson martin perez
thompson white harris sanchez clark ramirez lewis robinson walker young allen king wright torres nguyen hill flores adams nelson baker hall rivera campbell
mitchell carter roberts gomez phillips evans turner diaz parker cruz edwards collins reyes stewart morris morales murphy cook rogers gutierrez ortiz morgan
cooper peterson bailey reed kelly howard ramos kim cox ward richardson watson brooks chavez wood bennett gray mendoza ruiz hughes price alvarez castillo
sanders patel myers ross foster jimenez powell jenkins perry russell sullivan müller schmidt schneider fischer weber wagner becker schulz hoffmann koch bauer
richter klein wolf schröder neumann schwarz zimmermann krüger hofmann hartmann lange rossi russo ferrari bianchi romano colombo ricci marino greco dubois
durand leroy moreau simon laurent lefebvre michel bernard petit novak novák nowak kowalski ivanov petrov smirnov kuznetsov popov silva santos oliveira souza
pereira costa ferreira almeida khan singh sharma gupta kumar ahmed hussain
""".split())  # fmt: skip

PINYIN_FAMILY: Final = frozenset("""
wang li zhang liu chen yang huang zhao wu zhou xu sun ma zhu hu guo he lin gao luo zheng liang xie song tang deng han feng cao peng zeng xiao tian dong pan
yuan cai jiang yu du ye cheng wei su lu ding ren shen yao lu fu zhong cui tan liao fan jin shi jia xia fang zou xiong bai meng qin qiu hou jiang yin xue yan
duan lei long tao shi hao gong shao wan qian dai mo kong xiang chang ouyang
""".split())  # fmt: skip

NOT_FAMILY: Final = frozenset("""
street st avenue ave road rd boulevard blvd lane ln drive dr court square terrace parkway highway crescent close way place plaza park bridge river lake
mountain island islands bay beach hill hills valley forest county city town state states kingdom republic university college school institute hospital
church cathedral museum library theatre theater airport station center centre building hall tower house hotel inn bank inc ltd llc corp co company gmbh ag
plc group holdings partners associates foundation association society committee department ministry agency council court office bureau studio studios records
times post news journal magazine press books day week month year monday tuesday wednesday thursday friday saturday sunday january february march april may june
july august september october november december award prize cup league championship festival act law theorem algorithm equation constant effect syndrome disease
method model test index distribution process transform series space number rule principle paradox problem street's north south east west northern southern eastern
western the and or of in on at to is are was i a an it he she they we you airlines motors software systems technologies technology solutions services security
""".split())  # fmt: skip

NOT_NAMES: Final = NOT_FAMILY | frozenset("""
dear hi hello hey thanks thank regards yours sincerely best kind please sorry yes no ok okay well so but if when where what who why how this that these those
there here then now today tomorrow yesterday my your his her its our their me him us them not do does did can could will would should may might must have has had
be been being am let's let get got go going come came see say said tell told ask asked all some any every each both many much more most other another such only
just also even still very too as for from with without by about into over after before under again once than because while during since until although though
everyone everybody someone anybody team sir madam customer support service account order number phone email address name date subject re fw fwd cc bcc to sent
mr mrs ms miss dr prof professor doctor captain president king queen prince princess lord lady saint pope god jesus christ english french german spanish italian
chinese japanese russian american british european african asian indian greek roman latin arabic christian muslim jewish internet google microsoft apple amazon
facebook twitter windows linux python java javascript api sql html json xml url http https pdf usa uk eu un one two three four five six seven eight nine ten first
second third last next new old great good big small high low long short true false none null note example step question answer figure table chapter section part
page figure hmm oh ah um user assistant system unit i'm i’m i've i'll i'd it's that's he's she's there's don't can't didn't there folks friend friends guys ladies gentlemen colleague colleagues admin moderator recruiter hiring manager
""".split())  # fmt: skip

TITLES: Final = frozenset("""
mr mrs ms miss mx dr prof professor doctor sir madam dame lord lady captain capt colonel col major maj lieutenant lt sergeant sgt officer detective judge justice
senator sen congressman congresswoman governor gov president reverend rev father sister brother rabbi imam herr frau monsieur mme madame señor señora sr sra signor
signora uncle aunt nurse coach inspector
""".split())  # fmt: skip

CHINESE_FAMILY: Final = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
    "庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐沿梅莫庄辛管祝左涂谷祁时舒耿牟卜路詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解强柴华车冉房边净阴闫佟滕"
    "劉陳楊趙黃吳孫馬羅鄭謝馮許蕭葉閻餘鍾鄒陸錢湯賴龔龐顏嚴溫魯聶莊關歐項衛單寧閔車邊"
)
CHINESE_DOUBLE_FAMILY: Final = frozenset(
    "欧阳 上官 司马 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 宇文 长孙 司徒 司空 夏侯 端木 独孤 南宫 西门 百里 东郭 呼延 轩辕 申屠 太史 闻人 澹台 濮阳 淳于 单于 拓跋 完颜 赫连 钟离 歐陽 司馬 諸葛 東方".split()
)
CHINESE_GIVEN: Final = frozenset(
    "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂兰华玲红辉鹏飞燕玉春梅建国文志海波宁凤云峰婷雪琴晶龙林斌宇浩然轩梓涵子欣怡诗雨佳琪思博俊凯晨阳旭东健康乐天昊泽睿豪嘉一诺依晓萌萍莉珍珠美慧巧淑惠清瑞祥福荣富贵生"
    "德仁义礼信忠孝和顺达成功利新立民庆光亮永长根宝发金银树松柏竹菊莲荷桃杏山川江河湖洪源泉南北西中正方圆大小元永远安宗家世代继承维卫保战胜利军武斌毅坚钢铁石岩岚峻岭巍崇高宏广博学识才智聪颖悟灵秀雅洁纯真善良"
    "爱心情意念思想若彤悦可可昕妍婧婉倩雯茜薇蕾蓉蕊琳瑶璐瑜璇瑾珊琼瑛珂玥玮珏琦琪琳晴曦曼露霜冰雁莺鸿鹤鹭翔翼腾跃驰骏骥麟凌霄寒秋冬夏季辰星月日晖晗暄煜烨炜焕炎烁熠灿煊钧铭锋锐锦镇钰鑫森淼垚焱桐楠梓枫榕柳杨沐沛沁"
    "泓洁浩涵淇渊渝溪滢滨澜澄瀚友谊朋宾客士尚坤乾培城堂均增墨奇奕奥如妮姗娇娅媛嫣嫒孟季宜宣宸容宽密富寿尧尔岳巧巨帆帅希常幸廷建弘强彦彪彬彭影征心忆志念怀恒恩恺悠惟慈戈扬承拓挺捷敬斐斯旺昌昱昭晋晟晓景朗朝本杉材来"
    "杰栋桦棋楚榆欢歌毓民水池汉沙沅治泰洲济浦润淳湘源滔漫潇潮熙爽牧特献王珍环班球理瑄生用田甜申留盈益盛直相睦知祖禄秉科程稳童端竞笑策筠策素紫红纪经绍维绮缘罗羽翰翠耀聪肖育自致舒航良艺艾芝芬芷花芸苗苑苓若英茂茵茹荔莎菁"
    "菲萱萧葵蒙蓓蓝蔚蕙薛虎虹融行衡裕言训诚语谦豫贝贞贤赞起超越路轶轼达远连迪逸道邦郁郎铎镕长闻阔陶雄雅雍雷霆霏韬韵音项顺颂颖风飒飘馨驰骁魁鲁麒黎齐龄強麗靜偉芳華國勇軍傑濤輝鵬飛鳳雲龍"
)
