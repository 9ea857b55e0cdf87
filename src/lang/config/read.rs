//! From the tree of `leverd.yaml` to a [`Config`], with all faults told in one go.

use super::grammar::{
    self, ACCOUNT, FORMATS, LEVELS, LOG, MODES, NOTICES, OVERRIDES, PACK, RETENTION, ROOT, SERVER, TRACES, VENDOR,
};
use super::read_automation;
use super::{
    Account, Config, Log, Notices, PackSource, PackUse, Retention, SecretPlace, SecretRef, Server, SettingInput, Store, Text,
    Traces, VERSION, VendorConnection,
};
use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::near::near;
use crate::lang::route::routed;
use crate::lang::rule::Per;
use crate::lang::ruleset::Mode;
use crate::lang::source::{SourceId, Sources, Span};
use crate::lang::yaml::{self, Key, Node};
use crate::model::{AccountId, PackName, VendorName};
use jiff::SignedDuration;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use url::{Host, Url};

/// Reads one `leverd.yaml`. Faults are told in `diagnostics`; nothing comes back if one of them is an error. A secret that stands in
/// the text is blanked in `sources`, so that no message shows it.
pub fn read(sources: &mut Sources, id: SourceId, diagnostics: &mut Diagnostics) -> Option<Config> {
    let mut reader = Reader::default();
    let root = yaml::load(sources, id, &mut reader.found);
    let config = root.as_ref().map(|root| reader.config(root));
    for span in &reader.literals {
        sources.blank(*span);
    }
    let broken = reader.found.has_errors();
    diagnostics.extend(match &root {
        Some(root) => routed(root, reader.found),
        None => reader.found,
    });
    if broken { None } else { config.flatten() }
}

#[derive(Default)]
pub(super) struct Reader {
    pub(super) found: Diagnostics,
    /// Secrets that stand in the text.
    pub(super) literals: Vec<Span>,
}

impl Reader {
    fn config(&mut self, root: &Node) -> Option<Config> {
        let mut config = Config {
            accounts: Vec::new(),
            catalogue: "catalogue".to_owned(),
            store: Store::default(),
            server: Server::default(),
            notices: None,
            retention: Retention::default(),
            log: Log::default(),
            traces: None,
        };
        if root.is_null() {
            let diagnostic = Diagnostic::error("missing-key", root.span, "`leverd.yaml` lacks `accounts`");
            self.found.push(diagnostic.help("`leverd init` writes a file to start from"));
            return None;
        }
        // What a newer grammar means by its keys is not known here: nothing else is said of such a file.
        if root.get("version").is_some_and(|version| !self.reads(version)) {
            return None;
        }
        for (key, value) in ROOT.entries(root, &mut self.found) {
            match key.text.as_str() {
                "version" => {}
                "traces" => config.traces = self.traces(value),
                "accounts" => config.accounts = self.accounts(value),
                "catalogue" => config.catalogue = self.path(value).unwrap_or_default(),
                "store" => config.store = self.store(value).unwrap_or_default(),
                "server" => config.server = self.server(value),
                "notices" => config.notices = self.notices(value),
                "retention" => config.retention = self.retention(value),
                _ => config.log = self.log(value),
            }
        }
        self.grants(&config);
        Some(config)
    }

    /// Whether this leverd reads files of that version.
    fn reads(&mut self, node: &Node) -> bool {
        let Some(version) = node.as_int(&mut self.found) else { return false };
        if version == VERSION {
            return true;
        }
        let (message, help) = if version > VERSION {
            let message =
                format!("this file is written for a newer leverd: its version is {version}, and this one reads {VERSION}");
            (message, "use that newer leverd; `leverd --version` says which one this is")
        } else {
            (format!("there is no version {version} of leverd.yaml"), "write `version: 1`, or leave it out")
        };
        self.found.push(Diagnostic::error("other-version", node.span, message).help(help));
        false
    }

    fn accounts(&mut self, node: &Node) -> Vec<Account> {
        let Some(entries) = node.entries(&mut self.found) else {
            return Vec::new();
        };
        if entries.is_empty() {
            self.found.push(
                Diagnostic::error("no-account", node.span, "no account is given").help("add one: `acme: { lever: { ... } }`"),
            );
        }
        entries.iter().filter_map(|(key, value)| self.account(key, value)).collect()
    }

