//! The content of a page of HTML: its text, its links, its images, and what it would load.

use std::collections::HashSet;

use serde::Serialize;

use super::markup::{Markup, Tag, Token, decode};

/// The links and the images that are kept.
const MOST: usize = 1_000;
/// The longest address, and the longest text of a link, in bytes.
const LONGEST: usize = 8 * 1024;

/// A link that a reader can follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Link {
    pub(crate) url: String,
    /// The text that the reader sees instead of the address. It is empty for a bare address.
    pub(crate) text: String,
}

/// An image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Image {
    pub(crate) url: String,
    pub(crate) alt: Option<String>,
    /// Whether the image cannot be seen: it is for tracking.
    pub(crate) is_invisible: bool,
}

impl Image {
    pub(crate) fn is_remote(&self) -> bool {
        is_remote(&self.url)
    }
}

/// The content of a page of HTML.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    pub(crate) text: String,
    pub(crate) links: Vec<Link>,
    /// Links without a host, which lead nowhere in a message.
    pub(crate) relative_links: usize,
    pub(crate) images: Vec<Image>,
    /// Style sheets, fonts and backgrounds that would be loaded.
    pub(crate) remote_styles: usize,
    pub(crate) has_script: bool,
    pub(crate) has_form: bool,
    /// How long the HTML is in bytes of UTF-8.
    pub(crate) size: usize,
}

impl Outline {
    pub(crate) fn of(html: &str) -> Self {
        let mut reader =
            Reader { outline: Self { size: html.len(), ..Self::default() }, ..Reader::default() };
        for token in Markup::new(html) {
            reader.token(token);
        }
        reader.end_link();
        reader.outline.text = tidy(&reader.outline.text);
        reader.outline
    }

    /// Returns whether a browser would load something from elsewhere.
    pub(crate) fn has_remote(&self) -> bool {
        self.remote_styles > 0 || self.images.iter().any(Image::is_remote)
    }
}

#[derive(Debug, Default)]
struct Reader {
    outline: Outline,
    seen: HashSet<String>,
    /// The link that is open: its address, and where its text begins.
    link: Option<(String, usize)>,
    /// The element whose content is not shown.
    hidden: Option<&'static str>,
    raw: RawContent,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum RawContent {
    #[default]
    Hidden,
    Shown,
    Style,
}

impl Reader {
    fn token(&mut self, token: Token<'_>) {
        match token {
            Token::Text(_) if self.hidden.is_some() => {}
            Token::Text(text) => self.text(&decode(text)),
            Token::Raw(text) => match self.raw {
                RawContent::Shown => self.text(&decode(text)),
                RawContent::Style => self.style(text),
                RawContent::Hidden => {}
            },
            Token::Open(tag) => self.open(&tag),
            Token::Close(name) => {
                if self.hidden.is_some_and(|hidden| name.eq_ignore_ascii_case(hidden)) {
                    self.hidden = None;
                } else if name.eq_ignore_ascii_case("a") {
                    self.end_link();
                } else {
                    self.line(name);
                }
            }
        }
    }

    fn open(&mut self, tag: &Tag<'_>) {
        self.raw = match () {
            () if tag.is("style") => RawContent::Style,
            () if tag.is("textarea") || tag.is("xmp") => RawContent::Shown,
            () => RawContent::Hidden,
        };
        if self.hidden.is_none() && tag.is("template") {
            self.hidden = Some("template");
        }
        self.outline.has_script |= tag.is("script");
        self.outline.has_form |= tag.is("form");
        if tag.is("a") || tag.is("area") {
            self.begin_link(tag);
        } else if tag.is("img") {
            self.image(tag);
        } else if tag.is("link") {
            self.outline.remote_styles +=
                usize::from(tag.attribute("href").is_some_and(|url| is_remote(&url)));
        }
        if let Some(url) = tag.attribute("background") {
            self.outline.remote_styles += usize::from(is_remote(&url));
        }
        if let Some(style) = tag.attribute("style") {
            self.style(&style);
        }
        self.line(tag.name());
    }

    fn begin_link(&mut self, tag: &Tag<'_>) {
        self.end_link();
        let Some(url) = tag.attribute("href") else { return };
        let url = url.trim();
        match scheme(url) {
            Some(scheme) if is_followed(scheme) => {
                self.link = Some((cut(url).to_owned(), self.outline.text.len()));
            }
            Some(_) => {}
            None => self.outline.relative_links += usize::from(!url.is_empty() && !url.starts_with('#')),
        }
    }

