//! The smallest report that PDF readers open: one page with one line.

use std::fmt::Write as _;

/// The bytes of a document that says `line`; what is not plain ASCII is left out.
pub(crate) fn pdf(line: &str) -> Vec<u8> {
    let line: String = line.chars().filter(|c| (c.is_ascii_graphic() || *c == ' ') && !"()\\".contains(*c)).collect();
    let page = format!("BT /F1 16 Tf 72 760 Td ({line}) Tj ET");
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>".to_owned(),
        format!("<</Length {}>>stream\n{page}\nendstream", page.len()),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
    ];
    let (mut file, mut table) = ("%PDF-1.4\n".to_owned(), String::from("0000000000 65535 f \n"));
    for (object, number) in objects.iter().zip(1..) {
        // Writing to a String cannot fail.
        let _ = writeln!(table, "{:010} 00000 n ", file.len());
        let _ = writeln!(file, "{number} 0 obj{object}endobj");
    }
    let start = file.len();
    let _ = write!(file, "xref\n0 6\n{table}trailer<</Size 6/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n");
    file.into_bytes()
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_starts_and_ends_as_a_pdf() {
        let file = String::from_utf8(super::pdf("Ada (60 %) é")).unwrap();
        assert!(file.starts_with("%PDF-1.4\n") && file.ends_with("%%EOF\n"));
        assert!(file.contains("(Ada 60 % )"), "{file}");
        let table = file.rfind("xref\n0 6").unwrap();
        assert!(file.contains(&format!("startxref\n{table}\n")));
    }
}
