package simulator

// languages that the people of the town write.
var languages = []string{"en", "pl", "es", "zh", "fr", "de", "ar"}

// phrases are what people write, by language and intent. They are this package's own, gathered without a look at what
// the rest of the house understands; some are too long for one part.
var phrases = map[string][intents][]string{
	"en": {
		confirm:    {"Yes", "yes", "Y", "Ok", "OK thanks", "Yes I will be there", "Confirmed", "See you then", "yep", "Yes please", "👍"},
		cancel:     {"No", "Cancel", "please cancel", "I can't come", "Cancel it please, I'm ill", "Not coming, sorry", "I won't be able to make it"},
		reschedule: {"Can we move it?", "Another day please", "I need to reschedule", "Can I come later in the week?", "different time please", "Could we do Thursday instead"},
		question: {"Do I have to fast before?", "Where do I park?", "Is it ok if my daughter comes with me?", "What should I bring?", "Who is this?",
			"Hello, I have a question about the visit: my referral letter is from the other clinic and it says that I should stop one of the tablets three days before. Is that still true, and do I have to bring the letter with me or do you have it?"},
		stop:    {"STOP", "stop", "Stop please", "Unsubscribe", "stop texting me"},
		unclear: {"maybe", "hmm", "I'll call", "who?", "ask my wife", "ok?", "yes no I don't know yet", "??", "Wrong number I think", "On the bus now"},
	},
	"pl": {
		confirm:    {"Tak", "tak", "T", "Potwierdzam", "Będę", "ok", "Tak, dziękuję", "Oczywiście że będę", "potwierdzam wizytę", "Ok będę na pewno"},
		cancel:     {"Nie", "Odwołuję", "Nie dam rady", "proszę odwołać", "Niestety nie przyjdę", "Rezygnuję z wizyty", "nie moge przyjsc"},
		reschedule: {"Czy można przełożyć?", "Proszę o inny termin", "Inny dzień poproszę", "Chcę zmienić termin", "mozna w piatek?", "Czy da się później?"},
		question: {"Czy mam być na czczo?", "Gdzie można zaparkować?", "Czy córka może przyjść ze mną?", "Co mam zabrać?", "Kto pisze?",
			"Dzień dobry, mam pytanie w sprawie wizyty: skierowanie mam z innej przychodni i napisano tam, że trzy dni wcześniej trzeba odstawić jeden lek. Czy to nadal aktualne i czy mam przynieść skierowanie?"},
		stop:    {"STOP", "stop", "Stop proszę", "Nie piszcie do mnie", "WYPISZ"},
		unclear: {"może", "nie wiem jeszcze", "zadzwonię", "kto?", "zapytam męża", "tak nie wiem", "??", "Chyba pomyłka", "jestem w autobusie"},
	},
	"es": {
		confirm:    {"Sí", "si", "Vale", "Confirmo", "Ahí estaré", "Sí, gracias", "ok", "De acuerdo", "claro que sí"},
		cancel:     {"No", "Cancelar", "No puedo ir", "cancele la cita por favor", "No voy a poder", "Anular", "Lo siento, no iré"},
		reschedule: {"¿Se puede cambiar?", "Otro día por favor", "Quiero cambiar la cita", "¿Puede ser más tarde?", "mejor el jueves", "necesito otra hora"},
		question: {"¿Tengo que ir en ayunas?", "¿Dónde puedo aparcar?", "¿Puede venir mi hija conmigo?", "¿Qué tengo que llevar?", "¿Quién es?",
			"Buenos días, tengo una pregunta sobre la cita: el volante es de otra clínica y dice que debo dejar una de las pastillas tres días antes. ¿Sigue siendo así y tengo que llevar el volante o ya lo tienen ustedes?"},
		stop:    {"STOP", "BAJA", "baja", "no me escriban más", "ALTO"},
		unclear: {"quizás", "no sé", "ya llamo yo", "¿quién?", "pregunto a mi marido", "mañana le digo", "??", "se equivoca de número", "estoy en el bus"},
	},
	"zh": {
		confirm:    {"好的", "确认", "是", "可以", "我会来", "好，谢谢", "ok", "没问题", "收到，准时到"},
		cancel:     {"取消", "不去了", "来不了", "请取消预约", "不好意思，去不了", "不能来"},
		reschedule: {"可以改时间吗", "改天吧", "我想改期", "换一个时间", "能不能晚一点", "改到周四可以吗"},
		question: {"需要空腹吗？", "哪里停车？", "女儿可以一起来吗？", "要带什么？", "请问是谁？",
			"您好，我想问一下这次就诊：我的转诊单是另一家医院开的，上面写着要提前三天停一种药。现在还是这样吗？转诊单需要我带过来，还是你们那边已经有了？另外我母亲行动不便，大楼有没有电梯，可以提前安排轮椅吗？"},
		stop:    {"TD", "退订", "T", "别再发了", "拒收"},
		unclear: {"看情况", "不知道", "我打电话", "谁？", "问问我爱人", "明天再说", "？？", "打错了吧", "在车上"},
	},
	"fr": {
		confirm:    {"Oui", "oui", "D'accord", "Je confirme", "J'y serai", "ok merci", "Oui, merci", "Bien sûr"},
		cancel:     {"Non", "Annuler", "Je ne peux pas venir", "annulez svp", "Désolé, je ne viendrai pas", "J'annule"},
		reschedule: {"On peut décaler ?", "Un autre jour svp", "Je voudrais changer l'heure", "Plus tard c'est possible ?", "plutôt jeudi", "reporter svp"},
		question: {"Faut-il être à jeun ?", "Où se garer ?", "Ma fille peut-elle venir ?", "Que dois-je apporter ?", "C'est qui ?",
			"Bonjour, une question pour le rendez-vous : mon ordonnance vient d'une autre clinique et il est écrit d'arrêter un des comprimés trois jours avant. Est-ce toujours vrai, et dois-je apporter la lettre ?"},
		stop:    {"STOP", "stop", "ARRET", "Arrêtez de m'écrire"},
		unclear: {"peut-être", "je ne sais pas", "j'appelle", "qui ?", "je demande à mon mari", "??", "Vous vous trompez", "dans le bus"},
	},
	"de": {
		confirm:    {"Ja", "ja", "Passt", "Ich komme", "Bestätigt", "ok danke", "Ja, vielen Dank", "Geht klar"},
		cancel:     {"Nein", "Absagen", "Ich kann nicht kommen", "bitte absagen", "Leider nicht", "Storno bitte"},
		reschedule: {"Geht es auch später?", "Anderer Tag bitte", "Bitte verschieben", "Neuer Termin bitte", "lieber Donnerstag", "Kann man das verlegen?"},
		question: {"Muss ich nüchtern sein?", "Wo kann ich parken?", "Darf meine Tochter mitkommen?", "Was soll ich mitbringen?", "Wer ist da?",
			"Guten Tag, eine Frage zum Termin: meine Überweisung kommt aus einer anderen Praxis, und darauf steht, dass ich eine der Tabletten drei Tage vorher absetzen soll. Gilt das noch, und brauchen Sie die Überweisung?"},
		stop:    {"STOP", "stopp", "Stopp", "Abmelden", "keine SMS mehr"},
		unclear: {"vielleicht", "weiß nicht", "ich rufe an", "wer?", "frage meinen Mann", "??", "falsche Nummer", "bin im Bus"},
	},
	"ar": {
		confirm:    {"نعم", "تمام", "أؤكد", "سأحضر", "موافق", "نعم شكرا", "حاضر"},
		cancel:     {"لا", "إلغاء", "لن أستطيع الحضور", "الرجاء الإلغاء", "آسف لن أحضر"},
		reschedule: {"ممكن تغيير الموعد؟", "يوم آخر لو سمحت", "أريد تأجيل الموعد", "ممكن وقت متأخر؟"},
		question: {"هل يجب أن أكون صائما؟", "أين يمكن أن أوقف السيارة؟", "هل يمكن أن تأتي ابنتي معي؟", "ماذا أحضر معي؟", "من معي؟",
			"السلام عليكم، عندي سؤال عن الموعد: التحويل من عيادة أخرى ومكتوب فيه أن أوقف أحد الأدوية قبل ثلاثة أيام. هل هذا ما زال صحيحا وهل أحضر الورقة معي؟"},
		stop:    {"STOP", "توقف", "إيقاف", "لا ترسلوا لي"},
		unclear: {"ربما", "لا أعرف", "سأتصل", "من؟", "سأسأل زوجي", "؟؟", "رقم خطأ"},
	},
}

