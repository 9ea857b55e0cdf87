//! The frame of every page, and the few parts that pages are put together from. Everything here escapes what it is given.

use super::assets;
use crate::lang::html::escaped;
use crate::runtime::access::Visitor;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use std::fmt::{Display, Write as _};

/// The pages, in the order of the menu.
const MENU: &[(&str, &str)] = &[
    ("now", "Now"),
    ("candidates", "Candidates"),
    ("runs", "Runs"),
    ("rules", "Rules"),
    ("parked", "Parked"),
    ("try", "Try"),
    ("connect", "Connect"),
    ("record", "Record"),
];

/// One page: its title, its content, and who looks at it.
pub(super) struct Page<'a> {
    /// The menu's entry that it belongs to; empty for none.
    pub(super) at: &'a str,
    pub(super) title: &'a str,
    pub(super) visitor: Option<&'a Visitor>,
    /// Whether it is shown anew when something happens.
    pub(super) live: bool,
    pub(super) body: String,
}

/// The address of a page of the menu.
pub(super) fn address(page: &str) -> String {
    if page == "now" { "/console".to_owned() } else { format!("/console/{page}") }
}

impl Page<'_> {
    pub(super) fn answer(self, status: StatusCode) -> Response {
        (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], self.text()).into_response()
    }

    fn text(&self) -> String {
        let title = escaped(self.title);
        let live = if self.live { " data-live" } else { "" };
        let (menu, who) = self.visitor.map_or_else(Default::default, |visitor| (self.menu(), leave(visitor)));
        let plain = if self.visitor.is_none() { " class=\"plain\"" } else { "" };
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"robots\" content=\"noindex\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>{title} · leverd</title>\n<link rel=\"icon\" href=\"{icon}\" type=\"image/svg+xml\">\n\
             <link rel=\"stylesheet\" href=\"{css}\">\n<script src=\"{js}\" defer></script>\n</head>\n<body{plain}>\n\
             <a class=\"skip\" href=\"#main\">Skip to the content</a>\n<header class=\"bar\"><a class=\"brand\" href=\"/console\">leverd</a>{menu}{who}\
             </header>\n<main id=\"main\" tabindex=\"-1\"{live}>\n<h1>{title}</h1>\n{body}\n</main>\n\
             <p id=\"told\" class=\"unseen\" role=\"status\" aria-live=\"polite\"></p>\n</body>\n</html>\n",
            icon = assets::icon(),
            css = assets::css(),
            js = assets::js(),
            body = self.body,
        )
    }

    fn menu(&self) -> String {
        let item = |(page, name): &(&str, &str)| {
            let current = if *page == self.at { " aria-current=\"page\"" } else { "" };
            format!("<li><a href=\"{}\"{current}>{name}</a></li>", address(page))
        };
        format!("<nav aria-label=\"Console\"><ul>{}</ul></nav>", MENU.iter().map(item).collect::<String>())
    }
}

fn leave(visitor: &Visitor) -> String {
    let out = if visitor.how == crate::runtime::access::How::Proxy {
        String::new()
    } else {
        format!(
            "<form method=\"post\" action=\"/console/logout\">{}<button class=\"quiet\">Log out</button></form>",
            token(visitor)
        )
    };
    format!("<div class=\"who\"><span>{} <small>{}</small></span>{out}</div>", escaped(&visitor.name), visitor.role.as_str())
}

/// What every form carries.
pub(super) fn token(visitor: &Visitor) -> String {
    hidden("token", &visitor.form)
}

/// A value that a form carries unseen.
pub(super) fn hidden(name: &str, value: &str) -> String {
    format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escaped(value))
}

/// What something is, in a word and a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Wait,
    Bad,
    Quiet,
}

pub(super) fn badge(tone: Tone, text: impl Display) -> String {
    let class = match tone {
        Tone::Good => "good",
        Tone::Wait => "wait",
        Tone::Bad => "bad",
        Tone::Quiet => "soft",
    };
    format!("<span class=\"badge {class}\">{}</span>", escaped(&text.to_string()))
}

/// A point in time, as how long ago or how soon; exact where one points at it.
pub(super) fn when(at: Timestamp, now: Timestamp) -> String {
    let exact = at.strftime("%Y-%m-%d %H:%M:%S UTC");
    format!("<time datetime=\"{at}\" title=\"{exact}\" data-ago>{}</time>", ago(at, now))
}

/// A point in time, exact.
pub(super) fn exactly(at: Timestamp) -> String {
    format!("<time datetime=\"{at}\">{}</time>", at.strftime("%Y-%m-%d %H:%M:%S UTC"))
}

fn ago(at: Timestamp, now: Timestamp) -> String {
    let gap = now.duration_since(at);
    let text = span(gap.abs());
    match () {
        () if gap.abs() < SignedDuration::from_secs(5) => "now".to_owned(),
        () if gap.is_negative() => format!("in {text}"),
        () => format!("{text} ago"),
    }
}

/// A span of time in its largest unit.
pub(super) fn span(gap: SignedDuration) -> String {
    let seconds = gap.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// How many of something: `1 account`, `3 accounts`.
pub(super) fn count(number: impl TryInto<u64>, what: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// A list of names and values. The values are markup already.
pub(super) fn pairs(rows: impl IntoIterator<Item = (String, String)>) -> String {
    let mut list = String::new();
    for (name, value) in rows {
        let _ = write!(list, "<div><dt>{}</dt><dd>{value}</dd></div>", escaped(&name));
    }
    format!("<dl class=\"pairs\">{list}</dl>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_its_largest_unit() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let told = |seconds: i64| ago(now - SignedDuration::from_secs(seconds), now);
        assert_eq!(
            [told(2), told(30), told(90), told(7_200), told(200_000), told(-60)],
            ["now", "30 s ago", "1 min ago", "2 h ago", "2 days ago", "in 1 min"]
        );
    }
}
