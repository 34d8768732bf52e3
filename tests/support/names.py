"""Made-up names in every script that certificates print, rich in conjuncts, reordered vowels and marks."""

import random

_PARTS = {  # by script: first names, last names
    "Latn": (
        "Rohini Aarav Priya Sunita Mohammed Lakshmi Venkateswaran Anjali Gurpreet Deepika Thangam Ananya "
        "Bhaskar Chandrasekhar Harish Kavitha Manjunath Nasreen Padmavathi Rajeshwari",
        "Sharma Iyer Kulkarni Reddy Krishnamurthy Banerjee Patel Singh Das Fernandes Nair Khan Mahapatra "
        "Deshpande Subramaniam",
    ),
    "Deva": (
        "क्षितिज श्रीधर विद्या प्रज्ञा अश्विनी लक्ष्मी हृषिकेश ज्ञानेश्वर सुनीता रुक्मिणी त्र्यंबक कृष्णा द्रौपदी उज्ज्वला वर्षा स्नेहलता",
        "शर्मा क्षत्रिय विद्यार्थी श्रीवास्तव मिश्र कुलकर्णी देशपांडे त्रिपाठी चतुर्वेदी भट्टाचार्य सूर्यवंशी ठाकुर",
    ),
    "Taml": (
        "ஸ்ரீதர் தமிழ்ச்செல்வி கௌரி லட்சுமி முத்துக்குமார் செந்தில் வெங்கடேஸ்வரன்",
        "சுப்பிரமணியன் கிருஷ்ணமூர்த்தி ராஜேந்திரன் நடராஜன் பொன்னுசாமி",
    ),
    "Telu": (
        "శ్రీనివాస్ ప్రజ్ఞ లక్ష్మి వెంకటేశ్వర్లు సత్యనారాయణ",
        "కృష్ణమూర్తి రెడ్డి శాస్త్రి బ్రహ్మానందం",
    ),
    "Knda": (
        "ಶ್ರೀನಿವಾಸ ಕ್ರಿಯಾ ಲಕ್ಷ್ಮೀ ಮಂಜುನಾಥ್ ಕೃಷ್ಣಪ್ಪ",
        "ಮೂರ್ತಿ ಹೆಗ್ಡೆ ಶಾಸ್ತ್ರಿ ಗೌಡ",
    ),
    "Mlym": (
        "കൃഷ്ണൻ ശ്രീദേവി ലക്ഷ്മി ഉണ്ണിക്കൃഷ്ണൻ",
        "നമ്പൂതിരി മേനോൻ വിദ്യാർത്ഥി പണിക്കർ",
    ),
    "Beng": (
        "কৃষ্ণেন্দু শ্রীমতী জ্যোৎস্না লক্ষ্মী প্রজ্ঞা",
        "ভট্টাচার্য চট্টোপাধ্যায় বন্দ্যোপাধ্যায় মুখোপাধ্যায়",
    ),
    "Gujr": (
        "શ્રીધર કૃષ્ણા લક્ષ્મી વિદ્યા",
        "પટેલ ક્ષત્રિય ત્રિવેદી બ્રહ્મભટ્ટ",
    ),
    "Guru": (
        "ਪ੍ਰੀਤਮ ਗੁਰਪ੍ਰੀਤ ਹਰਜਿੰਦਰ ਸ੍ਰੀਮਤੀ",
        "ਸਿੰਘ ਕੌਰ ਗਰੇਵਾਲ",
    ),
    "Orya": (
        "ଶ୍ରୀଧର କୃଷ୍ଣା ଲକ୍ଷ୍ମୀ ପ୍ରଜ୍ଞା",
        "ମହାପାତ୍ର ମିଶ୍ର ତ୍ରିପାଠୀ",
    ),
    "Aran": (
        "فاطمہ اقبال نسرین عبدالرحمٰن زینب",
        "بیگم خان صدیقی قریشی انصاری",
    ),
}
SCRIPTS = tuple(_PARTS)


def words(script: str) -> list[str]:
    return sorted({word for part in _PARTS[script] for word in part.split()})


def names(script: str, number: int) -> list[str]:
    """So many names; the same number gives the same names."""
    first, last = (part.split() for part in _PARTS[script])
    found = []
    for at in range(number):
        dice = random.Random(f"{script} {at}")
        middle = [dice.choice(first)] if dice.random() < 0.3 else []
        found.append(" ".join([dice.choice(first), *middle, dice.choice(last)]))
    return found
