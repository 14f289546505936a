//! Every word of every page, in English and in Welsh: short ones, for a reader of five as for one of fifteen.
//!
//! The Welsh has not been read by a native speaker yet.

mod staffroom;

use super::help::{self, Help};
use super::language::Language;
pub use staffroom::StaffroomWords;

/// A heading and what follows it.
#[derive(Debug, Clone, Copy)]
pub struct Said {
    pub heading: &'static str,
    pub line: &'static str,
}

/// Why a page cannot prove within TLS that it is what it says.
#[derive(Debug)]
pub struct Unproven {
    pub expired: Said,
    pub not_yet: Said,
    pub of_another: Said,
    pub by_itself: Said,
    pub by_unknown: Said,
    pub revoked: Said,
    pub weak: Said,
    pub outdated: Said,
    pub wrong: Said,
    pub no_tls: Said,
}

/// The words of one language.
#[derive(Debug)]
pub struct Words {
    pub tag: &'static str,
    // On every page.
    pub help_heading: &'static str,
    pub help_line: &'static str,
    pub danger: &'static str,
    pub danger_who: &'static str,
    pub for_helper: &'static str,
    pub help: &'static [Help],
    // What the school says, and is in its own language, follows these.
    pub blocked: &'static str,
    pub blocked_title: &'static str,
    pub calm: &'static str,
    pub need_it: &'static str,
    // Why nearly nothing opens for somebody.
    pub withdrawn: Said,
    pub exam: Said,
    pub sign_in: Said,
    pub listed_as: &'static str,
    pub code: &'static str,
    pub to_ask: &'static str,
    pub warned: &'static str,
    pub warned_title: &'static str,
    pub think: &'static str,
    pub may_go_on: &'static str,
    pub page: &'static str,
    pub to_go_on: &'static str,
    /// A file that is refused, and what each kind is, in the order of [`crate::words::Download`].
    pub file: Said,
    pub file_is: [&'static str; 5],
    pub need_file: &'static str,
    // What a device met.
    pub why_heading: &'static str,
    pub why_line: &'static str,
    pub nothing_met: &'static str,
    pub was_blocked: &'static str,
    pub was_warned: &'static str,
    pub go_on: &'static str,
    pub open_until: &'static str,
    pub open_page: &'static str,
    pub ask: &'static str,
    pub ask_why: &'static str,
    pub send: &'static str,
    pub accident: &'static str,
    pub asked_already: &'static str,
    pub answered_yes: &'static str,
    pub answered_no: &'static str,
    pub report_heading: &'static str,
    pub report_line: &'static str,
    pub report_host: &'static str,
    pub report_why: &'static str,
    pub report_nameless: &'static str,
    pub back: &'static str,
    // What became of a button.
    pub may_now: Said,
    pub asked: Said,
    pub noted: Said,
    pub reported: Said,
    pub not_met: Said,
    pub not_a_name: Said,
    pub too_many: Said,
    pub full: Said,
    pub not_from_here: Said,
    pub busy: Said,
    pub not_kept: Said,
    // Where people sign in.
    pub signing_in: Said,
    pub by_password: &'static str,
    pub by_voucher: &'static str,
    pub no_tls: &'static str,
    pub your_name: &'static str,
    pub your_password: &'static str,
    pub what_is_seen: &'static str,
    pub monitored: &'static str,
    pub have_read: &'static str,
    pub wrong_password: Said,
    pub wait: Said,
    pub seconds: &'static str,
    pub minutes: &'static str,
    pub voucher_taken: Said,
    pub signed_in: Said,
    pub someone_signed_in: Said,
    pub sign_out: &'static str,
    pub signed_out: Said,
    pub sign_in_here: &'static str,
    pub not_here: Said,
    pub worried: &'static str,
    pub not_sent_here: Said,
    pub by_microsoft: &'static str,
    pub by_google: &'static str,
    pub no_account: Said,
    pub no_word: Said,
    // Where staff open something for a lesson.
    pub staffroom: &'static StaffroomWords,
    // Everything else there is to say.
    pub try_again: Said,
    pub no_such_name: Said,
    pub not_in_time: Said,
    pub odd_port: Said,
    pub inside: Said,
    pub silent: Said,
    pub broken: Said,
    pub unproven: Unproven,
    pub trusted: Said,
    pub front: Said,
    pub is_ours: &'static str,
    pub is_not_ours: &'static str,
    pub nothing_here: Said,
}

impl Language {
    pub fn words(self) -> &'static Words {
        match self {
            Self::English => &ENGLISH,
            Self::Welsh => &WELSH,
        }
    }
}

