package corpus

// This file holds letters that people write to each other, in many languages.

// letter is a message as its author thinks of it.
type letter struct {
	lang     string   // also its name
	zone     string   // of the author
	charsets []string // in which it can be written, the usual one first
	from, to Address
	subject  string
	text     string // blocks of lines
	file     string // the name of something to attach
}

var letters = []letter{
	{
		"en", "-0500", []string{"us-ascii", "iso-8859-1"},
		Address{"Grace Miller", "grace.miller@example.com"}, Address{"Tom O'Neill", "tom@example.org"},
		"Minutes of Tuesday's meeting",
		"Hi Tom,\n\nHere are the minutes. Two points are still open:\n- who books the room for March\n- whether we need the second projector\n\nCould you look at them before Friday?\n\nThanks,\nGrace\n",
		"minutes 2026-01-06.pdf",
	},
	{
		"en-quotes", "+0000", []string{"windows-1252"},
		Address{"Oliver Bennett", "oliver@example.co.uk"}, Address{"Accounts", "accounts@example.com"},
		"Invoice “2026–014” – payment of €1,250",
		"Dear all,\n\nthe client’s words were: “we’ll pay on Monday” — so let’s wait until Tuesday…\n\nThe amount is €1,250.\n\nOliver\n",
		"invoice – 2026.pdf",
	},
	{
		"de", "+0100", []string{"iso-8859-1", "iso-8859-15", "windows-1252"},
		Address{"Jürgen Müller", "j.mueller@example.de"}, Address{"Anneliese Schröder", "anneliese@example.at"},
		"Grüße aus Köln und eine Frage zur Größe der Räume",
		"Liebe Anneliese,\n\nschöne Grüße aus Köln! Wir müssen noch über die Größe der Räume sprechen.\nPasst dir nächsten Dienstag um 15 Uhr?\n\nViele Grüße\nJürgen\n",
		"Raumgrößen Übersicht.xlsx",
	},
	{
		"fr", "+0100", []string{"iso-8859-1", "iso-8859-15", "windows-1252", "macintosh"},
		Address{"Hélène Lefèvre", "helene.lefevre@example.fr"}, Address{"François Gérard", "francois@example.be"},
		"Réunion reportée à jeudi, même heure",
		"Bonjour François,\n\nla réunion est reportée à jeudi, à la même heure. Pensez à apporter le bilan de l'été dernier.\n\nÀ bientôt,\nHélène\n",
		"bilan de l'été.docx",
	},
	{
		"es", "+0100", []string{"iso-8859-1", "windows-1252"},
		Address{"Íñigo Peña", "inigo@example.es"}, Address{"María José Núñez", "mjnunez@example.mx"},
		"¿Mañana en la estación? Confirmación del viaje",
		"Hola María José:\n\n¿Nos vemos mañana a las ocho en la estación? El tren sale a las 8.35; te mando el billete adjunto.\n\n¡Un abrazo!\nÍñigo\n",
		"billete niño.pdf",
	},
	{
		"pl", "+0100", []string{"iso-8859-2", "windows-1250"},
		Address{"Łukasz Żółkiewski", "lukasz@example.pl"}, Address{"Małgorzata Dąbrowska", "m.dabrowska@example.pl"},
		"Zażółć gęślą jaźń, czyli prośba",
		"Dzień dobry,\n\nproszę o sprawdzenie załącznika przed środą. Część druga będzie gotowa później.\n\nPozdrawiam\nŁukasz\n",
		"załącznik część 1.zip",
	},
	{
		"cs", "+0100", []string{"iso-8859-2", "windows-1250"},
		Address{"Jiří Dvořák", "jiri@example.cz"}, Address{"Růžena Králová", "ruzena@example.cz"},
		"Příliš žluťoučký kůň",
		"Ahoj Růženo,\n\nposílám fotky z výletu. Počasí bylo nádherné, příště musíš jet s námi.\n\nJiří\n",
		"výlet.jpg",
	},
	{
		"tr", "+0300", []string{"iso-8859-9", "windows-1254"},
		Address{"Şükrü Çağlayan", "sukru@example.com.tr"}, Address{"Işıl Öztürk", "isil@example.com.tr"},
		"Toplantı öğleden sonra üçte",
		"Merhaba Işıl,\n\ntoplantı öğleden sonra üçte başlıyor. Görüşmek üzere.\n\nŞükrü\n",
		"gündem.docx",
	},
	{
		"el", "+0200", []string{"iso-8859-7", "windows-1253"},
		Address{"Γιώργος Παπαδόπουλος", "giorgos@example.gr"}, Address{"Ελένη Νικολάου", "eleni@example.gr"},
		"Καλημέρα από την Αθήνα",
		"Αγαπητή Ελένη,\n\nσου στέλνω το πρόγραμμα του συνεδρίου. Πες μου αν μπορείς να έρθεις την Τετάρτη.\n\nΜε εκτίμηση\nΓιώργος\n",
		"πρόγραμμα.pdf",
	},
	{
		"lt", "+0200", []string{"windows-1257", "iso-8859-13"},
		Address{"Žydrūnas Šimkus", "zydrunas@example.lt"}, Address{"Eglė Čepaitė", "egle@example.lt"},
		"Kvietimas į susitikimą",
		"Sveiki, Egle,\n\nkviečiu į susitikimą ketvirtadienį. Ačiū už pagalbą!\n\nŽydrūnas\n",
		"kvietimas į renginį.pdf",
	},
	{
		"ru", "+0300", []string{"koi8-r", "windows-1251", "iso-8859-5", "ibm866", "utf-7"},
		Address{"Алексей Иванов", "ivanov@example.ru"}, Address{"Мария Петрова", "petrova@example.ru"},
		"Договор на поставку оборудования",
		"Здравствуйте, Мария!\n\nВысылаю договор на подпись. Пожалуйста, проверьте реквизиты до пятницы.\n\nС уважением,\nАлексей Иванов\n",
		"Договор.docx",
	},
	{
		"uk", "+0200", []string{"koi8-u", "windows-1251"},
		Address{"Ганна Єфименко", "hanna@example.ua"}, Address{"Їжак Ґалаґан", "yizhak@example.ua"},
		"Звіт за січень",
		"Доброго дня!\n\nНадсилаю звіт за січень. Якщо є питання, пишіть.\n\nГанна\n",
		"звіт.xlsx",
	},
	{
		"ar", "+0300", []string{"windows-1256", "iso-8859-6"},
		Address{"محمد الخطيب", "mohammed@example.ae"}, Address{"فاطمة الزهراء", "fatima@example.ma"},
		"دعوة إلى اجتماع يوم الخميس",
		"السلام عليكم،\n\nأدعوكم إلى اجتماع يوم الخميس في الساعة العاشرة صباحا.\n\nمع التحية\nمحمد\n",
		"جدول الأعمال.pdf",
	},
	{
		"he", "+0200", []string{"windows-1255", "iso-8859-8", "iso-8859-8-i"},
		Address{"דוד כהן", "david@example.co.il"}, Address{"רחל לוי", "rachel@example.co.il"},
		"פגישה ביום שלישי",
		"שלום רחל,\n\nהפגישה תתקיים ביום שלישי בשעה ארבע. המסמכים מצורפים.\n\nבברכה,\nדוד\n",
		"מסמכים.zip",
	},
	{
		"th", "+0700", []string{"windows-874"},
		Address{"สมชาย ใจดี", "somchai@example.co.th"}, Address{"มาลี แก้วใส", "malee@example.co.th"},
		"นัดประชุมวันจันทร์",
		"สวัสดีครับ\n\nขอนัดประชุมวันจันทร์หน้า เวลาสิบโมงเช้า\n\nสมชาย\n",
		"เอกสาร.pdf",
	},
	{
		"vi", "+0700", []string{"utf-8"},
		Address{"Nguyễn Văn Hùng", "hung@example.vn"}, Address{"Trần Thị Hương", "huong@example.vn"},
		"Xác nhận đơn hàng của quý khách",
		"Kính gửi chị Hương,\n\nđơn hàng đã được xác nhận và sẽ được giao vào thứ Sáu.\n\nTrân trọng\nHùng\n",
		"đơn hàng.pdf",
	},
	{
		"hi", "+0530", []string{"utf-8", "utf-16"},
		Address{"राजेश कुमार", "rajesh@example.in"}, Address{"सुनीता शर्मा", "sunita@example.in"},
		"बैठक की सूचना",
		"प्रिय सुनीता,\n\nअगली बैठक बुधवार को सुबह ग्यारह बजे होगी।\n\nराजेश\n",
		"सूचना.pdf",
	},
	{
		"zh", "+0800", []string{"gb2312", "gbk", "gb18030", "hz-gb-2312", "utf-16"},
		Address{"张伟", "zhangwei@example.cn"}, Address{"李娜", "lina@example.cn"},
		"关于下周项目评审会议的通知",
		"李娜:\n\n您好!下周三上午十点召开项目评审会议,请提前准备好相关材料。\n会议地点:三号楼二层会议室。\n\n此致\n敬礼\n张伟\n",
		"项目评审材料.docx",
	},
	{
		"zh-rare", "+0800", []string{"gb18030", "gbk"},
		Address{"朱镕", "zhurong@example.cn"}, Address{"龚喆", "gongzhe@example.cn"},
		"邀請:喆哥的婚禮與囍宴",
		"龚喆:\n\n請於週六晚上六點準時到場。停車場在樓下。\n\n朱镕\n",
		"囍帖.jpg",
	},
	{
		"zh-beyond", "+0800", []string{"gb18030"},
		Address{"㑇𠀀", "rare@example.cn"}, Address{"王小明", "xiaoming@example.cn"},
		"生僻字测试:𠮷野家 😀",
		"小明:\n\n这些字在旧系统里显示不出来:𠮷、㑇、𪚥。表情也是:😀。\n\n保重\n",
		"生僻字𠮷.pdf",
	},
	{
		"zh-tw", "+0800", []string{"big5", "gb18030"},
		Address{"陳怡君", "yichun@example.tw"}, Address{"林志明", "chihming@example.tw"},
		"許功蓋先生的訂單已成功出貨",
		"林志明 先生您好:\n\n您的訂單已經出貨,預計三個工作天內送達。如有任何問題,歡迎來電。\n\n客服中心 陳怡君\n",
		"出貨單.pdf",
	},
	{
		"ja", "+0900", []string{"iso-2022-jp", "shift_jis", "euc-jp", "utf-7"},
		Address{"佐藤 健", "sato@example.jp"}, Address{"鈴木 花子", "hanako@example.jp"},
		"【重要】来週の打ち合わせについてのご連絡",
		"鈴木様\n\nいつもお世話になっております。佐藤です。\n来週の打ち合わせの件ですが、木曜日の午後三時でよろしいでしょうか。\n資料を添付いたしますので、ご確認ください。\n\n佐藤\n",
		"打ち合わせ資料.pptx",
	},
	{
		"ja-tables", "+0900", []string{"shift_jis", "euc-jp", "utf-16le"},
		Address{"表計算ソフト係", "hyou@example.jp"}, Address{"能登 ソフィー", "noto@example.jp"},
		"予定表と構成表ソ十", // characters with a backslash as their second byte in Shift_JIS
		"能登様\n\n予定表をお送りします。\nソースは申請書の表二にあります。ポップアップにご注意を。\n\n係\n",
		"予定表.xlsx",
	},
	{
		"ko", "+0900", []string{"euc-kr", "ks_c_5601-1987", "iso-2022-kr"},
		Address{"김민수", "minsu@example.kr"}, Address{"이서연", "seoyeon@example.kr"},
		"다음 주 회의 일정 안내",
		"이서연 님께,\n\n다음 주 회의는 목요일 오후 두 시에 열립니다. 첨부한 자료를 확인해 주세요.\n\n감사합니다.\n김민수 드림\n",
		"회의 자료.pdf",
	},
	{
		"emoji", "-0800", []string{"utf-8"},
		Address{"Zoë 🚀 Park", "zoe@example.com"}, Address{"the crew", "crew@example.com"},
		"🎉 We shipped it! 👩‍💻👨‍👩‍👧 ✅",
		"Team 🙌\n\nit is out. Thank you all ❤️ – drinks at 6 🍻\n\nZoë\n",
		"party 🎈.png",
	},
}
