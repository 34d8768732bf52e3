"""Names for learners who came without: the same for the same id, spread over the scripts a certificate must print.

The names are common ones of each script's readers, put together by chance; nobody is meant. Given name first,
family name last, in every script, which is how the learners of this campus write themselves.
"""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Script:
    """A script, how many of a hundred learners write their name in it, and names to choose from."""

    name: str
    share: int
    given: tuple[str, ...]
    family: tuple[str, ...]
    locale: str = "en"  # the language in which its learners want to be written to, of those the campus speaks


@dataclass(frozen=True, slots=True)
class Name:
    text: str
    script: str
    locale: str


def name_of(learner_id: str) -> Name:
    """The learner's name. No dice: the digest of the id decides, on every machine alike."""
    digest = hashlib.sha256(f"campus name {learner_id}".encode()).digest()
    script = _script_at(int.from_bytes(digest[0:8]) % 100)
    given = script.given[int.from_bytes(digest[8:16]) % len(script.given)]
    family = script.family[int.from_bytes(digest[16:24]) % len(script.family)]
    return Name(f"{given} {family}", script.name, script.locale)


def _script_at(place: int) -> Script:
    for script in SCRIPTS:
        if place < script.share:
            return script
        place -= script.share
    raise AssertionError("The shares of the scripts do not add up to a hundred.")


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