static ENGLISH: Words = Words {
    tag: "en-GB",
    help_heading: "If something upset you, or you are worried",
    help_line: "You can talk to someone now. The filter keeps no note of who asks for help.",
    danger: "In danger now?",
    danger_who: "police, ambulance, fire",
    for_helper: "For whoever helps you",
    help: help::HELP,
    blocked: "This page is not available in school",
    blocked_title: "Not available in school",
    calm: "It may have been an advert; you are not in trouble.",
    need_it: "Do you need this page for your work? Please ask",
    withdrawn: Said {
        heading: "Your access is switched off",
        line: "Pages do not open for you at the moment. You can still get help below. To have it changed, please see",
    },
    exam: Said {
        heading: "An exam is on here",
        line: "Only what the exam needs opens until it is over. If something you need does not open, please ask",
    },
    sign_in: Said { heading: "Please sign in first", line: "Pages open here once you have signed in. If you cannot, please ask" },
    listed_as: "Listed as",
    code: "Show this code",
    to_ask: "Ask for this page here",
    warned: "Stop and think first",
    warned_title: "Stop and think",
    think: "Is this page what you need for your work?",
    may_go_on: "If it is, you may go on. The school keeps a note of it. If it is not, just go back; you are not in trouble.",
    page: "Page",
    to_go_on: "I need it: go on",
    file: Said { heading: "This file is not available in school", line: "It was not downloaded; you are not in trouble." },
    file_is: [
        "It is a program, or it installs one.",
        "It is a list of commands that your device would carry out.",
        "It is a copy of a whole disk, and nobody can see what is in it.",
        "It is a packet with a password, and nobody can see what is in it.",
        "It is larger than a file may be here.",
    ],
    need_file: "Do you need it for your work? Please ask",
    why_heading: "What did not open",
    why_line: "These pages did not open on this device in the last ten minutes. Some are adverts, or parts of other pages.",
    nothing_met: "Nothing was stopped on this device in the last ten minutes.",
    was_blocked: "not available in school",
    was_warned: "stop and think first",
    go_on: "Go on to this page",
    open_until: "Open for you until",
    open_page: "Open",
    ask: "Ask for this page",
    ask_why: "What do you need it for?",
    send: "Send",
    accident: "I came here by accident",
    asked_already: "You have asked for it. Nobody has answered yet.",
    answered_yes: "You asked for it, and it is open now.",
    answered_no: "You asked for it. It stays closed:",
    report_heading: "Should a page be blocked?",
    report_line: "Tell us its name, such as www.example.com. Someone at school will look at it.",
    report_host: "Name of the page",
    report_why: "What is wrong with it?",
    report_nameless: "Do not say who I am",
    back: "Back to the list",
    may_now: Said { heading: "You may go on", line: "This page is open for you for 15 minutes." },
    asked: Said { heading: "Thank you, we have it", line: "Someone at school will look at the page you asked for." },
    noted: Said { heading: "Thank you for telling us", line: "We have noted that you came there by accident." },
    reported: Said { heading: "Thank you for telling us", line: "Someone at school will look at that page." },
    not_met: Said {
        heading: "That page is not on your list",
        line: "The list holds what did not open on this device in the last ten minutes. Open the page again, then come back.",
    },
    not_a_name: Said {
        heading: "That is not the name of a page",
        line: "A name looks like www.example.com. Go back and write it again.",
    },
    too_many: Said { heading: "That is enough for today", line: "This device has asked many times today. Please ask a teacher." },
    full: Said { heading: "There is no room for more", line: "Many people have asked and wait. Please ask a teacher." },
    not_from_here: Said { heading: "That did not come from this page", line: "Go to the list, and press the button there." },
    busy: Said { heading: "Many people are asking", line: "Wait a moment, then try again." },
    not_kept: Said { heading: "That did not work", line: "It could not be kept. Please ask a teacher." },
    // Where people sign in.
    signing_in: Said {
        heading: "Sign in",
        line: "Write the name and the password that the school gave you, or those on your voucher.",
    },
    by_password: "Write the name and the password that the school gave you.",
    by_voucher: "Write the name and the password on your voucher.",
    no_tls: "Your own name and password are not asked for here: the connection to this page is not private, and others could read them. With a voucher you can go on. Ask for one:",
    your_name: "Name",
    your_password: "Password",
    what_is_seen: "What the school sees",
    monitored: "The school keeps a note of the pages that are opened on this device and of what is searched for, with your name and the time. Staff who look after you can read it, to keep everyone safe. It is kept for a few months. Getting help is never noted with your name.",
    have_read: "I have read this: sign in",
    wrong_password: Said {
        heading: "That did not work",
        line: "The name or the password is not right. Look at both again. Capital letters and spaces do not matter in a password.",
    },
    wait: Said { heading: "Please wait a little", line: "It was wrong too often. You can try again in" },
    seconds: "seconds.",
    minutes: "minutes.",
    voucher_taken: Said {
        heading: "This voucher is in use",
        line: "It is signed in on another device. Sign out there first, or ask",
    },
    signed_in: Said { heading: "You are signed in", line: "Pages open on this device until" },
    someone_signed_in: Said {
        heading: "Somebody is signed in on this device",
        line: "If that is not you, sign out; then sign in yourself. Otherwise it ends at",
    },
    sign_out: "Sign out",
    signed_out: Said { heading: "Signed out", line: "Nobody is signed in on this device now." },
    sign_in_here: "Sign in",
    not_here: Said { heading: "Nobody signs in here", line: "On this network there is no need to sign in." },
    worried: "Worried about something? Tell the school",
    not_sent_here: Said {
        heading: "Please try once more",
        line: "This page was open for too long, or the form came from elsewhere.",
    },
    by_microsoft: "I have read this: sign in with Microsoft",
    by_google: "I have read this: sign in with Google",
    no_account: Said {
        heading: "The school does not have this account",
        line: "You have signed in, but the school's list does not have you. Please ask",
    },
    no_word: Said {
        heading: "That did not work",
        line: "We could not hear from your account that it is you. Please try again in a moment.",
    },
    staffroom: &staffroom::ENGLISH,
    try_again: Said {
        heading: "Try again in a minute",
        line: "This page was not available in school a moment ago. It may be now. Wait a minute, then open it again.",
    },
    no_such_name: Said {
        heading: "There is no page with that name",
        line: "Look at the address again: one letter may be wrong.",
    },
    not_in_time: Said {
        heading: "The page was not found in time",
        line: "The school's internet may be slow or down. Wait a minute and try again.",
    },
    odd_port: Said {
        heading: "This address is not reached from here",
        line: "It has an unusual number at its end, after the colon.",
    },
    inside: Said {
        heading: "This address is not reached from here",
        line: "It leads to a machine inside a network, not to a page on the internet.",
    },
    silent: Said { heading: "The page did not answer", line: "It is slow or switched off. Nothing is blocked. Try again later." },
    broken: Said {
        heading: "The page did not answer",
        line: "Something is wrong where the page comes from. Nothing is blocked. Try again later.",
    },
    unproven: Unproven {
        expired: Said {
            heading: "This page's certificate has expired",
            line: "The page cannot prove any more that it is what it says. Its owner has to renew the certificate.",
        },
        not_yet: Said {
            heading: "This page's certificate is not valid yet",
            line: "Either the page's certificate is of the future, or the clock of the school's filter is wrong.",
        },
        of_another: Said {
            heading: "This page's certificate is for another address",
            line: "Whatever answered is not what you asked for. Look at the address again: one letter may be wrong.",
        },
        by_itself: Said {
            heading: "Nobody vouches for this page",
            line: "It has signed its certificate itself, so it may be anybody.",
        },
        by_unknown: Said {
            heading: "Nobody we know vouches for this page",
            line: "Its certificate is signed by an authority that this school does not trust, or part of it is missing.",
        },
        revoked: Said {
            heading: "This page's certificate was taken back",
            line: "Its authority says that it may no longer be used: perhaps its key was stolen.",
        },
        weak: Said {
            heading: "This page's encryption is too weak",
            line: "Its certificate is of a kind that is no longer safe. Its owner has to renew it.",
        },
        outdated: Said {
            heading: "This page's encryption is too weak",
            line: "It offers no encryption that is still safe. Its owner has to bring it up to date.",
        },
        wrong: Said { heading: "This page cannot prove what it is", line: "Something is wrong with its certificate." },
        no_tls: Said {
            heading: "The page did not answer",
            line: "There was no secure connection to it. Nothing is blocked. Try again later.",
        },
    },
    trusted: Said {
        heading: "Yes: it is trusted here",
        line: "This device trusts the certificate authority of the school's web filter.",
    },
    front: Said {
        heading: "The school's web filter",
        line: "It decides which pages open on the school's networks, and keeps a record of visits.",
    },
    is_ours: "Your device is in one of the school's networks.",
    is_not_ours: "Your device is not in one of the school's networks, so the filter does not answer it.",
    nothing_here: Said {
        heading: "There is no such page here",
        line: "This is the school's web filter. Look at the address again.",
    },
};

