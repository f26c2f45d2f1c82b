//! The words of the demo: harmless, in the scripts that a board must be able to show.

/// What is written in one language.
#[derive(Debug)]
pub(super) struct Language {
    /// BCP 47.
    pub(super) code: &'static str,
    /// How much of all posts, in no unit.
    pub(super) weight: u64,
    pub(super) script: Script,
    /// What a post says before its tags.
    pub(super) phrases: &'static [&'static str],
    /// The most used ones first.
    pub(super) tags: &'static [&'static str],
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Script {
    Latin,
    Arabic,
    Hebrew,
    Thai,
    Japanese,
    Korean,
    Cyrillic,
    Devanagari,
}

/// What made-up words are put together from, by script.
pub(super) const SYLLABLES: [&[&str]; 8] = [
    &["ba", "co", "di", "fen", "gu", "hal", "jo", "ki", "lu", "mar", "ne", "or", "pi", "ra", "su", "ta", "vel", "zo"],
    &["با", "تي", "جو", "دا", "را", "سي", "شا", "فو", "كا", "لي", "ما", "نو", "ها", "وا"],
    &["בא", "גו", "די", "הר", "זו", "חן", "טל", "כי", "לו", "מא", "נו", "סי", "פר", "שא"],
    &["กา", "ขี", "จู", "ดา", "ตี", "นา", "ปู", "พา", "มี", "ยา", "รู", "ลา", "วี", "สา"],
    &["あさ", "いろ", "うみ", "かぜ", "きつ", "くも", "さと", "しま", "そら", "つき", "なみ", "はな", "ほし", "ゆめ"],
    &["가", "나", "다", "라", "마", "바", "사", "아", "자", "하", "고", "노", "소", "미", "봄"],
    &["ба", "во", "го", "да", "жи", "зо", "ка", "ли", "мо", "на", "ро", "су", "та", "ше"],
    &["का", "गी", "चा", "जो", "ता", "दी", "ना", "पू", "मा", "रा", "ली", "वा", "सा", "हि"],
];

