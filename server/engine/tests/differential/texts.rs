//! Texts with all that a rule for hashtags could look at.
//!
//! But for [`NEWER`] and [`PRIVATE`], only such characters are taken as Unicode had in version 7 and has
//! not changed since: the tables of the engine, of Node and of twitter-text are of different ages.

use std::ops::RangeInclusive;

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;
use proptest::prelude::*;

/// Joins pieces, of which a number makes each: what is found in a text with fewer is told with those.
pub(crate) fn texts() -> impl Strategy<Value = String> {
    let pieces = Pieces::new();
    prop::collection::vec(any::<u64>(), 1..24).prop_map(move |numbers| {
        let pieces = numbers.into_iter().map(|number| pieces.of(Dice(number)));
        pieces.collect()
    })
}

struct Dice(u64);

impl Dice {
    /// Below `end`, by the splitmix64 generator.
    fn roll(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len())]
    }

    fn some(&mut self, of: &[char]) -> String {
        (0..=self.roll(4)).map(|_| self.one(of)).collect()
    }
}

struct Pieces {
    scripts: Vec<Vec<char>>,
    digits: Vec<char>,
    marks: Vec<char>,
    unseen: Vec<char>,
    punctuation: Vec<char>,
    symbols: Vec<char>,
}

impl Pieces {
    fn new() -> Self {
        Self {
            scripts: SCRIPTS.iter().map(|script| assigned(script)).collect(),
            digits: assigned(&DIGITS),
            marks: assigned(&MARKS),
            unseen: assigned(&UNSEEN),
            punctuation: assigned(&PUNCTUATION),
            symbols: assigned(&SYMBOLS),
        }
    }

    fn of(&self, mut dice: Dice) -> String {
        match dice.roll(50) {
            0..8 => format!("{}{}", dice.one(SPACES), dice.one(SIGNS)),
            8..12 => dice.one(SIGNS).into(),
            12..20 => {
                let script = dice.roll(self.scripts.len());
                dice.some(&self.scripts[script])
            }
            20..24 => dice.some(&self.scripts[0]),
            24..26 => dice.some(&['0', '1', '9', '_']),
            26..28 => dice.one(&self.digits).into(),
            28..30 => dice.one(&self.marks).into(),
            30..32 => dice.one(&self.unseen).into(),
            32..35 => dice.one(&self.punctuation).into(),
            35..37 => dice.one(&self.symbols).into(),
            37..40 => dice.one(EMOJI).into(),
            40..42 => dice.one(SPACES).into(),
            42..44 => dice.one(SEPARATORS).into(),
            44..46 => address(&mut dice),
            46..48 => dice.one(PARTS_OF_ADDRESSES).into(),
            48 => format!("{}{}{}", dice.one(SPACES), dice.one(SIGNS), long(&mut dice)),
            _ => dice.one(&[NEWER, PRIVATE].concat()).into(),
        }
    }
}

fn assigned(ranges: &[RangeInclusive<char>]) -> Vec<char> {
    let category = CodePointMapData::<GeneralCategory>::new();
    let all = ranges.iter().cloned().flatten();
    all.filter(|c| category.get(*c) != GeneralCategory::Unassigned)
        .collect()
}

/// About as long as a tag can be with Bluesky, and what may come after it.
fn long(dice: &mut Dice) -> String {
    let cluster = dice.one(&[
        "a",
        "日",
        "e\u{301}",
        "👍🏿",
        "🇩🇪",
        "각",
        "க்ஷ",
        "क्ष",
        "1",
        "🦋",
    ]);
    let after = dice.one(&[" ", ". ", "! ", "\u{301} ", "』　", "_ ", "a "]);
    cluster.repeat(60 + dice.roll(8)) + after
}

