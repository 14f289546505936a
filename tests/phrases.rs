//! Promises of the terms that ship: every theme has some, each does what its examples say, and no word of who somebody is
//! says anything.

use schoolgate::lists::phrases::{Hit, Matcher, Term, Theme, file, keywords};
use schoolgate::words::Url;
use std::path::PathBuf;

fn blocklists() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("blocklists")
}

fn files() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(blocklists().join("phrases")).expect("blocklists/phrases/ is there");
    let mut files: Vec<PathBuf> = folder.map(|e| e.expect("it can be read").path()).collect();
    files.sort();
    files
}

fn terms() -> Vec<Term> {
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        file::read(&text).unwrap_or_else(|faults| {
            let faults: Vec<String> = faults.iter().map(|f| format!("{}:{f}", path.display())).collect();
            panic!("{}", faults.join("\n"))
        })
    };
    files().into_iter().flat_map(read).collect()
}

fn matcher() -> Matcher {
    Matcher::new(terms()).expect("what ships fits")
}

fn ids(hits: &[Hit]) -> Vec<String> {
    hits.iter().map(|hit| hit.term.id.clone()).collect()
}

#[test]
fn every_theme_has_terms_in_english() {
    let terms = terms();
    for theme in Theme::ALL {
        let count = terms.iter().filter(|t| t.theme == *theme && t.language == "en").count();
        assert!(count >= 5, "{theme}: {count} terms");
    }
}

/// What matters most, in every language that a pupil may be most at home in.
#[test]
fn every_language_has_terms_for_what_matters_most() {
    let matcher = matcher();
    let files = files();
    let stems: Vec<_> = files.iter().filter_map(|path| path.file_stem()?.to_str()).collect();
    assert_eq!(matcher.languages(), stems, "a file is named for its language");
    for language in matcher.languages() {
        for theme in
            [Theme::Suicide, Theme::Threat, Theme::SelfHarm, Theme::Abuse, Theme::DrugsSupply, Theme::Adult, Theme::Bypass]
        {
            assert!(matcher.terms().any(|t| t.theme == theme && t.language == language), "{language}: no term for {theme}");
        }
    }
}

#[test]
fn a_page_is_scored_by_theme_each_term_once() {
    let matcher = matcher();
    let score = matcher.score("kill myself. kill myself! Kill myself: free vpn".as_bytes());
    assert_eq!((score.theme(Theme::SelfHarm), score.theme(Theme::Adult)), (80, 0));
    assert_eq!(score.themes().get("self-harm"), Some(&80));
    assert_eq!(score.terms.iter().filter(|term| term.id == "en/self-harm/kill myself").count(), 1);
}

#[test]
fn a_word_of_who_somebody_is_says_nothing_in_any_language() {
    let matcher = matcher();
    let words = "Mwslim, Iddew, Cristion, hoyw, lesbiaidd, trawsryweddol, du, gwyn, Cymraeg, Saesneg, Pwyleg, \
        muzułmanin, żyd, żydówka, chrześcijanin, katolik, gej, lesbijka, transpłciowy, czarny, biały, rom, ukrainiec, polski, seks, \
        musulman, evreu, creștin, ortodox, gay, lesbiană, transgender, negru, alb, rom, țigan, român, maghiar, limba română, sex, \
        мусульманин, єврей, християнин, православний, гей, лесбійка, трансгендер, чорний, білий, ром, українець, росіянин, мова, секс, \
        مسلمان, یہودی, عیسائی, ہندو, سکھ, ہم جنس پرست, خواجہ سرا, کالا, گورا, پاکستانی, اردو, پنجابی, جہاد, نماز, \
        مسلم, يهودي, مسيحي, شيعي, سني, مثلي, مثلية, متحول, أسود, أبيض, عربي, كردي, فلسطين, جهاد, صلاة, القرآن, جنس, \
        মুসলিম, হিন্দু, ইহুদি, খ্রিস্টান, বৌদ্ধ, সমকামী, হিজড়া, কালো, সাদা, বাংলাদেশি, বাঙালি, বাংলা, নামাজ, জিহাদ, যৌনতা";
    for word in words.split(", ") {
        assert_eq!(ids(&matcher.find(word.trim().as_bytes())), Vec::<String>::new(), "{word}");
    }
}

