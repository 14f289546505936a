use super::*;
use proptest::prelude::*;

fn texts(csv: &str) -> (Vec<Vec<String>>, Vec<String>) {
    let mut faults = Faults::none_in("f.csv");
    let lines = scan(csv.as_bytes(), &mut faults);
    let texts = lines.into_iter().map(|l| l.fields.into_iter().map(|f| f.text).collect()).collect();
    (texts, faults.faults.into_iter().map(|f| format!("{}:{} {}", f.place.line, f.place.column, f.what)).collect())
}

#[test]
fn what_spreadsheets_write_is_read() {
    for (csv, lines) in [
        ("a,b\n1,2\n", vec![vec!["a", "b"], vec!["1", "2"]]),
        ("a,b\r\n1,2", vec![vec!["a", "b"], vec!["1", "2"]]),
        ("a,b\r1,2\r", vec![vec!["a", "b"], vec!["1", "2"]]),
        ("\u{feff}a,b\n", vec![vec!["a", "b"]]),
        ("a,\"b, c\"\n", vec![vec!["a", "b, c"]]),
        ("\"say \"\"hi\"\"\",x\n", vec![vec!["say \"hi\"", "x"]]),
        (" a , \"b\" ,c \n", vec![vec!["a", "b", "c"]]),
        ("a\n\n,,\n  \nb\n", vec![vec!["a"], vec!["b"]]),
        ("a,,\n", vec![vec!["a", "", ""]]),
        ("O\"Brien,x\n", vec![vec!["O\"Brien", "x"]]),
        ("\"two\nlines\",x\n", vec![vec!["two\nlines", "x"]]),
        ("", vec![]),
    ] {
        assert_eq!(
            texts(csv),
            (lines.into_iter().map(|l| l.into_iter().map(String::from).collect()).collect(), vec![]),
            "{csv:?}"
        );
    }
}

#[test]
fn every_field_knows_its_place() {
    let mut faults = Faults::none_in("f.csv");
    let lines = scan("\u{feff}id,name\r\n1, \"Zoë\r\nx\",é,z\r\n".as_bytes(), &mut faults);
    let places: Vec<_> = lines.iter().flat_map(|l| &l.fields).map(|f| (f.place.line, f.place.column)).collect();
    assert_eq!(places, [(1, 1), (1, 4), (2, 1), (2, 4), (3, 4), (3, 6)]);
}

#[test]
fn a_quote_that_is_never_closed_costs_one_line() {
    let (lines, faults) = texts("id,name\n1,\"Ada\n2,Bob\n3,\"Cat\"\n");
    // The quote finds its partner two lines further down, before `Cat`, and what follows that is no end of a field.
    assert_eq!(faults, ["4:4 there is text after the closing quote"]);
    assert_eq!(lines.len(), 2);

    let rest = "2,Bob\n".repeat(100);
    let (lines, faults) = texts(&format!("id,name\n1,\"Ada\n{rest}"));
    assert_eq!(faults, ["2:3 the quote opened here is not closed within 256 characters"]);
    assert_eq!(lines.len(), 102, "the other lines are still read");
}

#[test]
fn what_is_too_much_is_refused() {
    let long = "x".repeat(MAX_FIELD + 1);
    assert_eq!(texts(&format!("a,{long}\n")).1, ["1:3 the field has more than 256 characters"]);
    assert_eq!(texts(&"x,".repeat(100)).1, ["1:128 the line has more than 64 fields"]);
    assert_eq!(texts(&"x\n".repeat(MAX_LINES + 2)).1, ["50002:1 there are more than 50000 lines"]);
    assert_eq!(texts(&" ".repeat(MAX_BYTES + 1)).1, ["1:1 the file has more than 16777216 bytes"]);
}

#[test]
fn an_encoding_that_is_not_utf_8_is_named_once() {
    let mut faults = Faults::none_in("f.csv");
    scan(b"id,name\n1,Zo\xeb\n2,Ren\xe9e\n", &mut faults);
    assert_eq!(
        faults.to_string(),
        "f.csv:2:5: the byte 0xEB is not UTF-8; save the file as 'CSV UTF-8'\n1 fault in f.csv; nothing was changed"
    );
    let mut faults = Faults::none_in("f.csv");
    scan(b"\xff\xfei\0d\0", &mut faults);
    assert_eq!(faults.faults[0].what, "the file is UTF-16");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        scan(&bytes, &mut Faults::none_in("f.csv"));
    }

    #[test]
    fn nor_do_bytes_that_look_like_csv(text in "[a,\"\\r\\n \u{e9}]{0,400}") {
        let mut faults = Faults::none_in("f.csv");
        let lines = scan(text.as_bytes(), &mut faults);
        let physical = text.matches(['\r', '\n']).count() + 1;
        prop_assert!(lines.len() <= physical);
        prop_assert!(lines.iter().flat_map(|l| &l.fields).all(|f| f.place.line as usize <= physical));
    }

    /// What the `csv` crate writes, we read as it was meant.
    #[test]
    fn what_a_writer_of_csv_writes_is_read_back(
        rows in proptest::collection::vec(proptest::collection::vec("[a-z,\"\u{e9};]{1,8}", 3), 1..8)
    ) {
        let mut writer = csv::Writer::from_writer(vec![]);
        for row in &rows {
            writer.write_record(row).expect("in memory");
        }
        let bytes = writer.into_inner().expect("in memory");
        let mut faults = Faults::none_in("f.csv");
        let lines: Vec<Vec<String>> =
            scan(&bytes, &mut faults).into_iter().map(|l| l.fields.into_iter().map(|f| f.text).collect()).collect();
        prop_assert!(faults.is_empty(), "{}", faults);
        prop_assert_eq!(lines, rows);
    }
}
