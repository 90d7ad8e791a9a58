//! What can be linked to: source lines on the web, and anchors in the rendered evidence.

use std::str::FromStr;

/// The address below which the scanned sources stand, such as `https://host/org/repo/blob/COMMIT/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkBase(String);

impl FromStr for LinkBase {
    type Err = String;

    /// Reads an address; a slash is added at the end if there is none.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if !["https://", "http://"].iter().any(|scheme| text.len() > scheme.len() && text.starts_with(scheme))
        {
            return Err("give an address that begins with https:// or http://".to_owned());
        }
        // It stands in Markdown, in CSV and between markers: nothing that ends any of them.
        if let Some(wrong) =
            text.chars().find(|c| !c.is_ascii_graphic() || r#""'<>()[]{}|\^`;,"#.contains(*c))
        {
            return Err(format!("`{wrong}` cannot stand in the address: write it percent-encoded"));
        }
        if text.contains('#') {
            return Err("leave out the part from `#` on: the line is put there".to_owned());
        }
        let slash = if text.ends_with(['/', '=']) { "" } else { "/" };
        Ok(Self(format!("{text}{slash}")))
    }
}

impl LinkBase {
    /// Address of a line, counted from 1, of a file of the scanned tree.
    pub fn line(&self, file: &str, line: u32) -> String {
        format!("{}{}#L{line}", self.0, encoded(file))
    }
}

/// A path as part of an address. Source: RFC 3986, section 2.3.
fn encoded(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

/// Anchor of an edge in the rendered evidence, without `#`. Lower case, as web sites make of anchors.
pub fn edge_anchor(id: &str) -> String {
    anchor("", id)
}

/// Anchor of a route, by its ID.
pub fn route_anchor(id: &str) -> String {
    anchor("route-", id)
}

/// Anchor of a queue, by its default name.
pub fn queue_anchor(name: &str) -> String {
    anchor("queue-", name)
}

/// Names keep letters, digits, `-` and `_`; any other character stands as its number between dots, so that different
/// names have different anchors.
fn anchor(prefix: &str, name: &str) -> String {
    let mut text = prefix.to_owned();
    for character in name.chars() {
        match character.to_ascii_lowercase() {
            plain @ ('a'..='z' | '0'..='9' | '-' | '_') => text.push(plain),
            other => text.push_str(&format!(".{:x}.", u32::from(other))),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_files_have_addresses() {
        let base: LinkBase = "https://host.example/o/r/blob/abc".parse().expect("an address");
        assert_eq!(base.line("a/__init__.py", 12), "https://host.example/o/r/blob/abc/a/__init__.py#L12");
        assert_eq!(
            base.line("a b/ü#(1).py", 1),
            "https://host.example/o/r/blob/abc/a%20b/%C3%BC%23%281%29.py#L1"
        );
        let query: LinkBase = "http://host.example/show?rev=1&path=".parse().expect("an address");
        assert_eq!(query.line("a.py", 1), "http://host.example/show?rev=1&path=a.py#L1");
    }

    #[test]
    fn addresses_that_break_a_cell_or_a_page_are_refused() {
        for text in
            ["", "https://", "host/path", "=https://h/", "javascript:x", "https://h/a b", "https://h/x]/"]
        {
            assert!(text.parse::<LinkBase>().is_err(), "{text}");
        }
        assert!("https://h/\"/".parse::<LinkBase>().is_err());
        assert!("https://h/#top".parse::<LinkBase>().is_err_and(|message| message.contains('#')));
    }

    #[test]
    fn anchors_of_different_names_differ() {
        assert_eq!(edge_anchor("E-40e3ce76d046"), "e-40e3ce76d046");
        assert_eq!(route_anchor("ROUTE-0012"), "route-route-0012");
        assert_eq!(queue_anchor("mail_jobs"), "queue-mail_jobs");
        assert_ne!(queue_anchor("mail/a"), queue_anchor("mail.a"));
        assert_eq!(queue_anchor("{}"), "queue-.7b..7d.");
    }
}