    fn account(&mut self, key: &Key, node: &Node) -> Option<Account> {
        self.name(key, "an account's name");
        let (mut lever, mut vendors, mut packs, mut automations) = (None, Vec::new(), Vec::new(), Vec::new());
        for (key, value) in ACCOUNT.entries(node, &mut self.found) {
            match key.text.as_str() {
                "lever" => lever = self.lever(key, value),
                "vendors" => vendors = self.named(value, |reader, key, value| Some(reader.vendor(key, value))),
                "automations" => automations = read_automation::automations(self, value),
                _ => packs = self.packs(value),
            }
        }
        Some(Account { name: AccountId::new(&key.text), span: key.span, lever: lever?, vendors, packs, automations })
    }

    /// Names stand in URLs and in names of files.
    fn name(&mut self, key: &Key, what: &str) {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        let starts = key.text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        if !starts || key.text.len() > 63 || !key.text.chars().all(fits) {
            let message = format!("`{}` cannot be {what}", key.text);
            self.found.push(Diagnostic::error("bad-name", key.span, message).help(
                "use lower-case letters, digits, `-` and `_`, at most 63, starting with a letter or digit: it stands in URLs",
            ));
        }
    }

    fn named<T>(&mut self, node: &Node, read: impl Fn(&mut Self, &Key, &Node) -> Option<T>) -> Vec<T> {
        let entries = node.entries(&mut self.found).unwrap_or_default();
        entries.iter().filter_map(|(key, value)| read(self, key, value)).collect()
    }

    fn vendor(&mut self, at: &Key, node: &Node) -> VendorConnection {
        self.name(at, "a vendor's name");
        if at.text == "lever" {
            let message = "`lever` is no vendor";
            self.found
                .push(Diagnostic::error("bad-name", at.span, message).help("Lever's connection is the account's key `lever`"));
        }
        let mut connection = VendorConnection {
            vendor: VendorName::new(&at.text),
            span: at.span,
            base_url: None,
            secrets: Vec::new(),
            path_token: None,
        };
        for (key, value) in VENDOR.entries(node, &mut self.found) {
            match key.text.as_str() {
                "base_url" => connection.base_url = self.url(value),
                "path_token" => connection.path_token = self.secret(value, "path_token"),
                _ => {
                    connection.secrets = self
                        .named(value, |reader, key, value| reader.secret(value, &key.text).map(|secret| (key.clone(), secret)));
                }
            }
        }
        connection
    }

    fn packs(&mut self, node: &Node) -> Vec<PackUse> {
        let items = node.items(&mut self.found).unwrap_or_default();
        let mut packs: Vec<PackUse> = Vec::new();
        for item in items {
            let Some(pack) = self.pack(item) else {
                continue;
            };
            if let Some(first) = packs.iter().find(|known| known.source == pack.source) {
                self.found.push(
                    Diagnostic::error("pack-twice", pack.span, "this pack is used twice in this account")
                        .label("again here")
                        .also(first.span, "first here")
                        .help("keep one of them; a second set of rules is a pack of its own under another `path`"),
                );
            }
            packs.push(pack);
        }
        packs
    }

    fn pack(&mut self, node: &Node) -> Option<PackUse> {
        let (mut source, mut mode, mut settings, mut span) = (None, None, Vec::new(), node.span);
        let mut settings_span = None;
        for (key, value) in PACK.entries(node, &mut self.found) {
            match key.text.as_str() {
                "pack" => {
                    source = value.as_text(&mut self.found).map(|name| PackSource::BuiltIn(PackName::new(name)));
                    span = value.span;
                }
                "path" => {
                    // `./rules/x/` and `rules/x` are one pack.
                    let plain = |path: String| path.trim_start_matches("./").trim_end_matches('/').to_owned();
                    source = self.path(value).map(plain).map(PackSource::Folder);
                    span = value.span;
                }
                "mode" => mode = self.mode(value),
                _ => {
                    settings_span = Some(key.span);
                    settings = self.named(value, Self::setting);
                }
            }
        }
        match (node.entry("pack"), node.entry("path")) {
            (Some((pack, _)), Some((path, _))) => self.found.push(
                Diagnostic::error("pack-and-path", path.span, "a pack is built in or your own, not both")
                    .also(pack.span, "built in")
                    .help("remove `pack` or `path`"),
            ),
            (None, None) if matches!(node.kind, yaml::Kind::Map(_)) => self.found.push(
                Diagnostic::error("missing-key", node.span, "a pack lacks `pack` or `path`")
                    .help("add `pack: NAME` for a built-in pack, or `path: ./rules/NAME` for a folder of yours"),
            ),
            _ => {}
        }
        Some(PackUse { source: source?, span, mode: mode?, settings, settings_span: settings_span.unwrap_or(span) })
    }