pub(super) const LANGUAGES: &[Language] = &[
    Language {
        code: "en",
        weight: 34,
        script: Script::Latin,
        phrases: &[
            "just saw this and I can't stop smiling",
            "so it begins",
            "who else is up for it today?",
            "three years in the making, finally here",
            "my desk this morning",
            "thread: what I learned (1/5)",
            "this changes everything I knew about it",
            "reading about it all weekend",
            "small steps every day",
            "asking for a friend",
        ],
        tags: &[
            "Photography", "MondayMotivation", "RustLang", "OpenSource", "Caturday", "WorldCup", "ClimateAction",
            "SundayReads", "Astronomy", "IndieGame", "SpaceWalk", "MarathonDay", "FirstSnow", "BookLaunch",
            "Eclipse2026", "CupFinal", "NewAlbum", "RoboCup", "Gardening", "BikeToWork", "JazzNight", "TinyHouse",
            "ScienceFair", "BakeOff", "CityLights", "NightTrain", "OpenMic", "StreetFood", "WhaleWatch", "ChessOpen",
        ],
    },
    Language {
        code: "ja",
        weight: 15,
        script: Script::Japanese,
        phrases: &["今日もいい天気", "やっと届いた！", "みんなどう思う？", "朝から並んでます", "これは見逃せない"],
        tags: &[
            "写真", "猫", "おはよう", "ラーメン", "桜", "花火大会", "新幹線", "皆既月食", "甲子園", "紅葉", "初雪",
            "アニメ", "温泉", "夏祭り", "鉄道の日", "宇宙ステーション",
        ],
    },
    Language {
        code: "es",
        weight: 11,
        script: Script::Latin,
        phrases: &["qué día más bonito", "por fin llegó el momento", "¿quién se apunta?", "no me lo puedo creer", "así empieza la semana"],
        tags: &[
            "FelizLunes", "Fútbol", "Música", "España", "Café", "Carnaval", "LunaLlena", "CopaAmérica", "Montaña",
            "LibroDelMes", "Mañana", "CineEnCasa", "MercadoCentral", "VueltaCiclista",
        ],
    },
    Language {
        code: "pt",
        weight: 9,
        script: Script::Latin,
        phrases: &["bom dia a todos", "que jogo foi esse", "alguém mais viu isso?", "hoje tem festa", "finalmente em casa"],
        tags: &[
            "BomDia", "Brasileirão", "SãoPaulo", "Praia", "Samba", "CaféDaManhã", "FestaJunina", "Amazônia",
            "LivroAberto", "RockNoRio", "PorDoSol", "Capoeira",
        ],
    },
    Language {
        code: "ar",
        weight: 8,
        script: Script::Arabic,
        phrases: &["صباح الخير للجميع", "ما رأيكم في هذا؟", "لحظة لا تنسى", "أخيرا وصلنا", "يوم جميل"],
        tags: &[
            "صباح_الخير", "قهوة", "كرة_القدم", "الشعر", "القمر", "رحلة", "كأس_العالم", "معرض_الكتاب", "خسوف_القمر",
            "مطر", "البحر", "طبخ",
        ],
    },
    Language {
        code: "ko",
        weight: 7,
        script: Script::Korean,
        phrases: &["오늘 날씨 최고", "드디어 왔다", "다들 어떻게 생각해?", "아침부터 설렌다", "이건 꼭 봐야 해"],
        tags: &["일상", "커피", "고양이", "여행", "벚꽃", "콘서트", "첫눈", "월드컵", "불꽃축제", "새앨범", "등산", "맛집"],
    },
    Language {
        code: "th",
        weight: 4,
        script: Script::Thai,
        phrases: &["วันนี้อากาศดีมาก", "ในที่สุดก็มาถึง", "ใครเห็นเหมือนกันบ้าง", "เช้านี้สดใส"],
        tags: &["กาแฟ", "แมว", "ทะเล", "อาหารไทย", "สงกรานต์", "ลอยกระทง", "คอนเสิร์ต", "ฝนตก", "ตลาดนัด", "ฟุตบอล"],
    },
    Language {
        code: "hi",
        weight: 4,
        script: Script::Devanagari,
        phrases: &["आज का दिन बहुत अच्छा है", "आखिर वो पल आ गया", "आप क्या सोचते हैं?", "सुबह की चाय के साथ"],
        tags: &["सुप्रभात", "क्रिकेट", "चाय", "संगीत", "दिवाली", "होली", "बारिश", "विश्वकप", "चंद्रयान", "किताबें"],
    },
    Language {
        code: "ru",
        weight: 3,
        script: Script::Cyrillic,
        phrases: &["доброе утро всем", "наконец-то дождались", "кто ещё это видел?", "вот это матч"],
        tags: &["ДоброеУтро", "Кофе", "Книги", "Футбол", "ПервыйСнег", "Космос", "Концерт", "Шахматы", "БелыеНочи", "Дача"],
    },
    Language {
        code: "de",
        weight: 3,
        script: Script::Latin,
        phrases: &["endlich Wochenende", "wer ist heute dabei?", "das war knapp", "so schön kann Regen sein"],
        tags: &["Kaffee", "Tatort", "Grüße", "Fußball", "Mondfinsternis", "Straßenfest", "Bücherherbst", "Wandern", "Nachtzug", "Weihnachtsmarkt"],
    },
    Language {
        code: "he",
        weight: 2,
        script: Script::Hebrew,
        phrases: &["בוקר טוב לכולם", "סוף סוף הגיע", "מי עוד ראה את זה?"],
        tags: &["בוקר_טוב", "קפה", "ספרים", "כדורגל", "שלג", "ירח_מלא", "חוף_הים", "שבוע_הספר", "מוזיקה", "טיול"],
    },
];
