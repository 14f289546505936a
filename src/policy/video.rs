//! One video of a service, with what its player needs.

use super::pass::climbs;
use crate::words::{Host, Url};

/// A service whose videos are told from one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    YouTube,
    Vimeo,
}

/// One video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Video {
    pub service: Service,
    /// As the service numbers it; letters, digits, `-` and `_`.
    pub id: String,
}

/// Longest number of a video: YouTube's have 11, Vimeo's 8 to 10.
const MAX_ID: usize = 32;

/// Hosts of pages, on which a path says which video it is.
const YOUTUBE_PAGES: &[&str] =
    &["youtube.com", "www.youtube.com", "m.youtube.com", "youtu.be", "youtube-nocookie.com", "www.youtube-nocookie.com"];
const VIMEO_PAGES: &[&str] = &["vimeo.com", "www.vimeo.com", "player.vimeo.com"];

/// What the players load from, with everything below.
const YOUTUBE_PLAYER: &[&str] =
    &["googlevideo.com", "ytimg.com", "youtubei.googleapis.com", "youtube.googleapis.com", "yt3.ggpht.com"];
const VIMEO_PLAYER: &[&str] = &["vimeocdn.com", "vod-progressive.akamaized.net", "vod-adaptive.akamaized.net"];

/// Paths of the pages' hosts from which the players load, and which list or show no other video.
const YOUTUBE_PARTS: &[&str] =
    &["/s/", "/youtubei/v1/player", "/youtubei/v1/log_event", "/api/stats/", "/iframe_api", "/generate_204"];

impl std::fmt::Display for Video {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.service {
            Service::YouTube => write!(f, "youtube.com/watch?v={}", self.id),
            Service::Vimeo => write!(f, "vimeo.com/{}", self.id),
        }
    }
}

impl Service {
    fn pages(self) -> &'static [&'static str] {
        match self {
            Self::YouTube => YOUTUBE_PAGES,
            Self::Vimeo => VIMEO_PAGES,
        }
    }

    fn player(self) -> &'static [&'static str] {
        match self {
            Self::YouTube => YOUTUBE_PLAYER,
            Self::Vimeo => VIMEO_PLAYER,
        }
    }
}

impl Video {
    /// The video that this URL is the page of.
    pub fn of(url: &Url) -> Option<Self> {
        [Service::YouTube, Service::Vimeo].into_iter().find_map(|service| {
            let id = id_of(service, url.host.as_str(), &url.path)?;
            Some(Self { service, id: id.to_owned() })
        })
    }

    /// Whether this page or host is the video's, or its player's. `path` is empty where a door sees none.
    pub fn needs(&self, host: &Host, path: &str) -> bool {
        let name = host.as_str();
        if self.service.pages().contains(&name) {
            let is_part = || YOUTUBE_PARTS.iter().any(|part| path.starts_with(part)) && !climbs(path);
            let part = || self.service == Service::YouTube && is_part();
            return path.is_empty() || id_of(self.service, name, path) == Some(&self.id) || part();
        }
        let below = |parent: &&str| name.strip_suffix(*parent).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        self.service.player().iter().any(below)
    }
}

/// The number of the video on whose page this is.
fn id_of<'p>(service: Service, host: &str, path: &'p str) -> Option<&'p str> {
    if !service.pages().contains(&host) {
        return None;
    }
    let (place, query) = path.split_once('?').unwrap_or((path, ""));
    let mut parts = place.trim_start_matches('/').split('/');
    let id = match (service, host, parts.next()) {
        (Service::YouTube, "youtu.be", Some(id)) => id,
        (Service::YouTube, _, Some("watch")) => watched(query)?,
        (Service::YouTube, _, Some("embed" | "shorts" | "live" | "v")) => parts.next()?,
        (Service::Vimeo, "player.vimeo.com", Some("video")) => parts.next()?,
        (Service::Vimeo, "vimeo.com" | "www.vimeo.com", Some(id)) if id.bytes().all(|b| b.is_ascii_digit()) => id,
        _ => return None,
    };
    let is_id = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    (is_id && !id.is_empty() && id.len() <= MAX_ID).then_some(id)
}

/// The one video that a query names. Of two, or of a key in another writing, nobody knows which is shown.
fn watched(query: &str) -> Option<&str> {
    let mut named = None;
    for pair in query.split('&') {
        let key = pair.split('=').next().unwrap_or_default();
        if key.contains('%') {
            return None;
        }
        if let Some(id) = pair.strip_prefix("v=") {
            if named.is_some() {
                return None;
            }
            named = Some(id);
        }
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_video_is_its_page_and_its_player_and_no_other_video() {
        let of = |text: &str| Video::of(&Url::parse(text).expect("a URL"));
        let rivers = Video { service: Service::YouTube, id: "dQw4w9WgXcQ".into() };
        for text in [
            "https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=10",
            "https://youtu.be/dQw4w9WgXcQ?si=x",
            "youtube.com/watch?list=a&v=dQw4w9WgXcQ",
            "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ",
        ] {
            assert_eq!(of(text).as_ref(), Some(&rivers), "{text}");
        }
        assert_eq!(of("https://player.vimeo.com/video/76979871"), of("vimeo.com/76979871"));
        for text in ["https://www.youtube.com/", "https://www.youtube.com/@school", "vimeo.com/features", "youtu.be/a%20b"] {
            assert_eq!(of(text), None, "{text}");
        }
        let host = |name: &str| Host::parse(name).expect("a host");
        for (name, path, needs) in [
            ("www.youtube.com", "", true),
            ("www.youtube.com", "/watch?v=dQw4w9WgXcQ", true),
            ("www.youtube.com", "/embed/dQw4w9WgXcQ?autoplay=1", true),
            ("www.youtube.com", "/watch?v=another", false),
            ("www.youtube.com", "/watch?v=dQw4w9WgXcQ&v=another", false),
            ("www.youtube.com", "/watch?v=dQw4w9WgXcQ&%76=another", false),
            ("www.youtube.com", "/results?search_query=x", false),
            ("www.youtube.com", "/", false),
            ("www.youtube.com", "/s/player/base.js", true),
            ("www.youtube.com", "/s/../results?search_query=x", false),
            ("rr3---sn-x.googlevideo.com", "/videoplayback", true),
            ("i.ytimg.com", "", true),
            ("notytimg.com", "", false),
            ("www.google.com", "", false),
            ("player.vimeo.com", "", false),
        ] {
            assert_eq!(rivers.needs(&host(name), path), needs, "{name}{path}");
        }
    }

    proptest! {
        #[test]
        fn no_path_makes_it_panic(path in "(/|watch|embed|\\?|v=|[a-zA-Z0-9é%&-]){0,12}") {
            for host in YOUTUBE_PAGES.iter().chain(VIMEO_PAGES) {
                let _ = id_of(Service::YouTube, host, &path);
                let _ = id_of(Service::Vimeo, host, &path);
            }
        }
    }
}
