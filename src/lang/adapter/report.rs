//! Reports: files that a vendor has on an attempt, and how they are got. Their content is checked before anybody sees it.

/// One declared report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The operation that leads to it.
    pub operation: String,
    /// The capture that holds the file's URL; `None`: the operation's last answer is the file.
    pub url: Option<String>,
    pub ty: FileType,
}

/// What kind of file it is: Lever shows these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileType {
    Pdf,
    Png,
    Jpg,
    Docx,
    Doc,
    Txt,
}

impl FileType {
    /// Every kind with its spelling, which is the end of file names.
    pub const ALL: [(&'static str, Self); 6] = [
        ("pdf", Self::Pdf),
        ("png", Self::Png),
        ("jpg", Self::Jpg),
        ("docx", Self::Docx),
        ("doc", Self::Doc),
        ("txt", Self::Txt),
    ];

    /// The end of file names, without the dot.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, ty)| *ty == self).map_or("", |(name, _)| name)
    }

    /// As Lever is told.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Png => "image/png",
            Self::Jpg => "image/jpeg",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Doc => "application/msword",
            Self::Txt => "text/plain",
        }
    }

    /// Whether the bytes begin as files of this kind do. What the server calls them counts for nothing: a sign-in page comes with 200.
    pub fn fits(self, bytes: &[u8]) -> bool {
        let begins = |magic: &[u8]| bytes.starts_with(magic);
        match self {
            // Readers look for it in the first kilobyte.
            Self::Pdf => bytes.get(..bytes.len().min(1024)).unwrap_or_default().windows(5).any(|window| window == b"%PDF-"),
            Self::Png => begins(b"\x89PNG\r\n\x1a\n"),
            Self::Jpg => begins(b"\xff\xd8\xff"),
            Self::Docx => begins(b"PK\x03\x04"),
            Self::Doc => begins(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
            Self::Txt => std::str::from_utf8(bytes).is_ok_and(|text| !text.contains('\0')) && !page(bytes),
        }
    }
}

/// Whether the bytes look like a page for a browser.
pub fn page(bytes: &[u8]) -> bool {
    let start = bytes.get(..bytes.len().min(256)).unwrap_or_default();
    let start = String::from_utf8_lossy(start).trim_start().to_lowercase();
    ["<!doctype html", "<html", "<head", "<body"].iter().any(|tag| start.starts_with(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b58_d16_a_page_is_no_file_whatever_it_is_called() {
        let html = b"\n<!DOCTYPE html><html><body>Please sign in</body></html>";
        assert!(page(html) && FileType::ALL.iter().all(|(_, ty)| !ty.fits(html)));
        assert!(FileType::Pdf.fits(b"%PDF-1.7\n...") && !FileType::Pdf.fits(b"") && !FileType::Png.fits(b"%PDF-1.7"));
        assert!(FileType::Txt.fits(b"Score: 80") && !FileType::Txt.fits(b"a\0b") && !FileType::Txt.fits(b"\xff\xfe"));
    }
}