static WELSH: Words = Words {
    tag: "cy",
    help_heading: "Os oes rhywbeth wedi dy ypsetio, neu os wyt ti'n poeni",
    help_line: "Gelli di siarad â rhywun nawr. Dyw'r hidlydd ddim yn cofnodi pwy sy'n gofyn am help.",
    danger: "Mewn perygl nawr?",
    danger_who: "heddlu, ambiwlans, tân",
    for_helper: "I'r sawl sy'n dy helpu",
    help: help::HELP_IN_WALES,
    blocked: "Dyw'r dudalen hon ddim ar gael yn yr ysgol",
    blocked_title: "Ddim ar gael yn yr ysgol",
    calm: "Efallai mai hysbyseb oedd hi; dwyt ti ddim mewn trwbl.",
    need_it: "Wyt ti angen y dudalen hon ar gyfer dy waith? Dyma'r un i'w holi:",
    withdrawn: Said {
        heading: "Mae dy fynediad wedi ei ddiffodd",
        line: "Nid yw tudalennau'n agor i ti ar hyn o bryd. Gelli di gael help isod o hyd. I newid hyn, gofynna i",
    },
    exam: Said {
        heading: "Mae arholiad yma nawr",
        line: "Dim ond yr hyn sydd ei angen ar gyfer yr arholiad sy'n agor nes iddo orffen. Os oes angen rhywbeth arall, gofynna i",
    },
    sign_in: Said {
        heading: "Mewngofnoda yn gyntaf",
        line: "Mae tudalennau'n agor yma ar ôl i ti fewngofnodi. Os na elli di, gofynna i",
    },
    listed_as: "Wedi'i rhestru fel",
    code: "Dangosa'r cod hwn",
    to_ask: "Gofyn am y dudalen hon yma",
    warned: "Aros a meddwl yn gyntaf",
    warned_title: "Aros a meddwl",
    think: "Ai dyma'r dudalen sydd ei hangen ar gyfer dy waith?",
    may_go_on: "Os felly, cei di fynd ymlaen. Mae'r ysgol yn cadw nodyn o hynny. Os na, cer yn ôl; dwyt ti ddim mewn trwbl.",
    page: "Tudalen",
    to_go_on: "Dwi ei hangen hi: ymlaen",
    file: Said {
        heading: "Dyw'r ffeil hon ddim ar gael yn yr ysgol",
        line: "Chafodd hi ddim ei lawrlwytho; dwyt ti ddim mewn trwbl.",
    },
    file_is: [
        "Rhaglen yw hi, neu mae'n gosod un.",
        "Rhestr o orchmynion yw hi, y byddai dy ddyfais yn eu dilyn.",
        "Copi o ddisg gyfan yw hi, a does neb yn gallu gweld beth sydd ynddi.",
        "Pecyn gyda chyfrinair yw hi, a does neb yn gallu gweld beth sydd ynddo.",
        "Mae hi'n fwy nag y caiff ffeil fod yma.",
    ],
    need_file: "Wyt ti ei hangen hi ar gyfer dy waith? Dyma'r un i'w holi:",
    why_heading: "Beth wnaeth ddim agor",
    why_line: "Wnaeth y tudalennau hyn ddim agor ar y ddyfais hon yn y deg munud diwethaf. Hysbysebion, neu rannau o dudalennau eraill, yw rhai ohonyn nhw.",
    nothing_met: "Chafodd dim byd ei atal ar y ddyfais hon yn y deg munud diwethaf.",
    was_blocked: "ddim ar gael yn yr ysgol",
    was_warned: "aros a meddwl yn gyntaf",
    go_on: "Ymlaen i'r dudalen hon",
    open_until: "Ar agor i ti tan",
    open_page: "Agor",
    ask: "Gofyn am y dudalen hon",
    ask_why: "Pam wyt ti ei hangen hi?",
    send: "Anfon",
    accident: "Des i yma ar ddamwain",
    asked_already: "Rwyt ti wedi gofyn amdani. Does neb wedi ateb eto.",
    answered_yes: "Gofynnaist ti amdani, ac mae hi ar agor nawr.",
    answered_no: "Gofynnaist ti amdani. Mae hi'n aros ar gau:",
    report_heading: "A ddylai tudalen gael ei blocio?",
    report_line: "Dyweda ei henw, er enghraifft www.example.com. Bydd rhywun yn yr ysgol yn edrych arni.",
    report_host: "Enw'r dudalen",
    report_why: "Beth sydd o'i le arni?",
    report_nameless: "Peidiwch â dweud pwy ydw i",
    back: "Yn ôl i'r rhestr",
    may_now: Said { heading: "Cei di fynd ymlaen", line: "Mae'r dudalen hon ar agor i ti am 15 munud." },
    asked: Said { heading: "Diolch, mae wedi cyrraedd", line: "Bydd rhywun yn yr ysgol yn edrych ar y dudalen." },
    noted: Said { heading: "Diolch am ddweud", line: "Rydyn ni wedi nodi dy fod wedi mynd yno ar ddamwain." },
    reported: Said { heading: "Diolch am ddweud", line: "Bydd rhywun yn yr ysgol yn edrych ar y dudalen honno." },
    not_met: Said {
        heading: "Dyw'r dudalen honno ddim ar dy restr",
        line: "Mae'r rhestr yn dangos beth wnaeth ddim agor ar y ddyfais hon yn y deg munud diwethaf. Agora'r dudalen eto, yna dere'n ôl.",
    },
    not_a_name: Said {
        heading: "Nid enw tudalen yw hwnna",
        line: "Mae enw'n edrych fel www.example.com. Cer yn ôl ac ysgrifenna fe eto.",
    },
    too_many: Said {
        heading: "Dyna ddigon am heddiw",
        line: "Mae'r ddyfais hon wedi gofyn lawer gwaith heddiw. Gofynna i athro neu athrawes.",
    },
    full: Said { heading: "Does dim lle i ragor", line: "Mae llawer wedi gofyn ac yn aros. Gofynna i athro neu athrawes." },
    not_from_here: Said { heading: "Ddaeth hwnna ddim o'r dudalen hon", line: "Cer i'r rhestr, a phwysa'r botwm yno." },
    busy: Said { heading: "Mae llawer yn gofyn", line: "Arhosa funud, yna tria eto." },
    not_kept: Said { heading: "Wnaeth hynny ddim gweithio", line: "Doedd dim modd ei gadw. Gofynna i athro neu athrawes." },
    // Where people sign in.
    signing_in: Said {
        heading: "Mewngofnodi",
        line: "Ysgrifenna'r enw a'r cyfrinair a gest ti gan yr ysgol, neu'r rhai ar dy daleb.",
    },
    by_password: "Ysgrifenna'r enw a'r cyfrinair a gest ti gan yr ysgol.",
    by_voucher: "Ysgrifenna'r enw a'r cyfrinair sydd ar dy daleb.",
    no_tls: "Dydyn ni ddim yn gofyn am dy enw a'th gyfrinair dy hun yma: dyw'r cysylltiad â'r dudalen hon ddim yn breifat, a gallai eraill eu darllen. Gyda thaleb gelli di fynd ymlaen. Gofynna am un i:",
    your_name: "Enw",
    your_password: "Cyfrinair",
    what_is_seen: "Beth mae'r ysgol yn ei weld",
    monitored: "Mae'r ysgol yn cadw nodyn o'r tudalennau sy'n cael eu hagor ar y ddyfais hon ac o'r hyn sy'n cael ei chwilio, gyda dy enw a'r amser. Gall staff sy'n gofalu amdanat ti ei ddarllen, i gadw pawb yn ddiogel. Mae'n cael ei gadw am rai misoedd. Dyw gofyn am help byth yn cael ei nodi gyda dy enw.",
    have_read: "Dwi wedi darllen hwn: mewngofnodi",
    wrong_password: Said {
        heading: "Wnaeth hynny ddim gweithio",
        line: "Dyw'r enw neu'r cyfrinair ddim yn gywir. Edrycha ar y ddau eto. Dyw prif lythrennau a bylchau ddim o bwys mewn cyfrinair.",
    },
    wait: Said { heading: "Arhosa ychydig", line: "Roedd yn anghywir yn rhy aml. Gelli di drio eto mewn" },
    seconds: "eiliad.",
    minutes: "munud.",
    voucher_taken: Said {
        heading: "Mae'r daleb hon yn cael ei defnyddio",
        line: "Mae wedi mewngofnodi ar ddyfais arall. Allgofnoda yno yn gyntaf, neu gofynna i",
    },
    signed_in: Said { heading: "Rwyt ti wedi mewngofnodi", line: "Mae tudalennau'n agor ar y ddyfais hon tan" },
    someone_signed_in: Said {
        heading: "Mae rhywun wedi mewngofnodi ar y ddyfais hon",
        line: "Os nad ti yw hwnnw, allgofnoda; yna mewngofnoda dy hun. Fel arall mae'n dod i ben am",
    },
    sign_out: "Allgofnodi",
    signed_out: Said { heading: "Wedi allgofnodi", line: "Does neb wedi mewngofnodi ar y ddyfais hon nawr." },
    sign_in_here: "Mewngofnodi",
    not_here: Said { heading: "Does neb yn mewngofnodi yma", line: "Ar y rhwydwaith hwn does dim angen mewngofnodi." },
    worried: "Yn poeni am rywbeth? Dyweda wrth yr ysgol",
    not_sent_here: Said {
        heading: "Tria unwaith eto",
        line: "Roedd y dudalen hon ar agor yn rhy hir, neu daeth y ffurflen o rywle arall.",
    },
    by_microsoft: "Dwi wedi darllen hwn: mewngofnodi gyda Microsoft",
    by_google: "Dwi wedi darllen hwn: mewngofnodi gyda Google",
    no_account: Said {
        heading: "Dyw'r cyfrif hwn ddim gan yr ysgol",
        line: "Rwyt ti wedi mewngofnodi, ond dwyt ti ddim ar restr yr ysgol. Gofynna i",
    },
    no_word: Said {
        heading: "Wnaeth hynny ddim gweithio",
        line: "Chlywson ni ddim gan dy gyfrif mai ti wyt ti. Tria eto mewn eiliad.",
    },
    staffroom: &staffroom::WELSH,
    try_again: Said {
        heading: "Tria eto mewn munud",
        line: "Doedd y dudalen hon ddim ar gael yn yr ysgol funud yn ôl. Efallai ei bod hi nawr. Arhosa funud, yna agora hi eto.",
    },
    no_such_name: Said {
        heading: "Does dim tudalen gyda'r enw hwnnw",
        line: "Edrycha ar y cyfeiriad eto: efallai fod un llythyren yn anghywir.",
    },
    not_in_time: Said {
        heading: "Chafodd y dudalen ddim ei ffeindio mewn pryd",
        line: "Efallai fod rhyngrwyd yr ysgol yn araf neu i lawr. Arhosa funud a thria eto.",
    },
    odd_port: Said {
        heading: "Does dim modd cyrraedd y cyfeiriad hwn o fan hyn",
        line: "Mae rhif anarferol ar ei ddiwedd, ar ôl y colon.",
    },
    inside: Said {
        heading: "Does dim modd cyrraedd y cyfeiriad hwn o fan hyn",
        line: "Mae'n arwain at beiriant y tu mewn i rwydwaith, nid at dudalen ar y rhyngrwyd.",
    },
    silent: Said {
        heading: "Wnaeth y dudalen ddim ateb",
        line: "Mae hi'n araf neu wedi'i diffodd. Does dim byd wedi'i flocio. Tria eto wedyn.",
    },
    broken: Said {
        heading: "Wnaeth y dudalen ddim ateb",
        line: "Mae rhywbeth o'i le lle mae'r dudalen yn dod. Does dim byd wedi'i flocio. Tria eto wedyn.",
    },
    unproven: Unproven {
        expired: Said {
            heading: "Mae tystysgrif y dudalen hon wedi dod i ben",
            line: "Dyw'r dudalen ddim yn gallu profi bellach mai hi yw hi. Rhaid i'w pherchennog adnewyddu'r dystysgrif.",
        },
        not_yet: Said {
            heading: "Dyw tystysgrif y dudalen hon ddim yn ddilys eto",
            line: "Naill ai mae'r dystysgrif yn perthyn i'r dyfodol, neu mae cloc hidlydd yr ysgol yn anghywir.",
        },
        of_another: Said {
            heading: "Ar gyfer cyfeiriad arall mae tystysgrif y dudalen hon",
            line: "Nid yr hyn y gofynnaist amdano sydd wedi ateb. Edrycha ar y cyfeiriad eto: efallai fod un llythyren yn anghywir.",
        },
        by_itself: Said {
            heading: "Does neb yn tystio dros y dudalen hon",
            line: "Mae hi wedi llofnodi ei thystysgrif ei hun, felly gallai fod yn unrhyw un.",
        },
        by_unknown: Said {
            heading: "Does neb rydyn ni'n ei adnabod yn tystio dros y dudalen hon",
            line: "Awdurdod nad yw'r ysgol hon yn ymddiried ynddo sydd wedi llofnodi ei thystysgrif, neu mae rhan ohoni ar goll.",
        },
        revoked: Said {
            heading: "Mae tystysgrif y dudalen hon wedi'i thynnu'n ôl",
            line: "Mae ei hawdurdod yn dweud na ddylai gael ei defnyddio mwyach: efallai fod ei hallwedd wedi'i dwyn.",
        },
        weak: Said {
            heading: "Mae amgryptio'r dudalen hon yn rhy wan",
            line: "Dyw tystysgrif o'r math hwn ddim yn ddiogel bellach. Rhaid i'w pherchennog ei hadnewyddu.",
        },
        outdated: Said {
            heading: "Mae amgryptio'r dudalen hon yn rhy wan",
            line: "Dyw hi ddim yn cynnig amgryptio sy'n dal yn ddiogel. Rhaid i'w pherchennog ei diweddaru.",
        },
        wrong: Said {
            heading: "Dyw'r dudalen hon ddim yn gallu profi beth yw hi",
            line: "Mae rhywbeth o'i le ar ei thystysgrif.",
        },
        no_tls: Said {
            heading: "Wnaeth y dudalen ddim ateb",
            line: "Doedd dim cysylltiad diogel â hi. Does dim byd wedi'i flocio. Tria eto wedyn.",
        },
    },
    trusted: Said {
        heading: "Oes: mae ymddiriedaeth ynddo yma",
        line: "Mae'r ddyfais hon yn ymddiried yn awdurdod tystysgrifau hidlydd gwe'r ysgol.",
    },
    front: Said {
        heading: "Hidlydd gwe'r ysgol",
        line: "Mae'n penderfynu pa dudalennau sy'n agor ar rwydweithiau'r ysgol, ac yn cadw cofnod o ymweliadau.",
    },
    is_ours: "Mae dy ddyfais ar un o rwydweithiau'r ysgol.",
    is_not_ours: "Dyw dy ddyfais ddim ar un o rwydweithiau'r ysgol, felly dyw'r hidlydd ddim yn ei hateb.",
    nothing_here: Said { heading: "Does dim tudalen fel hon yma", line: "Dyma hidlydd gwe'r ysgol. Edrycha ar y cyfeiriad eto." },
};

/// Whom to ask, where the school has not written its own words.
pub fn whom_to_see(written: &str, language: Language) -> &str {
    match (language, written) {
        (Language::Welsh, "your teacher") => "dy athro neu dy athrawes",
        _ => written,
    }
}