    fn mode(&mut self, node: &Node) -> Option<Mode> {
        Some(match self.one_of(node, &MODES)? {
            "off" => Mode::Off,
            "live" => Mode::Live,
            _ => Mode::Shadow,
        })
    }

    fn setting(&mut self, name: &Key, node: &Node) -> Option<SettingInput> {
        let mut setting = SettingInput { name: name.clone(), default: None, per: BTreeMap::new() };
        if node.is_faulty() {
            return None;
        }
        // No setting's value is a map, so a map is always the form with overrides.
        if !matches!(node.kind, yaml::Kind::Map(_)) {
            setting.default = Some(node.clone());
            return Some(setting);
        }
        let keep = |_: &mut Self, key: &Key, value: &Node| Some((key.clone(), value.clone()));
        for (key, value) in OVERRIDES.entries(node, &mut self.found) {
            match Per::ALL.into_iter().find(|per| per.key() == key.text) {
                Some(per) => drop(setting.per.insert(per, self.named(value, keep))),
                None => setting.default = Some(value.clone()),
            }
        }
        Some(setting)
    }

    fn server(&mut self, node: &Node) -> Server {
        let mut server = Server::default();
        for (key, value) in SERVER.entries(node, &mut self.found) {
            match key.text.as_str() {
                "listen" => server.listen = self.listen(value).unwrap_or(server.listen),
                "public_url" => server.public_url = self.url(value),
                "console" => server.console = self.console(value),
                "api" => server.api = self.api(value),
                _ => {
                    let items = value.items(&mut self.found).unwrap_or_default();
                    server.encryption_keys =
                        items.iter().filter_map(|item| self.secret(item, "leverd_encryption_key")).collect();
                }
            }
        }
        server
    }

    fn listen(&mut self, node: &Node) -> Option<SocketAddr> {
        let text = node.as_text(&mut self.found)?;
        let address = text.replacen("localhost:", "127.0.0.1:", 1).parse().ok();
        if address.is_none() {
            let message = format!("`{text}` is no address and port");
            self.found.push(
                Diagnostic::error("bad-address", node.span, message)
                    .help("write it as `127.0.0.1:8321`; `0.0.0.0:8321` listens on all interfaces"),
            );
        }
        address
    }

    fn notices(&mut self, node: &Node) -> Option<Notices> {
        NOTICES.entries(node, &mut self.found);
        let url = node.get("url")?;
        if matches!(url.kind, yaml::Kind::Map(_)) {
            return self.secret(url, "url").map(Notices::Secret);
        }
        self.url(url).map(Notices::Url)
    }

    fn traces(&mut self, node: &Node) -> Option<Traces> {
        let (mut otlp, mut headers) = (None, Vec::new());
        for (key, value) in TRACES.entries(node, &mut self.found) {
            if key.text == "otlp" {
                otlp = self.url(value);
            } else {
                headers = self.named(value, |reader, key, value| Some((key.text.clone(), reader.secret(value, &key.text)?)));
            }
        }
        Some(Traces { otlp: otlp?, headers })
    }

    fn retention(&mut self, node: &Node) -> Retention {
        let mut retention = Retention::default();
        for (key, value) in RETENTION.entries(node, &mut self.found) {
            let Some(time) = value.as_duration(&mut self.found) else {
                continue;
            };
            // Lever sends a webhook again for days, and a repeated one is known by the stored first.
            if time < SignedDuration::from_hours(15 * 24) {
                let message = format!("`{}` is too short to keep {}", value.scalar().unwrap_or_default(), key.text);
                self.found.push(
                    Diagnostic::error("retention-too-short", value.span, message)
                        .help("keep at least `15d`: a delivery that comes again within that time must be recognised"),
                );
            }
            match key.text.as_str() {
                "deliveries" => retention.deliveries = time,
                _ => retention.runs = time,
            }
        }
        retention
    }

    fn log(&mut self, node: &Node) -> Log {
        let mut log = Log::default();
        for (key, value) in LOG.entries(node, &mut self.found) {
            if key.text == "level" {
                log.level = self.one_of(value, &LEVELS).unwrap_or(log.level);
            } else {
                log.json = self.one_of(value, &FORMATS) == Some("json");
            }
        }
        log
    }

    pub(super) fn text(&mut self, node: &Node) -> Option<Text> {
        let span = node.span;
        node.as_text(&mut self.found).map(|text| Text { text: text.to_owned(), span })
    }

