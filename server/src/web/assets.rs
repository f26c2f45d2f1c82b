//! The built page: where its files lie and how they are sent.
//!
//! A release has them in its own file. Else the folder is looked for where the build leaves it. Without
//! either the server still answers everything else, and the page is its table.
//!
//! **Invariant:** only an answer with a file whose name holds its hash may be kept for ever.

use std::{
    env, fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};

use app::Assets;
use axum::{
    body::Body,
    extract::{Request, State},
    http::{
        HeaderValue, Method, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use leptos::config::LeptosOptions;
use tower_http::{
    compression::{
        CompressionLayer, Predicate,
        predicate::{And, NotForContentType, SizeAbove},
    },
    services::{
        ServeDir,
        fs::{Backend, DefaultServeDirFallback},
    },
};

use super::{Web, error::ApiError, etag::WORTH_COMPRESSING, packed::Packed, pages};

/// The files' common name: `output-name` in the workspace's `Cargo.toml`.
const NAME: &str = "tagtide";
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// The built page.
#[derive(Clone, Debug)]
pub(crate) struct Site(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// `None`: there is no built page.
    root: Option<Root>,
    assets: Assets,
    /// The names in `assets` hold hashes.
    hashed: bool,
    /// Set under `cargo leptos watch`.
    watch: Option<LeptosOptions>,
    /// Under `cargo leptos watch` the names in `assets` are plain, since only its first build puts
    /// hashes into the files' names: which name that build gave to each.
    first_built: Vec<(String, String)>,
}

/// Where its files are.
#[derive(Debug)]
enum Root {
    Folder(PathBuf),
    Packed(Packed),
}

impl Root {
    fn has(&self, address: &str) -> bool {
        match self {
            Self::Folder(root) => within(root, address).is_file(),
            Self::Packed(packed) => packed.has(address),
        }
    }
}

impl Site {
    /// Looks for the built page: in `LEPTOS_SITE_ROOT`, else in this program, else beside it, else where
    /// a build in the current directory leaves it. Says in the log when there is none.
    pub(crate) fn find() -> Self {
        let site = match env::var_os("LEPTOS_SITE_ROOT") {
            Some(root) => Self::in_folder(Some(PathBuf::from(root))),
            None => match Packed::in_this_program() {
                Ok(Some(packed)) => {
                    let hashes = packed.hashes().to_owned();
                    Self::new(Some(Root::Packed(packed)), Some(&hashes), None)
                }
                Ok(None) => Self::in_folder(None),
                Err(error) => {
                    tracing::error!(%error, "the page in this program cannot be read: install it anew");
                    Self::in_folder(None)
                }
            },
        };
        site.warn_if_incomplete();
        site
    }

    /// In the folder that is named, else in a likely one.
    fn in_folder(named: Option<PathBuf>) -> Self {
        let beside = env::current_exe()
            .ok()
            .and_then(|exe| Some(exe.parent()?.to_owned()));
        let likely = match named {
            Some(root) => vec![root],
            None => likely_roots(beside.as_deref()),
        };
        let root = likely.into_iter().find(|root| root.is_dir());
        let hash_file = env::var_os("LEPTOS_HASH_FILE_NAME").unwrap_or_else(|| "hash.txt".into());
        let hashes = beside.and_then(|beside| fs::read_to_string(beside.join(hash_file)).ok());
        Self::new(root.map(Root::Folder), hashes.as_deref(), watch())
    }

    /// Without a built page.
    #[cfg(test)]
    pub(crate) fn none() -> Self {
        Self::new(None, None, None)
    }

    /// `hashes`: the lines that the build writes, such as `js: 4f2a…`.
    fn new(root: Option<Root>, hashes: Option<&str>, watch: Option<LeptosOptions>) -> Self {
        let plain = |kind: &str| format!("/pkg/{NAME}.{kind}");
        let with_hash = |kind: &str| {
            let hash = hash(hashes, kind)?;
            Some(format!("/pkg/{NAME}.{hash}.{kind}"))
        };
        let watching = watch.is_some();
        let address = |kind: &str| {
            let with_hash = with_hash(kind).filter(|_| !watching);
            with_hash.unwrap_or_else(|| plain(kind))
        };
        let assets = Assets {
            js: address("js"),
            wasm: address("wasm"),
            css: address("css"),
        };
        let kinds = ["js", "wasm", "css"];
        let hashed = !watching && kinds.iter().all(|kind| with_hash(kind).is_some());
        let first_built = kinds
            .iter()
            .filter_map(|kind| Some((plain(kind), with_hash(kind)?)))
            .filter(|_| watching)
            .collect();
        Self(Arc::new(Inner {
            root,
            assets,
            hashed,
            watch,
            first_built,
        }))
    }

    pub(super) fn assets(&self) -> &Assets {
        &self.0.assets
    }

    pub(super) fn watch(&self) -> Option<LeptosOptions> {
        self.0.watch.clone()
    }

    fn names(&self) -> [&str; 3] {
        let Assets { js, wasm, css } = &self.0.assets;
        [js, wasm, css]
    }

    fn warn_if_incomplete(&self) {
        let advice = "the page is only its table: build it with `make release`, or name its folder \
                      in LEPTOS_SITE_ROOT";
        let Some(root) = &self.0.root else {
            tracing::warn!("the built page was not found; {advice}");
            return;
        };
        let is_missing = |address: &&str| {
            let address = self.newest(root, address).unwrap_or(address);
            !root.has(address)
        };
        if let Some(missing) = self.names().into_iter().find(is_missing) {
            tracing::warn!(
                ?root,
                missing,
                "the built page is not of this program's build; {advice}"
            );
        }
    }

    /// For how long an answer with the file at this address may be kept.
    fn cache_control(&self, path: &str) -> HeaderValue {
        if self.0.hashed && self.names().contains(&path) {
            FOREVER
        } else {
            ASK_AGAIN
        }
    }

    /// Under `cargo leptos watch`, the name with a hash where that file is the newer one.
    fn newest(&self, root: &Root, path: &str) -> Option<&str> {
        let Root::Folder(root) = root else {
            return None;
        };
        let mut first_built = self.0.first_built.iter();
        let (_, with_hash) = first_built.find(|(plain, _)| plain == path)?;
        let changed = |address: &str| fs::metadata(within(root, address)).ok()?.modified().ok();
        (changed(with_hash) > changed(path)).then_some(with_hash)
    }

    /// The file at the address asked for; `None` if there is none.
    async fn file(&self, mut request: Request) -> Option<Response> {
        let root = self.0.root.as_ref()?;
        if let Some(newest) = self.newest(root, request.uri().path()) {
            *request.uri_mut() = newest.parse().ok()?;
        }
        let cache_control = self.cache_control(request.uri().path());
        let mut response = match root {
            Root::Folder(root) => sent(ServeDir::new(root), request).await?,
            Root::Packed(packed) => {
                sent(ServeDir::with_backend("/", packed.clone()), request).await?
            }
        };
        if response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED {
            response.headers_mut().insert(CACHE_CONTROL, cache_control);
        }
        Some(response)
    }
}

/// The file at the address asked for, compressed as it was built; `None` if there is none.
async fn sent<B: Backend>(
    folder: ServeDir<DefaultServeDirFallback, B>,
    request: Request,
) -> Option<Response> {
    let mut folder = folder
        .append_index_html_on_directories(false)
        .precompressed_br()
        .precompressed_gzip();
    match folder.try_call(request).await {
        Ok(response) if response.status() == StatusCode::NOT_FOUND => None,
        Ok(response) => Some(response.map(Body::new)),
        Err(error) if is_no_file(error.kind()) => None,
        Err(error) => {
            tracing::error!(%error, "a file of the page cannot be read");
            Some(StatusCode::INTERNAL_SERVER_ERROR.into_response())
        }
    }
}

fn within(root: &Path, address: &str) -> PathBuf {
    root.join(address.trim_start_matches('/'))
}

/// Whether a file system that works says this of an address that stands for no file.
fn is_no_file(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::NotFound
            | ErrorKind::NotADirectory
            | ErrorKind::InvalidFilename
            | ErrorKind::InvalidInput
    )
}

fn likely_roots(beside: Option<&Path>) -> Vec<PathBuf> {
    let mut roots = Vec::new();
    if let Some(beside) = beside {
        roots.push(beside.join("site"));
        roots.push(beside.join("../site"));
    }
    roots.push(PathBuf::from("target/site"));
    roots
}

/// The hash of one kind of file among the lines `kind: hash`. It becomes a part of addresses, so it
/// is only taken if it can be one.
fn hash<'a>(hashes: Option<&'a str>, kind: &str) -> Option<&'a str> {
    let pairs = hashes?.lines().filter_map(|line| line.split_once(':'));
    let mut found = pairs
        .filter(|(name, _)| name.trim() == kind)
        .map(|(_, hash)| hash.trim());
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    found
        .next()
        .filter(|hash| !hash.is_empty() && hash.chars().all(is_plain))
}

