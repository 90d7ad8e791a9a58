use super::*;

fn sheet(text: &[u8]) -> Sheet {
    let (sheet, problems) = Sheet::parse(text.to_vec());
    assert_eq!(problems, [], "{}", String::from_utf8_lossy(text));
    sheet
}

fn problems(text: &[u8]) -> Vec<(u64, String)> {
    Sheet::parse(text.to_vec()).1.into_iter().map(|problem| (problem.line, problem.message)).collect()
}

/// `text` with the field at row and column set, as text.
fn set(text: &str, at: (usize, usize), new: &str) -> String {
    let edits = Edits::from([(at, new.as_bytes().to_vec())]);
    String::from_utf8(sheet(text.as_bytes()).edited(&edits)).expect("UTF-8")
}

#[test]
fn only_the_field_changes() {
    let text =
        "\u{feff}id , \"note\",\"x\"\r\n1,\"two\nlines\", spaced \n\r\n\"2\",,\"say \"\"no\"\"\"\r3,c,end";
    let (at, new) = ((1, 1), "new");
    let expected =
        "\u{feff}id , \"note\",\"x\"\r\n1,\"two\nlines\", spaced \n\r\n\"2\",new,\"say \"\"no\"\"\"\r3,c,end";
    assert_eq!(set(text, at, new), expected);
    assert_eq!(set(text, (1, 1), ""), text);
    let sheet = sheet(text.as_bytes());
    assert_eq!(sheet.edited(&Edits::new()), text.as_bytes());
    // A space in front of a quote makes the quote part of the text, as the readers of spreadsheets have it.
    assert_eq!(sheet.header().collect::<Vec<_>>(), ["id", "\"note\"", "x"]);
    assert_eq!(sheet.text(1, 2), "say \"no\"");
    assert_eq!((0..sheet.len()).map(|row| sheet.line(row)).collect::<Vec<_>>(), [2, 5, 6]);
}

#[test]
fn quotes_stay_and_come_when_needed() {
    let text = "a,b\n\"q\",p\n";
    assert_eq!(set(text, (0, 0), "x"), "a,b\n\"x\",p\n");
    assert_eq!(set(text, (0, 1), "x y"), "a,b\n\"q\",x y\n");
    for (new, written) in [("x,y", "\"x,y\""), ("\"", "\"\"\"\""), ("x\ny", "\"x\ny\""), ("x\r", "\"x\r\"")] {
        assert_eq!(set(text, (0, 1), new), format!("a,b\n\"q\",{written}\n"));
    }
    assert_eq!(set(text, (0, 1), ""), "a,b\n\"q\",\n");
    // Without the quotes the row would be a blank line, and gone.
    assert_eq!(set("a\nb\n", (0, 0), ""), "a\n\"\"\n");
}

#[test]
fn the_same_text_keeps_its_bytes() {
    let text = "a,b\nsay \"no\",\"\"\n";
    assert_eq!(set(text, (0, 0), "say \"no\""), text);
    assert_eq!(set(text, (0, 1), ""), text);
    assert_eq!(set(text, (0, 0), "say \"no\"!"), "a,b\n\"say \"\"no\"\"!\",\"\"\n");
}

#[test]
fn bytes_that_are_not_text_stay() {
    let mut edits = Edits::new();
    edits.insert((0, 1), b"new".to_vec());
    let sheet = sheet(b"a,b,c\n\xff\xfe,old,\"\x00\x80\"\n");
    assert_eq!(sheet.edited(&edits), b"a,b,c\n\xff\xfe,new,\"\x00\x80\"\n");
    assert_eq!(*sheet.field(0, 2), *b"\x00\x80");
}

#[test]
fn malformed_records_have_their_line() {
    let width = |found: u32| format!("{found} columns where the header has 2: check the quotes and commas");
    assert_eq!(
        problems(b"a,b\r\n1,2\r\n\r\n1\r\n1,2,3\r\n1,\"\r\n\",\r\n1,2"),
        [(4, width(1)), (5, width(3)), (6, width(3))]
    );
    let found = problems(b"a,b\n1,2\n3,\"x\ny");
    assert_eq!(found.len(), 1);
    assert!(found[0].0 == 3 && found[0].1.contains("never closed"), "{found:?}");
    let found = problems(b"a,b\n1,\"x\"y\n2,\"\"\"\"\n");
    assert!(found.len() == 1 && found[0].0 == 2 && found[0].1.contains("closing quote"), "{found:?}");
    assert_eq!(problems(b"\xef\xbb\xbf\r\n").len(), 1);
    assert_eq!(problems(b"").len(), 1);
    assert_eq!(problems(b"a,b"), []);
}