// menuWords are pieces of words that tell what a digit of a menu stands for, in lower case.
var menuWords = [intents][]string{
	confirm: {"confirm", "yes", "will come", "attend", "potwierd", "tak", "będę", "confirmar", "sí", "asist", "确认", "会来", "是", "参加",
		"confirm", "oui", "viens", "bestätig", "ja", "komme", "أؤكد", "تأكيد", "نعم", "للتأكيد", "سأحضر"},
	cancel: {"cancel", "can't", "cannot", "no,", "odwoł", "rezygn", "nie ", "anular", "no puedo", "取消", "不来", "不去", "annul", "absag", "stornier", "nicht", "إلغاء", "للإلغاء", "لن "},
	reschedule: {"reschedul", "another", "change", "move", "different time", "other time", "przełoż", "zmian", "zmien", "inny termin", "cambiar", "otra", "otro", "reprogram",
		"改", "换", "另约", "report", "décal", "autre", "changer", "verschieb", "verleg", "ander", "neuer termin", "تغيير", "تأجيل", "آخر"},
	question: {"question", "ask", "call me", "call back", "pytan", "oddzw", "pregunt", "llám", "问", "来电", "appel", "rappel", "frage", "rückruf", "سؤال", "اتصل"},
	stop:     {"stop", "unsubscr", "wypis", "baja", "退订", "abmeld", "إيقاف"},
}

// askingWords make a text without a question mark ask for an answer, in lower case.
var askingWords = []string{"reply", "answer ", "text back", "respond", "odpisz", "odpowiedz", "proszę odpow", "responda", "conteste", "回复", "请回", "répond", "repond", "antwort", "أجب", "للرد", "أرسل", "رد ب"}

// commonWords are the short words that give a language away, each between blanks.
var commonWords = map[string]string{
	"en": " the your to is at with please for and reply you on we an of this appointment confirm ",
	"pl": " w na i do nie jest się pan pani o dnia godz wizyta wizyty wizytę prosimy odpisz z tak ma państwa ",
	"es": " el la su de en y para con por favor cita usted responda los las tiene está una es ",
	"fr": " le la votre vous est et pour avec rendez vous répondez de du des à un une les oui ",
	"de": " der die das ihr ihre ist am um und für mit bitte termin sie antworten uhr einen im von ja ",
}
