//! Text as HTML, SVG and XML hold it: the one escaper of the tree.

/// Text inside markup, also inside an attribute. What XML 1.0 cannot hold is left out; a line break stays one.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if (c < ' ' && c != '\n' && c != '\t') || c == '\u{fffe}' || c == '\u{ffff}' => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_of_a_text_is_markup() {
        assert_eq!(escaped("<a title='x' href=\"&\">\u{0}\n"), "&lt;a title=&#39;x&#39; href=&quot;&amp;&quot;&gt;\n");
    }
}