fn address(dice: &mut Dice) -> String {
    let scheme = dice.one(&["http://", "https://", "HTTPS://", "", ""]);
    let host = dice.one(&[
        "example.com",
        "a.example.org",
        "example.co.jp",
        "t.co",
        "EXAMPLE.net",
        "ex-ample.com",
        "例え.jp",
        "example.com:8080",
        "xn--r8jz45g.jp",
    ]);
    let path = dice.one(&[
        "",
        "/",
        "/a",
        "/a/",
        "/a_(b)",
        "/(a)",
        "/é/ж",
        "/a.",
        "/a,b",
        "/日",
        "/~a/%20",
        "?q=a",
        "/?q=",
        "/a?q=a&b=",
        "/?#",
        "/#",
        "/a#",
        "/!",
    ]);
    format!("{scheme}{host}{path}")
}

const SIGNS: &[&str] = &["#", "#", "#", "＃"];

/// White space to some, and what looks like it.
const SPACES: &[&str] = &[
    " ", " ", " ", " ", " ", "\n", "\r", "\r\n", "\t", "\u{B}", "\u{C}", "\u{1C}", "\u{85}",
    "\u{A0}", "\u{1680}", "\u{180E}", "\u{2000}", "\u{2003}", "\u{200A}", "\u{200B}", "\u{2028}",
    "\u{2029}", "\u{202F}", "\u{205F}", "\u{2060}", "\u{3000}", "\u{FEFF}", "\u{115F}", "\u{2800}",
];

/// Of which one or the other rule says something.
const SEPARATORS: &[&str] = &[
    "_", "·", "・", "･", "‿", "＿", "\u{200C}", "\u{200D}", "\u{FE0E}", "\u{FE0F}", "\u{20E3}",
    "\u{20E2}", "\u{AD}", "&", "&#39;", "&amp;", "://", "http://", "https://", "http", "ſ", "K",
    "〜", "〃", "゠", "゛", "゜", "～", "་", "༌", "\u{5BE}", "\u{5F3}", "\u{5F4}", "\u{A67E}", "Ⓐ",
    "🄰", "①", "Ⅷ", "²", "½", "ª", "ᶏ", "ー", "々", "〆", "𝒜", "𠀋", "\u{345}", "\u{E47}",
    "\u{94D}",
];

const SCRIPTS: [&[RangeInclusive<char>]; 27] = [
    &['a'..='z', 'A'..='Z'],
    &['À'..='Ö', 'Ø'..='ö', 'ø'..='ɏ', 'Ḁ'..='ỿ'],
    &['ɐ'..='ʯ', '\u{2B0}'..='\u{2C1}'],
    &['Α'..='Ρ', 'Σ'..='Ϋ', 'ά'..='ώ', 'ἀ'..='ἕ', 'ᾀ'..='ᾼ'],
    &['Ѐ'..='ҁ', 'Ҋ'..='ԯ'],
    &['Ա'..='Ֆ', 'ա'..='և'],
    &['א'..='ת', '\u{591}'..='\u{5BD}', 'װ'..='ײ'],
    &['ء'..='ي', '\u{64B}'..='\u{65F}', 'ٮ'..='ۓ'],
    &['ܐ'..='ܯ', 'ހ'..='ޥ'],
    &['अ'..='ह', '\u{93E}'..='\u{94D}', 'क'..='म'],
    &['অ'..='ঌ', 'ক'..='ন', '\u{9BE}'..='\u{9C4}'],
    &['க'..='ஹ', '\u{BBE}'..='\u{BCD}'],
    &['ก'..='ะ', '\u{E31}'..='\u{E3A}', 'เ'..='\u{E4E}'],
    &['ກ'..='ຂ', 'ງ'..='ຈ', '\u{EC8}'..='\u{ECD}'],
    &['ཀ'..='ཇ', '\u{F71}'..='\u{F81}', '\u{F90}'..='\u{F97}'],
    &['က'..='ဪ', '\u{102B}'..='\u{103E}'],
    &['ა'..='ჰ'],
    &['ሀ'..='ቈ', 'ក'..='ឳ', '\u{17B6}'..='\u{17D3}'],
    &[
        '\u{1100}'..='\u{1112}',
        '\u{1161}'..='\u{1175}',
        '\u{11A8}'..='\u{11C2}',
    ],
    &['가'..='힣'],
    &['ぁ'..='ゖ', '\u{3099}'..='ゟ'],
    &['ァ'..='ヺ', 'ー'..='ヿ', 'ｦ'..='ﾟ'],
    &['一'..='鿌', '㐀'..='䶵', '豈'..='舘'],
    &['ㄅ'..='ㄬ'],
    &['Ａ'..='Ｚ', 'ａ'..='ｚ', 'ﬀ'..='ﬆ'],
    &[
        '𐐀'..='𐑏',
        '𐌰'..='𐍊',
        '𝐀'..='𝑔',
        '𝒜'..='𝒜',
        '\u{1D7CE}'..='\u{1D7FF}',
    ],
    &['𠀀'..='𪛖', '𪜀'..='𫜴'],
];