    pub(super) fn path(&mut self, node: &Node) -> Option<String> {
        let text = node.as_text(&mut self.found)?;
        if text.trim().is_empty() {
            self.found
                .push(Diagnostic::error("wrong-type", node.span, "expected a path, found an empty text").help("write a path"));
            return None;
        }
        Some(text.to_owned())
    }

    pub(super) fn one_of(&mut self, node: &Node, options: &[&'static str]) -> Option<&'static str> {
        let text = node.as_text(&mut self.found)?;
        let found = options.iter().find(|option| **option == text);
        if found.is_none() {
            let all: Vec<String> = options.iter().map(|option| format!("`{option}`")).collect();
            self.found.push(
                Diagnostic::error("not-an-option", node.span, format!("`{text}` is not one of {}", all.join(", ")))
                    .suggest_near(node.span, text, options.iter().copied()),
            );
        }
        found.copied()
    }

    /// An http(s) URL without credentials; http only to this machine.
    pub(super) fn url(&mut self, node: &Node) -> Option<Url> {
        let text = node.as_text(&mut self.found)?;
        let mut fault = |message: String, help: &str| {
            self.found.push(Diagnostic::error("bad-url", node.span, message).help(help));
            None
        };
        let help = "write it as `https://host/path`";
        let Ok(url) = Url::parse(text) else {
            return fault(format!("`{text}` is no URL"), help);
        };
        if !url.username().is_empty() || url.password().is_some() {
            self.literals.push(node.span);
            return fault("this URL holds credentials".to_owned(), "take them out; secrets are given by reference");
        }
        let local = match url.host() {
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => return fault(format!("`{text}` names no host"), help),
        };
        match url.scheme() {
            "https" => Some(url),
            "http" if local => Some(url),
            "http" => {
                fault(format!("`{text}` would send secrets unencrypted"), "use `https://`; `http://` is for this machine only")
            }
            _ => fault(format!("`{text}` is no web address"), help),
        }
    }

    /// `{ env: NAME }` or `{ file: PATH }`; a literal is an error whose text is not repeated.
    pub(super) fn secret(&mut self, node: &Node, name: &str) -> Option<SecretRef> {
        if let Some(text) = node.scalar().filter(|_| !node.is_null()) {
            self.literals.push(node.span);
            let variable = variable(name);
            let mut diagnostic =
                Diagnostic::error("literal-secret", node.span, format!("the secret `{name}` stands in the file"))
                    .label("blanked in this message")
                    .suggest_as(
                        format!("name where it is: `{{ env: {variable} }}` or `{{ file: /run/secrets/{name} }}`"),
                        node.span,
                        format!("{{ env: {variable} }}"),
                    )
                    .help("if this file was ever committed or sent, replace the secret: it is no longer one");
            if text.starts_with('$') {
                diagnostic = diagnostic.help("`$NAME` and `${NAME}` are not replaced in leverd.yaml");
            }
            self.found.push(diagnostic);
            return None;
        }
        let names = grammar::SECRET.names();
        let entries = node.entries(&mut self.found)?;
        for (key, value) in entries.iter().filter(|(key, _)| !names.contains(&key.text.as_str())) {
            // What stands under a misspelt key may be the secret itself.
            if near(&key.text, names.iter().copied()).is_empty() {
                self.literals.push(value.span);
            }
        }
        grammar::SECRET.entries(node, &mut self.found);
        let place = match entries {
            [(key, value)] if key.text == "env" => self.variable_name(value).map(SecretPlace::Env),
            [(key, value)] if key.text == "file" => self.path(value).map(SecretPlace::File),
            [(key, _)] if !names.contains(&key.text.as_str()) => None,
            _ => {
                self.found.push(
                    Diagnostic::error("secret-place", node.span, format!("the secret `{name}` is in exactly one place"))
                        .help("write `{ env: NAME }` or `{ file: PATH }`"),
                );
                None
            }
        };
        place.map(|place| SecretRef { place, span: node.span })
    }

    fn variable_name(&mut self, node: &Node) -> Option<String> {
        let text = node.as_text(&mut self.found)?;
        let fits =
            text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !text.starts_with(|c: char| c.is_ascii_digit());
        if text.is_empty() || !fits {
            // It may be the secret itself, put into the wrong place.
            self.literals.push(node.span);
            self.found.push(
                Diagnostic::error("bad-variable", node.span, "this cannot be the name of an environment variable")
                    .label("blanked in this message")
                    .help("write the variable's name, not its value: letters, digits and `_`, no `$`"),
            );
            return None;
        }
        Some(text.to_owned())
    }
}

/// A name for the environment variable of a secret: `api_key` gives `API_KEY`.
fn variable(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}