#[test]
fn who_asks_for_help_or_to_learn_says_nothing_in_any_language() {
    let matcher = matcher();
    for text in [
        "suicide prevention helpline",
        "samaritans phone number",
        "how to help a friend who self harms",
        "help i am being bullied",
        "llinell gymorth hunanladdiad",
        "meic cymru rhif ffôn",
        "telefon zaufania dla dzieci i młodzieży",
        "jak pomóc komuś kto myśli o samobójstwie",
        "telefonul copilului",
        "prevenirea suicidului ajutor",
        "гаряча лінія запобігання самогубствам",
        "як допомогти другу",
        "خودکشی سے بچاؤ کی مدد",
        "ذہنی صحت کی مدد",
        "الوقاية من الانتحار",
        "خط مساعدة الطفل",
        "আত্মহত্যা প্রতিরোধ হেল্পলাইন",
        "মানসিক স্বাস্থ্য সহায়তা",
    ] {
        assert_eq!(ids(&matcher.find(text.as_bytes())), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn an_address_is_read_by_its_words_and_a_place_s_name_is_not_taken_apart() {
    let matcher = matcher();
    let found = |url: &str| ids(&matcher.find(&keywords(&Url::parse(url).expect("a URL"))));
    assert_eq!(found("https://forum.example/how-to-make-a-bomb"), ["en/threat/how to make a bomb"]);
    assert_eq!(found("https://pro-ana.example/"), ["en/eating-disorder/pro ana"]);
    for url in [
        "https://www.sussex.ac.uk/study",
        "https://scunthorpe.example/penistone/cockpit",
        "https://essex.gov.uk/analysis/therapist-finder",
        "https://en.wikipedia.org/wiki/Suicide_prevention",
    ] {
        assert_eq!(found(url), Vec::<String>::new(), "{url}");
    }
}

#[test]
fn a_term_is_found_in_its_own_example_and_nothing_in_the_other() {
    let matcher = matcher();
    let mut wrong = Vec::new();
    for term in matcher.terms() {
        let found = ids(&matcher.find(term.positive.as_bytes()));
        if !found.contains(&term.id) {
            wrong.push(format!("{} is not in '{}'", term.id, term.positive));
        }
        let found = ids(&matcher.find(term.negative.as_bytes()));
        if !found.is_empty() {
            wrong.push(format!("{} are in '{}', the counter-example of {}", found.join(", "), term.negative, term.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_spelling_of_a_term_is_found() {
    let matcher = matcher();
    for term in matcher.terms() {
        for spelling in &term.spellings {
            // The first companion of each group, so that all that is asked for is near.
            let with: Vec<&str> = term.with.iter().map(|group| group[0].as_str()).collect();
            let text = format!("{spelling} {}", with.join(" "));
            assert!(ids(&matcher.find(text.as_bytes())).contains(&term.id), "{}: '{text}'", term.id);
        }
    }
}

#[test]
fn a_word_of_religion_sexuality_race_language_or_health_alone_says_nothing() {
    let matcher = matcher();
    let words = "muslim, islam, quran, mosque, allah, allahu akbar, jihad, imam, hijab, ramadan, sharia, jew, jews, jewish, judaism, \
        synagogue, torah, israel, palestine, gaza, christian, christianity, catholic, church, jesus, bible, hindu, hinduism, sikh, \
        gurdwara, buddhist, atheist, pagan, gay, gays, lesbian, lesbians, bisexual, bi, trans, transgender, queer, lgbt, lgbtq, \
        lgbtqia+, pride, coming out, asexual, nonbinary, non-binary, pansexual, intersex, drag queen, am i gay, how to come out, black, \
        white, asian, african, arab, romani, gypsy, traveller, irish, polish, romanian, pakistani, bangladeshi, indian, chinese, \
        jamaican, somali, nigerian, ukrainian, refugee, immigrant, asylum, mixed race, arabic, urdu, bengali, punjabi, welsh, \
        polish language, romanian language, english, autism, autistic, adhd, disabled, wheelchair, deaf, down syndrome, dyslexia, \
        depression, anxiety, sad, lonely, sex, sex education, condom, contraception, period, puberty, breast, breast cancer, penis, \
        vagina, pregnancy, abortion, periods, woman, women, girl, feminism, suicide, suicide prevention, childline, samaritans, \
        self harm help, drugs, cannabis, knife, gun, bomb, nude, naked";
    for word in words.split(", ") {
        assert_eq!(ids(&matcher.find(word.trim().as_bytes())), Vec::<String>::new(), "{word}");
    }
}

#[test]
fn places_and_words_that_hold_another_word_pass() {
    let matcher = matcher();
    for text in [
        "Scunthorpe",
        "Essex",
        "cockpit, peacock, cocktail, shuttlecock",
        "Arsenal, assassin, assume, grass, passage",
        "sextant, sextet, Sussex, unisex, Essex",
        "specialist, circumference, accumulate, document",
        "rapeseed, therapist, scrape, grapefruit",
        "https://www.sussex.ac.uk/study",
        "Penistone grammar school",
        "speech therapist",
        "data analysis",
        "cocktail recipes without alcohol",
        "Middlesex cricket",
        "Clitheroe castle",
        "Lightwater Valley",
        "shitake mushrooms",
        "the Cockermouth school",
        "title and assessment of class assignments",
        "document, cucumber, circumstances",
        "grape, drapery, scraped knees",
        "to kill a mockingbird summary",
        "macbeth kills duncan",
        "how to shoot a basketball",
        "photoshoot ideas",
        "bath bomb recipe",
        "atomic bomb hiroshima",
    ] {
        assert_eq!(ids(&matcher.find(text.as_bytes())), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn a_hidden_word_is_found_as_the_plain_one() {
    let matcher = matcher();
    for text in [
        "I WANT TO KILL MYSELF",
        "i want to k1ll mys3lf",
        "ｋｉｌｌ ｍｙｓｅｌｆ",
        "kíll   mýself",
        "kill-myself",
        "kill_myself!!!",
        "ki\u{200b}ll my\u{ad}self",
        "search?q=how+to+kill+myself",
    ] {
        assert!(ids(&matcher.find(text.as_bytes())).contains(&"en/self-harm/kill myself".to_owned()), "{text}");
    }
}

#[test]
fn names_of_help_health_education_and_lessons_say_nothing() {
    let matcher = matcher();
    for list in ["help.txt", "rshe.txt", "education.txt", "canaries.txt"] {
        let text = std::fs::read_to_string(blocklists().join(list)).unwrap_or_else(|e| panic!("{list}: {e}"));
        for name in text.lines().filter(|line| !line.starts_with('#')) {
            assert_eq!(ids(&matcher.find(name.as_bytes())), Vec::<String>::new(), "{list}: {name}");
        }
    }
}

#[test]
fn the_readme_s_example_reads_and_its_table_names_every_theme_with_its_tier() {
    let readme = std::fs::read_to_string(blocklists().join("README.md")).expect("the README of the lists");
    let (_, example) = readme.split_once("```toml\n").expect("an example");
    let (example, table) = example.split_once("```").expect("its end");
    let terms = file::read(example).unwrap_or_else(|faults| panic!("{faults:?}"));
    let matcher = Matcher::new(terms.clone()).expect("it fits");
    assert_eq!(ids(&matcher.find(terms[0].positive.as_bytes())), [terms[0].id.clone()]);
    assert_eq!(ids(&matcher.find(terms[0].negative.as_bytes())), Vec::<String>::new());
    for theme in Theme::ALL {
        let row = format!("| {} |", theme.tier());
        let row = table.lines().find(|line| line.starts_with(&row)).unwrap_or_else(|| panic!("no row '{row}'"));
        assert!(row.contains(&format!("`{theme}`")), "{theme}: {row}");
    }
}