#[test]
fn columns_are_found_once() {
    let sheet = sheet(b"a, b ,\"c\",a\n");
    assert_eq!(sheet.column("b"), Ok(Some(1)));
    assert_eq!(sheet.column("c"), Ok(Some(2)));
    assert_eq!(sheet.column("d"), Ok(None));
    assert!(sheet.column("a").is_err_and(|problem| problem.line == 1 && problem.message.contains("twice")));
}

/// Numbers that look random and are the same in every run (Numerical Recipes, 3rd edition, 7.1).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(3935559000370003845).wrapping_add(2691343689449507681);
        usize::try_from(self.0 >> 33).expect("31 bits") % limit
    }

    fn pick<'a>(&mut self, from: &[&'a [u8]]) -> &'a [u8] {
        from[self.below(from.len())]
    }
}

/// A record of `width` fields in some of the ways to write it; the first field is never empty.
fn written(numbers: &mut Numbers, width: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for column in 0..width {
        if column > 0 {
            out.push(b',');
        }
        if numbers.below(2) == 0 {
            out.push(b'"');
            for _ in 0..numbers.below(5) {
                out.extend(numbers.pick(&[
                    b"a",
                    b" ",
                    b",",
                    b"\"\"",
                    b"\n",
                    b"\r\n",
                    b"\r",
                    b"\xff",
                    "é".as_bytes(),
                ]));
            }
            out.push(b'"');
        } else if column == 0 || numbers.below(3) > 0 {
            out.extend(numbers.pick(&[b"x", b" x", b"x\"y", b"\xfe", "é ".as_bytes()]));
        }
    }
    out
}

#[test]
fn any_file_comes_back_and_any_edit_touches_one_field() {
    for seed in 0..400 {
        let mut numbers = Numbers(seed);
        let width = 1 + numbers.below(4);
        let mut bytes = numbers.pick(&[b"", b"\xef\xbb\xbf"]).to_vec();
        let records = 1 + numbers.below(5);
        for index in 0..=records {
            bytes.extend(written(&mut numbers, width));
            if index < records || numbers.below(2) == 0 {
                bytes.extend(numbers.pick(&[b"\n", b"\r\n", b"\r", b"\n\n", b"\r\n\r\n"]));
            }
        }
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        let before = sheet(&bytes);
        assert_eq!(before.edited(&Edits::new()), bytes, "{shown:?}");
        let mut reader = csv::ReaderBuilder::new().has_headers(true).from_reader(&bytes[..]);
        let others: Vec<csv::ByteRecord> =
            reader.byte_records().collect::<Result<_, _>>().expect("well formed");
        let fields = |sheet: &Sheet, row: usize| -> Vec<Vec<u8>> {
            (0..width).map(|column| sheet.field(row, column).into_owned()).collect()
        };
        assert_eq!(before.len(), others.len(), "{shown:?}");
        for (row, other) in others.iter().enumerate() {
            assert_eq!(fields(&before, row), other.iter().collect::<Vec<_>>(), "{shown:?}");
        }

        let at = (numbers.below(before.len()), numbers.below(width));
        let new = numbers.pick(&[b"", b"n", b"n,\"", b"n\n", b"\xfd", b" "]);
        let after = sheet(&before.edited(&Edits::from([(at, new.to_vec())])));
        assert_eq!(after.len(), before.len(), "{shown:?}");
        for row in 0..before.len() {
            let mut expected = fields(&before, row);
            if row == at.0 {
                expected[at.1] = new.to_vec();
            }
            assert_eq!(fields(&after, row), expected, "{shown:?}");
        }
        let span = &before.rows[at.0].fields[at.1];
        assert!(after.bytes.starts_with(&before.bytes[..span.start]), "{shown:?}");
        assert!(after.bytes.ends_with(&before.bytes[span.end..]), "{shown:?}");
    }
}