const DIGITS: [RangeInclusive<char>; 7] = [
    '٠'..='٩',
    '०'..='९',
    '๐'..='๙',
    '༠'..='༳',
    '０'..='９',
    '⁰'..='₉',
    '①'..='⒛',
];

const MARKS: [RangeInclusive<char>; 5] = [
    '\u{300}'..='\u{362}',
    '\u{483}'..='\u{489}',
    '\u{20D0}'..='\u{20F0}',
    '\u{FE00}'..='\u{FE2D}',
    '\u{E0100}'..='\u{E0110}',
];

/// Controls, joiners, directions, tags.
const UNSEEN: [RangeInclusive<char>; 9] = [
    '\0'..='\u{8}',
    '\u{E}'..='\u{1F}',
    '\u{7F}'..='\u{9F}',
    '\u{AD}'..='\u{AD}',
    '\u{200B}'..='\u{200F}',
    '\u{202A}'..='\u{202E}',
    '\u{2060}'..='\u{2064}',
    '\u{FFF9}'..='\u{FFFD}',
    '\u{E0020}'..='\u{E007F}',
];

const PUNCTUATION: [RangeInclusive<char>; 12] = [
    '!'..='/',
    '!'..='/',
    ':'..='@',
    '['..='`',
    '{'..='~',
    '¡'..='¿',
    '‐'..='‧',
    '‰'..='⁞',
    '、'..='〟',
    '︰'..='﹏',
    '！'..='／',
    '：'..='･',
];

const SYMBOLS: [RangeInclusive<char>; 8] = [
    '₠'..='₽',
    '℀'..='⅏',
    '⅐'..='ↈ',
    '←'..='⋿',
    'Ⓐ'..='ⓩ',
    '■'..='➿',
    '〒'..='〰',
    '🄰'..='🅩',
];

const EMOJI: &[&str] = &[
    "🦋",
    "👍🏿",
    "✌\u{FE0F}",
    "✌\u{FE0E}",
    "1\u{FE0F}\u{20E3}",
    "#\u{FE0F}\u{20E3}",
    "#\u{20E3}",
    "*\u{FE0F}\u{20E3}",
    "🇩🇪",
    "🇩",
    "👩\u{200D}👩\u{200D}👧",
    "🏳\u{FE0F}\u{200D}🌈",
    "❤\u{FE0F}\u{200D}🔥",
    "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
    "🏿",
    "☃",
    "©",
    "™",
    "🤷🏽\u{200D}♀\u{FE0F}",
];

const PARTS_OF_ADDRESSES: &[&str] = &[
    "/",
    "/",
    "?",
    ".",
    ".com",
    "a.com",
    "b.org/",
    "http://",
    "https://t.co/",
    "t.co/",
    "ftp://",
    "localhost:3000/",
    "(",
    ")",
    "-",
    ":80",
    "=",
    "&",
    "@",
    "$",
    "…",
    "'",
    "%20",
    "xn--",
    "a/b",
];

/// Letters and digits of later versions than twitter-text knows.
pub(crate) const NEWER: &[char] = &['ᏸ', 'ꭰ', '𞤀', '𐒰', 'Ა', '鿕', '𫠠', '𞥐', '𑜰'];

/// Letters to twitter-text, and to nobody else.
pub(crate) const PRIVATE: &[char] = &['\u{F870}', '\u{F882}', '\u{F8C1}'];
