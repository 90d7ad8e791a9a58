//! The `[program:x]` sections of a supervisor configuration, which may be a template.
//!
//! The format is that of supervisord 4, which reads it with Python's `configparser`: `key = value`, a value goes on
//! over indented lines, `;` and `#` begin a comment at the start of a line, `;` after a blank also within one. Tags
//! of a Jinja template are blanked out, so that all alternatives of a value are read as one.

/// A `[program:x]` section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section {
    /// The program's name.
    pub name: String,
    /// Line of the header, from 1.
    pub line: u32,
    /// Value of `command`: one line per line of the file that it spans, so that alternatives stay apart.
    pub command: String,
}

/// Reads the sections, in the order of the file.
pub(super) fn programs(text: &str) -> Vec<Section> {
    let text = without_tags(text);
    let mut sections: Vec<Section> = Vec::new();
    // Whether the current line belongs to a program, and its value to a command.
    let (mut in_program, mut in_command) = (false, false);
    for (index, line) in text.lines().enumerate() {
        let content = without_comment(line);
        if content.trim().is_empty() {
            continue;
        }
        if let Some(header) = content.trim_end().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            in_command = false;
            let name = header.trim().strip_prefix("program:").map(str::trim);
            in_program = name.is_some_and(|name| !name.is_empty());
            if let Some(name) = name.filter(|name| !name.is_empty()) {
                let line = index as u32 + 1;
                sections.push(Section { name: name.to_owned(), line, command: String::new() });
            }
            continue;
        }
        let goes_on = content.starts_with(char::is_whitespace);
        let value = if goes_on {
            content
        } else {
            let (key, value) = content.split_once(['=', ':']).unwrap_or((content, ""));
            in_command = in_program && key.trim() == "command";
            value
        };
        if let Some(section) = sections.last_mut().filter(|_| in_command) {
            section.command.push_str(value.trim());
            section.command.push('\n');
        }
    }
    sections
}

/// A line without its comment.
fn without_comment(line: &str) -> &str {
    if line.trim_start().starts_with([';', '#']) {
        return "";
    }
    let end = line.match_indices(';').find(|&(at, _)| line[..at].ends_with(char::is_whitespace));
    end.map_or(line, |(at, _)| &line[..at])
}

/// The text with every tag, expression and comment of the template replaced by blanks; line ends stay.
fn without_tags(text: &str) -> String {
    const TAGS: [(&str, &str); 3] = [("{%", "%}"), ("{{", "}}"), ("{#", "#}")];
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let tag = TAGS
            .iter()
            .filter_map(|(open, close)| {
                let start = rest.find(open)?;
                let end = start + open.len() + rest[start + open.len()..].find(close)? + close.len();
                Some((start, end))
            })
            .min();
        let Some((start, end)) = tag else { break };
        kept.push_str(&rest[..start]);
        kept.extend(rest[start..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = &rest[end..];
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, u32, String)> {
        programs(text).into_iter().map(|s| (s.name, s.line, s.command)).collect()
    }

    #[test]
    fn sections_have_name_line_and_command() {
        let text = "[supervisord]\ncommand=not this\n\n[program:mailer]\ncommand = python -m mailer ; at night\n\
                    autostart=true\n[eventlistener:out]\ncommand = nor this\n";
        assert_eq!(read(text), [("mailer".into(), 4, "python -m mailer\n".into())]);
    }

    #[test]
    fn all_alternatives_of_a_template_are_read() {
        let text = "[program:a]\ncommand={% if reload -%}\n  gunicorn 'jobs.a:app'\n{% else -%}\n  python -m jobs.a\n\
                    {% endif -%}\nautostart = {{ config['a'] }}\n";
        assert_eq!(read(text), [("a".into(), 1, "\ngunicorn 'jobs.a:app'\npython -m jobs.a\n".into())]);
    }

    #[test]
    fn a_value_goes_on_over_indented_lines_only() {
        let text = "[program:a]\nenvironment=\n  A=1,\n  command=x\ncommand=nice\n  python\n\n  -m jobs.a\nuser=b\n  python -m c\n";
        assert_eq!(read(text)[0].2, "nice\npython\n-m jobs.a\n");
    }

    #[test]
    fn comments_and_unclosed_tags_do_no_harm() {
        let text =
            "; [program:no]\n# [program:no]\n{# [program:no]\n#}\n[program: yes ]\ncommand=run;er {% open\n";
        assert_eq!(read(text), [("yes".into(), 5, "run;er {% open\n".into())]);
        assert_eq!(read("[program:]\ncommand=x\n"), []);
        assert_eq!(read(""), []);
    }
}