    fn end_link(&mut self) {
        let Some((url, begin)) = self.link.take() else { return };
        if self.outline.links.len() < MOST && self.seen.insert(url.clone()) {
            let text = self.outline.text.get(begin..).unwrap_or_default();
            let text = cut(text).split_whitespace().collect::<Vec<_>>().join(" ");
            self.outline.links.push(Link { text: if text == url { String::new() } else { text }, url });
        }
    }

    fn image(&mut self, tag: &Tag<'_>) {
        if self.outline.images.len() == MOST {
            return;
        }
        let is_tiny =
            |name| tag.attribute(name).is_some_and(|size| matches!(size.trim(), "0" | "1" | "0px" | "1px"));
        let style = tag.attribute("style").unwrap_or_default().to_ascii_lowercase().replace(' ', "");
        self.outline.images.push(Image {
            url: cut(tag.attribute("src").unwrap_or_default().trim()).to_owned(),
            alt: tag.attribute("alt").map(|alt| cut(&alt).to_owned()),
            is_invisible: is_tiny("width") && is_tiny("height")
                || ["display:none", "visibility:hidden", "width:1px", "height:1px"]
                    .iter()
                    .any(|s| style.contains(s)),
        });
    }

    fn style(&mut self, style: &str) {
        let style = style.to_ascii_lowercase();
        let urls = style.split("url(").skip(1).map(|rest| rest.trim_start_matches(['"', '\'', ' ']));
        let imports = style.split("@import").skip(1).map(|rest| rest.trim_start_matches(['"', '\'', ' ']));
        self.outline.remote_styles += urls.chain(imports).filter(|url| is_remote(url)).count();
    }

    fn text(&mut self, text: &str) {
        self.outline.text.push_str(&text.replace(['\n', '\r', '\t'], " "));
    }

    /// Begins a new line if an element does.
    fn line(&mut self, name: &str) {
        const BLOCKS: [&str; 39] = [
            "address",
            "article",
            "aside",
            "blockquote",
            "body",
            "br",
            "caption",
            "center",
            "dd",
            "details",
            "div",
            "dl",
            "dt",
            "fieldset",
            "figcaption",
            "figure",
            "footer",
            "form",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "header",
            "hr",
            "legend",
            "li",
            "main",
            "nav",
            "ol",
            "option",
            "p",
            "pre",
            "section",
            "summary",
            "table",
            "tr",
            "ul",
        ];
        if BLOCKS.iter().any(|block| name.eq_ignore_ascii_case(block)) {
            self.outline.text.push('\n');
        } else if ["td", "th"].iter().any(|cell| name.eq_ignore_ascii_case(cell)) {
            self.outline.text.push(' ');
        }
    }
}

/// Returns text with single spaces, and one empty line at most.
fn tidy(text: &str) -> String {
    let mut tidied = String::with_capacity(text.len() / 2);
    let mut is_empty = true;
    for line in text.lines() {
        let before = tidied.len();
        for word in line.split_whitespace() {
            if tidied.len() > before {
                tidied.push(' ');
            }
            tidied.push_str(word);
        }
        if tidied.len() > before || !is_empty {
            is_empty = tidied.len() == before;
            tidied.push('\n');
        }
    }
    tidied.truncate(tidied.trim_end().len());
    tidied
}

/// Returns the scheme of an address.
fn scheme(url: &str) -> Option<&str> {
    let (scheme, _) = url.split_once(':')?;
    let mut bytes = scheme.bytes();
    let is_scheme = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    is_scheme.then_some(scheme)
}

/// Returns whether a test, or a reader, can follow links with this scheme: pages and apps.
fn is_followed(scheme: &str) -> bool {
    const OTHERS: [&str; 9] =
        ["about", "blob", "cid", "data", "javascript", "mailto", "sms", "tel", "vbscript"];
    !OTHERS.iter().any(|other| scheme.eq_ignore_ascii_case(other))
}

pub(super) fn is_remote(url: &str) -> bool {
    let url = url.trim_start();
    let begins = |with: &str| url.get(..with.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(with));
    ["http:", "https:", "//", "ftp:"].into_iter().any(begins)
}

/// Returns the beginning of a long text.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST)]
}
