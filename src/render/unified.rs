//! Differences between two states of a file, as `diff -u` and `patch` know them.

use similar::TextDiff;

/// What changes from `old` to `new` in the file `name`; nothing when they are the same. Bytes that are not UTF-8 are
/// shown replaced, line ends as they are.
pub fn unified_diff(name: &str, old: &[u8], new: &[u8]) -> String {
    let (old, new) = (String::from_utf8_lossy(old), String::from_utf8_lossy(new));
    TextDiff::from_lines(&*old, &*new).unified_diff().header(name, name).to_string()
}

#[cfg(test)]
mod tests {
    use super::unified_diff;

    #[test]
    fn line_ends_and_their_lack_are_shown() {
        assert_eq!(
            unified_diff("a.csv", b"x\r\ny", b"x\r\nz"),
            "--- a.csv\n+++ a.csv\n@@ -1,2 +1,2 @@\n x\r\n-y\n\\ No newline at end of file\n+z\n\\ No newline at end of file\n"
        );
        assert_eq!(unified_diff("a.csv", b"\xff", b"\xff"), "");
    }
}