fn watch() -> Option<LeptosOptions> {
    env::var_os("LEPTOS_WATCH")?;
    leptos::config::get_configuration(None)
        .ok()
        .map(|found| found.leptos_options)
}

/// A file under `/pkg`.
pub(super) async fn file(State(web): State<Arc<Web>>, request: Request) -> Response {
    match web.site.file(request).await {
        Some(response) => response,
        None => (StatusCode::NOT_FOUND, "There is no such file.\n").into_response(),
    }
}

/// Any other file of the page, such as its icon; else the page for a wrong address.
pub(super) async fn file_or_no_page(State(web): State<Arc<Web>>, request: Request) -> Response {
    if request.uri().path().starts_with("/api/") {
        return ApiError::not_found().into_response();
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let text = [(CONTENT_TYPE, "text/plain; charset=utf-8")];
        return (
            StatusCode::NOT_FOUND,
            text,
            "There is nothing at this address.\n",
        )
            .into_response();
    }
    match web.site.file(without_body(&request)).await {
        Some(response) => response,
        None => pages::page(State(web), request).await,
    }
}

/// What is asked for, twice.
fn without_body(request: &Request) -> Request {
    let mut copy = Request::new(Body::empty());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy
}

/// Compresses answers as they are made: the page and the JSON, where it pays. Files that were
/// compressed when they were built pass as they are.
pub(super) fn compression() -> CompressionLayer<impl Predicate> {
    let larger: And<SizeAbove, NotForContentType> =
        SizeAbove::new(WORTH_COMPRESSING).and(NotForContentType::SSE);
    CompressionLayer::new().compress_when(larger.and(NotForContentType::IMAGES))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::web::packed::testing;

    #[test]
    fn addresses_with_and_without_hashes() {
        let site = Site::new(None, Some("js: a-_1\nwasm: b\ncss: c\n"), None);
        assert_eq!(
            site.names(),
            [
                "/pkg/tagtide.a-_1.js",
                "/pkg/tagtide.b.wasm",
                "/pkg/tagtide.c.css"
            ]
        );
        let site = Site::new(None, Some("js: ../x\n"), None);
        assert_eq!(
            site.names(),
            ["/pkg/tagtide.js", "/pkg/tagtide.wasm", "/pkg/tagtide.css"]
        );
    }

    /// `cargo leptos watch` gives hashes to the names of its first build only.
    #[test]
    fn while_watching_the_newest_build_is_sent() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("pkg")).unwrap();
        let built = |name: &str, second: u64| {
            let file = fs::File::create(root.path().join("pkg").join(name)).unwrap();
            file.set_modified(UNIX_EPOCH + Duration::from_secs(second))
                .unwrap();
        };
        let watch = LeptosOptions::builder().output_name(NAME).build();
        let hashes = Some("js: a\nwasm: b\ncss: c\n");
        let folder = Root::Folder(root.path().to_owned());
        let site = Site::new(
            Some(Root::Folder(root.path().to_owned())),
            hashes,
            Some(watch),
        );
        assert_eq!(site.assets().css, "/pkg/tagtide.css");
        let newest = || site.newest(&folder, "/pkg/tagtide.css");
        built("tagtide.css", 1);
        built("tagtide.c.css", 2);
        assert_eq!(newest(), Some("/pkg/tagtide.c.css"), "of this session");
        built("tagtide.css", 3);
        assert_eq!(newest(), None, "after a change");
        fs::remove_file(root.path().join("pkg/tagtide.css")).unwrap();
        assert_eq!(newest(), Some("/pkg/tagtide.c.css"));
        assert_eq!(site.newest(&folder, "/favicon.svg"), None);
        assert_eq!(site.cache_control("/pkg/tagtide.css"), ASK_AGAIN);
    }

    #[test]
    fn only_names_with_a_hash_are_kept_for_ever() {
        let site = Site::new(None, Some("js: a\nwasm: b\ncss: c\n"), None);
        assert_eq!(site.cache_control("/pkg/tagtide.a.js"), FOREVER);
        assert_eq!(site.cache_control("/pkg/snippets/x.js"), ASK_AGAIN);
        let site = Site::new(None, None, None);
        assert_eq!(site.cache_control("/pkg/tagtide.js"), ASK_AGAIN);
    }

    #[tokio::test]
    async fn files_are_sent_compressed_as_they_were_built_and_nothing_outside_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("site");
        fs::create_dir_all(root.join("pkg")).unwrap();
        fs::write(folder.path().join("secret"), "secret").unwrap();
        fs::write(root.join("pkg/tagtide.a.js"), "plain").unwrap();
        fs::write(root.join("pkg/tagtide.a.js.br"), "brotli").unwrap();
        fs::write(root.join("pkg/tagtide.c.wasm"), "wasm").unwrap();
        let site = Site::new(
            Some(Root::Folder(root)),
            Some("js: a\nwasm: b\ncss: c"),
            None,
        );
        let get = |path: &str| {
            let request = Request::get(path).header("accept-encoding", "gzip, br");
            request.body(Body::empty()).unwrap()
        };

        let response = site.file(get("/pkg/tagtide.a.js")).await.unwrap();
        assert_eq!(response.headers()["content-encoding"], "br");
        assert_eq!(response.headers()[CACHE_CONTROL], FOREVER);
        assert!(
            response.headers()[CONTENT_TYPE]
                .to_str()
                .unwrap()
                .contains("javascript")
        );
        let response = site.file(get("/pkg/tagtide.c.wasm")).await.unwrap();
        assert_eq!(response.headers()[CONTENT_TYPE], "application/wasm");
        assert!(site.file(get("/pkg/tagtide.b.wasm")).await.is_none());
        for path in [
            "/../secret",
            "/%2e%2e/secret",
            "/pkg/..%2f..%2fsecret",
            "/pkg",
            "/",
        ] {
            let response = site.file(get(path)).await;
            assert!(
                response.is_none_or(|response| !response.status().is_success()),
                "{path}"
            );
        }
    }

    #[tokio::test]
    async fn files_in_the_program_are_sent_as_those_of_a_folder() {
        let packed = testing::packed(&[
            ("hash.txt", "js: a\nwasm: b\ncss: c\n"),
            ("site/pkg/tagtide.a.js", "plain"),
            ("site/pkg/tagtide.a.js.br", "brotli"),
            ("site/favicon.svg", "<svg/>"),
        ]);
        let hashes = packed.hashes().to_owned();
        let site = Site::new(Some(Root::Packed(packed)), Some(&hashes), None);
        let get = |path: &str, name: &str, value: &str| {
            let request = Request::get(path).header(name, value);
            request.body(Body::empty()).unwrap()
        };
        let body = async |response: Response| {
            let body = response.into_body();
            axum::body::to_bytes(body, 100).await.unwrap()
        };

        let path = "/pkg/tagtide.a.js";
        let response = site.file(get(path, "accept-encoding", "gzip, br")).await;
        let response = response.unwrap();
        assert_eq!(response.headers()["content-encoding"], "br");
        assert_eq!(response.headers()[CACHE_CONTROL], FOREVER);
        assert_eq!(body(response).await, "brotli");
        let response = site.file(get(path, "accept-encoding", "gzip")).await;
        assert_eq!(body(response.unwrap()).await, "plain");
        let response = site.file(get(path, "range", "bytes=1-3")).await.unwrap();
        assert_eq!(response.status(), StatusCode::PARTIAL_CONTENT);
        assert_eq!(body(response).await, "lai");

        let path = "/favicon.svg";
        let response = site.file(get(path, "accept", "*/*")).await.unwrap();
        assert_eq!(response.headers()[CONTENT_TYPE], "image/svg+xml");
        assert_eq!(response.headers()[CACHE_CONTROL], ASK_AGAIN);
        let etag = response.headers()["etag"].to_str().unwrap().to_owned();
        let response = site.file(get(path, "if-none-match", &etag)).await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
        let other = testing::packed(&[("site/favicon.svg", "<SVG/>")]);
        let other = Site::new(Some(Root::Packed(other)), None, None);
        let response = other.file(get(path, "if-none-match", &etag)).await.unwrap();
        assert_eq!(
            response.status(),
            StatusCode::OK,
            "of the same length and time"
        );

        for path in [
            "/hash.txt",
            "/../hash.txt",
            "/site/favicon.svg",
            "/pkg",
            "/pkg/",
            "/",
        ] {
            let response = site.file(get(path, "accept", "*/*")).await;
            assert!(response.is_none(), "{path}");
        }
    }
}