SCRIPTS: tuple[Script, ...] = (
    Script(
        "Latin",
        28,
        _names("""
            Aisling Alexander Amelia Bronwen Catriona Charlotte Chloë Ciarán Daniel Eleanor Fiona Gareth George
            Grace Hamish Hannah Iain Isobel Jack Łucja Małgorzata Megan Niamh Nia Oliver Owen Priya Rhys Róisín
            Rory Siân Sophie Thomas William Zoë Ananya Joseph Meera
        """),
        _names("""
            Ainsworth Baker Bennett Campbell Davies Douglas Edwards Evans Fernandes Fraser Griffiths Hughes Jones
            Kowalczyk Lewis Llewellyn MacDonald Marlowe Quinn-Byrne Novák O'Brien O'Neill Patel Pritchard Roberts
            Sharma Stewart Taylor Thompson Walker Whitfield Wójcik Wright
        """),
    ),
    Script(
        "Devanagari",
        14,
        _names("""
            आरती अनिल अंजलि अमित अर्चना आशा दीपक गीता हरीश ज्योति कविता किरण कृष्ण लक्ष्मी मनोज मीरा मोहन नेहा
            पूजा प्रकाश प्रिया राजेश रमेश रश्मि संगीता श्रुति सुनीता सुरेश उषा विजय विद्या योगेश
        """),
        _names("""
            अग्रवाल चतुर्वेदी चौधरी देशमुख द्विवेदी गुप्ता जोशी कुलकर्णी कुमार मिश्रा पाण्डेय पाटिल राठौर सक्सेना शर्मा
            श्रीवास्तव सिंह तिवारी त्रिपाठी वर्मा यादव
        """),
        locale="hi",
    ),
    Script(
        "Tamil",
        6,
        _names("""
            அருண் அனிதா கவிதா கார்த்திக் கண்ணன் குமரன் சரவணன் செல்வி சுந்தரி தமிழ்ச்செல்வி திவ்யா நந்தினி
            பிரியா மணிமேகலை மாலதி முருகன் ராஜேஸ்வரி லட்சுமி வசந்தி வள்ளி விஜய்
        """),
        _names("""
            அண்ணாமலை இராமசாமி கந்தசாமி கிருஷ்ணன் கோவிந்தன் சண்முகம் சுப்பிரமணியன் செல்வராஜ் நடராஜன் பழனிசாமி
            பாண்டியன் மாணிக்கம் முத்துசாமி ராஜேந்திரன் வேலுசாமி
        """),
    ),
    Script(
        "Telugu",
        6,
        _names("""
            అనిత అరుణ్ కవిత కిరణ్ కృష్ణవేణి గౌతమి చైతన్య జ్యోతి దివ్య నాగేశ్వర పద్మ ప్రసాద్ భారతి మాధవి రమేష్
            రాధిక లక్ష్మి వెంకటేశ్ శ్రీనివాస్ సరస్వతి సురేష్ స్వాతి
        """),
        _names("""
            అన్నమయ్య కొండపల్లి గుంటూరు చౌదరి నాయుడు పోతన ప్రసాద్ బొమ్మిరెడ్డి మూర్తి యాదవ్ రావు రాజు రెడ్డి వర్మ శర్మ శాస్త్రి
        """),
    ),
    Script(
        "Kannada",
        6,
        _names("""
            ಅನಿತಾ ಅರುಣ ಉಷಾ ಕವಿತಾ ಕಿರಣ್ ಗಿರೀಶ್ ಚಂದ್ರಶೇಖರ್ ಜ್ಯೋತಿ ದೀಪಾ ನಾಗರಾಜ್ ಪದ್ಮಾ ಪ್ರಕಾಶ್ ಭಾಗ್ಯ ಮಂಜುಳಾ ರಮೇಶ್
            ಲಕ್ಷ್ಮಿ ವಿಜಯಲಕ್ಷ್ಮಿ ಶಿವಕುಮಾರ್ ಶ್ರೀಧರ್ ಸುಮಾ ಸುನೀತಾ
        """),
        _names("""
            ಅಯ್ಯಂಗಾರ್ ಕುಲಕರ್ಣಿ ಗೌಡ ಜೋಶಿ ನಾಯಕ್ ಪಾಟೀಲ್ ಪ್ರಸಾದ್ ಬೆಳಗಾವಿ ಭಟ್ ಮೂರ್ತಿ ರಾವ್ ರೆಡ್ಡಿ ಶಾಸ್ತ್ರಿ ಶೆಟ್ಟಿ ಹೆಗಡೆ
        """),
    ),
    Script(
        "Malayalam",
        6,
        _names("""
            അനിൽ അമ്മിണി അഞ്ജലി ഉണ്ണികൃഷ്ണൻ കവിത കൃഷ്ണകുമാർ ഗീത ജയശ്രീ തോമസ് ദിവ്യ നന്ദിനി പ്രിയ ബിന്ദു മഞ്ജു മീര
            രാധാകൃഷ്ണൻ രമ്യ ലക്ഷ്മി വിനോദ് ശ്രീജ സന്ധ്യ സുരേഷ്
        """),
        _names("""
            കുറുപ്പ് ചാക്കോ തമ്പി നമ്പൂതിരി നായർ പണിക്കർ പിള്ള ഫിലിപ്പ് മാത്യു മേനോൻ വർഗ്ഗീസ് വർമ്മ വാര്യർ ജോസഫ് ഗോപാലകൃഷ്ണൻ
        """),
    ),
    Script(
        "Bengali",
        7,
        _names("""
            অনিতা অর্ণব অমিত ঋতুপর্ণা কাকলি কৃষ্ণা গৌতম জয়ন্তী তপন দেবাশীষ নন্দিতা পার্থ প্রিয়াঙ্কা বিশ্বজিৎ মৌসুমী রীতা
            শর্মিষ্ঠা শ্রাবণী সুব্রত সুস্মিতা সৌমিত্র
        """),
        _names("""
            আচার্য ইসলাম ঘোষ চক্রবর্তী চট্টোপাধ্যায় দত্ত দাস নন্দী বন্দ্যোপাধ্যায় বসু ভট্টাচার্য মজুমদার মিত্র মুখোপাধ্যায় রহমান রায় সরকার সেন
        """),
    ),
    Script(
        "Gujarati",
        6,
        _names("""
            અમિત અનિતા આશા ઉષા કલ્પના કિરણ કૃષ્ણા ગીતા જયેશ જ્યોતિ દક્ષા ધર્મેન્દ્ર નયના નીલેશ પ્રકાશ ભાવના મનીષા મહેશ
            રમેશ રશ્મિ હંસા હિતેશ
        """),
        _names("""
            ચૌધરી જોશી ત્રિવેદી દવે દેસાઈ પંડ્યા પટેલ પરમાર પ્રજાપતિ ભટ્ટ મહેતા રાઠોડ વ્યાસ શાહ સોલંકી
        """),
    ),
    Script(
        "Gurmukhi",
        6,
        _names("""
            ਅਮਰਜੀਤ ਅਮਨਦੀਪ ਇੰਦਰਜੀਤ ਸਤਵਿੰਦਰ ਸਿਮਰਨ ਸੁਖਵਿੰਦਰ ਹਰਪ੍ਰੀਤ ਹਰਜੀਤ ਕੁਲਦੀਪ ਗੁਰਪ੍ਰੀਤ ਗੁਰਮੀਤ ਜਸਪ੍ਰੀਤ ਜਸਬੀਰ ਦਲਜੀਤ ਨਵਜੋਤ
            ਪਰਮਜੀਤ ਬਲਵਿੰਦਰ ਮਨਪ੍ਰੀਤ ਰਾਜਵਿੰਦਰ ਰੁਪਿੰਦਰ
        """),
        _names("""
            ਸਿੰਘ ਕੌਰ ਸੰਧੂ ਸਿੱਧੂ ਗਰੇਵਾਲ ਗਿੱਲ ਚੀਮਾ ਢਿੱਲੋਂ ਧਾਲੀਵਾਲ ਬਰਾੜ ਬਾਜਵਾ ਭੁੱਲਰ ਮਾਨ ਰੰਧਾਵਾ
        """),
    ),
    Script(
        "Odia",
        6,
        _names("""
            ଅନିତା ଅଶୋକ ଇନ୍ଦିରା କବିତା କୃଷ୍ଣଚନ୍ଦ୍ର ଗୀତା ଗୋପାଳ ଜ୍ୟୋତି ଦୀପକ ନିରୁପମା ପ୍ରତିଭା ପ୍ରଦୀପ ବିଜୟ ମନୋରମା ମିନତି ରମେଶ
            ଲକ୍ଷ୍ମୀ ସଂଯୁକ୍ତା ସନ୍ତୋଷ ସୁଭଦ୍ରା
        """),
        _names("""
            ଆଚାର୍ଯ୍ୟ ଜେନା ତ୍ରିପାଠୀ ଦାଶ ନାୟକ ପଟ୍ଟନାୟକ ପଣ୍ଡା ପରିଡ଼ା ପାତ୍ର ପ୍ରଧାନ ବେହେରା ମହାନ୍ତି ମହାପାତ୍ର ମିଶ୍ର ରଥ ସାହୁ ସ୍ୱାଇଁ
        """),
    ),
    Script(
        "Urdu",
        6,
        _names("""
            احمد اسلم آمنہ بشریٰ پرویز تسنیم ثنا جاوید حنا خالدہ ذیشان رخسانہ زاہدہ سلیم شاہین صائمہ طارق عائشہ
            عظمیٰ فہمیدہ فیضان کوثر گلناز ماہرہ نسیم نگہت یاسمین
        """),
        _names("""
            انصاری بخاری بیگ جعفری چودھری حسین خان رضوی زیدی شیخ صدیقی فاروقی قریشی مرزا ملک نقوی ہاشمی
        """),
    ),
    Script(
        "Arabic",
        3,
        _names("""
            أمينة إبراهيم آية بلال جميلة حسن خديجة رانيا زينب سعيد سلمى عمر فاطمة كريم ليلى مريم منى نادية يوسف
        """),
        _names("""
            إسماعيل البغدادي التميمي الحداد الخطيب الشامي العلي الفارس القاسم المصري الهاشمي حمدان شاهين عبدالله منصور
        """),
    ),
)
